"""What an application may answer, and what of it leaves."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import pytest

from loopback import App, Hung, Loopback, answer, echo, loopback

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
GET10 = b"GET /a HTTP/1.0\r\n\r\n"
ALIVE10 = b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
LAST = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
EXPECTS = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

PARTS = [b"one", b"", b"two" * 1000]
WHOLE = b"".join(PARTS)


async def streaming(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in PARTS:
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.fixture(scope="module")
def echoing() -> Iterator[Loopback]:
    with loopback() as serving:
        yield serving


# Connections that stay, and that end (RFC 9112, 9.3)


@pytest.mark.parametrize(
    ("request_", "said"), [(GET, None), (ALIVE10, "keep-alive"), (GET10, "close"), (LAST, "close")]
)
def test_a_connection_stays_as_the_client_has_it(
    echoing: Loopback, request_: bytes, said: str | None
) -> None:
    client = echoing.client(request_)
    first = client.answer()
    assert (first.version, first.status, first.body) == ("HTTP/1.1", 200, b"GET /a \n")
    assert first.header("connection") == said
    if said == "close":
        assert client.ended()
    else:
        assert client.send(request_).answer() == first


def test_every_answer_has_a_date(echoing: Loopback) -> None:
    date = echoing.ask(GET).header("date")
    assert date
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", date)


# How long a body is


def test_a_body_in_parts_leaves_in_chunks() -> None:
    with loopback(streaming) as serving:
        client = serving.client(GET, GET)
        for _ in range(2):
            found = client.answer()
            assert (found.header("transfer-encoding"), found.body) == ("chunked", WHOLE)
            assert found.header("content-length") is None


@pytest.mark.parametrize("request_", [GET10, ALIVE10])
def test_to_http_1_0_it_ends_with_the_connection(request_: bytes) -> None:
    with loopback(streaming) as serving:
        client = serving.client(request_)
        found = client.answer()
        assert found.header("transfer-encoding") is found.header("content-length") is None
        assert (found.header("connection"), found.body) == ("close", WHOLE)
        assert client.ended()


def test_a_body_in_parts_may_have_a_length() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        size = (b"content-length", b"6")
        await send({"type": "http.response.start", "status": 200, "headers": [size]})
        await send({"type": "http.response.body", "body": b"one", "more_body": True})
        await send({"type": "http.response.body", "body": b"two"})

    with loopback(app) as serving:
        client = serving.client(GET + GET)
        assert [client.answer().body for _ in range(2)] == [b"onetwo"] * 2


@pytest.mark.parametrize("app", [echo, streaming])
def test_head_has_the_headers_of_get_and_no_body(app: Any) -> None:
    with loopback(app) as serving:
        client = serving.client(HEAD, GET)
        head, get = client.answer("HEAD"), client.answer()
        sizes = ("content-length", "transfer-encoding")
        assert [name for name, _ in head.headers] == [name for name, _ in get.headers]
        assert head.body == b""
        assert [head.header(size) is None for size in sizes] == [
            get.header(size) is None for size in sizes
        ]


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("parts", [1, 3])
def test_some_answers_have_no_body(status: int, parts: int) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        for part in range(parts):
            more = part < parts - 1
            await send({"type": "http.response.body", "body": b"body", "more_body": more})

    with loopback(app) as serving:
        client = serving.client(GET + GET)
        for _ in range(2):
            found = client.answer()
            assert found.status == status
            assert found.header("content-length") is found.header("transfer-encoding") is None
        assert client.socket.close() is None


# Expect: 100-continue (RFC 9110, 10.1.1)


def test_a_client_that_asks_is_told_to_go_on(echoing: Loopback) -> None:
    client = echoing.client(EXPECTS)
    assert client.answer().status == 100
    assert client.send(b"ab", b"cde").answer().body == b"POST /a \nabcde"
    assert client.send(GET).answer().body == b"GET /a \n"


def test_one_that_does_not_wait_for_it_is_not(echoing: Loopback) -> None:
    client = echoing.client(EXPECTS + b"abcde")
    assert client.answer().body == b"POST /a \nabcde"


def test_in_http_1_0_there_is_no_such_thing(echoing: Loopback) -> None:
    client = echoing.client(EXPECTS.replace(b"HTTP/1.1", b"HTTP/1.0"), b"abcde")
    assert client.answer().body == b"POST /a \nabcde"


def test_who_is_answered_without_is_told_that_the_connection_ends() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await answer(send, b"no", 413)

    with loopback(app) as serving:
        client = serving.client(EXPECTS)
        found = client.answer()
        assert (found.status, found.header("connection")) == (413, "close")
        assert client.ended()


def test_a_body_that_nobody_wanted_does_not_unsay_the_answer() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await answer(send, b"no", 413)

    with loopback(app) as serving:
        head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n"
        client = serving.client(head + bytes(100), *[bytes(100_000)] * 5)
        assert client.answer().status == 413
        assert client.ended()


def test_nor_is_it_read_for_ever() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await answer(send, b"no", 413)

    with loopback(app) as serving:
        client = serving.client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
        assert client.answer().status == 413
        client.send(*[bytes(100_000)] * 30)
        serving.until(lambda: serving.connections() == 0)


# Applications that go wrong


@pytest.mark.parametrize(
    "header",
    [
        (b"x", b"y\r\nset-cookie: z"),
        (b"x", b"y\nset-cookie: z"),
        (b"x", b"y\rset-cookie: z"),
        (b"x\r\nset-cookie", b"z"),
        (b"x", b"y\r\n"),
        (b"x", b"\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("more", [False, True])
def test_no_header_is_two(header: tuple[bytes, bytes], more: bool) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [header]})
        await send({"type": "http.response.body", "body": b"body", "more_body": more})

    with loopback(app) as serving:
        client = serving.client(GET)
        found = client.answer()
        assert (found.status, found.body, found.header("set-cookie")) == (500, b"", None)
        assert client.ended()
        assert [type(each) for each in serving.reported] == [ValueError]


async def raising(_: Any, __: Any, ___: Any) -> None:
    raise LookupError


async def silent(_: Any, __: Any, ___: Any) -> None:
    pass


async def headless(_: Any, __: Any, send: Any) -> None:
    await send({"type": "http.response.body", "body": b"HTTP/1.1 200 OK\r\n\r\n"})


async def odd_status(_: Any, __: Any, send: Any) -> None:
    await answer(send, status=299)


@pytest.mark.parametrize(
    ("app", "error"),
    [(raising, LookupError), (headless, RuntimeError), (odd_status, KeyError)],
)
def test_an_application_that_raises_is_stood_in_for(app: Any, error: type[Exception]) -> None:
    with loopback(app) as serving:
        client = serving.client(GET)
        found = client.answer()
        assert (found.status, found.header("connection"), found.body) == (500, "close", b"")
        assert found.header("server") == "-"
        assert client.ended()
        assert [type(each) for each in serving.reported] == [error]


def test_one_that_says_nothing_gets_no_answer_of_ours() -> None:
    with loopback(silent) as serving:
        assert serving.client(GET).ended()


def beginning(then: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await then(scope, receive, send)

    return app


@pytest.mark.parametrize("then", [raising, silent, echo])
def test_half_an_answer_is_not_taken_for_a_whole(then: Any) -> None:
    """Nor is a second head taken for a part of the first one's body."""
    with loopback(beginning(then)) as serving:
        client = serving.client(GET)
        with pytest.raises(Hung):
            client.answer()


