"""What a client may take of the server: size, time, number. Time is short here."""

import asyncio
import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from hufu.http.connection import Connection
from hufu.http.exchange import Exchange
from loopback import App, Client, Hung, Loopback, answer, body_of, echo, loopback

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BYTES = 4096
SHORT = 0.03


@pytest.fixture(scope="module")
def small() -> Iterator[Loopback]:
    """A server that takes small heads."""
    with loopback(head_bytes=BYTES) as serving:
        yield serving


def in_parts(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


# Sizes


@pytest.mark.parametrize("size", [700, 20_000])
@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 10 * BYTES,
        b"GET /a?" + b"a" * 10 * BYTES,
        GET[:-2] + b"X: " + b"y" * 10 * BYTES,
        GET[:-2] + b"x" * 10 * BYTES,
        GET[:-2] + b"X: y\r\n" * (2 * BYTES),
    ],
)
@pytest.mark.parametrize("before", [b"", GET, POST + b"abcde"])
def test_a_head_has_a_largest_size(small: Loopback, before: bytes, head: bytes, size: int) -> None:
    """In packets small or large, first or behind another request; it need not be complete."""
    client = small.client(*in_parts(before + head, size))
    if before:
        first = client.answer()
        assert first.status == 200
        if first.header("connection") == "close":
            assert client.ended()
            return
    assert client.answer().status == 431
    assert client.ended()


@pytest.mark.parametrize("size", [1000, 3000, 20_000])
def test_a_complete_one_is_not_taken_for_small(small: Loopback, size: int) -> None:
    """Though most of it came with the request before it."""
    large = GET[:-2] + b"X: " + b"y" * BYTES + b"\r\n\r\n"
    client = small.client(*in_parts(GET + large, size))
    assert [client.answer().status, *statuses(client)] in ([200], [200, 431])


