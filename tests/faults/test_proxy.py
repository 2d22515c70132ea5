"""The proxy does what a network does, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from faults.proxy import Fate, Proxy
from faults.waiting import until_so

HOST = "127.0.0.1"


@dataclass
class Echo:
    """A server that says what it hears, with a word of its own before."""

    heard: list[bytes] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.heard.append(data)
            writer.write(b"heard " + data)
        writer.close()


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    async with await asyncio.start_server(echo.serve, HOST, 0) as server:
        echo.port = server.sockets[0].getsockname()[1]
        yield echo


async def said(proxy: Proxy, data: bytes) -> bytes | None:
    """What the server answers; nothing where the connection is cut."""
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        writer.write(data)
        return await reader.read(1000) or None
    except OSError:
        return None
    finally:
        writer.close()


async def test_it_passes_everything_on(echo: Echo) -> None:
    async with Proxy(echo.port) as proxy:
        assert await said(proxy, b"hello") == b"heard hello"


@pytest.mark.parametrize(
    ("fate", "arrives"),
    [(Fate.CUT_BEFORE, False), (Fate.CUT_AFTER, True), (Fate.CUT_ANSWER, True)],
)
async def test_a_cut_connection_gives_no_answer(echo: Echo, fate: Fate, arrives: bool) -> None:
    async with Proxy(echo.port) as proxy:
        proxy.judge = lambda data: fate if data == b"COMMIT" else Fate.PASS
        assert await said(proxy, b"COMMIT") is None
        assert await said(proxy, b"hello") == b"heard hello"
    assert (b"COMMIT" in echo.heard) == arrives


async def test_a_silent_one_says_it_later(echo: Echo) -> None:
    async with Proxy(echo.port) as proxy:
        proxy.silent = True
        answer = asyncio.create_task(said(proxy, b"hello"))
        done, _ = await asyncio.wait([answer], timeout=0.05)
        assert not done
        assert echo.heard == []
        proxy.silent = False
        assert await answer == b"heard hello"


async def test_all_connections_are_cut_at_once(echo: Echo) -> None:
    async with Proxy(echo.port) as proxy:
        proxy.silent = True
        answers = [asyncio.create_task(said(proxy, b"hello")) for _ in range(3)]
        await until_so(lambda: proxy.links == 3)
        assert proxy.cut() == 3
        assert await asyncio.gather(*answers) == [None] * 3


@pytest.mark.parametrize("closed", [True, False])
async def test_nobody_gets_through_to_what_is_not_there(echo: Echo, closed: bool) -> None:
    async with Proxy(echo.port if closed else 1) as proxy:
        proxy.closed = closed
        assert await said(proxy, b"hello") is None
