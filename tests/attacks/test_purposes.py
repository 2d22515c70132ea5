"""Purpose x endpoint: a code opens the one endpoint that it was sent for, in the app that sent it.

Every row that sends a code is asked for one, by people with an address, a number or both, and every
row of every dialect that takes a code is shown it, with true references.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import pytest

from attacks.attack import World, attack
from attacks.holders import STATES, Holder, holder, look, matters
from attacks.honest import NUMBERS, Way, askers, get_code, said_yes, send, takers
from dialects.rows import Row
from hufu.domain.verification import Purpose
from hufu.settings import DIALECTS
from hufu.storage.verification import Codes

Opened = set[tuple[Purpose, str]]
"""Which purposes of an app's codes open which rows."""


async def opened_by_codes_of(world: World, dialect: str) -> Opened:
    """Which rows the dialect's codes open."""
    numbers, opened = iter(NUMBERS), set()
    for kinds in STATES:
        for asked in askers(dialect):
            who = await holder(world, next(numbers), kinds)
            if not await get_code(world, asked, who):
                continue
            for taker in takers():
                assert await get_code(world, asked, who)
                [code] = await look(
                    world, "SELECT purpose FROM codes ORDER BY sent_at DESC LIMIT 1"
                )
                if await _opens(world, taker, who):
                    opened.add((Purpose(code["purpose"]), str(taker)))
                    who = await holder(world, next(numbers), kinds)
    return opened


async def _opens(world: World, taker: Row, who: Holder) -> bool:
    before = await matters(world)
    answer = await send(world, taker, Way(who.kinds, cookie=taker.for_members), who)
    yes = said_yes(taker, answer)
    assert yes or await matters(world) == before, f"{taker} changed something, and said no"
    return yes


def off_the_diagonal(dialect: str, opened: Opened) -> Collection[tuple[Any, Any]]:
    """Rows of other dialects, rows that two purposes open, and purposes that open two rows."""
    rows: dict[Purpose, set[str]] = defaultdict(set)
    purposes: dict[str, set[Purpose]] = defaultdict(set)
    for purpose, row in opened:
        rows[purpose].add(row)
        purposes[row].add(purpose)
    crossed = [each for each in (*rows.items(), *purposes.items()) if len(each[1]) > 1]
    foreign = [(purpose, row) for purpose, row in opened if row.split()[0] != dialect]
    return [*crossed, *foreign]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_code_opens_nothing_off_the_diagonal(world: World, dialect: str) -> None:
    opened = await opened_by_codes_of(world, dialect)
    assert off_the_diagonal(dialect, opened) == []
    own = {str(row) for row in takers() if row.dialect.name == dialect}
    assert {row for _, row in opened} == own


def any_purpose(patch: pytest.MonkeyPatch) -> None:
    """The newest code counts, whatever it was sent for."""
    lock_newest = Codes.lock_newest

    async def lock(self: Codes, pool: str, app: str, _: object, identifier: Any) -> Any:
        return await lock_newest(self, pool, app, tuple(Purpose), identifier)

    patch.setattr(Codes, "lock_newest", lock)


def any_app(patch: pytest.MonkeyPatch) -> None:
    """The newest code for the purpose counts, whichever app sent it."""

    async def lock(self: Codes, pool: str, _: str, purposes: Any, identifier: Any) -> Any:
        [row] = await self._connection.fetch(
            "SELECT app FROM codes WHERE pool = $1 AND kind = $2 AND key = $3 "
            "AND purpose = ANY($4) ORDER BY sent_at DESC LIMIT 1",
            pool, identifier.kind, identifier.key, list(purposes),
        ) or [{"app": ""}]  # fmt: skip
        return await lock_newest(self, pool, row["app"], purposes, identifier)

    lock_newest = Codes.lock_newest
    patch.setattr(Codes, "lock_newest", lock)


@attack(12, without=any_purpose)
async def test_a_code_for_one_purpose_serves_for_another(world: World) -> bool:
    return bool(off_the_diagonal("creator", await opened_by_codes_of(world, "creator")))


@attack(12, without=any_app)
async def test_a_code_of_one_app_serves_in_another(world: World) -> bool:
    return bool(off_the_diagonal("rental", await opened_by_codes_of(world, "rental")))
