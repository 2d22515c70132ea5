"""Answers without a task: bytes, effects and counts are those of the ordinary way.

Each request goes once through the server as it is, and once where nothing is answered at a glance.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import UTIME, Actor, Company, Fomo, Rental
from front_door import FORM, World, opened
from hufu.app import Server
from hufu.domain.instants import span
from hufu.http.server import HttpServer
from hufu.wire import metrics
from hufu.wire.answers import STANDING_HEADERS

PHONE, PASSWORD = "13390633695", "123456789"
CLIENT = "198.51.100.7"
LATER = timedelta(minutes=5)
ORIGIN = "https://app.example.com"
SETTINGS: Mapping[str, object] = {
    "limits.sends_per_minute": 1000,
    "trusted_proxies": ("127.0.0.0/8",),
    "apps.rental.cors_origins": (ORIGIN,),
    "limits.session_guesses_per_network_minute": 2,
}


@dataclass(frozen=True)
class Request:
    """What is sent; a body has a Content-Length unless it comes in chunks."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    host: str = "127.0.0.1:8000"
    version: str = "1.1"
    chunked: bool = False
    cut: int = 0

    def raw(self) -> bytes:
        headers = [("Host", self.host), ("X-Forwarded-For", CLIENT), *self.headers]
        body = self.body
        if self.chunked:
            headers.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif body:
            headers.append(("Content-Length", str(len(body))))
        head = f"{self.method} {self.path} HTTP/{self.version}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers)
        return head.encode("latin-1") + b"\r\n" + body

    def but(self, *headers: tuple[str, str], **changed: Any) -> "Request":
        """The same with these headers too."""
        return replace(self, headers=(*self.headers, *headers), **changed)

    def without(self, name: str) -> "Request":
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name))

    def value(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "x")

    @property
    def below(self) -> str:
        """The path below its app's prefix."""
        return re.sub("^/(fomo|company|rental)/", "/", self.path)

    @property
    def app(self) -> str:
        return self.path.split("/")[1]


def form(path: str, fields: Mapping[str, object]) -> Request:
    body = urlencode(fields).encode()
    return Request("POST", path, (("Content-Type", FORM),), body)


Change = Callable[[Request], Request]

