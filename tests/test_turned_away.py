"""A sign-in that finds no place for its hash is turned away without a task, in the same words."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from actors import UTIME, XID
from front_door import FORM, World, WorldWith
from hufu.app import Server
from hufu.http.server import HttpServer
from hufu.wire import metrics
from hufu.wire.answers import STANDING_HEADERS

ORIGIN = "https://app.example.com"
FULL = {
    "hash.slots": 1,
    "hash.queue": 0,
    "hash.deadline_seconds": 2.5,
    "trusted_proxies": ("127.0.0.0/8",),
    "apps.rental.cors_origins": (ORIGIN,),
}
JSON = "application/json"
PHONE, PASSWORD = "13390633695", "correct horse 1"
COMPANY = {"phone": PHONE, "xid": XID, "utime": UTIME, "pwd": "0" * 32}
SIGN_INS = {
    "/fomo/customer/login": (FORM, urlencode({"login_name": PHONE, "pwd": PASSWORD})),
    "/company/user/login": (FORM, urlencode(COMPANY)),
    "/rental/api/login": (JSON, json.dumps({"mobile": PHONE, "password": PASSWORD})),
    "/creator/user/login": (FORM, urlencode({"account": PHONE, "password": PASSWORD})),
}


class Seen:
    """The server, with its tasks counted."""

    def __init__(self, server: Server, *, glances: bool) -> None:
        self.server = server
        self.glances = glances
        self.tasks = 0

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        self.tasks += 1
        return self.server(scope, receive, send)

    def glance(self, exchange: Any) -> bool:
        return self.glances and self.server.glance(exchange)


@asynccontextmanager
async def at_a_port(world: World, seen: Seen) -> AsyncIterator[int]:
    reported: list[Exception] = []
    listening = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(
        seen, world.server.bounds, STANDING_HEADERS, reported.append, world.server.abandoned
    )
    await server.start(listening)
    yield listening.getsockname()[1]
    await server.stop(5)
    assert reported == []


@asynccontextmanager
async def hashing(world: World) -> AsyncIterator[None]:
    """All threads have something to do."""
    begun, end = threading.Event(), threading.Event()

    def hash_slowly() -> None:
        begun.set()
        end.wait(30)

    busy = asyncio.create_task(world.core.hasher.threads.run(hash_slowly))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
    finally:
        end.set()
        await busy


async def ask(port: int, path: str, more: Mapping[str, str]) -> tuple[bytes, list[bytes], bytes]:
    """Status line, headers without the date, body."""
    content_type, body = SIGN_INS[path]
    headers = {
        "Host": "127.0.0.1:8000",
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "X-Forwarded-For": "203.0.113.7",
        **more,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"POST {path} HTTP/1.1\r\n{lines}\r\n{body}".encode())
        line, *told = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
        [size] = [int(each[16:]) for each in told if each.startswith(b"content-length: ")]
        kept = sorted(each for each in told if not each.startswith(b"date: "))
        return line, kept, await reader.readexactly(size)
    finally:
        writer.close()
        await writer.wait_closed()


def refusals(path: str) -> Callable[[], float]:
    labels = (path.split("/")[1], path.split("/", 2)[2], metrics.UNAVAILABLE)
    return lambda: metrics.ANSWERS._counts.get(labels, 0)


@pytest.mark.parametrize("path", SIGN_INS)
async def test_it_is_told_what_the_ordinary_way_tells(world_with: WorldWith, path: str) -> None:
    async with world_with(FULL) as world, hashing(world):
        told, counted = [], []
        count = refusals(path)
        for glances in (True, False):
            seen = Seen(world.server, glances=glances)
            metrics.publish()
            async with at_a_port(world, seen) as port:
                told.append(await ask(port, path, {}))
            counted.append(count())
            assert seen.tasks == (0 if glances else 1)
        assert told[0] == told[1]
        assert told[0][0] == b"HTTP/1.1 503 Service Unavailable"
        assert b"retry-after: 3" in told[0][1]
        assert counted == [1, 1]
        assert world.core.hasher.threads.refused == 2


@pytest.mark.parametrize(
    ("path", "origin", "status"),
    [
        ("/rental/api/login", ORIGIN, b"503"),
        ("/rental/api/login", "https://evil.example", b"200"),
        ("/creator/user/login", "https://evil.example", b"403"),
    ],
)
async def test_pages_of_others_go_the_ordinary_way(
    world_with: WorldWith, path: str, origin: str, status: bytes
) -> None:
    async with world_with(FULL) as world, hashing(world):
        seen = Seen(world.server, glances=True)
        async with at_a_port(world, seen) as port:
            line, *_ = await ask(port, path, {"Origin": origin})
        assert (seen.tasks, line.split()[1]) == (1, status)


@pytest.mark.parametrize("path", SIGN_INS)
async def test_where_there_is_room_it_is_served(world_with: WorldWith, path: str) -> None:
    async with world_with(FULL) as world:
        seen = Seen(world.server, glances=True)
        async with at_a_port(world, seen) as port:
            line, _, _ = await ask(port, path, {})
        assert (seen.tasks, world.core.hasher.threads.refused) == (1, 0)
        assert b" 503 " not in line
