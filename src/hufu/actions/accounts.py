"""Making accounts."""

from dataclasses import dataclass

from hufu.actions.deps import Deps
from hufu.actions.names import open_handle, open_profile, random_handle, random_name
from hufu.domain.errors import CodeExpired, EmailTaken, IdentifierTaken, PhoneTaken, UserNameTaken
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.names import name_key
from hufu.domain.passwords import Verifier
from hufu.domain.permissions import Client
from hufu.domain.sending import Used
from hufu.domain.verification import Code
from hufu.services import randomness
from hufu.storage.newcomers import Newcomer
from hufu.storage.work import Work

TAKEN: dict[IdentifierKind, type[IdentifierTaken]] = {
    IdentifierKind.PHONE: PhoneTaken,
    IdentifierKind.EMAIL: EmailTaken,
    IdentifierKind.USER_NAME: UserNameTaken,
}


def taken(identifier: Identifier) -> IdentifierTaken:
    """The refusal for an identifier that another account has."""
    return TAKEN[identifier.kind]()


@dataclass(frozen=True, slots=True)
class Ticket:
    """What entitles to an account: a right code, with the registration that waits for it, if any.

    Without a registration the code is spent even if the identifier turns out to have an account.
    With one the code may be shown again, and so the guess that was right counts no more.
    With `last` only COMMIT follows when the account is complete.
    """

    code: Code
    registration_id: int | None = None
    last: bool = True


@dataclass(frozen=True, slots=True)
class Created:
    """An account that was made just now; handle only where the app has handles."""

    account_id: int
    handle: str | None


async def create_account(
    deps: Deps,
    work: Work,
    client: Client,
    identifier: Identifier,
    verifier: Verifier | None,
    *,
    ticket: Ticket | None = None,
    name: str | None = None,
    scope: str = "",
    verified: bool = True,
    beside_owner: bool = False,
) -> Created:
    """A new account with its first identifier, its profile and its handle.

    Raises IdentifierTaken, where with `beside_owner` an account of the whole pool does not count,
    and CodeExpired, where the ticket's code was spent meanwhile.
    """
    code = ticket.code if ticket else None
    registration_id = ticket.registration_id if ticket else None
    last = ticket is not None and ticket.last
    guess = code if registration_id is not None else None
    while True:
        newcomer = _newcomer(deps, client, identifier, verifier, name, scope, verified=verified)
        claim = await work.newcomers.claim(
            newcomer,
            deps.now(),
            code_id=code.id if code else None,
            registration_id=registration_id,
            guess=guess,
            beside_owner=beside_owner,
            last=last,
        )
        if not claim.entitled:
            raise CodeExpired
        if code and not (last and claim.complete):
            work.used = Used.of(code)
        if claim.known:
            if ticket and registration_id is None:
                await work.commit()  # The code is spent, though there was nothing to register.
            raise taken(identifier)
        if claim.account:
            break
        code = None  # It is spent; only the id was another account's.
    if not claim.identifier:
        raise taken(identifier)
    if not claim.profile:
        await open_profile(deps, work, newcomer.account_id)
    handle = claim.handle
    if handle is None and deps.app.handles:
        handle = await open_handle(deps, work, newcomer.account_id)
    return Created(newcomer.account_id, handle)


def _newcomer(
    deps: Deps,
    client: Client,
    identifier: Identifier,
    verifier: Verifier | None,
    name: str | None,
    scope: str,
    *,
    verified: bool,
) -> Newcomer:
    name = name or random_name()
    return Newcomer(
        account_id=randomness.number31(),
        pool=deps.app.pool,
        app=deps.app.name,
        identifier=identifier,
        scope=scope,
        verified=verified,
        verifier=verifier,
        name=name,
        name_key=name_key(name) if deps.app.unique_names else None,
        handle=random_handle() if deps.app.handles else None,
        network=client.network,
    )
