"""Changing the server's keys: what still needs which version, and sealing anew what can be."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Secrets
from hufu.actions.identity_numbers import SEALED_AS
from hufu.services.keys import SealBroken, version_of
from hufu.services.perseverance import Perseverance, Tell
from hufu.storage.database import Database
from hufu.storage.identity_numbers import KeptNumber, ResealedNumber
from hufu.storage.key_uses import KeyUse

PAGE = 200
"""Numbers looked at in one transaction, which takes a few milliseconds."""

PAUSE = 0.05
"""Seconds between two pages, in which whoever else wants the database has it."""

AGAIN = 60.0
EVERY = 3600.0
"""Seconds between two passes: after one that found something to do, or nothing."""

START = (0, "")


@dataclass(frozen=True, slots=True)
class Resealed:
    """Numbers were looked at: so many were `old`, and of those so many `done`, and so many `lost`,
    as no key opens them; somebody held the rest. More are `after` the last of them, unless None."""

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


async def reseal(
    database: Database, secrets: Secrets, told: Callable[[Resealed], None] | None = None
) -> Resealed:
    """One pass over all numbers, page by page, each of them `told`. Several processes take turns,
    and find the pages of the others done."""
    found = Resealed(0, 0, 0, START)
    while found.after is not None:
        if page := await reseal_page(database, secrets, found.after):
            old, done, lost = found.old + page.old, found.done + page.done, found.lost + page.lost
            found = Resealed(old, done, lost, page.after)
            if told is not None:
                told(page)
        await asyncio.sleep(PAUSE)
    return found


async def keep_resealing(
    database: Database,
    secrets: Secrets,
    told: Callable[[Resealed], None],
    trouble: Tell,
) -> None:
    """Pass after pass for as long as there are keys of the past: servers that are restarted later
    than this one still add to what is under them. What fails is tried again."""
    trying = Perseverance(trouble)
    while secrets.identity_numbers.opens_past:
        pause = AGAIN
        with trying:
            found = await reseal(database, secrets, told)
            pause = EVERY if found.old == found.lost else AGAIN
        await asyncio.sleep(pause)


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
