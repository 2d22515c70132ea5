"""Signing up in one step: with a code that was sent, or by a user name."""

from dataclasses import dataclass

from hufu.actions.accounts import Ticket, create_account, taken
from hufu.actions.deps import Deps
from hufu.actions.outbox import CodeSent, refuse_prober, send_code, spend_probe
from hufu.actions.sessions import SessionToken, SignedIn, open_session
from hufu.actions.verification import (
    confirm_for_state,
    confirm_newest,
    opening,
    spend,
    taking_back,
    unless_refused,
)
from hufu.domain.errors import IdentifierTaken
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.passwords import Password, Verifier
from hufu.domain.permissions import Client, Role
from hufu.domain.sessions import SignInMethod
from hufu.domain.verification import Code, Purpose
from hufu.services.delivery import Notice
from hufu.storage.work import Work


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
        bound = await work.identifiers.find(deps.app.pool, cmd.identifier)
        await send_code(
            deps,
            work,
            cmd.client,
            bound.identifier if bound else cmd.identifier,
            Purpose.REGISTER,
            decoy=bound is not None,
            instead=Notice.ALREADY_REGISTERED if bound else None,
        )
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

    With a `state_binding` the code is one that was sent for the identifier's state, bound to that.
    Of such codes a right one of the other state opens nothing, but earns an honest answer.
    Where a session is opened at once, it is on `device` if the wire names one, and in place of the
    session that the client has.
    """

    client: Client
    identifier: Identifier
    digits: str
    password: Password | None
    state_binding: str | None = None
    device: str | None = None
    replaces: SessionToken | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """The account exists; nobody is signed in to it."""

    account_id: int


async def register_with_code(deps: Deps, cmd: RegisterWithCode) -> Registered:
    """Make the account. Raises PasswordUnfit, CodeWrong, CodeExpired, IdentifierTaken."""
    code, verifier = await _prove(deps, cmd)
    async with opening(deps, code) as work:
        account_id = await _create(deps, work, cmd, code, verifier, last=True)
        await work.commit()
    return Registered(account_id)


async def register_and_sign_in(deps: Deps, cmd: RegisterWithCode) -> SignedIn:
    """Make the account and open a session. Raises PasswordUnfit, CodeWrong, CodeExpired,
    IdentifierTaken."""
    code, verifier = await _prove(deps, cmd)
    async with opening(deps, code) as work:
        account_id = await _create(deps, work, cmd, code, verifier, last=False)
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


async def _confirm(deps: Deps, cmd: RegisterWithCode) -> Code:
    if cmd.state_binding is None:
        return await confirm_newest(deps, Purpose.REGISTER, cmd.identifier, cmd.digits)
    return await confirm_for_state(deps, cmd.identifier, cmd.digits, cmd.state_binding)


async def _prove(deps: Deps, cmd: RegisterWithCode) -> tuple[Code, Verifier | None]:
    if cmd.password is not None:
        deps.app.password_policy.check(cmd.password)
    code = await _confirm(deps, cmd)
    verifier = None
    if cmd.password is not None:
        async with unless_refused(deps, taking_back(code)):
            verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    return code, verifier


async def _create(
    deps: Deps,
    work: Work,
    cmd: RegisterWithCode,
    code: Code,
    verifier: Verifier | None,
    *,
    last: bool,
) -> int:
    if code.purpose is not Purpose.REGISTER:
        await spend(deps, work, code)
        await work.commit()  # The code is spent, though there was nothing left to register.
        raise taken(cmd.identifier)
    ticket = Ticket(code, last=last)
    created = await create_account(deps, work, cmd.client, cmd.identifier, verifier, ticket=ticket)
    return created.account_id


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
    owner is known already, that is told only as far as the app tells such things, and so often to
    one network. Raises PasswordUnfit, IdentifierTaken, SendLimitReached.
    """
    deps.app.password_policy.check(cmd.password)
    verifier = await deps.hasher.make(cmd.password, deps.app.scheme)
    try:
        return await _register_name(deps, cmd, verifier)
    except IdentifierTaken:
        async with deps.begin() as work:
            await spend_probe(deps, work, cmd.client)
        raise


async def _register_name(deps: Deps, cmd: RegisterWithName, verifier: Verifier) -> Registered:
    proved = cmd.identifier.kind is IdentifierKind.USER_NAME
    async with deps.begin() as work:
        await refuse_prober(deps, work, cmd.client)
        created = await create_account(
            deps,
            work,
            cmd.client,
            cmd.identifier,
            verifier,
            name=cmd.name,
            scope="" if proved else deps.app.name,
            verified=proved,
            beside_owner=not proved and not deps.app.reveal_unknown_user,
        )
        await _settle_role(deps, work, created.account_id, cmd)
        await work.commit()
    return Registered(created.account_id)


async def _settle_role(deps: Deps, work: Work, account_id: int, cmd: RegisterWithName) -> None:
    now = deps.now()
    if cmd.role is Role.MEMBER:
        return
    if cmd.role in cmd.self_roles:
        await work.roles.save(account_id, deps.app.name, cmd.role, now)
        kind = EventKind.ROLE_GRANTED
    else:
        await work.roles.add_request(account_id, deps.app.name, cmd.role, now)
        kind = EventKind.ROLE_REQUESTED
    await work.events.add(
        kind,
        now,
        app=deps.app.name,
        account_id=account_id,
        network=cmd.client.network,
        role=cmd.role,
    )