async def test_receive_may_be_waited_for_twice() -> None:
    async def app(_: Any, receive: Any, send: Any) -> None:
        waiting = [asyncio.ensure_future(receive()) for _ in range(2)]
        await asyncio.wait(waiting)
        await answer(send, b"%d" % len(waiting))

    with loopback(app) as serving:
        client = serving.client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", b"a")
        client.send(b"b")
        client.hang_up()
        serving.until(lambda: serving.connections() == 0)


# At a glance


def at_a_glance(exchange: Any) -> bool:
    exchange.answer(b"HTTP/1.1 200 OK\r\nx: y\r\n", exchange.body)
    return True


@pytest.mark.parametrize(
    ("request_", "said"), [(GET, None), (ALIVE10, "keep-alive"), (GET10, "close"), (LAST, "close")]
)
def test_what_is_answered_at_a_glance_is_framed_alike(request_: bytes, said: str | None) -> None:
    with loopback(App(raising, at_a_glance)) as serving:
        client = serving.client(request_)
        found = client.answer()
        assert (found.status, found.body, found.header("x")) == (200, b"", "y")
        assert (found.header("connection"), found.header("content-length")) == (said, "0")
        assert client.ended() if said == "close" else client.send(request_).answer() == found


def test_many_at_a_glance_are_answered_in_order() -> None:
    request = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d"
    with loopback(App(raising, at_a_glance)) as serving:
        client = serving.client(b"".join(request % (each, each) for each in range(100)))
        assert [int(client.answer().body) for _ in range(100)] == [*range(100)]


def test_a_glance_that_raises_is_no_harm() -> None:
    def broken(_: Any) -> bool:
        raise LookupError

    with loopback(App(echo, broken)) as serving:
        assert serving.client(GET + GET).answer().body == b"GET /a \n"


def test_a_request_whose_body_is_still_to_come_is_not_glanced_at() -> None:
    with loopback(App(echo, at_a_glance)) as serving:
        client = serving.client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na", b"b")
        assert client.answer().body == b"POST /a \nab"


def test_it_may_be_handed_on() -> None:
    def glance(exchange: Any) -> bool:
        asyncio.get_running_loop().call_soon(exchange.hand_on)
        return True

    with loopback(App(echo, glance)) as serving:
        client = serving.client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" * 3)
        assert [client.answer().body for _ in range(3)] == [b"POST /a \nab"] * 3


@pytest.mark.parametrize("at_a_glance", [False, True])
def test_a_large_body_that_nobody_has_read_stops_nothing(at_a_glance: bool) -> None:
    """It has come whole, in one piece, so the connection stays."""

    async def unread(scope: Any, _: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await answer(send, b"unread")

    def glance(exchange: Any) -> bool:
        if at_a_glance:
            exchange.answer(b"HTTP/1.1 413 Content Too Large\r\n", b"unread")
        return at_a_glance

    with loopback(App(unread, glance)) as serving:
        client = serving.client(GET)
        assert client.answer().body == b"unread"
        [connection] = serving.server._connections
        head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n"
        serving.loop.call_soon_threadsafe(connection.data_received, head + bytes(70_000))
        told = client.answer()
        assert (told.body, told.header("connection")) == (b"unread", None)
        assert client.send(GET).answer().body == b"unread"
