"""What an operator does with accounts."""

from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.domain.accounts import Account, AccountState
from hufu.domain.erasures import Erasure
from hufu.domain.events import EventKind
from hufu.domain.identifiers import BoundIdentifier, Identifier
from hufu.domain.permissions import Role
from hufu.domain.sessions import Session
from hufu.services.erasures import JournalUnavailable
from hufu.services.overload import Unavailable
from hufu.storage.loss import DatabaseUnavailable
from hufu.storage.work import Work

EVENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AccountShown:
    """What an operator sees of an account; no identity number, no verifier."""

    account: Account
    identifiers: list[BoundIdentifier]
    roles: dict[str, Role]
    role_requests: list[tuple[str, Role, datetime]]
    sessions: list[Session]
    events: list[tuple[datetime, str | None, str, str]]


async def show_account(deps: Deps, account_id: int) -> AccountShown | None:
    """Everything an operator may see of the account."""
    async with deps.look() as work:
        account = await work.accounts.find(account_id, deps.app.pool)
        if account is None:
            return None
        return AccountShown(
            account,
            await work.identifiers.of(account_id),
            await work.roles.of(account_id),
            await work.roles.requests_of(account_id),
            await work.sessions.of(account_id),
            await work.events.of(account_id, EVENTS_SHOWN),
        )


async def find_accounts(deps: Deps, identifier: Identifier) -> list[int]:
    """The accounts that the identifier leads to in the pool, in whatever app."""
    async with deps.look() as work:
        return await work.identifiers.find_everywhere(deps.app.pool, identifier)


async def bar_account(deps: Deps, account_id: int, reason: str) -> None:
    """Bar the account in every app: its sessions end now, and no door opens. Raises
    AccountClosed."""
    await _set_state(deps, account_id, AccountState.BARRED, EventKind.BARRED, reason)


async def unbar_account(deps: Deps, account_id: int, reason: str) -> None:
    """Let the account in again; it has to sign in anew. Raises AccountClosed."""
    await _set_state(deps, account_id, AccountState.ACTIVE, EventKind.UNBARRED, reason)


async def _set_state(
    deps: Deps, account_id: int, state: AccountState, kind: EventKind, reason: str
) -> None:
    async with deps.begin() as work:
        now = deps.now()
        await _lock_open(work, account_id)
        await work.accounts.save_state(account_id, state)
        await work.sessions.delete_all(account_id)
        await work.grants.void(account_id, now)
        await work.events.add(kind, now, account_id=account_id, reason=reason)
        await work.commit()


class AccountClosed(Exception):
    """A closed account is a tombstone, and stays as it is."""


async def _lock_open(work: Work, account_id: int) -> Account:
    account = await work.accounts.lock(account_id)
    if account.state is AccountState.CLOSED:
        raise AccountClosed
    return account


class ClosingUnsettled(Exception):
    """Nobody knows whether the account was closed, or it was not, and the journal still has it:
    replaying the journal closes it, which every server does at its start. The text says why."""


class PicturesLeft(Exception):
    """The account is closed, but not all of its pictures could be removed. Replaying the journal
    removes them, which every server does at its start. The text says what kept them."""


async def close_account(deps: Deps, account_id: int, reason: str) -> None:
    """Close the account for ever: what identifies the person is erased, the tombstone remains, and
    the journal knows of it before it is done. Where it certainly fails, that is taken back.

    Raises AccountClosed, JournalUnavailable, ClosingUnsettled, PicturesLeft.
    """
    work: Work | None = None
    entry: Erasure | None = None
    try:
        async with deps.begin() as work:
            now = deps.now()
            account, pictures = await _erase(deps, work, account_id, reason, now)
            entry = Erasure(account_id, account.pool, account.created_at, now)
            await deps.erasures.add(entry)
            await work.commit()
    except BaseException as error:
        if work is None or entry is None:
            raise
        settled = not work.may_last and await _taken_back(deps, entry)
        if not settled and isinstance(error, DatabaseUnavailable):
            raise ClosingUnsettled(str(error)) from error
        raise
    try:
        for picture in pictures:
            await deps.uploads.remove(picture)
        # Where an answer was lost there may be one that no profile names.
        await deps.uploads.remove_all({account_id: now})
    except Unavailable as error:
        raise PicturesLeft(type(error.__cause__).__name__) from error


async def _taken_back(deps: Deps, entry: Erasure) -> bool:
    try:
        await deps.erasures.take_back(entry)
    except JournalUnavailable:
        return False
    return True


async def erase(deps: Deps, account_id: int, reason: str) -> None:
    """The same for what stands in the journal already. Raises AccountClosed."""
    async with deps.begin() as work:
        _, pictures = await _erase(deps, work, account_id, reason, deps.now())
        await work.commit()
    for picture in pictures:
        await deps.uploads.remove(picture)


async def _erase(
    deps: Deps, work: Work, account_id: int, reason: str, now: datetime
) -> tuple[Account, list[str]]:
    """The account as it was, and its pictures, which are to go when this lasts."""
    account = await _lock_open(work, account_id)
    pictures = await work.profiles.avatars_of(account_id)
    for bound in await work.identifiers.of(account_id):
        await work.codes.void(deps.app.pool, bound.identifier, now)
    await work.accounts.save_state(account_id, AccountState.CLOSED)
    await work.sessions.delete_all(account_id)
    await work.grants.void(account_id, now)
    await work.identifiers.delete(account_id)
    await work.passwords.delete(account_id)
    await work.devices.delete_all(account_id)
    await work.profiles.delete_all(account_id)
    await work.identity_numbers.delete_all(account_id)
    await work.handles.release(account_id, None, now)
    await work.events.add(EventKind.CLOSED, now, account_id=account_id, reason=reason)
    return account, pictures


async def grant_role(deps: Deps, account_id: int, role: Role, reason: str) -> None:
    """Make the account `role` in the app; takes effect with its next request. Raises
    AccountClosed."""
    async with deps.begin() as work:
        now = deps.now()
        await _lock_open(work, account_id)
        await work.roles.save(account_id, deps.app.name, role, now)
        await work.events.add(
            EventKind.ROLE_GRANTED,
            now,
            app=deps.app.name,
            account_id=account_id,
            role=role,
            reason=reason,
        )
        await work.commit()


async def end_sessions(deps: Deps, account_id: int, reason: str) -> None:
    """Sign the account out everywhere. Raises AccountClosed."""
    async with deps.begin() as work:
        now = deps.now()
        await _lock_open(work, account_id)
        await work.sessions.delete_all(account_id)
        await work.events.add(EventKind.SESSIONS_ENDED, now, account_id=account_id, reason=reason)
        await work.commit()


async def verify_identity(deps: Deps, account_id: int, reason: str) -> bool:
    """Mark the account's identity in the app as verified; False when none is on record.
    Raises AccountClosed."""
    async with deps.begin() as work:
        now = deps.now()
        await _lock_open(work, account_id)
        if not await work.identity_numbers.claim_verified(account_id, deps.app.name, now):
            return False
        await work.events.add(
            EventKind.IDENTITY_VERIFIED,
            now,
            app=deps.app.name,
            account_id=account_id,
            reason=reason,
        )
        await work.commit()
    return True
