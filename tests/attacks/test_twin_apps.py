"""Token x app: what counts in one app counts in no other, though both speak one dialect.

With accounts in common a password is good in both; everything else, and in another pool the
password as well, is refused.
"""

from collections.abc import Iterator

import pytest

from attacks.attack import World, attack
from attacks.holders import PASSWORD, POOL, Holder
from attacks.honest import (
    NUMBERS,
    Way,
    cookies,
    names,
    pairs,
    ready,
    said_yes,
    send,
    way_to,
    ways_in,
)
from attacks.removed import sessions_of_any_app
from attacks.slots import LOCKS, Slot, slot_of, takes
from dialects.rows import ROWS, Row, ask, written
from front_door import Answer, WorldWith
from hufu.settings import DIALECTS

TWIN = "twin"
OTHER_POOL = "other"


def settings(dialect: str, pool: str) -> dict[str, object]:
    """A second app of the dialect."""
    app = f"apps.{TWIN}"
    return {f"{app}.dialect": dialect, f"{app}.prefix": f"/{TWIN}", f"{app}.pool": pool}


async def send_to_twin(world: World, row: Row, way: Way, who: Holder) -> Answer:
    """Send what is in order in the one app to the other."""
    path = row.at(who.number).replace(f"/{row.dialect.name}/", f"/{TWIN}/", 1)
    kind, filled = row.kinds[0], pairs(row, way, who)
    body = written(kind, filled.items())
    return await ask(world, row, kind, body, path=path, cookies=cookies(row, way, who))


def locked(row: Row, way: Way, pool: str) -> bool:
    """Whether the row wants a secret that the twin must not take."""
    by_password = way.beside or (takes(row, Slot.PASSWORD) and way.password == PASSWORD)
    slots = {slot_of(row, name) for name in names(row, way)}
    held = bool(slots & (LOCKS - {Slot.PASSWORD})) or (way.cookie and not way.beside)
    return held or (by_password and pool != POOL)


async def twin_takes(world: World, row: Row, pool: str, numbers: Iterator[int]) -> list[Way]:
    """The ways in which the twin lets somebody in with what counts in the app."""
    taken = []
    for way in ways_in(row, await way_to(world, row, numbers)):
        if locked(row, way, pool):
            who = await ready(world, row, way, next(numbers))
            if said_yes(row, await send_to_twin(world, row, way, who)):
                taken.append(way)
            who = await ready(world, row, way, next(numbers))
            assert said_yes(row, await send(world, row, way, who))
    return taken


@pytest.mark.parametrize("pool", [POOL, OTHER_POOL])
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_twin_takes_nothing(world_with: WorldWith, dialect: str, pool: str) -> None:
    async with world_with(settings(dialect, pool)) as world:
        numbers = iter(NUMBERS)
        for row in (row for row in ROWS if row.dialect.name == dialect):
            assert await twin_takes(world, row, pool, numbers) == [], str(row)


@attack(23, without=sessions_of_any_app, settings=settings("company", OTHER_POOL))
async def test_a_session_counts_in_another_pool(world: World) -> bool:
    numbers = iter(NUMBERS)
    rows = [row for row in ROWS if row.dialect.name == "company" and row.for_members]
    return any([await twin_takes(world, row, OTHER_POOL, numbers) for row in rows])
