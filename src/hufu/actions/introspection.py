"""Whom a session token belongs to, as an app's own backend asks.

Both ways count as a use of the session: where only the backend calls this server, a session would
otherwise end as unused in the middle of its use.
"""

from collections.abc import Container

from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, proves
from hufu.domain.errors import GuessLimitReached, SessionDead
from hufu.domain.instants import Instant, time_of
from hufu.domain.limits import Cap, Limit, within
from hufu.domain.profiles import View
from hufu.domain.sessions import Presented
from hufu.services.keys import token_hash


async def introspect(deps: Deps, presented: SessionToken) -> Presented | None:
    """Whose session of the app it is, if it is one that counts.

    Wrong tokens are not counted. Who asks has shown the app's secret; whatever its clients send
    comes from its one network, so that any client could have the whole app locked out.
    """
    found = await deps.database.presented.find(token_hash(presented.token), View.SESSION)
    now = deps.instant()
    if found is None or not proves(deps, found, presented, now):
        return None
    return _used(deps, found, now)


async def read_session(
    deps: Deps, apps: Container[str], network: str | None, presented: SessionToken
) -> Presented:
    """Whose session it is, in whichever of the apps, which show their sessions in one form.

    `network` is the client's where wrong tokens of that form are counted. Raises SessionDead, and
    GuessLimitReached where that network has sent too many.
    """
    found = await deps.database.presented.find(token_hash(presented.token), View.SESSION, network)
    now = deps.instant()
    if found is not None and found.app in apps and found.proves(presented.account_id, now):
        if found.wrong_tokens and not within(_caps(deps), found.wrong_tokens, time_of(now)):
            raise GuessLimitReached
        return _used(deps, found, now)
    if network is not None:
        async with deps.look() as work:
            limit = Limit.SESSION_GUESSES_FROM
            if not await work.limits.claim(limit, network, _caps(deps), time_of(now)):
                raise GuessLimitReached
    raise SessionDead


def seen(
    deps: Deps, apps: Container[str], presented: SessionToken, found: Presented | None
) -> Presented | None:
    """The same, where what was found settles it; otherwise `read_session` has to."""
    now = deps.instant()
    if (
        found is None
        or found.wrong_tokens
        or found.app not in apps
        or not found.proves(presented.account_id, now)
    ):
        return None
    return _used(deps, found, now)


def _caps(deps: Deps) -> tuple[Cap, ...]:
    return deps.limits.caps(Limit.SESSION_GUESSES_FROM)


def _used(deps: Deps, found: Presented, now: Instant) -> Presented:
    if not found.wants_touch(now):
        return found
    deps.database.last_seen.record(found.id, time_of(now))
    return found.used(now)
