"""Changing the server's keys: what still needs which version, and sealing anew what can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Secrets
from hufu.actions.identity_numbers import SEALED_AS
from hufu.services.keys import SealBroken, version_of
from hufu.storage.database import Database
from hufu.storage.identity_numbers import KeptNumber, ResealedNumber
from hufu.storage.key_uses import KeyUse

PAGE = 200
"""Numbers looked at in one transaction, which takes a few milliseconds."""

START = (0, "")


@dataclass(frozen=True, slots=True)
class Resealed:
    """A page of numbers was looked at: so many were `old`, and of those so many `done`, and so many
    `lost`, as no key opens them; somebody held the rest. The next page begins `after` the last of
    this, None behind the last there is."""

    old: int
    done: int
    lost: int
    after: tuple[int, str] | None


async def count_key_uses(database: Database, now: datetime) -> tuple[list[KeyUse], list[KeyUse]]:
    """What needs the pepper and what needs the identity key, by version."""
    async with database.look() as work:
        return await work.key_uses.of_pepper(now), await work.key_uses.of_identity_key()


async def reseal_page(
    database: Database, secrets: Secrets, after: tuple[int, str] = START
) -> Resealed | None:
    """Seal the next numbers with the current key where they are under an older one; those under a
    newer one are left to servers that have it in use. None while another process is at it.

    It waits for nobody, and holds rows for as long as it takes to seal them. Where it ends, the
    next pass goes on.
    """
    async with database.begin(_no_letters) as work:
        if not await work.identity_numbers.claim_resealing():
            return None
        page = await work.identity_numbers.page(after, PAGE)
        old = [each for each in page if version_of(each.sealed) < secrets.identity_numbers.version]
        held = await work.identity_numbers.lock_free(old) if old else []
        resealed = _resealed(secrets, held)
        if resealed:
            await work.identity_numbers.save_resealed(resealed)
            await work.commit()
    last = page[-1] if len(page) == PAGE else None
    lost = len(held) - len(resealed)
    return Resealed(len(old), len(resealed), lost, (last.account_id, last.app) if last else None)


def _resealed(secrets: Secrets, numbers: Sequence[KeptNumber]) -> list[ResealedNumber]:
    """Of several accounts that had one number under keys of which no server knew all, the first
    remains its only holder."""
    resealed, seen = [], set()
    for each in numbers:
        try:
            number = secrets.identity_numbers.open(each.sealed, SEALED_AS)
        except SealBroken:
            continue
        index = secrets.blind_index.digest(number)
        sole = (each.app, index) not in seen
        seen.add((each.app, index))
        sealed = secrets.identity_numbers.seal(number, SEALED_AS)
        resealed.append(ResealedNumber(each, sealed, index, sole))
    return resealed


def _no_letters() -> None:
    """Nothing here puts a letter into the outbox."""
