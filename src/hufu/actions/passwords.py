"""Setting the sign-in password and the payment password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hufu.actions.deps import Deps
from hufu.actions.outbox import send_notice
from hufu.actions.permissions import lock_own
from hufu.actions.rewards import Due, reward
from hufu.actions.verification import unless_refused
from hufu.domain.errors import GrantInvalid, GuessLimitReached, PasswordShared
from hufu.domain.events import EventKind
from hufu.domain.limits import Limit
from hufu.domain.passwords import Password, PasswordPurpose, Verifier
from hufu.domain.permissions import Caller
from hufu.domain.rewards import Deed
from hufu.domain.verification import Purpose
from hufu.services.delivery import Notice
from hufu.services.keys import token_hash
from hufu.storage.work import Work

OPENING = (Purpose.RECOVER, Purpose.SIGN_IN)
"""What opens an account beside its password, and ends with it."""


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """The password is the account's now."""


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Set the sign-in password with a grant."""

    grant: str = field(repr=False)
    password: Password


async def reset_password(deps: Deps, cmd: ResetPassword) -> PasswordSet:
    """Spend the grant on a new password, and end every session. Raises PasswordUnfit,
    PasswordShared, GrantInvalid, GuessLimitReached."""
    deps.app.password_policy.check(cmd.password)
    digest = token_hash(cmd.grant)
    async with deps.look() as work:
        owner = await work.grants.find(digest, deps.app.name, deps.now())
    if owner is None:
        raise GrantInvalid
    new = await prepare_password(deps, owner, cmd.password)
    async with deps.begin() as work:
        await work.accounts.lock(owner)
        if await work.grants.claim(digest, deps.app.name, deps.now()) != owner:
            raise GrantInvalid
        await replace_password(deps, work, owner, new)
        await work.commit()
    return PasswordSet()


@dataclass(frozen=True, slots=True)
class NewPassword:
    """The verifier of a password that may become the sign-in password: it is not `payment`, which
    is None where the account has no payment password."""

    verifier: Verifier
    payment: Verifier | None


async def prepare_password(deps: Deps, account_id: int, password: Password) -> NewPassword:
    """See that the password is not the account's payment password, which must never open a session.

    Finding that out is a guess, and counted as one; the password is hashed before, so that want of
    a place for that uses up none. Raises PasswordShared, GuessLimitReached, Overloaded.
    """
    verifier = await deps.hasher.make(password, deps.app.scheme)
    async with deps.look() as work:
        payment = await work.passwords.find(account_id, PasswordPurpose.PAYMENT)
    if payment is not None:
        async with _guessing(deps, Limit.PAYMENT_PASSWORD_GUESSES, f"account:{account_id}"):
            if await deps.hasher.matches(password, payment):
                raise PasswordShared
    return NewPassword(verifier, payment)


@asynccontextmanager
async def _guessing(deps: Deps, limit: Limit, subject: str) -> AsyncIterator[None]:
    """Meanwhile a password is compared by somebody who proved to be its owner in another way. That
    is counted before, and taken back where there is no place for the hash and nothing was compared.
    Raises GuessLimitReached."""
    now = deps.now()
    async with deps.look() as work:
        if not await work.limits.claim(limit, subject, deps.limits.caps(limit), now):
            raise GuessLimitReached
    async with unless_refused(deps, lambda work: work.limits.take_back(limit, subject, now)):
        yield


async def replace_password(deps: Deps, work: Work, account_id: int, new: NewPassword) -> None:
    """Set the sign-in password, end every session, grant and code, and tell the owner.

    Whoever claims what the new password is set with holds the account first. Raises PasswordShared,
    and what it is set with may be used again, where the payment password was set meanwhile: nobody
    has seen whether it is another one.
    """
    now = deps.now()
    account = await work.accounts.lock(account_id)
    if refusal := account.admit():
        raise refusal
    if await work.passwords.find(account_id, PasswordPurpose.PAYMENT) != new.payment:
        raise PasswordShared
    await work.passwords.save(account_id, PasswordPurpose.SIGN_IN, new.verifier, now)
    await work.sessions.delete_all(account_id)
    await work.devices.delete_all(account_id)
    for bound in await work.identifiers.of(account_id):
        await work.codes.void(deps.app.pool, bound.identifier, now, purposes=OPENING)
        if bound.verified:
            await send_notice(
                deps, work, bound.identifier, Notice.PASSWORD_CHANGED, bound.identifier
            )
    # After the codes, which wait for whoever holds one to give a grant for it.
    await work.grants.void(account_id, now)
    await work.events.add(EventKind.PASSWORD_SET, now, app=deps.app.name, account_id=account_id)


@dataclass(frozen=True, slots=True)
class SetPaymentPassword:
    """Set the payment password with a grant of the caller's own."""

    grant: str = field(repr=False)
    password: Password


async def set_payment_password(deps: Deps, caller: Caller, cmd: SetPaymentPassword) -> PasswordSet:
    """Spend the grant on the payment password. Raises PasswordUnfit, PasswordShared,
    GrantInvalid, GuessLimitReached."""
    deps.app.password_policy.check(cmd.password)
    digest = token_hash(cmd.grant)
    async with deps.look() as work:
        owner = await work.grants.find(digest, deps.app.name, deps.now())
        if owner != caller.account_id:
            raise GrantInvalid
        # Whoever changes it meanwhile ends the grant, too.
        sign_in = await work.passwords.find(owner, PasswordPurpose.SIGN_IN)
    verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    async with _guessing(deps, Limit.PASSWORD_GUESSES_KNOWN, f"account:{owner}:owner"):
        if await deps.hasher.matches(cmd.password, sign_in):
            raise PasswordShared
    async with deps.begin() as work:
        now = deps.now()
        await lock_own(work, caller)
        if await work.grants.claim(digest, deps.app.name, now) != caller.account_id:
            raise GrantInvalid
        await work.passwords.save(owner, PasswordPurpose.PAYMENT, verifier, now)
        await work.events.add(
            EventKind.PAYMENT_PASSWORD_SET, now, app=deps.app.name, account_id=owner
        )
        await reward(deps, work, Due(owner, Deed.PAYMENT_PASSWORD_SET))
        await work.commit()
    return PasswordSet()
