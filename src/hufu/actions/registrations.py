"""Registering in two steps: the wish and a code, then the code with its references."""

from dataclasses import dataclass, replace

from hufu.actions.accounts import Ticket, create_account, taken
from hufu.actions.deps import Deps
from hufu.actions.names import open_handle
from hufu.actions.outbox import send_code, spend_probe
from hufu.actions.verification import confirm, opening
from hufu.domain.errors import (
    ChallengeUnknown,
    CodeExpired,
    SendLimitReached,
)
from hufu.domain.identifiers import Identifier
from hufu.domain.passwords import Password
from hufu.domain.permissions import Client
from hufu.domain.registrations import (
    LIFE,
    MAX_LIVE_PER_IDENTIFIER,
    MAX_LIVE_PER_NETWORK,
    Registration,
)
from hufu.domain.verification import Code, Purpose
from hufu.services import randomness
from hufu.services.delivery import Notice
from hufu.storage.work import Work


@dataclass(frozen=True, slots=True)
class BeginRegistration:
    """Ask for an account under an identifier that has yet to be proved."""

    client: Client
    identifier: Identifier
    password: Password


@dataclass(frozen=True, slots=True)
class RegistrationBegun:
    """A code was sent; both references are random and give no power by themselves."""

    code_id: int
    registration_id: int


async def begin_registration(deps: Deps, cmd: BeginRegistration) -> RegistrationBegun:
    """Keep the wish and its verifier, and send a code. No account exists until it comes back.

    Raises IdentifierTaken, PasswordUnfit, SendLimitReached, DeliveryUnavailable.
    """
    deps.app.password_policy.check(cmd.password)
    verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    async with deps.begin() as work:
        now, pool = deps.now(), deps.app.pool
        bound = await work.identifiers.find(pool, cmd.identifier)
        if bound and deps.app.reveal_unknown_user:
            await spend_probe(deps, work, cmd.client)
            raise taken(cmd.identifier)
        await work.registrations.void(pool, deps.app.name, cmd.identifier, now)
        code = await send_code(
            deps,
            work,
            cmd.client,
            bound.identifier if bound else cmd.identifier,
            Purpose.REGISTER,
            decoy=bound is not None,
            instead=Notice.ALREADY_REGISTERED if bound else None,
        )
        await _refuse_hoarding(deps, work, cmd)
        registration = Registration(
            id=randomness.number31(),
            app=deps.app.name,
            code_id=code.id,
            identifier=cmd.identifier,
            verifier=verifier,
            expires_at=now + LIFE,
            voided=False,
            account_id=None,
        )
        while not await work.registrations.claim_id(pool, registration, cmd.client.network, now):
            registration = replace(registration, id=randomness.number31())
        await work.commit()
    return RegistrationBegun(code.id, registration.id)


async def _refuse_hoarding(deps: Deps, work: Work, cmd: BeginRegistration) -> None:
    now = deps.now()
    live = await work.registrations.count_live(deps.app.pool, cmd.identifier, now)
    if live >= MAX_LIVE_PER_IDENTIFIER:
        raise SendLimitReached
    network = cmd.client.network
    if network is None:
        return
    if await work.registrations.count_live_from(network, now) >= MAX_LIVE_PER_NETWORK:
        raise SendLimitReached


@dataclass(frozen=True, slots=True)
class CompleteRegistration:
    """Present the code together with both references."""

    client: Client
    code_id: int
    registration_id: int
    digits: str


@dataclass(frozen=True, slots=True)
class RegistrationCompleted:
    """The account exists."""

    account_id: int
    handle: str


async def complete_registration(deps: Deps, cmd: CompleteRegistration) -> RegistrationCompleted:
    """Make the account. The same right triple answers the same account again within its life.

    Raises ChallengeUnknown, CodeWrong, CodeExpired, IdentifierTaken.
    """

    held: list[Registration] = []

    async def find(work: Work) -> Code | None:
        registration = await work.registrations.lock(cmd.registration_id, deps.app.name)
        if registration is None or registration.code_id != cmd.code_id:
            return None
        if refusal := registration.open(deps.now()):
            raise refusal
        held.append(registration)
        code = await work.codes.lock(cmd.code_id, deps.app.name)
        if code is None or registration.account_id is None:
            return code
        return replace(code, expires_at=registration.expires_at)  # It opens nothing any more.

    code = await confirm(deps, find, cmd.digits, ChallengeUnknown())
    async with opening(deps, code) as work:
        completed, again = await _complete(deps, work, cmd.client, code, *held)
        await work.commit()
    if again:  # It only asked for the answer; the first one took its guess back by itself.
        async with deps.look() as work:
            await work.codes.take_back_guess(code)
    return completed


async def _complete(
    deps: Deps, work: Work, client: Client, code: Code, registration: Registration
) -> tuple[RegistrationCompleted, bool]:
    """What came of it, and whether that was known already."""
    account_id = registration.account_id
    if account_id is None:
        identifier, verifier = registration.identifier, registration.verifier
        ticket = Ticket(code, registration.id)
        try:
            created = await create_account(deps, work, client, identifier, verifier, ticket=ticket)
        except CodeExpired:  # By the same right triple, at the same moment?
            meanwhile = await work.registrations.lock(registration.id, deps.app.name)
            account_id = meanwhile.account_id if meanwhile else None
            if account_id is None:
                raise
        else:
            account_id = created.account_id
            if created.handle is not None:
                return RegistrationCompleted(account_id, created.handle), False
            handle = await open_handle(deps, work, account_id)
            return RegistrationCompleted(account_id, handle), False
    return RegistrationCompleted(account_id, await open_handle(deps, work, account_id)), True
