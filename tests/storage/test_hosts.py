"""A database that may be on any of several hosts is found, whatever the others do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from hufu.storage.database import Database
from hufu.storage.hosts import alternatives, connect
from hufu.storage.loss import DatabaseUnavailable
from hufu.storage.schema import Fit

HOST = "127.0.0.1"


@pytest.mark.parametrize(
    ("url", "each"),
    [
        ("postgresql://u:p@one/db", ["postgresql://u:p@one/db"]),
        (
            "postgresql://u:p@one:1,two/db?sslmode=require",
            [
                "postgresql://u:p@one:1/db?sslmode=require",
                "postgresql://u:p@two/db?sslmode=require",
            ],
        ),
        ("postgresql://[::1]:1,two:2/db", ["postgresql://[::1]:1/db", "postgresql://two:2/db"]),
        (
            "postgresql://u@/db?host=/a,/b&port=1,2&user=v",
            [
                "postgresql://u@/db?host=%2Fa&port=1&user=v",
                "postgresql://u@/db?host=%2Fb&port=2&user=v",
            ],
        ),
        (
            "postgresql://u@/db?host=one,two&port=5",
            ["postgresql://u@/db?host=one&port=5", "postgresql://u@/db?host=two&port=5"],
        ),
        ("postgresql://u@/db?host=/a", ["postgresql://u@/db?host=/a"]),
    ],
)
def test_an_address_of_several_hosts_is_one_address_for_each(url: str, each: list[str]) -> None:
    assert alternatives(url) == each


@asynccontextmanager
async def silence() -> AsyncIterator[int]:
    """The port of a host that takes connections and never says a word."""
    over = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]
        over.set()


@asynccontextmanager
async def hanging_up() -> AsyncIterator[int]:
    """The port of a host that takes connections and ends them."""

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with await asyncio.start_server(hang_up, HOST, 0) as server:
        yield server.sockets[0].getsockname()[1]


def beside(database_url: str, port: int) -> str:
    """The database's address after another."""
    query = parse_qs(urlsplit(database_url).query)
    where = f"host={HOST},{query['host'][0]}&port={port},{query['port'][0]}"
    return f"postgresql://hufu@/hufu?{where}&target_session_attrs=read-write"


@pytest.mark.parametrize("host", [silence, hanging_up])
async def test_one_that_is_of_no_use_keeps_nobody_from_the_next(
    database_url: str, host: type
) -> None:
    async with host() as port:
        database = await Database.open(
            beside(database_url, port), size=2, wait=30, statement=30, lock=30
        )
        try:
            async with asyncio.timeout(10):
                assert await database.fit() is Fit.FITS
        finally:
            await database.close()


async def test_where_none_is_of_use_the_database_is_lost() -> None:
    async with hanging_up() as one, hanging_up() as two:
        url = f"postgresql://hufu@{HOST}:{one},{HOST}:{two}/hufu?sslmode=disable"
        database = await Database.open(url, size=2, wait=5, statement=5, lock=5)
        with pytest.raises(DatabaseUnavailable):
            await database.now()
        await database.close()


async def test_only_one_connection_remains(database_url: str) -> None:
    query = parse_qs(urlsplit(database_url).query)
    host, port = query["host"][0], query["port"][0]
    url = f"postgresql://hufu@/hufu?host={host},{host}&port={port}"
    named = {"server_settings": {"application_name": "the one"}}
    connection = await connect(url, **named)
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'the one'"
    async with asyncio.timeout(10):
        while await connection.fetchval(count) > 1:
            pass  # The other one is on its way out.
    await connection.close()


async def test_who_gives_up_leaves_nothing_behind() -> None:
    async with silence() as one, silence() as two:
        url = f"postgresql://hufu@{HOST}:{one},{HOST}:{two}/hufu?sslmode=disable"
        with pytest.raises(TimeoutError):
            await connect(url, timeout=0.05)
        attempt = asyncio.create_task(connect(url, timeout=30))
        await asyncio.wait([attempt], timeout=0.05)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [each for each in others if "connect" in repr(each.get_coro())]
