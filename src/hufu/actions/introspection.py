"""Whom a session token belongs to, as an app's own backend asks.

Both ways count as a use of the session: where only the backend calls this server, a session would
otherwise end as unused in the middle of its use.
"""

from collections.abc import Mapping
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, proves
from hufu.domain.errors import GuessLimitReached, SessionDead
from hufu.domain.limits import Limit, within
from hufu.domain.permissions import Client
from hufu.domain.profiles import View
from hufu.domain.sessions import Presented
from hufu.services.keys import token_hash


async def introspect(deps: Deps, presented: SessionToken) -> Presented | None:
    """Whose session of the app it is, if it is one that counts.

    Wrong tokens are not counted. Who asks has shown the app's secret; whatever its clients send
    comes from its one network, so that any client could have the whole app locked out.
    """
    found = await deps.database.presented.find(token_hash(presented.token), View.SESSION)
    now = deps.now()
    if found is None or not proves(deps, found, presented, now):
        return None
    return _used(deps, found, now)


async def read_session(
    apps: Mapping[str, Deps], client: Client, presented: SessionToken
) -> Presented:
    """Whose session it is, in whichever of the apps, which show their sessions in one form.

    Raises SessionDead, and GuessLimitReached where wrong tokens of that form are counted and the
    client's network has sent too many.
    """
    deps = next(iter(apps.values()))
    limited = any(each.app.session_guesses_limited for each in apps.values())
    network = client.network if limited else None
    found = await deps.database.presented.find(token_hash(presented.token), View.SESSION, network)
    now, caps = deps.now(), deps.limits.caps(Limit.SESSION_GUESSES_FROM)
    if found is not None and found.app in apps and found.proves(presented.account_id, now):
        if found.wrong_tokens and not within(caps, found.wrong_tokens, now):
            raise GuessLimitReached
        return _used(deps, found, now)
    if network is not None:
        async with deps.look() as work:
            if not await work.limits.claim(Limit.SESSION_GUESSES_FROM, network, caps, now):
                raise GuessLimitReached
    raise SessionDead


def _used(deps: Deps, found: Presented, now: datetime) -> Presented:
    if not found.wants_touch(now):
        return found
    deps.database.last_seen.record(found.id, now)
    return found.used(now)
