"""The load generator, against servers that answer well, badly, in pieces and not at all."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from hufu.services.load import Load, Outcome, Sent
from hufu.services.load_run import is_whole, put_load

HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
REFUSED = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno"
FEW = Load(connections=3, seconds=20, most=30)
"""Over long before the time is: nothing here depends on how fast anything is."""

Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[int]:
    """A server that treats each request so; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                await answer(head, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def loaded(answer: Answering, load: Load = FEW, good: bytes = b"ok") -> Outcome:
    async with answering(answer) as port:
        requests = itertools.repeat(Sent("GET", "/").prepared(HOST))
        return await put_load(HOST, port, requests, load, good)


def saying(text: bytes) -> Answering:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(text)

    return answer


@pytest.mark.parametrize("text", [OK, CHUNKED])
async def test_every_good_answer_is_counted_once(text: bytes) -> None:
    found = await loaded(saying(text))
    assert (len(found.latencies), found.errors) == (30, 0)
    assert found.statuses == {200: 30}
    assert 0 < found.quantile(0.5) <= found.quantile(0.99) < found.seconds
    assert found.rate == 30 / found.seconds


async def test_an_answer_in_pieces_is_one_answer() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        for place in range(len(OK)):
            writer.write(OK[place : place + 1])
            await writer.drain()
            await asyncio.sleep(0)

    found = await loaded(answer)
    assert (len(found.latencies), found.errors) == (30, 0)


@pytest.mark.parametrize(("text", "status"), [(REFUSED, 403), (OK.replace(b"ok", b"no"), 200)])
async def test_what_is_not_good_is_an_error(text: bytes, status: int) -> None:
    found = await loaded(saying(text))
    assert (len(found.latencies), found.troubles) == (0, {"not good": 30})
    assert found.statuses == {status: 30}


async def test_a_server_that_closes_is_asked_on_new_connections() -> None:
    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(CLOSING)
        writer.close()

    found = await loaded(answer)
    assert (len(found.latencies), found.errors) == (30, 0)


async def test_a_lost_answer_is_an_error_and_the_rest_goes_on() -> None:
    asked = itertools.count()

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        if next(asked) % 10 == 5:
            writer.close()
        else:
            writer.write(OK)

    found = await loaded(answer)
    assert (len(found.latencies), found.troubles) == (27, {"lost": 3})


async def test_requests_that_end_end_the_load() -> None:
    asked = []

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(head.split()[1])
        writer.write(OK)

    async with answering(answer) as port:
        requests = (Sent("GET", f"/{number}").prepared(HOST) for number in range(7))
        found = await put_load(HOST, port, requests, FEW, b"ok")
    assert sorted(asked) == [b"/%d" % number for number in range(7)]
    assert len(found.latencies) == 7


async def test_a_rate_is_kept_where_the_server_is_faster() -> None:
    asked = []

    async def answer(_: bytes, writer: asyncio.StreamWriter) -> None:
        asked.append(asyncio.get_running_loop().time())
        writer.write(OK)

    found = await loaded(answer, Load(connections=3, seconds=20, most=5, rate=50))
    assert len(found.latencies) == 5
    assert asked[-1] - asked[0] >= 3 / 50  # Four distances, each known to a millisecond or so.


async def test_what_warms_up_is_not_counted() -> None:
    found = await loaded(saying(OK), Load(connections=1, seconds=20, most=20, warm_up=20))
    assert (len(found.latencies), found.errors) == (15, 0)  # A quarter is the most that warms up.


async def test_nobody_listening_is_told() -> None:
    async with answering(saying(OK)) as port:
        pass
    with pytest.raises(OSError, match=str(port)):
        await put_load(HOST, port, iter(()), FEW)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (OK, True),
        (CLOSING, True),
        (CHUNKED, True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (OK[:-1], False),
        (OK[:20], False),
        (b"", False),
        (CHUNKED[:-1], False),
    ],
)
def test_the_end_of_an_answer_is_seen(text: bytes, whole: bool) -> None:
    assert is_whole(text) is whole


def test_a_request_is_written_as_it_is_sent() -> None:
    sent = Sent("POST", "/a?b=c", {"Accept": "x/y"}, b"body")
    assert sent.prepared("localhost:1") == (
        b"POST /a?b=c HTTP/1.1\r\nHost: localhost:1\r\nAccept: x/y\r\nContent-Length: 4\r\n\r\nbody"
    )


def test_a_request_does_not_tell_its_secrets() -> None:
    sent = Sent("POST", "/", {"Authorization": "Bearer secret"}, b"secret")
    assert "secret" not in repr(sent)
