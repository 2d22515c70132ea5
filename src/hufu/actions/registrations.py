"""Registering: in two steps with a reference, with a code alone, or by a user name."""

from dataclasses import dataclass, replace

from hufu.actions.accounts import create_account, taken
from hufu.actions.deps import Deps
from hufu.actions.names import open_handle
from hufu.actions.outbox import (
    CodeSent,
    send_code,
    send_notice,
    spend_probe,
    spend_send,
)
from hufu.actions.sessions import SessionToken, SignedIn, open_session
from hufu.actions.verification import confirm, confirm_newest
from hufu.domain.errors import (
    ChallengeUnknown,
    CodeExpired,
    SendLimitReached,
)
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.passwords import Password, Verifier
from hufu.domain.permissions import Client, Role
from hufu.domain.registrations import (
    LIFE,
    MAX_LIVE_PER_IDENTIFIER,
    MAX_LIVE_PER_NETWORK,
    Registration,
)
from hufu.domain.sessions import SignInMethod
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
        known = await work.identifiers.find(pool, cmd.identifier) is not None
        if known and deps.app.reveal_unknown_user:
            await spend_probe(deps, work, cmd.client)
            raise taken(cmd.identifier)
        await work.registrations.void(pool, deps.app.name, cmd.identifier, now)
        code = await send_code(
            deps, work, cmd.client, cmd.identifier, Purpose.REGISTER, decoy=known
        )
        if known:
            await send_notice(deps, work, cmd.identifier, Notice.ALREADY_REGISTERED, cmd.identifier)
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

    async def find(work: Work) -> Code | None:
        registration = await work.registrations.lock(cmd.registration_id, deps.app.name)
        if registration is None or registration.code_id != cmd.code_id:
            return None
        if refusal := registration.open(deps.now()):
            raise refusal
        return await work.codes.lock(cmd.code_id, deps.app.name)

    code = await confirm(deps, find, cmd.digits, ChallengeUnknown())
    async with deps.begin() as work:
        registration = await work.registrations.lock(cmd.registration_id, deps.app.name)
        if registration is None:
            raise ChallengeUnknown
        account_id = registration.account_id
        if account_id is None:
            if not await work.codes.claim(code.id, deps.now()):
                raise CodeExpired
            account_id = await create_account(
                deps, work, cmd.client, registration.identifier, registration.verifier
            )
            await work.registrations.save_completed(registration.id, account_id)
            await work.registrations.void_all(deps.app.pool, registration.identifier, deps.now())
        handle = await open_handle(deps, work, account_id)
        await work.commit()
    return RegistrationCompleted(account_id, handle)


@dataclass(frozen=True, slots=True)
class SendRegistrationCode:
    """Ask for a code that registers the identifier."""

    client: Client
    identifier: Identifier


async def send_registration_code(deps: Deps, cmd: SendRegistrationCode) -> CodeSent:
    """Send a code to whoever has no account; its owner learns of the attempt where one exists.

    Raises SendLimitReached, DeliveryUnavailable.
    """
    async with deps.begin() as work:
        if await work.identifiers.find(deps.app.pool, cmd.identifier):
            await spend_send(deps, work, cmd.client, cmd.identifier, deps.now())
            await send_notice(deps, work, cmd.identifier, Notice.ALREADY_REGISTERED, cmd.identifier)
        else:
            await send_code(deps, work, cmd.client, cmd.identifier, Purpose.REGISTER)
        await work.commit()
    return CodeSent()


@dataclass(frozen=True, slots=True)
class SendCodeForState:
    """Ask for a code without saying what for; it must come back with the same binding."""

    client: Client
    identifier: Identifier
    binding: str


async def send_code_for_state(deps: Deps, cmd: SendCodeForState) -> CodeSent:
    """Send a code that registers an unknown identifier or recovers the account of a known one.

    Raises SendLimitReached, DeliveryUnavailable.
    """
    async with deps.begin() as work:
        bound = await work.identifiers.find(deps.app.pool, cmd.identifier)
        await send_code(
            deps,
            work,
            cmd.client,
            cmd.identifier,
            Purpose.RECOVER if bound else Purpose.REGISTER,
            binding=cmd.binding,
            account_id=bound.account_id if bound else None,
        )
        await work.commit()
    return CodeSent()


