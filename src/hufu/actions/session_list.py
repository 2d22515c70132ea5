"""Somebody's own sessions in one app: seeing them, and ending one from another.

Those in other apps of the pool are not among them: an app's backend does not learn where else its
users have accounts.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from hufu.actions.deps import Deps
from hufu.domain.events import EventKind
from hufu.domain.permissions import Caller
from hufu.domain.sessions import Session


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The newest `most` of the caller's live sessions; of those behind `before`, the time and id
    of one that was listed."""

    most: int
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class SessionsListed:
    """Newest first; `more` where there are older ones."""

    sessions: list[Session]
    more: bool


async def list_sessions(deps: Deps, caller: Caller, cmd: ListSessions) -> SessionsListed:
    """The caller's sessions in the app; the one that asks is in use now."""
    now = deps.now()
    async with deps.look() as work:
        found = await work.sessions.live_of(
            caller.account_id, deps.app.name, now, cmd.most + 1, cmd.before
        )
    shown = [
        replace(each, seen_at=now) if each.id == caller.session_id else each
        for each in found[: cmd.most]
    ]
    return SessionsListed(shown, len(found) > cmd.most)


@dataclass(frozen=True, slots=True)
class EndSession:
    """End one of the caller's sessions in the app, by its id."""

    id: UUID


async def end_session(deps: Deps, caller: Caller, cmd: EndSession) -> bool:
    """End it; False when the caller has no such session in the app."""
    async with deps.begin() as work:
        if not await work.sessions.claim_end_of(cmd.id, caller.account_id, deps.app.name):
            return False
        await work.events.add(
            EventKind.SESSION_ENDED,
            deps.now(),
            app=deps.app.name,
            account_id=caller.account_id,
            session=str(cmd.id),
            by=str(caller.session_id),
        )
        await work.commit()
    return True
