"""How connections end: by the client, and by a server that stops."""

import asyncio
from typing import Any

import pytest

from loopback import App, Loopback, answer, body_of, echo, loopback

GET = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
EXPECTS = POST[:-2] + b"Expect: 100-continue\r\n\r\n"


class Waiting:
    """An application that answers when it is told to, and tells who left before."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.begun = 0
        self.ended = 0
        self.left = 0

    async def __call__(self, _: Any, receive: Any, send: Any) -> None:
        self.begun += 1
        if await body_of(receive) is None:
            self.left += 1
            return
        gone = asyncio.ensure_future(receive())
        let = asyncio.ensure_future(self.let.wait())
        await asyncio.wait([gone, let], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            assert gone.result()["type"] == "http.disconnect"
            self.left += 1
        else:
            gone.cancel()
            await answer(send, b"let")
            self.ended += 1
        let.cancel()


def let(serving: Loopback, app: Waiting) -> None:
    serving.loop.call_soon_threadsafe(app.let.set)


# The client hangs up


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(
    ("sent", "begun"),
    [
        (b"", 0),
        (GET[:9], 0),
        (POST, 1),
        (EXPECTS, 1),
        (POST + b"ab", 1),
        (GET, 1),
        (GET + GET[:9], 1),
    ],
)
def test_whoever_answers_is_told_that_the_client_has_gone(
    reset: bool, sent: bytes, begun: int
) -> None:
    app = Waiting()
    with loopback(app) as serving:
        client = serving.client(sent) if sent else serving.client()
        client.hang_up(reset=reset)
        serving.until(lambda: serving.connections() == 0 and app.left == begun)
        assert (app.begun, len(serving.abandoned), serving.reported) == (begun, begun, [])


def test_what_it_has_begun_it_may_end() -> None:
    done = asyncio.Event()
    ended: list[bool] = []

    async def app(_: Any, __: Any, send: Any) -> None:
        await done.wait()
        await answer(send)
        ended.append(True)

    with loopback(app) as serving:
        client = serving.client(GET)
        client.hang_up(reset=True)
        serving.until(lambda: serving.connections() == 0)
        serving.loop.call_soon_threadsafe(done.set)
        serving.until(lambda: bool(ended))
        assert serving.reported == []


def test_nobody_is_answered_at_a_glance_who_has_gone() -> None:
    held: list[Any] = []

    def glance(exchange: Any) -> bool:
        held.append(exchange)
        return True

    app = Waiting()
    with loopback(App(app, glance)) as serving:
        client = serving.client(GET)
        client.hang_up()
        serving.until(lambda: serving.connections() == 0)
        assert held[0].gone
        serving.loop.call_soon_threadsafe(held[0].answer, b"HTTP/1.1 200 OK\r\n", b"")
        serving.loop.call_soon_threadsafe(held[0].hand_on)
        serving.settle()
        assert (app.begun, serving.abandoned) == (0, [])


# The server stops


def test_connections_without_a_request_end_at_once() -> None:
    with loopback() as serving:
        fresh, used = serving.client(), serving.client(GET)
        assert used.answer().status == 200
        serving.stop()
        assert fresh.ended()
        assert used.ended()


def test_nobody_comes_any_more() -> None:
    with loopback() as serving:
        serving.stop()
        with pytest.raises(ConnectionRefusedError):
            serving.client()


def test_what_is_under_way_is_answered() -> None:
    app = Waiting()
    with loopback(app) as serving:
        client, body = serving.client(GET), serving.client(POST)
        stopped = serving.stopping()
        assert not stopped.done()
        let(serving, app)
        found = client.answer()
        assert (found.body, found.header("connection")) == (b"let", "close")
        assert client.ended()
        assert body.send(b"abcde").answer().header("connection") == "close"
        stopped.result(10)


def test_a_head_that_has_begun_is_waited_for() -> None:
    with loopback() as serving:
        client = serving.client(GET[:9])
        stopped = serving.stopping()
        found = client.send(GET[9:]).answer()
        assert (found.status, found.header("connection")) == (200, "close")
        stopped.result(10)


def test_for_a_while_they_may_bring_one_more() -> None:
    with loopback() as serving:
        client, other = serving.client(GET), serving.client()
        assert client.answer().header("connection") is None
        stopped = serving.stopping(idle_for=10)
        for each in (client, other):
            found = each.send(GET).answer()
            assert (found.status, found.header("connection")) == (200, "close")
            assert each.ended()
        stopped.result(5)  # For nobody is left.


def test_but_no_longer() -> None:
    with loopback() as serving:
        client = serving.client(GET)
        client.answer()
        serving.stop(idle_for=0.02)
        assert client.ended()


def test_of_requests_sent_ahead_the_one_under_way_is_answered() -> None:
    """And the client is told that the others are not."""
    app = Waiting()
    with loopback(app) as serving:
        client = serving.client(GET + GET + GET)
        stopped = serving.stopping()
        let(serving, app)
        assert client.answer().header("connection") == "close"
        assert client.ended()
        client.hang_up()
        stopped.result(10)
        assert app.begun == 1


@pytest.mark.parametrize("sent", [GET, POST, GET + GET])
def test_time_is_up_for_all(sent: bytes) -> None:
    app = Waiting()
    with loopback(app) as serving:
        client = serving.client(sent)
        serving.stop(within=0.02)
        assert client.ended()
        serving.until(lambda: serving.connections() == 0)
        assert (app.ended, serving.reported) == (0, [])


def test_what_goes_on_without_a_client_is_waited_for() -> None:
    done = asyncio.Event()
    ended: list[bool] = []

    async def app(_: Any, __: Any, ___: Any) -> None:
        await done.wait()
        ended.append(True)

    with loopback(app) as serving:
        serving.client(GET).hang_up()
        serving.until(lambda: serving.connections() == 0)
        stopped = serving.stopping()
        assert not stopped.done()
        serving.loop.call_soon_threadsafe(done.set)
        stopped.result(10)
        assert ended == [True]


def test_a_late_comer_is_told_the_same() -> None:
    """Whoever was accepted just before is served once."""
    with loopback(echo) as serving:
        client = serving.client()
        stopped = serving.stopping(idle_for=5)
        assert client.send(GET + GET).answer().header("connection") == "close"
        assert client.ended()
        client.hang_up()
        stopped.result(10)