@dataclass(frozen=True, slots=True)
class RegisterWithCode:
    """Register an identifier with the code that was sent to it.

    A code for one of the `purposes` is looked at, though only one for registering opens anything.
    Where a session is opened at once, it is on `device` if the wire names one, and in place of the
    session that the client has.
    """

    client: Client
    identifier: Identifier
    digits: str
    password: Password | None
    purposes: tuple[Purpose, ...] = (Purpose.REGISTER,)
    binding: str = ""
    device: str | None = None
    replaces: SessionToken | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The account exists; nobody is signed in to it."""

    account_id: int


async def register_with_code(deps: Deps, cmd: RegisterWithCode) -> Registered:
    """Make the account. Raises PasswordUnfit, CodeWrong, CodeExpired, IdentifierTaken."""
    code, verifier = await _prove(deps, cmd)
    async with deps.begin() as work:
        account_id = await _claim_account(deps, work, cmd, code, verifier)
        await work.commit()
    return Registered(account_id)


async def register_and_sign_in(deps: Deps, cmd: RegisterWithCode) -> SignedIn:
    """Make the account and open a session. Raises PasswordUnfit, CodeWrong, CodeExpired,
    IdentifierTaken."""
    code, verifier = await _prove(deps, cmd)
    async with deps.begin() as work:
        account_id = await _claim_account(deps, work, cmd, code, verifier)
        signed_in = await open_session(
            deps,
            work,
            cmd.client,
            account_id,
            SignInMethod.REGISTRATION,
            cmd.device,
            cmd.replaces,
        )
        await work.commit()
    return signed_in


async def _prove(deps: Deps, cmd: RegisterWithCode) -> tuple[Code, Verifier | None]:
    if cmd.password is not None:
        deps.app.password_policy.check(cmd.password)
    code = await confirm_newest(deps, cmd.purposes, cmd.identifier, cmd.digits, cmd.binding)
    verifier = None
    if cmd.password is not None:
        verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    return code, verifier


async def _claim_account(
    deps: Deps, work: Work, cmd: RegisterWithCode, code: Code, verifier: Verifier | None
) -> int:
    if not await work.codes.claim(code.id, deps.now()):
        raise CodeExpired
    known = await work.identifiers.find(deps.app.pool, cmd.identifier)
    if known or code.purpose is not Purpose.REGISTER:
        await work.commit()  # The code is spent, though there was nothing left to register.
        raise taken(cmd.identifier)
    account_id = await create_account(deps, work, cmd.client, cmd.identifier, verifier)
    await work.registrations.void_all(deps.app.pool, cmd.identifier, deps.now())
    return account_id


@dataclass(frozen=True, slots=True)
class RegisterWithName:
    """Register a user name, or an address that nobody has proved to own, with a password.

    `name` is None where a random display name is due.
    """

    client: Client
    identifier: Identifier
    password: Password
    name: str | None
    role: Role
    self_roles: frozenset[Role]


async def register_with_name(deps: Deps, cmd: RegisterWithName) -> Registered:
    """Make the account, always as a member: a wish for another role is left to an operator.

    An unproved address signs in to this app only, and keeps its real owner from nothing; where the
    owner is known already, that is told only as far as the app tells such things. Raises
    PasswordUnfit, IdentifierTaken.
    """
    deps.app.password_policy.check(cmd.password)
    verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    proved = cmd.identifier.kind is IdentifierKind.USER_NAME
    async with deps.begin() as work:
        known = await work.identifiers.find(deps.app.pool, cmd.identifier)
        if known and (proved or deps.app.reveal_unknown_user):
            raise taken(cmd.identifier)
        account_id = await create_account(
            deps,
            work,
            cmd.client,
            cmd.identifier,
            verifier,
            name=cmd.name,
            scope="" if proved else deps.app.name,
            verified=proved,
        )
        await _settle_role(deps, work, account_id, cmd)
        await work.commit()
    return Registered(account_id)


async def _settle_role(deps: Deps, work: Work, account_id: int, cmd: RegisterWithName) -> None:
    now = deps.now()
    if cmd.role is Role.MEMBER:
        return
    if cmd.role in cmd.self_roles:
        await work.roles.save(account_id, deps.app.name, cmd.role, now)
        return
    await work.roles.add_request(account_id, deps.app.name, cmd.role, now)
    await work.events.add(
        EventKind.ROLE_REQUESTED,
        now,
        app=deps.app.name,
        account_id=account_id,
        network=cmd.client.network,
        role=cmd.role,
    )
