"""Clients that hang up: what they waited for in a queue is not done for nobody."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest

from actors import Fomo
from front_door import FORM, World
from hufu.http.server import HttpServer
from hufu.services import argon2
from hufu.wire import metrics

MANY = 50
PATIENCE = 20.0  # Seconds
PHONE, PASSWORD = "13390633695", "123456789"
LOGIN = "/fomo/customer/login"


@asynccontextmanager
async def served(world: World) -> AsyncIterator[tuple[str, int]]:
    """The world's server on a loopback port."""
    reported: list[Exception] = []
    server = HttpServer(
        world.server, world.server.bounds, (), reported.append, world.server.abandoned
    )
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    host, port = listening.getsockname()
    await server.start(listening)
    try:
        yield host, port
    finally:
        await server.stop(PATIENCE)
        assert reported == []


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


def sign_in(phone: str) -> bytes:
    body = urlencode({"login_name": phone, "pwd": PASSWORD}).encode()
    head = f"POST {LOGIN} HTTP/1.1\r\nHost: a\r\nContent-Type: {FORM}\r\nContent-Length: "
    return head.encode() + b"%d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many verifiers were compared."""
    counts: Counter[str] = Counter()
    verify = argon2._verify

    def counting(hashed: bytes, secret: bytes) -> bool:
        counts["compared"] += 1
        return verify(hashed, secret)

    monkeypatch.setattr(argon2, "_verify", counting)
    return counts


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What keeps the threads that hash, until it is set."""
    gate = threading.Event()
    yield gate
    gate.set()


@pytest.mark.parametrize("phones", [[PHONE] * 5, [f"133906336{each:02}" for each in range(MANY)]])
async def test_no_password_is_hashed_for_those_who_left(
    world: World, hashed: Counter[str], gate: threading.Event, phones: list[str]
) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    hashed.clear()
    metrics.ANSWERS.publish()
    threads = world.core.hasher._threads
    busy = [asyncio.create_task(threads.run(gate.wait)) for _ in range(threads._most)]
    async with served(world) as address:
        clients = []
        for phone in phones:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(sign_in(phone))
            clients.append((reader, writer))
        await until(lambda: threads.waiting == len(clients))
        for _, writer in clients:
            writer.close()
        await until(lambda: threads.waiting == 0)
        gate.set()
        await asyncio.gather(*busy)
    assert hashed["compared"] == 0
    assert metrics.ANSWERS._counts["fomo", "customer/login", "ClientGone"] == len(clients)
    answer = await world.form(LOGIN, {"login_name": PHONE, "pwd": PASSWORD})
    assert answer.json()["status"] == 1  # No guess was lost.