CHANGES: dict[str, Change] = {
    "as it is": lambda r: r,
    "a query": lambda r: replace(r, path=r.path + "?session_key=x&uid=1"),
    "an empty query": lambda r: replace(r, path=r.path + "?"),
    "a fragment": lambda r: replace(r, path=r.path + "#a"),
    "by its host": lambda r: replace(r, path=r.below, host=f"{r.app}.localhost:8000"),
    "by its host in capitals": lambda r: replace(r, path=r.below, host=f"{r.app}.LocalHost"),
    "by its host and its prefix": lambda r: replace(r, host=f"{r.app}.localhost:8000"),
    "at another app's host": lambda r: replace(r, path=r.below, host="creator.localhost"),
    "at no app": lambda r: replace(r, path=r.below),
    "at a foreign host": lambda r: replace(r, host="evil.example"),
    "at an empty host": lambda r: replace(r, host=""),
    "at a long host": lambda r: replace(r, host="a" * 300),
    "in absolute form": lambda r: replace(r, path="http://localhost" + r.path, host="evil.example"),
    "in absolute form of another host": lambda r: replace(r, path="http://evil.example" + r.path),
    "HTTP/1.0": lambda r: replace(r, version="1.0"),
    "HTTP/1.0 that stays": lambda r: r.but(("Connection", "keep-alive"), version="1.0"),
    "the last one": lambda r: r.but(("Connection", "close")),
    "HEAD": lambda r: replace(r, method="HEAD"),
    "the other method": lambda r: replace(r, method="GET" if r.method == "POST" else "POST"),
    "OPTIONS": lambda r: replace(r, method="OPTIONS"),
    "PUT": lambda r: replace(r, method="PUT"),
    "doubled slashes": lambda r: replace(r, path=r.path.replace("/", "//")),
    "a slash at the end": lambda r: replace(r, path=r.path + "/"),
    "an escaped path": lambda r: replace(r, path=r.path.replace("e", "%65", 1)),
    "an escaped slash": lambda r: replace(r, path="/" + r.path[1:].replace("/", "%2F", 1)),
    "in capitals": lambda r: replace(r, path=r.path.upper()),
    "of another page": lambda r: r.but(("Origin", "https://evil.example")),
    "of a foreign page": lambda r: r.but(("Origin", ORIGIN)),
    "of its own page": lambda r: r.but(("Origin", "http://127.0.0.1:8000")),
    "from another site": lambda r: r.but(("Sec-Fetch-Site", "cross-site")),
    "ahead of need": lambda r: r.but(("Sec-Purpose", "prefetch")),
    "as a picture": lambda r: r.but(("Sec-Fetch-Dest", "image")),
    "no content type": lambda r: r.without("Content-Type"),
    "another content type": lambda r: r.without("Content-Type").but(("Content-Type", "text/a")),
    "two content types": lambda r: r.but(("Content-Type", FORM)),
    "two, and no form at all": lambda r: r.but(("Content-Type", FORM), ("Content-Type", FORM)),
    "another charset": lambda r: r.without("Content-Type").but(
        ("Content-Type", FORM + "; charset=gbk")
    ),
    "in chunks": lambda r: replace(r, chunked=True),
    "nothing in chunks": lambda r: replace(r, body=b"", chunked=True),
    "no body": lambda r: replace(r, body=b""),
    "a length of nothing": lambda r: r.but(("Content-Length", "0"), body=b""),
    "a body that is too large": lambda r: replace(r, body=r.body + b"&a=" + b"b" * 70_000),
    "a field too many": lambda r: replace(r, body=r.body + b"&unknown=1"),
    "a field twice": lambda r: replace(r, body=r.body + b"&" + r.body),
    "no form": lambda r: replace(r, body=b"\xff%zz&&="),
    "a body in JSON": lambda r: r.without("Content-Type").but(
        ("Content-Type", "application/json"), body=b'{"mobile": "13390633695"}'
    ),
    "a password beside": lambda r: r.but(
        ("Content-Type", "application/json"),
        body=b'{"mobile": "13390633695", "password": "123456789"}',
    ),
    "in two packets": lambda r: replace(r, cut=len(r.raw()) - 3),
    "told to go on": lambda r: r.but(("Expect", "100-continue")),
    "the cookie twice": lambda r: r.but(("Cookie", r.value("Cookie"))),
    "two cookies": lambda r: r.but(("Cookie", "session_id=0123456789abcdef")),
    "no cookie": lambda r: r.without("Cookie"),
    "two tokens": lambda r: r.but(("Authorization", "Bearer x")),
    "no token": lambda r: r.without("Authorization"),
    "another scheme": lambda r: r.without("Authorization").but(("Authorization", "Basic eDp5")),
    "a scheme in small letters": lambda r: r.without("Authorization").but(
        ("Authorization", r.value("Authorization").replace("Bearer", "bEARER"))
    ),
    "a wrong token": lambda r: replace(
        r,
        headers=tuple(
            (name, value[:-1] + "0") for name, value in r.headers if name != "Content-Type"
        )
        + tuple(each for each in r.headers if each[0] == "Content-Type"),
        body=re.sub(rb"(session_key|sec)=\w{4}", rb"\1=0000", r.body),
    ),
    "an offer to upgrade": lambda r: r.but(("Connection", "upgrade"), ("Upgrade", "h2c")),
    "from nowhere": lambda r: r.but(("X-Forwarded-For", "unknown")),
    "a user agent": lambda r: r.but(("User-Agent", "\xe9" * 300)),
}

STATES = {
    "live": "SELECT",
    "expired": "UPDATE sessions SET expires_at = created_at",
    "unused for long": "UPDATE sessions SET seen_at = created_at - interval '99 days'",
    "of another app": "UPDATE sessions SET app = 'creator'",
    "ended": "DELETE FROM sessions",
    "barred": "UPDATE accounts SET state = 'barred'",
    "seen just now": f"UPDATE sessions SET seen_at = created_at + interval '{LATER.seconds} s'",
    "one wrong token": (
        "INSERT INTO limits SELECT 'session_guesses_from', '198.51.100.7/32', ARRAY[max(created_at)"
        f" + interval '{LATER.seconds - 5} s'] FROM sessions"
    ),
    "too many wrong tokens": (
        "INSERT INTO limits SELECT 'session_guesses_from', '198.51.100.7/32', array_fill("
        f"max(created_at) + interval '{LATER.seconds - 5} s', ARRAY[2]) FROM sessions"
    ),
    "a first visit": "DELETE FROM handles; DELETE FROM profiles",
}
CHANCE = {"a first visit"}
"""What leaves something behind that chance has a part in."""


