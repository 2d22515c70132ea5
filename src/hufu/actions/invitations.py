"""Who invited whom."""

from hufu.actions.deps import Deps
from hufu.domain.errors import InviterRefused, InviterSet
from hufu.domain.events import EventKind
from hufu.domain.identifiers import IdentifierKind
from hufu.domain.invitations import may_invite
from hufu.domain.permissions import Caller
from hufu.storage.work import Work


async def record_inviter(deps: Deps, work: Work, caller: Caller, inviter_id: int) -> None:
    """Record the inviter, once for ever; the same again changes nothing.

    Raises InviterRefused, InviterSet.
    """
    current = await work.invitations.find_inviter(caller.account_id)
    if current == inviter_id:
        return
    if current is not None:
        raise InviterSet
    inviter = await work.accounts.find(inviter_id, deps.app.pool)
    if inviter is None or not may_invite(inviter, caller.account_id, caller.account_since):
        raise InviterRefused
    now = deps.now()
    if not await work.invitations.claim(caller.account_id, inviter_id, deps.app.name, now):
        raise InviterSet
    await work.events.add(
        EventKind.INVITER_SET, now, app=deps.app.name, account_id=caller.account_id
    )


async def phone_of_inviter(work: Work, account_id: int) -> str | None:
    """The inviter's phone in E.164, which only its owner may see in full."""
    inviter_id = await work.invitations.find_inviter(account_id)
    if inviter_id is None:
        return None
    for bound in await work.identifiers.of(inviter_id):
        if bound.identifier.kind is IdentifierKind.PHONE and bound.verified:
            return bound.identifier.key
    return None
