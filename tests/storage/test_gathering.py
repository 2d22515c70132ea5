"""What is gathered into batches, and what becomes of it when something goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from hufu.storage.gathering import Gatherer, Lane
from hufu.storage.loss import DatabaseUnavailable


class Batches:
    """Squares numbers, and lets a test hold the batches up."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.begun = asyncio.Event()

    async def run(self, numbers: list[int]) -> list[int]:
        self.seen.append(numbers)
        self.begun.set()
        await self.free.wait()
        if 0 in numbers:
            raise ZeroDivisionError
        return [number * number for number in numbers]


async def test_what_waits_at_one_moment_is_done_at_once() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.run)
    assert await asyncio.gather(*(gatherer.put(number) for number in (1, 2, 3))) == [1, 4, 9]
    assert batches.seen == [[1, 2, 3]]


async def test_the_next_batch_gathers_while_one_is_under_way() -> None:
    batches = Batches()
    batches.free.clear()
    gatherer = Gatherer(batches.run)
    first = gatherer.put(1)
    await batches.begun.wait()
    others = [gatherer.put(number) for number in (2, 3)]
    batches.free.set()
    assert [await first, *[await other for other in others]] == [1, 4, 9]
    assert batches.seen == [[1], [2, 3]]


async def test_a_failure_reaches_its_batch_only() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.run)
    failed = await asyncio.gather(gatherer.put(0), gatherer.put(1), return_exceptions=True)
    assert [type(each) for each in failed] == [ZeroDivisionError] * 2
    assert await gatherer.put(2) == 4


async def test_who_is_gone_keeps_nobody_from_an_answer() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.run)
    gone, stays = gatherer.put(1), gatherer.put(2)
    gone.cancel()
    assert await stays == 4


class Sink:
    """Takes a result, or fails at it."""

    def __init__(self, *, broken: bool = False, deaf: bool = False) -> None:
        self.told: list[object] = []
        self._broken = broken
        self._deaf = deaf

    def done(self) -> bool:
        return False

    def set_result(self, result: object) -> None:
        if self._broken:
            raise KeyError(result)
        self.told.append(result)

    def set_exception(self, exception: Exception) -> None:
        if self._deaf:
            raise KeyError(exception)
        self.told.append(type(exception))


async def test_who_fails_at_a_result_keeps_nobody_from_an_answer() -> None:
    gatherer = Gatherer(Batches().run)
    sinks = [Sink(), Sink(broken=True), Sink(broken=True, deaf=True), Sink()]
    for number, sink in enumerate(sinks, 1):
        gatherer.tell(number, sink)
    await gatherer.settled()
    assert [sink.told for sink in sinks] == [[1], [KeyError], [], [16]]


async def test_who_fails_at_an_error_keeps_nobody_from_it() -> None:
    gatherer = Gatherer(Batches().run)
    sinks = [Sink(deaf=True), Sink()]
    for sink in sinks:
        gatherer.tell(0, sink)
    await gatherer.settled()
    assert [sink.told for sink in sinks] == [[], [ZeroDivisionError]]


async def test_settled_waits_for_everything() -> None:
    batches = Batches()
    gatherer = Gatherer(batches.run)
    waiting = [gatherer.put(number) for number in range(1, 4)]
    await gatherer.settled()
    assert all(each.done() for each in waiting)


@asynccontextmanager
async def lane(url: str) -> AsyncIterator[tuple[Lane, list[asyncpg.Connection]]]:
    """A lane, and the connections that it made."""
    made: list[asyncpg.Connection] = []

    async def connect() -> Any:
        made.append(await asyncpg.connect(url, command_timeout=0.2))
        return made[-1]

    opened = Lane(connect, 1.0)
    try:
        yield opened, made
    finally:
        await opened.close()


async def test_a_lost_connection_is_made_anew(database_url: str) -> None:
    async with lane(database_url) as (opened, made):
        await opened.fetch("SELECT 1")
        made[0].terminate()
        assert [row[0] for row in await opened.fetch("SELECT $1::int", 7)] == [7]
        assert len(made) == 2


async def test_a_statement_that_takes_too_long_is_given_up(database_url: str) -> None:
    async with lane(database_url) as (opened, made):
        with pytest.raises(DatabaseUnavailable):
            await opened.fetch("SELECT pg_sleep(60)")
        assert [row[0] for row in await opened.fetch("SELECT 1")] == [1]
        assert len(made) == 2


async def test_a_database_that_is_down_is_unavailable() -> None:
    async def refuse() -> Any:
        raise ConnectionRefusedError

    with pytest.raises(DatabaseUnavailable):
        await Lane(refuse, 1.0).fetch("SELECT 1")
