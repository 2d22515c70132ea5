"""Invitation codes, and who invited whom."""

from dataclasses import dataclass, replace
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.actions.names import open_profile
from hufu.actions.permissions import lock_own
from hufu.actions.rewards import Due, reward
from hufu.domain.accounts import Account, AccountState
from hufu.domain.errors import GuessLimitReached, InviterRefused, InviterSet, SessionDead
from hufu.domain.events import EventKind
from hufu.domain.identifiers import IdentifierKind
from hufu.domain.invitations import (
    CODE_LENGTH,
    CROCKFORD,
    Invitation,
    InvitationCode,
    code_spellings,
    may_invite,
)
from hufu.domain.limits import Limit
from hufu.domain.permissions import Caller
from hufu.domain.rewards import Deed
from hufu.services import randomness
from hufu.storage.invitations import Invited
from hufu.storage.work import Work

NEWEST_INVITED = 1000


@dataclass(frozen=True, slots=True)
class Invitee:
    """An account with its own code, and the inviter's where it has one."""

    code: InvitationCode
    invitation: Invitation | None
    inviter_code: str | None


@dataclass(frozen=True, slots=True)
class ReadInvitation:
    """Show me my code and who invited me."""


async def read_invitation(deps: Deps, caller: Caller, _: ReadInvitation) -> Invitee:
    """The caller's code and inviter; a code is made on first need."""
    async with deps.begin() as work:
        invitee = await _invitee(deps, work, caller.account_id)
        await work.commit()
    return invitee


async def _invitee(deps: Deps, work: Work, account_id: int) -> Invitee:
    invitation = await work.invitations.find(account_id)
    code = await _open_code(deps, work, account_id)
    if invitation is None:
        return Invitee(code, None, None)
    inviter_code = await _open_code(deps, work, invitation.inviter_id)
    return Invitee(code, invitation, inviter_code.code)


async def _open_code(deps: Deps, work: Work, account_id: int) -> InvitationCode:
    while (found := await work.invitations.find_code(account_id)) is None:
        code = randomness.text(CROCKFORD, CODE_LENGTH)
        await work.invitations.claim_code(account_id, code, deps.now())
    return found


@dataclass(frozen=True, slots=True)
class SetInviter:
    """The owner of this code invited me."""

    code: str


@dataclass(frozen=True, slots=True)
class InviterRecorded:
    """The account has an inviter now, and may invite others by its own code."""

    code: InvitationCode
    invitation: Invitation
    inviter_code: str


async def set_inviter(deps: Deps, caller: Caller, cmd: SetInviter) -> InviterRecorded:
    """Record the inviter, once for ever, and reward both.

    Raises InviterSet, InviterRefused, and GuessLimitReached after too many wrong codes.
    """
    async with deps.begin() as work:
        now = deps.now()
        own = await lock_own(work, caller)
        if await work.invitations.find(caller.account_id):
            raise InviterSet
        limit, subject = Limit.INVITATION_GUESSES, str(caller.account_id)
        if not await work.limits.allows(limit, subject, deps.limits.caps(limit), now):
            raise GuessLimitReached
        inviter = await _owner(deps, work, cmd.code)
        if inviter is None or not may_invite(inviter, own.id, own.created_at):
            await work.limits.claim(limit, subject, deps.limits.caps(limit), now)
            await work.commit()  # A wrong code counts even though the answer is no.
            raise InviterRefused
        await _record(deps, work, own.id, inviter.id, now)
        recorded = InviterRecorded(
            await _open_code(deps, work, caller.account_id),
            Invitation(caller.account_id, inviter.id, now),
            (await _open_code(deps, work, inviter.id)).code,
        )
        await reward(
            deps,
            work,
            Due(caller.account_id, Deed.INVITER_SET),
            *await invitation_due(deps, work, caller.account_id),
        )
        await work.commit()
    return recorded


async def _owner(deps: Deps, work: Work, code: str) -> Account | None:
    spellings = code_spellings(code)
    owners = await work.invitations.owners_of(spellings)
    owner_id = next((owners[each] for each in spellings if each in owners), None)
    return None if owner_id is None else await work.accounts.find(owner_id, deps.app.pool)


async def _record(deps: Deps, work: Work, account_id: int, inviter_id: int, now: datetime) -> None:
    if not await work.invitations.claim(account_id, inviter_id, deps.app.name, now):
        raise InviterSet
    await work.events.add(EventKind.INVITER_SET, now, app=deps.app.name, account_id=account_id)


async def invitation_due(deps: Deps, work: Work, account_id: int) -> list[Due]:
    """What the account's inviter is due, once the account has an address or number of its own."""
    invitation = await work.invitations.find(account_id)
    if invitation is None:
        return []
    inviter = await work.accounts.find(invitation.inviter_id, deps.app.pool)
    if inviter is None or inviter.state is not AccountState.ACTIVE:
        return []
    own = await work.identifiers.of(account_id)
    if not any(bound.verified and bound.identifier.reachable for bound in own):
        return []
    return [Due(inviter.id, Deed.INVITED, str(account_id))]


async def record_inviter(deps: Deps, work: Work, own: Account, inviter_id: int) -> None:
    """Record the inviter of an account, named by id, once for ever; the same again changes nothing.

    Raises InviterRefused, InviterSet.
    """
    current = await work.invitations.find(own.id)
    if current is not None:
        if current.inviter_id != inviter_id:
            raise InviterSet
        return
    inviter = await work.accounts.find(inviter_id, deps.app.pool)
    if inviter is None or not may_invite(inviter, own.id, own.created_at):
        raise InviterRefused
    await _record(deps, work, own.id, inviter_id, deps.now())


async def phone_of_inviter(work: Work, account_id: int) -> str | None:
    """The inviter's phone in E.164, which only its owner may see in full."""
    invitation = await work.invitations.find(account_id)
    if invitation is None:
        return None
    for bound in await work.identifiers.of(invitation.inviter_id):
        if bound.identifier.kind is IdentifierKind.PHONE and bound.verified:
            return bound.identifier.key
    return None


@dataclass(frozen=True, slots=True)
class ReadInvited:
    """Show me whom I invited: a page, counted from 1, or the newest."""

    page: int | None
    page_size: int


@dataclass(frozen=True, slots=True)
class InvitedListed:
    """Some of the invited, newest first, and how many there are in all."""

    invited: list[Invited]
    count: int


async def read_invited(deps: Deps, caller: Caller, cmd: ReadInvited) -> InvitedListed:
    """The accounts that the caller invited, as the app shows them."""
    most = NEWEST_INVITED if cmd.page is None else cmd.page_size
    skip = 0 if cmd.page is None else (cmd.page - 1) * cmd.page_size
    async with deps.begin() as work:
        count = await work.invitations.count(caller.account_id)
        found = []
        if skip < count:
            found = await work.invitations.invited_by(caller.account_id, deps.app.name, most, skip)
        listed = [each if each.name else await _first_seen(deps, work, each) for each in found]
        await work.commit()  # Whom the app sees for the first time has a profile now.
    return InvitedListed(listed, count)


async def _first_seen(deps: Deps, work: Work, invited: Invited) -> Invited:
    account = await work.accounts.find(invited.account_id, deps.app.pool)
    if account is None or account.state is AccountState.CLOSED:
        return invited
    try:
        return replace(invited, name=(await open_profile(deps, work, account.id)).name)
    except SessionDead:  # Closed at this very moment.
        return invited
