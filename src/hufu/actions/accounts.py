"""Making accounts."""

from hufu.actions.deps import Deps
from hufu.actions.names import open_profile
from hufu.domain.errors import EmailTaken, IdentifierTaken, PhoneTaken, UserNameTaken
from hufu.domain.events import EventKind
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.passwords import PasswordPurpose, Verifier
from hufu.domain.permissions import Client
from hufu.services import randomness
from hufu.storage.work import Work

TAKEN: dict[IdentifierKind, type[IdentifierTaken]] = {
    IdentifierKind.PHONE: PhoneTaken,
    IdentifierKind.EMAIL: EmailTaken,
    IdentifierKind.USER_NAME: UserNameTaken,
}


def taken(identifier: Identifier) -> IdentifierTaken:
    """The refusal for an identifier that another account has."""
    return TAKEN[identifier.kind]()


async def create_account(
    deps: Deps,
    work: Work,
    client: Client,
    identifier: Identifier,
    verifier: Verifier | None,
    *,
    name: str | None = None,
    scope: str = "",
    verified: bool = True,
) -> int:
    """A new account with its first identifier; its id. Raises IdentifierTaken."""
    now = deps.now()
    while not await work.accounts.claim(account_id := randomness.number31(), deps.app.pool, now):
        pass
    claimed = await work.identifiers.claim(
        deps.app.pool, identifier, account_id, now, scope=scope, verified=verified
    )
    if not claimed:
        raise taken(identifier)
    if verifier is not None:
        await work.passwords.save(account_id, PasswordPurpose.SIGN_IN, verifier, now)
    await open_profile(deps, work, account_id, name)
    await work.events.add(
        EventKind.REGISTERED,
        now,
        app=deps.app.name,
        account_id=account_id,
        network=client.network,
        by=identifier.kind,
    )
    return account_id