def statuses(client: Client) -> list[int]:
    """Those of the answers that are left, and then the server hangs up."""
    return [int(each[:3]) for each in client.rest().split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("size", [700, 100_000])
def test_nothing_before_a_head_is_for_ever(small: Loopback, size: int) -> None:
    client = small.client(*in_parts(b"\r\n" * BYTES, size))
    assert client.answer().status == 431
    assert client.ended()


def test_a_head_may_be_as_large_as_that(small: Loopback) -> None:
    head = GET[:-2] + b"X: " + b"y" * (BYTES - len(GET) - 10) + b"\r\n\r\n"
    client = small.client(*in_parts(head * 5, 1500))
    for _ in range(5):
        assert client.answer().status == 200


def test_a_head_has_so_many_headers(small: Loopback) -> None:
    assert small.ask(GET[:-2] + b"X: y\r\n" * 99 + b"\r\n").status == 200
    assert small.ask(GET[:-2] + b"X: y\r\n" * 100 + b"\r\n").status == 431


@pytest.mark.parametrize(
    "frame",
    [
        b"1;" + b"x" * 20 * BYTES,
        b"1\r\na\r\n0\r\nX: " + b"y" * 20 * BYTES,
        b"1\r\na\r\n0\r\n" + b"X: y\r\n" * 4 * BYTES,
        b"1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\na\r\n" * BYTES,
        b"4000\r\n%b\r\n0\r\nX: " % bytes(0x4000) + b"y" * 20 * BYTES,
        b"4000\r\n%b\r\n0\r\n" % bytes(0x4000) + b"X: y\r\n" * 4 * BYTES,
        b"4000\r\n%b\r\n1;" % bytes(0x4000) + b"x" * 20 * BYTES,
    ],
)
def test_what_frames_a_body_has_a_largest_size(small: Loopback, frame: bytes) -> None:
    client = small.client(CHUNKED, *in_parts(frame, 700))
    assert client.answer().status == 431
    assert client.ended()


@pytest.mark.parametrize("body", [b"1\r\na\r\n" * 1000, b"20\r\n%b\r\n" % (b"a" * 32) * 5000])
def test_small_chunks_and_trailers_are_no_such_thing(small: Loopback, body: bytes) -> None:
    end = b"0\r\nX: y\r\nY: z\r\n\r\n"
    client = small.client(CHUNKED, *in_parts(body + end, 7000), GET)
    assert client.answer().body == b"POST /a \n" + b"a" * body.count(b"a")
    assert client.answer().status == 200


@pytest.mark.parametrize("size", [700, 100_000])
@pytest.mark.parametrize("before", [b"", GET])
@pytest.mark.parametrize(
    "chunks",
    [
        b"1\r\na\r\n" * 2000,
        b"4\r\nabcd\r\n" * 2000,
        b"400\r\n%b\r\n" % bytes(1024) + b"1\r\na\r\n" * 2000,
    ],
)
def test_a_body_has_so_many_chunks_for_its_size(
    small: Loopback, chunks: bytes, before: bytes, size: int
) -> None:
    """However it is cut into packets; each chunk costs more than the bytes in it."""
    client = small.client(*in_parts(before + CHUNKED + chunks, size))
    if before:
        first = client.answer()
        assert first.status == 200
        if first.header("connection") == "close":
            assert client.ended()
            return
    assert client.answer().status == 413
    assert client.ended()


def test_the_application_is_told_that_no_more_of_it_comes() -> None:
    left: list[bytes | None] = []

    async def app(_: Any, receive: Any, __: Any) -> None:
        left.append(await body_of(receive))

    with loopback(app) as serving:
        client = serving.client(CHUNKED, b"1\r\na\r\n" * 2000)
        assert client.answer().status == 413
        serving.until(lambda: bool(left))
    assert left == [None]


# Times


@pytest.mark.parametrize("sent", [b"", b"G", GET[:-1], b"\r\n"])
def test_a_head_has_to_come(sent: bytes) -> None:
    with loopback(head_seconds=SHORT) as serving:
        client = serving.client(sent) if sent else serving.client()
        if sent:
            assert client.answer().status == 408
        assert client.ended()


@pytest.mark.parametrize("together", [True, False])
def test_so_has_one_behind_another_request(together: bool) -> None:
    with loopback(head_seconds=SHORT) as serving:
        client = serving.client(*([GET + GET[:9]] if together else [GET, GET[:9]]))
        assert client.answer().status == 200
        assert client.answer().status == 408
        assert client.ended()


def test_a_connection_waits_for_its_next_request_for_so_long() -> None:
    with loopback(idle_seconds=SHORT) as serving:
        client = serving.client(GET)
        assert client.answer().status == 200
        assert client.ended()


@pytest.mark.parametrize("sent", [POST, POST + b"abcd", CHUNKED, CHUNKED + b"5\r\nab"])
def test_a_body_has_to_come(sent: bytes) -> None:
    left: list[bytes | None] = []

    async def app(_: Any, receive: Any, __: Any) -> None:
        left.append(await body_of(receive))

    with loopback(app, body_seconds=SHORT) as serving:
        client = serving.client(sent)
        assert client.answer().status == 408
        assert client.ended()
        serving.until(lambda: bool(left))
    assert left == [None]


def test_it_may_take_longer_as_long_as_it_keeps_to_its_rate() -> None:
    with loopback(body_seconds=0.2, body_rate=10) as serving:  # 2 bytes.
        client = serving.client(POST[:-5] + b"50\r\n\r\n")
        for _ in range(50):
            client.send(b"a")
            serving.run(asyncio.sleep(0.01))
        assert client.answer().body == b"POST /a \n" + b"a" * 50


@pytest.mark.parametrize("head", [POST, CHUNKED + b"10\r\n"])
def test_it_may_not_stop_however_fast_it_came(head: bytes) -> None:
    with loopback(body_seconds=SHORT, body_rate=1) as serving:
        client = serving.client(head + b"abc")
        assert client.answer().status == 408
        assert client.ended()


@pytest.mark.parametrize("early", [0, 60_000, 6_900_000])
def test_what_came_early_does_not_let_the_rest_drip(early: int) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 7000000\r\n\r\n"
    with loopback(body_seconds=0.1, body_rate=500) as serving:
        client = serving.client(head, bytes(early))
        assert drips(serving, client, b"a").startswith(b"HTTP/1.1 408 ")


def drips(serving: Loopback, client: Client, part: bytes) -> bytes:
    """What comes back to a client that goes on with such a part until it does."""
    client.socket.settimeout(0.01)
    for _ in range(500):
        client.socket.sendall(part)
        with contextlib.suppress(TimeoutError):
            return client.socket.recv(65536)
    raise AssertionError("it goes on for ever")


async def never(_: Any, __: Any, ___: Any) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("app", [never, App(echo, lambda _: True)])
@pytest.mark.parametrize("ahead", [b"", GET, b"\xff"])
def test_an_answer_has_to_come(app: Any, ahead: bytes) -> None:
    with loopback(app, request_seconds=SHORT) as serving:
        client = serving.client(GET + ahead)
        found = client.answer()
        assert (found.status, found.header("retry-after")) == (503, "1")
        assert (found.header("connection"), found.header("server")) == ("close", "-")
        assert client.ended()
        assert serving.reported == []
        assert serving.server.answers == {503: 1}
        client.hang_up()
        serving.until(lambda: serving.connections() == 0)
        assert serving.client(GET).answer().status == 503  # The clock goes on.


def test_one_that_is_late_is_cancelled() -> None:
    cancelled = []

    async def app(_: Any, __: Any, ___: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with loopback(app, request_seconds=SHORT) as serving:
        assert serving.client(GET).answer().status == 503
    assert cancelled == [True]


def test_one_that_began_is_cut_off() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await asyncio.Event().wait()

    with loopback(app, request_seconds=SHORT) as serving, pytest.raises(Hung):
        serving.client(GET).answer()


def test_an_application_that_leaves_a_body_lying_is_late_itself() -> None:
    with loopback(never, request_seconds=SHORT, body_seconds=SHORT) as serving:
        head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"
        client = serving.client(head + bytes(100_000))
        assert client.answer().status == 503


LARGE = bytes(30_000_000)


async def large(_: Any, __: Any, send: Any) -> None:
    await answer(send, LARGE)


async def streamed(_: Any, __: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for at in range(0, len(LARGE), 100_000):
        part = LARGE[at : at + 100_000]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


@pytest.mark.parametrize("app", [large, streamed])
def test_an_answer_has_to_be_taken(app: Any) -> None:
    with loopback(app, write_seconds=SHORT) as serving:
        client = serving.client(GET, SO_RCVBUF=4096)
        serving.until(lambda: serving.connections() == 0)
        with pytest.raises(Hung):
            client.answer()


@pytest.mark.parametrize("app", [large, streamed])
def test_it_may_be_taken_slowly(app: Any) -> None:
    """As long as some of it is taken, and then the connection goes on."""
    with loopback(app, write_seconds=0.2, request_seconds=0.2, idle_seconds=5) as serving:
        client = serving.client(GET, SO_RCVBUF=65536)
        taken = 0
        while taken < 4_000_000:
            more = len(client.socket.recv(50_000))
            assert more
            taken += more
            serving.run(asyncio.sleep(0.005))
        while taken < len(LARGE):
            more = len(client.socket.recv(1_000_000))
            assert more
            taken += more


def test_what_an_application_streams_is_not_gathered() -> None:
    sent = 0

    async def app(_: Any, __: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while sent < 100:
            await send({"type": "http.response.body", "body": bytes(1_000_000), "more_body": True})
            sent += 1

    with loopback(app) as serving:
        client = serving.client(GET, SO_RCVBUF=4096)
        for _ in range(20):
            serving.settle()
        assert sent < 5
        client.hang_up(reset=True)
        serving.until(lambda: sent == 100)


# All of a request


def test_a_request_has_to_end_however_its_head_came() -> None:
    with loopback(whole_seconds=0.1) as serving:
        client = serving.client(GET[:5])
        assert drips(serving, client, b"/").startswith(b"HTTP/1.1 408 ")


def test_however_fast_its_body_comes() -> None:
    with loopback(whole_seconds=0.1) as serving:
        client = serving.client(CHUNKED)
        part = b"4000\r\n%b\r\n" % bytes(0x4000)
        assert drips(serving, client, part).startswith(b"HTTP/1.1 408 ")


def test_however_it_is_left_lying() -> None:
    cancelled = []

    async def app(_: Any, __: Any, ___: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    head = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n"
    with loopback(app, whole_seconds=0.1) as serving:
        client = serving.client(head + bytes(100_000))
        assert client.answer().status == 408
        client.hang_up()
        serving.until(lambda: cancelled == [True])


@pytest.mark.parametrize("app", [never, App(echo, lambda _: True)])
def test_however_long_the_application_takes(app: Any) -> None:
    with loopback(app, whole_seconds=SHORT) as serving:
        client = serving.client(GET)
        assert client.answer().status == 503
        assert client.ended()


@pytest.mark.parametrize("ahead", [b"", GET, b"\xff"])
def test_an_answer_that_is_taken_slowly_has_to_end_too(ahead: bytes) -> None:
    with loopback(large, whole_seconds=0.2) as serving:
        client = serving.client(GET + ahead, SO_RCVBUF=4096)
        taken = 0
        with contextlib.suppress(ConnectionResetError):
            while more := len(client.socket.recv(2000)):
                taken += more
                serving.run(asyncio.sleep(0.005))
        assert taken < len(LARGE)
        serving.until(lambda: serving.connections() == 0)


def test_every_request_has_as_long() -> None:
    """Not the connection; nor does one that is waited for take of its time."""
    with loopback(whole_seconds=0.2) as serving:
        client = serving.client()
        for _ in range(30):
            assert client.send(GET + POST + b"ab").answer().status == 200
            serving.run(asyncio.sleep(0.01))
            assert client.send(b"cde").answer().status == 200
        serving.run(asyncio.sleep(0.3))
        assert client.send(GET).answer().status == 200


# Numbers


def test_there_are_so_many_connections() -> None:
    with loopback(connections=2) as serving:
        first, second = serving.client(GET), serving.client(GET)
        third = serving.client()
        found = third.answer()
        assert (found.status, found.header("retry-after")) == (503, "1")
        assert third.ended()
        assert (first.answer().status, second.answer().status) == (200, 200)
        third.hang_up()
        first.hang_up()
        serving.until(lambda: serving.connections() == 1)
        assert serving.ask(GET).status == 200


def test_of_those_without_a_place_not_all_are_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may take their time to hang up, and are no fewer for that."""
    monkeypatch.setattr("hufu.http.connection.LINGER_SECONDS", 60)
    with loopback(connections=2) as serving:
        clients = [serving.client() for _ in range(2)]
        refused = [serving.client() for _ in range(2)]
        serving.until(lambda: serving.connections() == 4)
        for _ in range(10):
            assert serving.client().ended()
        assert serving.connections() == 4
        assert serving.server.turned_away == 12
        assert serving.server.answers == {503: 2}
        assert [each.answer().status for each in refused] == [503, 503]
        assert [each.send(GET).answer().status for each in clients] == [200, 200]


def test_a_request_whose_client_left_has_its_place_until_its_time_is_up() -> None:
    begun = cancelled = 0

    async def app(_: Any, __: Any, ___: Any) -> None:
        nonlocal begun, cancelled
        begun += 1
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise

    with loopback(app, connections=2, request_seconds=0.5) as serving:
        for turn in range(2):
            serving.client(GET).hang_up(reset=True)
            serving.until(lambda turn=turn: begun == turn + 1 and serving.connections() == 0)
        found = serving.client().answer()
        assert (found.status, found.header("retry-after")) == (503, "1")
        serving.until(lambda: cancelled == 2)
        assert serving.client(GET).answer().status == 503  # Its own: it is late.
        assert (begun, serving.reported) == (3, [])


def test_one_that_will_not_be_cancelled_is_cancelled_again() -> None:
    cancelled = 0

    async def app(_: Any, __: Any, ___: Any) -> None:
        nonlocal cancelled
        while cancelled < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled += 1

    with loopback(app, request_seconds=SHORT) as serving:
        serving.client(GET).hang_up(reset=True)
        serving.until(lambda: cancelled == 3)


# Figures


@pytest.mark.parametrize(
    ("sent", "status"),
    [(b"\xff", 405), (GET[:-2] + b"Host: b\r\n\r\n", 400), (GET[:-1], 408), (POST + b"a", 408)],
)
def test_answers_of_its_own_are_counted(sent: bytes, status: int) -> None:
    with loopback(head_seconds=SHORT, body_seconds=SHORT) as serving:
        assert serving.ask(GET).status == 200
        assert serving.ask(sent).status == status
        assert serving.server.answers == {status: 1}
        assert serving.server.turned_away == 0


def test_so_is_the_one_that_stands_in_for_an_application_that_broke() -> None:
    async def app(_: Any, __: Any, ___: Any) -> None:
        raise ValueError

    with loopback(app) as serving:
        assert serving.ask(GET).status == 500
        assert serving.server.answers == {500: 1}


# Leaks


def held(*kinds: type[object]) -> int:
    return sum(isinstance(each, kinds) for each in gc.get_objects())


@pytest.fixture
def _uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_uncollected")
def test_nothing_is_left_of_a_connection() -> None:
    sent = (b"", GET, GET * 3, GET + b"\xff", POST, POST + b"abcde", CHUNKED + b"5\r\na", GET[:9])
    with loopback() as serving:
        before = held(Connection, Exchange)
        for turn in range(1000):
            client = serving.client()
            client.socket.sendall(sent[turn % len(sent)])
            client.hang_up(reset=turn % 3 == 0)
        serving.until(lambda: serving.connections() == 0)
        serving.settle()
        assert held(Connection, Exchange) <= before


@pytest.mark.usefixtures("_uncollected")
@pytest.mark.parametrize("at_a_glance", [False, True])
def test_an_answered_request_is_forgotten(at_a_glance: bool) -> None:
    """The connection stays; what the request said does not."""

    def glance(exchange: Exchange) -> bool:
        if at_a_glance:
            asyncio.get_running_loop().call_soon(exchange.answer, b"HTTP/1.1 200 OK\r\n", b"")
        return at_a_glance

    with loopback(App(echo, glance)) as serving:
        before = held(Exchange)
        client = serving.client(POST + b"abcde")
        assert client.answer().status == 200
        serving.settle()
        assert held(Exchange) <= before
        assert serving.connections() == 1
