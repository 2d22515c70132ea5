"""The database's clock is read no less exactly where a connection is long in coming."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hufu.services.clock import DatabaseClock
from hufu.storage import database as storage
from hufu.storage.database import Database
from hufu.storage.hosts import connect

LATE = 0.5
OFF = 0.1
"""Seconds that a wait would put the clock forward by more than."""


@pytest.fixture
async def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """One whose connections are long in coming."""

    async def late(*asked: Any, **options: Any) -> Any:
        await asyncio.sleep(LATE)
        return await connect(*asked, **options)

    monkeypatch.setattr(storage, "connect", late)
    opened = await Database.open(database_url, size=1, wait=10, statement=10, lock=10)
    yield opened
    await opened.close()


def off(clock: DatabaseClock) -> float:
    """By how much (s) the clock is off; the database is on this machine."""
    return abs(clock.now().timestamp() - time.time())


async def test_a_connection_that_is_made_first_is_no_part_of_the_round_trip(
    database: Database,
) -> None:
    clock = DatabaseClock(database.read_clock)
    await clock.sync()
    assert off(clock) < OFF


async def test_nor_is_the_wait_for_one(database: Database) -> None:
    clock = DatabaseClock(database.read_clock)
    async with database.look():
        syncing = asyncio.create_task(clock.sync())
        await asyncio.sleep(LATE)
    await syncing
    assert off(clock) < OFF


async def test_of_a_few_round_trips_the_shortest_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, reads = storage._read_clock, 0

    async def late_at_first(connection: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(_Late(connection) if reads == 1 else connection)

    monkeypatch.setattr(storage, "_read_clock", late_at_first)
    clock = DatabaseClock(database.read_clock)
    await clock.sync()
    assert off(clock) < OFF
    assert reads > 1


class _Late:
    """A connection that asks late, as one does that has to prepare a statement first."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetchval(self, statement: str) -> Any:
        await asyncio.sleep(LATE)
        return await self._connection.fetchval(statement)