@dataclass
class Ways:
    """The same server at two ports, and requests that it answers without a task."""

    world: World
    connection: asyncpg.Connection
    express: tuple[str, int]
    ordinary: tuple[str, int]
    requests: Mapping[str, Request]
    tables: dict[str, list[Any]] = field(default_factory=dict)
    tasks: int = 0

    async def compare(self, request: Request, state: str) -> bool:
        """Whether it went without a task; that both ways are the same is asserted."""
        self.tasks = 0
        express = await self.once(self.express, request, state)
        tasks = self.tasks
        ordinary = await self.once(self.ordinary, request, state)
        if state in CHANCE:
            for told in (express, ordinary):
                told["answer"] = told["answer"][0]
        assert express == ordinary
        return tasks == 0

    async def once(self, port: tuple[str, int], request: Request, state: str) -> dict[str, Any]:
        """The answer and what it leaves behind."""
        await self.restore(state)
        metrics.publish()
        answer = await self.ask(port, request)
        await self.world.core.database.last_seen.settled()
        return {
            "answer": answer,
            "counts": dict(metrics.ANSWERS._counts),
            "times": {at: sum(row[:-1]) for at, row in metrics.TIMES._rows.items() if any(row)},
            "skew": dict(metrics.CLOCK_SKEW._counts),
            "seen": await self.sql("SELECT token_hash, seen_at FROM sessions ORDER BY 1"),
            "limits": await self.sql("SELECT name, subject, hits FROM limits ORDER BY 1, 2"),
            "profiles": await self.sql("SELECT account_id, app FROM profiles ORDER BY 1, 2"),
            "events": await self.sql("SELECT kind, app FROM events ORDER BY at, kind"),
        }

    async def restore(self, state: str) -> None:
        await self.sql("DELETE FROM limits")
        await self.sql("DELETE FROM events")
        await self.sql("UPDATE accounts SET state = 'active'")
        for table, rows in self.tables.items():
            await self.sql(f"DELETE FROM {table}")
            await self.sql(
                f"INSERT INTO {table} SELECT (unnest($1::{table}[])).*", [tuple(r) for r in rows]
            )
        for statement in STATES[state].split("; "):
            await self.sql(statement)

    async def sql(self, statement: str, *arguments: object) -> list[Any]:
        """By one connection, for there are many requests here."""
        return list(await self.connection.fetch(statement, *arguments))

    async def remember(self) -> None:
        for table in ("handles", "profiles", "sessions"):
            self.tables[table] = await self.sql(f"SELECT * FROM {table}")

    async def ask(self, port: tuple[str, int], request: Request) -> tuple[Any, ...]:
        """Status line, headers without the date, body."""
        reader, writer = await asyncio.open_connection(*port)
        try:
            raw = request.raw()
            if request.cut:
                writer.write(raw[: request.cut])
                await writer.drain()
                for _ in range(20):
                    await asyncio.sleep(0)
            writer.write(raw[request.cut :])
            line, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[:-2]
            sizes = [each for each in lines if each.startswith(b"content-length: ")]
            size = int(sizes[0].partition(b": ")[2]) if sizes and request.method != "HEAD" else 0
            body = await reader.readexactly(size)
            return line, sorted(each for each in lines if not each.startswith(b"date: ")), body
        finally:
            writer.close()
            await writer.wait_closed()


class Seen:
    """The server, with its tasks counted."""

    def __init__(self, server: Server, ways: Ways | None, *, glances: bool) -> None:
        self.server = server
        self.ways = ways
        self.glances = glances

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if self.ways is not None:
            self.ways.tasks += 1
        return self.server(scope, receive, send)

    def glance(self, exchange: Any) -> bool:
        return self.glances and self.server.glance(exchange)


async def member(world: World, actor: Actor) -> Any:
    await actor.register(world, PHONE, PASSWORD)
    session = await actor.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session


