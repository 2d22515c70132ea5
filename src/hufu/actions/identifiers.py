"""Binding identifiers to an account and unbinding them."""

from dataclasses import dataclass

from hufu.actions.accounts import taken
from hufu.actions.deps import Deps
from hufu.actions.invitations import invitation_due
from hufu.actions.outbox import send_code, send_notice, spend_probe
from hufu.actions.permissions import lock_own
from hufu.actions.rewards import Due, reward
from hufu.actions.sessions import require_recent
from hufu.actions.verification import confirm, opening, spend
from hufu.domain.errors import (
    AlreadyBound,
    ChallengeUnknown,
    LastIdentifier,
    NotBound,
)
from hufu.domain.events import EventKind
from hufu.domain.identifiers import BoundIdentifier, Identifier, IdentifierKind
from hufu.domain.passwords import PasswordPurpose
from hufu.domain.permissions import Caller, Client
from hufu.domain.rewards import Deed
from hufu.domain.verification import Code, Purpose
from hufu.services.delivery import Notice
from hufu.storage.work import Work

BOUND = {IdentifierKind.PHONE: Deed.PHONE_BOUND, IdentifierKind.EMAIL: Deed.EMAIL_BOUND}


@dataclass(frozen=True, slots=True)
class BeginBinding:
    """Ask for a code at a new identifier."""

    client: Client
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class BeginUnbinding:
    """Ask for a code at the identifier of the kind that the account has."""

    client: Client
    kind: IdentifierKind


@dataclass(frozen=True, slots=True)
class ChallengeSent:
    """A code was sent; it comes back with this reference."""

    code_id: int


async def begin_binding(deps: Deps, caller: Caller, cmd: BeginBinding) -> ChallengeSent:
    """Send a code to the identifier that is to be bound.

    Where it is not told that another account has it, that account's owner learns of the attempt.
    Raises SignInTooOld, AlreadyBound, IdentifierTaken, SendLimitReached, DeliveryUnavailable.
    """
    async with deps.begin() as work:
        await require_recent(deps, work, caller)
        own = await work.identifiers.of(caller.account_id)
        if _of_kind(own, cmd.identifier.kind):
            raise AlreadyBound
        bound = await work.identifiers.find(deps.app.pool, cmd.identifier)
        if bound and deps.app.reveal_unknown_user:
            await spend_probe(deps, work, cmd.client)
            raise taken(cmd.identifier)
        code = await send_code(
            deps,
            work,
            cmd.client,
            bound.identifier if bound else cmd.identifier,
            Purpose.BIND,
            account_id=caller.account_id,
            decoy=bound is not None,
            instead=Notice.ALREADY_REGISTERED if bound else None,
        )
        await work.commit()
    return ChallengeSent(code.id)


async def begin_unbinding(deps: Deps, caller: Caller, cmd: BeginUnbinding) -> ChallengeSent:
    """Send a code to the identifier that is to be unbound.

    Raises SignInTooOld, NotBound, LastIdentifier, SendLimitReached, DeliveryUnavailable.
    """
    async with deps.begin() as work:
        await require_recent(deps, work, caller)
        own = await work.identifiers.of(caller.account_id)
        bound = _of_kind(own, cmd.kind)
        if bound is None:
            raise NotBound
        await _refuse_last(work, own, bound)
        code = await send_code(
            deps,
            work,
            cmd.client,
            bound.identifier,
            Purpose.UNBIND,
            account_id=caller.account_id,
        )
        await work.commit()
    return ChallengeSent(code.id)


def _of_kind(own: list[BoundIdentifier], kind: IdentifierKind) -> BoundIdentifier | None:
    """The account's proved identifier of the kind; an unproved one is not in the way."""
    return next((bound for bound in own if bound.verified and bound.identifier.kind is kind), None)


