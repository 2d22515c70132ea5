"""Every row of every dialect's table is in the matrices, and somebody gets a yes from it."""

from collections.abc import Iterator

import pytest

from attacks.honest import NUMBERS, ready, said_yes, send, way_to, ways_in
from attacks.slots import unlisted
from dialects.rows import ROWS, Row
from front_door import World


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_every_field_is_listed(row: Row) -> None:
    assert unlisted(row) == set()


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_somebody_gets_a_yes(world: World, row: Row) -> None:
    numbers: Iterator[int] = iter(NUMBERS)
    for way in ways_in(row, await way_to(world, row, numbers)):
        who = await ready(world, row, way, next(numbers))
        answer = await send(world, row, way, who)
        assert said_yes(row, answer), answer
