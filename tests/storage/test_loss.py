"""A lost database is told from a mistake of ours: the one may be tried again, the other not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from front_door import World
from hufu.domain.profiles import View
from hufu.storage.database import Database
from hufu.storage.loss import DatabaseRefuses, DatabaseUnavailable
from hufu.storage.work import Work

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def wrong_type(work: Work) -> Awaitable[None]:
    noon: Any = "noon"
    return work.handles.release(1, "fomo", noon)


def out_of_range(work: Work) -> Awaitable[None]:
    return work.outbox.save_retry(1, NOW, 2**15)


@pytest.mark.parametrize("mistake", [wrong_type, out_of_range])
async def test_a_value_that_does_not_fit_is_no_lost_database(
    world: World, mistake: Callable[[Work], Awaitable[None]]
) -> None:
    with pytest.raises(asyncpg.DataError):
        async with world.core.database.look() as work:
            await mistake(work)


async def closed_meanwhile(work: Work) -> None:
    await work._connection.close()
    await work.outbox.save_sent(1, NOW)


async def test_a_closed_connection_is_a_lost_database(world: World) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with world.core.database.look() as work:
            await closed_meanwhile(work)


async def test_a_closed_pool_is_a_lost_database(database_url: str) -> None:
    database = await Database.open(database_url, size=1, wait=10, statement=10, lock=10)
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.now()


SHUT = (
    "ALTER DATABASE shut ALLOW_CONNECTIONS false",
    "REVOKE CONNECT ON DATABASE shut FROM PUBLIC",
)


@pytest.mark.parametrize("how", SHUT)
async def test_a_database_that_lets_nobody_in_is_a_lost_one(
    world: World, database_url: str, how: str
) -> None:
    """Whatever it says to that, it was no statement of ours."""
    admin = await asyncpg.connect(database_url.replace("hufu@", "postgres@"))
    await admin.execute("CREATE DATABASE shut")
    database = await Database.open(
        database_url.replace("/hufu?", "/shut?"), size=1, wait=10, statement=10, lock=10
    )
    try:
        await admin.execute(how)
        with pytest.raises(DatabaseUnavailable, match=r"^(ObjectNotIn|InsufficientPriv)"):
            await database.now()
        with pytest.raises(DatabaseUnavailable):
            await database.presented.find(b"", View.SESSION)
    finally:
        await database.close()
        await admin.execute("DROP DATABASE shut")
        await admin.close()


async def test_a_disk_that_cannot_be_read_is_no_mistake_of_ours(world: World) -> None:
    with pytest.raises(DatabaseRefuses, match="PostgresIOError"):
        async with world.core.database.look():
            raise asyncpg.PostgresIOError("could not read block 7")


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("cannot switch to state 12; another operation is in progress"),
        asyncpg.TargetServerAttributeNotMatched("none of the hosts can be written to"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_connection_that_may_be_of_no_use_is_used_no_more(
    database_url: str, error: Exception
) -> None:
    database = await Database.open(database_url, size=1, wait=10, statement=10, lock=10)
    try:
        before = await _backend(database)
        with pytest.raises(DatabaseUnavailable):
            async with database.look():
                raise error
        assert await _backend(database) != before
    finally:
        await database.close()


async def _backend(database: Database) -> int:
    async with database.look() as work:
        return int(await work._connection.fetchval("SELECT pg_backend_pid()"))
