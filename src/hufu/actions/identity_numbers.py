"""Real names and identity numbers."""

from dataclasses import dataclass, field
from datetime import date, timedelta, timezone

from hufu.actions.deps import Deps
from hufu.actions.permissions import lock_own
from hufu.domain.errors import IdentityNumberSet, IdentityNumberTaken
from hufu.domain.events import EventKind
from hufu.domain.identity_numbers import IdentityNumber, SealedIdentity, parse
from hufu.domain.permissions import Caller, Client
from hufu.storage.events import Happened
from hufu.storage.identity_numbers import NumberTaken
from hufu.storage.work import Work

ISSUED_IN = timezone(timedelta(hours=8))
SEALED_AS = "identity_number"


@dataclass(frozen=True, slots=True)
class Identity:
    """A person's name and number, full or masked as the app's settings have it."""

    real_name: str
    number: str = field(repr=False)


async def open_identity(deps: Deps, work: Work, account_id: int, client: Client) -> Identity | None:
    """What is on record, for its owner. A reading in full is itself recorded."""
    found = await work.identity_numbers.find(account_id, deps.app.name)
    if found is None:
        return None
    if not deps.app.mask_identity_number:
        await work.events.add(
            EventKind.IDENTITY_READ,
            deps.now(),
            app=deps.app.name,
            account_id=account_id,
            network=client.network,
        )
    return _shown(deps, found)


async def unseal_identity(
    deps: Deps, sealed: SealedIdentity, account_id: int, client: Client
) -> Identity:
    """What was read of it already, for its owner. A reading in full is itself recorded first."""
    if not deps.app.mask_identity_number:
        await deps.database.record(
            Happened(deps.now(), deps.app.name, account_id, EventKind.IDENTITY_READ, client.network)
        )
    return _shown(deps, sealed)


def _shown(deps: Deps, sealed: SealedIdentity) -> Identity:
    number = _opened(deps, sealed)
    return Identity(
        sealed.real_name, number.masked if deps.app.mask_identity_number else number.number
    )


def _today(deps: Deps) -> date:
    """The day where these numbers are issued, so that nobody is born tomorrow."""
    return deps.now().astimezone(ISSUED_IN).date()


def _opened(deps: Deps, found: SealedIdentity) -> IdentityNumber:
    number = deps.secrets.identity_numbers.open(found.sealed, SEALED_AS)
    return parse(number, _today(deps))


async def record_identity(
    deps: Deps,
    work: Work,
    account_id: int,
    real_name: str,
    raw_number: str,
    *,
    replace_unverified: bool,
) -> None:
    """Record name and number. The same again, or the mask of the same, changes nothing.

    With `replace_unverified` it may be corrected until an operator verifies it; without, it is
    written once. Raises IdentityNumberMalformed, IdentityNumberSet, IdentityNumberTaken.
    """
    now = deps.now()
    found = await work.identity_numbers.find(account_id, deps.app.name)
    current = found and _opened(deps, found)
    if current and raw_number.strip() == current.masked:
        raw_number = current.number
    number = parse(raw_number, _today(deps))
    if found and current == number and found.real_name == real_name:
        return
    identity = SealedIdentity(
        real_name,
        deps.secrets.identity_numbers.seal(number.number, SEALED_AS),
        deps.secrets.blind_index.digest(number.number),
    )
    if deps.app.sole_identity_numbers:
        await _refuse_another_holder(deps, work, account_id, number)
    try:
        claimed = await work.identity_numbers.claim(
            account_id,
            deps.app.name,
            identity,
            now,
            replace_unverified=replace_unverified,
            sole=deps.app.sole_identity_numbers,
        )
    except NumberTaken as error:
        raise IdentityNumberTaken from error
    if not claimed:
        winner = await work.identity_numbers.find(account_id, deps.app.name)
        if winner and _opened(deps, winner) == number and winner.real_name == real_name:
            return  # The same request, sent twice at once.
        raise IdentityNumberSet
    await work.events.add(EventKind.IDENTITY_SET, now, app=deps.app.name, account_id=account_id)


async def _refuse_another_holder(
    deps: Deps, work: Work, account_id: int, number: IdentityNumber
) -> None:
    """Before anything is written: two who each want what the other has would wait for one another.
    Where the server has several keys, the unique index alone does not tell of a holder either.

    Raises IdentityNumberTaken.
    """
    indexes = deps.secrets.blind_index.digests(number.number)
    if len(indexes) > 1:
        await work.identity_numbers.lock_number(indexes)
    holder = await work.identity_numbers.find_holder(deps.app.name, indexes)
    if holder not in {None, account_id}:
        raise IdentityNumberTaken


@dataclass(frozen=True, slots=True)
class ReadIdentity:
    """Show me what is on record."""

    client: Client


async def read_identity(deps: Deps, caller: Caller, cmd: ReadIdentity) -> Identity | None:
    """The caller's name and number in the app, or None."""
    async with deps.begin() as work:
        identity = await open_identity(deps, work, caller.account_id, cmd.client)
        await work.commit()
    return identity


@dataclass(frozen=True, slots=True)
class SetIdentity:
    """Put name and number on record, once for ever."""

    real_name: str
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IdentitySet:
    """Name and number are on record."""


async def set_identity(deps: Deps, caller: Caller, cmd: SetIdentity) -> IdentitySet:
    """Record the caller's identity. Raises IdentityNumberMalformed, IdentityNumberSet,
    IdentityNumberTaken."""
    async with deps.begin() as work:
        await lock_own(work, caller)
        await record_identity(
            deps,
            work,
            caller.account_id,
            cmd.real_name,
            cmd.number,
            replace_unverified=False,
        )
        await work.commit()
    return IdentitySet()