async def requests_of_members(world: World) -> dict[str, Request]:
    fomo, rental = await member(world, Fomo()), await member(world, Rental())
    company = await member(world, Company())
    cookie = "; ".join(f"{name}={value}" for name, value in rental.cookies.items())
    key, pair = fomo.fields["session_key"], company.fields
    return {
        "fomo": form("/fomo/customer/get_user_info", fomo.fields),
        "company": form("/company/user/getUserInfo", {"utime": UTIME, **pair}),
        "name": Request("GET", "/rental/api/check_login", (("Cookie", cookie),)),
        "profile": Request("GET", "/rental/api/profile", (("Cookie", cookie),)),
        "session": Request("GET", "/v1/session", (("Authorization", f"Bearer {key}"),)),
        "session of a pair": Request(
            "GET", "/v1/session", (("Authorization", f"Bearer {pair['uid']}:{pair['sec']}"),)
        ),
    }


CALLS = ("fomo", "company", "name", "profile", "session", "session of a pair")


@pytest.fixture(scope="module")
async def ways(
    database_url: str, emptier: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Ways]:
    await emptier.empty()
    folder: Path = tmp_path_factory.mktemp("ways")
    pools = {f"apps.{app}.pool": app for app in ("fomo", "company", "rental")}
    async with opened(database_url, folder, {**SETTINGS, **pools}) as world, both(world) as ways:
        yield ways


@asynccontextmanager
async def both(world: World) -> AsyncIterator[Ways]:
    """Time stands still here, a few minutes after everybody has signed in."""
    began = world.clock.instant()
    world.clock.instant = lambda: began  # type: ignore[method-assign]
    requests = await requests_of_members(world)
    later = began + span(LATER)
    world.clock.instant = lambda: later  # type: ignore[method-assign]
    connection = await asyncpg.connect(world.url)
    ways = Ways(world, connection, ("", 0), ("", 0), requests)
    await ways.remember()
    servers = []
    reported: list[Exception] = []
    for glances in (True, False):
        listening = socket.create_server(("127.0.0.1", 0))
        name = listening.getsockname()
        seen = Seen(world.server, ways if glances else None, glances=glances)
        server = HttpServer(
            seen, world.server.bounds, STANDING_HEADERS, reported.append, world.server.abandoned
        )
        await server.start(listening)
        servers.append(server)
        if glances:
            ways.express = name
        else:
            ways.ordinary = name
    yield ways
    for server in servers:
        await server.stop(5)
    await connection.close()
    assert reported == []


@pytest.mark.parametrize("call", CALLS)
async def test_plain_calls_go_without_a_task(ways: Ways, call: str) -> None:
    assert await ways.compare(ways.requests[call], "live")
    assert await ways.compare(ways.requests[call], "seen just now")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("call", CALLS)
async def test_odd_requests_are_answered_alike(ways: Ways, call: str, change: str) -> None:
    await ways.compare(CHANGES[change](ways.requests[call]), "live")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("call", CALLS)
async def test_sessions_in_any_state_are_answered_alike(ways: Ways, call: str, state: str) -> None:
    await ways.compare(ways.requests[call], state)
    await ways.compare(CHANGES["a wrong token"](ways.requests[call]), state)


@given(
    call=st.sampled_from(CALLS),
    state=st.sampled_from([*STATES]),
    changes=st.lists(st.sampled_from([*CHANGES]), min_size=2, max_size=4),
)
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_so_are_oddities_together(
    ways: Ways, call: str, state: str, changes: list[str]
) -> None:
    request = ways.requests[call]
    for change in changes:
        request = CHANGES[change](request)
    await ways.compare(request, state)


async def test_an_identity_number_is_shown_by_the_ordinary_way(ways: Ways) -> None:
    """For who reads it is recorded."""
    await ways.restore("live")
    call = ways.requests["company"]
    fields = dict(parse_qsl(call.body.decode()))
    number = {"user_name": "王小明", "identity_card": "11010519491231002X"}
    set_ = form("/company/user/regDetail", {**fields, **number})
    line, _, body = await ways.ask(ways.ordinary, set_)
    assert (line, b'"200"' in body) == (b"HTTP/1.1 200 OK", True)
    await ways.remember()
    assert not await ways.compare(call, "live")
    assert not await ways.compare(call, "one wrong token")
    await ways.sql("DELETE FROM identity_numbers")
    assert await ways.compare(call, "live")