async def _refuse_last(work: Work, own: list[BoundIdentifier], leaving: BoundIdentifier) -> None:
    """Raises LastIdentifier where nothing else would open the account in the whole pool.

    A user name counts only with a password, as no code can be sent to it.
    """
    others = [bound for bound in own if bound != leaving and bound.verified]
    if any(bound.identifier.reachable for bound in others):
        return
    if others and await work.passwords.find(leaving.account_id, PasswordPurpose.SIGN_IN):
        return
    raise LastIdentifier


@dataclass(frozen=True, slots=True)
class CompleteBinding:
    """Present the code with its reference."""

    client: Client
    code_id: int
    digits: str


@dataclass(frozen=True, slots=True)
class CompleteUnbinding:
    """Present the code with its reference."""

    client: Client
    code_id: int
    digits: str


async def _confirm_own(
    deps: Deps, caller: Caller, purpose: Purpose, code_id: int, digits: str
) -> Code:
    async def find(work: Work) -> Code | None:
        code = await work.codes.lock(code_id, deps.app.name)
        own = code and code.purpose is purpose and code.account_id == caller.account_id
        return code if own else None

    return await confirm(deps, find, digits, ChallengeUnknown())


async def complete_binding(deps: Deps, caller: Caller, cmd: CompleteBinding) -> None:
    """Bind the identifier, and tell every identifier of the account.

    Raises ChallengeUnknown, CodeWrong, CodeExpired, AlreadyBound, IdentifierTaken.
    """
    code = await _confirm_own(deps, caller, Purpose.BIND, cmd.code_id, cmd.digits)
    identifier = code.identifier
    async with opening(deps, code) as work:
        now = deps.now()
        await lock_own(work, caller)
        await spend(deps, work, code)
        if _of_kind(await work.identifiers.of(caller.account_id), identifier.kind):
            raise AlreadyBound
        claimed = await work.identifiers.claim(deps.app.pool, identifier, caller.account_id, now)
        if not claimed:
            await work.commit()  # The code is spent, though the identifier is another's by now.
            raise taken(identifier)
        await _tell_all(deps, work, caller, Notice.BOUND, identifier)
        await work.events.add(
            EventKind.IDENTIFIER_BOUND,
            now,
            app=deps.app.name,
            account_id=caller.account_id,
            network=cmd.client.network,
            identifier=identifier.kind,
        )
        await reward(
            deps,
            work,
            Due(caller.account_id, BOUND[identifier.kind]),
            *await invitation_due(deps, work, caller.account_id),
        )
        await work.commit()


async def complete_unbinding(deps: Deps, caller: Caller, cmd: CompleteUnbinding) -> None:
    """Unbind the identifier, and tell every identifier of the account, this one included.

    Raises ChallengeUnknown, CodeWrong, CodeExpired, NotBound, LastIdentifier.
    """
    code = await _confirm_own(deps, caller, Purpose.UNBIND, cmd.code_id, cmd.digits)
    async with opening(deps, code) as work:
        now = deps.now()
        await lock_own(work, caller)
        await spend(deps, work, code)
        own = await work.identifiers.of(caller.account_id)
        bound = _of_kind(own, code.identifier.kind)
        if bound is None or bound.identifier != code.identifier:
            raise NotBound
        await _refuse_last(work, own, bound)
        await _tell_all(deps, work, caller, Notice.UNBOUND, code.identifier)
        await work.identifiers.delete(caller.account_id, code.identifier.kind)
        await work.codes.void(deps.app.pool, code.identifier, now)
        await work.events.add(
            EventKind.IDENTIFIER_UNBOUND,
            now,
            app=deps.app.name,
            account_id=caller.account_id,
            network=cmd.client.network,
            identifier=code.identifier.kind,
        )
        await work.commit()


async def _tell_all(
    deps: Deps, work: Work, caller: Caller, notice: Notice, about: Identifier
) -> None:
    for bound in await work.identifiers.of(caller.account_id):
        if bound.verified:
            await send_notice(deps, work, bound.identifier, notice, about)
