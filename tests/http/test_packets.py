"""However the bytes are cut into packets, the requests are the same, and so is the order."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopback import Answer, Client, Hung, Loopback, answer, body_of, echo, loopback

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
POST = b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
CHUNKS = (
    b"PUT /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;x=y\r\nab\r\n3\r\ncde\r\n0\r\nT: z\r\n\r\n"
)
OFFER = (
    b"POST /%d HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n"
    b"Content-Length: 5\r\n\r\nabcde"
)
FORMS = {
    GET: b"GET /%d \n",
    POST: b"POST /%d \nabcde",
    CHUNKS: b"PUT /%d \nabcde",
    OFFER: b"POST /%d \nabcde",
}
MANY = 120


@pytest.fixture(scope="module")
def echoing() -> Iterator[Loopback]:
    with loopback() as serving:
        yield serving


def told(client: Client, count: int) -> list[bytes]:
    return [client.answer().body for _ in range(count)]


@pytest.mark.parametrize("form", FORMS)
def test_a_request_may_be_cut_anywhere(echoing: Loopback, form: bytes) -> None:
    request = form % 1
    client = echoing.client()
    for place in range(1, len(request)):
        client.send(request[:place], request[place:])
        assert told(client, 1) == [FORMS[form] % 1], request[:place]


@pytest.mark.parametrize("form", FORMS)
def test_it_may_come_byte_by_byte(echoing: Loopback, form: bytes) -> None:
    request = form % 1 + form % 2
    client = echoing.client(*(request[at : at + 1] for at in range(len(request))))
    assert told(client, 2) == [FORMS[form] % each for each in (1, 2)]


@given(data=st.data(), forms=st.lists(st.sampled_from([*FORMS]), min_size=1, max_size=8))
@settings(max_examples=150)
def test_requests_are_answered_in_order(
    echoing: Loopback, data: st.DataObject, forms: list[bytes]
) -> None:
    stream = b"".join(form % place for place, form in enumerate(forms))
    cuts = data.draw(st.lists(st.integers(1, len(stream) - 1), max_size=6).map(sorted))
    packets = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    client = echoing.client(*packets)
    assert told(client, len(forms)) == [FORMS[form] % n for n, form in enumerate(forms)]
    client.hang_up()


@given(data=st.data())
@settings(max_examples=100)
def test_broken_requests_end_alike_however_they_are_cut(
    echoing: Loopback, data: st.DataObject
) -> None:
    """Whatever is answered before the end, nothing of what follows the break is."""
    request = data.draw(st.sampled_from([*FORMS])) % 1
    at = data.draw(st.integers(0, len(request) - 1))
    byte = data.draw(st.sampled_from([b"\0", b"\n", b"\r", b" ", b":", b"\xff", b"0", b""]))
    mutated = request[:at] + byte + request[at + 1 :]
    cut = data.draw(st.integers(0, len(mutated)))
    whole, parts = (
        outcome(echoing, mutated + GET % 2),
        outcome(echoing, mutated[:cut], mutated[cut:], GET % 2),
    )
    assert parts == whole


def outcome(serving: Loopback, *packets: bytes) -> list[tuple[int, bytes]]:
    """Statuses and bodies until the server hangs up; as nothing follows, in the end it does."""
    client = serving.client(*[each for each in packets if each])
    client.send(b"\0")  # Ends whatever waits for more of a head or of a chunk's size.
    with contextlib.suppress(OSError):  # It has hung up before.
        client.socket.shutdown(socket.SHUT_WR)
    found: list[Answer] = []
    try:
        while True:
            found.append(client.answer())
    except Hung:
        pass
    client.hang_up()
    return [(each.status, each.body) for each in found if each.status == 200]


# Ahead


def test_many_may_be_sent_ahead(echoing: Loopback) -> None:
    client = echoing.client(b"".join(GET % each for each in range(100)))
    assert told(client, 100) == [b"GET /%d \n" % each for each in range(100)]


def test_they_may_come_in_several_packets(echoing: Loopback) -> None:
    client = echoing.client()
    for turn in range(4):
        requests = [POST % each for each in range(100 * turn, 100 * turn + 100)]
        client.send(*(b"".join(requests[at : at + 30]) for at in range(0, 100, 30)))
        numbers = range(100 * turn, 100 * turn + 100)
        assert told(client, 100) == [b"POST /%d \nabcde" % each for each in numbers]


def test_too_many_at_once_end_the_connection(echoing: Loopback) -> None:
    client = echoing.client(b"".join(GET % each for each in range(MANY)))
    assert told(client, 101) == [b"GET /%d \n" % each for each in range(101)]
    assert client.rest().count(b"HTTP/1.1 ") <= 1


def test_requests_behind_one_that_is_answered_late_wait_in_the_clients_machine() -> None:
    released = asyncio.Event()
    taken: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = await body_of(receive)
        await released.wait()
        taken.append(scope["path"].encode())
        await answer(send, body or b"")

    with loopback(app) as serving:
        client = serving.client(GET % 1)
        client.send(GET % 2)
        client.socket.setblocking(False)
        body = b"POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n" + bytes(50_000)
        sent = 0
        try:
            while sent < 50_000_000:
                sent += client.socket.send(body * 10)
                serving.settle()
        except BlockingIOError:
            pass
        assert sent < 50_000_000
        serving.loop.call_soon_threadsafe(released.set)
        client.socket.settimeout(10)
        assert told(client, 2) == [b"", b""]


def test_an_answer_at_the_end_ends_what_was_sent_ahead(echoing: Loopback) -> None:
    last = GET.replace(b"X: y", b"Connection: close")
    client = echoing.client(GET % 1 + last % 2 + GET % 3)
    assert told(client, 1) == [b"GET /1 \n"]
    found = client.answer()
    assert (found.body, found.header("connection")) == (b"GET /2 \n", "close")
    assert client.ended()


def test_garbage_behind_a_request_leaves_it_its_answer(echoing: Loopback) -> None:
    client = echoing.client(GET % 1 + b"\xff\xff")
    assert told(client, 1) == [b"GET /1 \n"]
    assert client.ended()


def test_a_broken_chunk_behind_a_head_ends_the_connection(echoing: Loopback) -> None:
    head, chunks = (CHUNKS % 1).split(b"\r\n\r\n", 1)
    client = echoing.client(GET % 0 + head + b"\r\n\r\n", b"2;x=y\r\nabc\r\n")
    assert told(client, 1) == [b"GET /0 \n"]
    assert client.answer().status == 400
    assert client.ended()
    assert chunks


async def streaming(_: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    if (body := await body_of(receive)) is not None:
        await send({"type": "http.response.body", "body": body})


def test_an_answer_may_begin_before_the_body_is_there() -> None:
    with loopback(streaming) as serving:
        client = serving.client((POST % 1)[:-3], b"cde")
        assert client.answer().body == b"begunabcde"
        assert client.ended()  # For it was said that no request may follow.


def test_a_body_that_breaks_while_it_is_answered_breaks_the_answer() -> None:
    with loopback(streaming) as serving:
        client = serving.client((CHUNKS % 1)[:-20], b"\0")
        with pytest.raises(Hung):
            client.answer()


def test_large_bodies_come_whole() -> None:
    body = bytes(range(256)) * 8000
    with loopback(echo) as serving:
        head = b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
        assert serving.ask(head + body).body == b"POST /1 \n" + body
        chunked = b"".join(
            b"%x\r\n%b\r\n" % (1000, body[at : at + 1000]) for at in range(0, len(body), 1000)
        )
        head = b"POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        client = serving.client(head + chunked + b"0\r\n\r\n" + GET % 2)
        assert told(client, 2) == [b"POST /1 \n" + body, b"GET /2 \n"]


def test_of_a_body_that_nobody_takes_not_much_is_read() -> None:
    released = asyncio.Event()

    async def app(_: Any, receive: Any, send: Any) -> None:
        await released.wait()
        body = await body_of(receive)
        await answer(send, b"%d" % len(body or b""))

    with loopback(app) as serving:
        size = 20_000_000
        client = serving.client(b"POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        client.socket.setblocking(False)
        sent = 0
        try:
            while sent < size:
                sent += client.socket.send(bytes(min(500_000, size - sent)))
                serving.settle()
        except BlockingIOError:
            pass
        assert sent < size
        serving.loop.call_soon_threadsafe(released.set)
        client.socket.settimeout(10)
        client.socket.sendall(bytes(size - sent))
        assert client.answer().body == b"%d" % size
