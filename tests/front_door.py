"""The server as a client meets it: bytes in, bytes out, with a clock that a test may move."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asyncpg

from hufu.actions.captchas import read_captcha
from hufu.actions.delivery import newest_letters
from hufu.actions.deps import Deps
from hufu.app import Server
from hufu.configuration import load
from hufu.core import Core, open_core
from hufu.domain.instants import Instant, instant_of
from hufu.services.clock import Clock

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
LOOPBACK = "127.0.0.1"
CHEAP_HASH = {
    "hash.memory_kib": 8,
    "hash.passes": 1,
    "hash.deadline_seconds": 30,
    "database.wait_seconds": 30,
    "database.statement_seconds": 30,
    "database.lock_seconds": 30,
}
"""As cheap as can be, and patient: test and server share their cores with other tests."""


class MovableClock(Clock):
    """The real time, and whatever a test adds to it."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def instant(self) -> Instant:
        return instant_of(datetime.now(UTC) + self.shift)


@dataclass(frozen=True)
class Answer:
    """What came back, untouched."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def cookies(self) -> dict[str, str]:
        """Cookies set by the answer, by name; one that is taken away is empty."""
        pairs = (value.split(";")[0] for key, value in self.headers if key == "set-cookie")
        return dict(pair.split("=", 1) for pair in pairs)


@dataclass
class World:
    """One server over an empty database."""

    core: Core
    server: Server
    clock: MovableClock
    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Iterable[bytes | asyncio.Event] = b"",
        content_type: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        cookies: Mapping[str, str] | None = None,
        peer: str = LOOPBACK,
        host: str = "127.0.0.1:8000",
    ) -> Answer:
        """Send one request exactly as given; a body in pieces waits for the events among them."""
        chunks = [body] if isinstance(body, bytes) else list(body)
        sent = [("host", host), *headers]
        if content_type is not None:
            sent.append(("content-type", content_type))
        if cookies:
            sent.append(("cookie", "; ".join(f"{key}={value}" for key, value in cookies.items())))
        if not isinstance(body, bytes):
            sent.append(("transfer-encoding", "chunked"))
        elif body:
            sent.append(("content-length", str(len(body))))
        raw, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": raw,
            "raw_path": raw.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(key.lower().encode(), value.encode("latin-1")) for key, value in sent],
            "client": (peer, 40000),
            "server": (LOOPBACK, 8000),
        }
        messages: list[dict[str, Any]] = []

        told_all = False

        async def receive() -> dict[str, Any]:
            nonlocal told_all
            if told_all:
                await asyncio.Event().wait()  # A client that stays until it is answered.
            chunk = chunks.pop(0) if chunks else b""
            if isinstance(chunk, asyncio.Event):
                await chunk.wait()
                chunk = chunks.pop(0)
            told_all = not chunks
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: Any) -> None:
            messages.append(message)

        await self.server(scope, receive, send)
        await self.core.database.last_seen.settled()
        start = messages[0]
        return Answer(
            start["status"],
            [(key.decode(), value.decode("latin-1")) for key, value in start["headers"]],
            b"".join(message.get("body", b"") for message in messages[1:]),
        )

    async def form(self, path: str, fields: Mapping[str, object], **more: Any) -> Answer:
        """POST a form."""
        body = urlencode({key: str(value) for key, value in fields.items()}).encode()
        return await self.request("POST", path, body=body, content_type=FORM, **more)

    async def json(self, path: str, fields: object, method: str = "POST", **more: Any) -> Answer:
        """Send a JSON body."""
        body = json.dumps(fields, ensure_ascii=False).encode()
        return await self.request(method, path, body=body, content_type=JSON, **more)

    async def get(self, path: str, **more: Any) -> Answer:
        """GET without a body."""
        return await self.request("GET", path, **more)

    async def letters(self, to: str | None = None) -> list[Any]:
        """The outbox, newest first; `to` is E.164 or an address as stored."""
        return await newest_letters(self.core.database, self.core.secrets.letters, to, 100)

    async def code(self, to: str) -> str:
        """The newest code sent to a mainland mobile or an address."""
        recipient = to if "@" in to or to.startswith("+") else f"+86{to}"
        for letter in await self.letters(recipient):
            if letter.code is not None:
                return str(letter.code)
        raise LookupError("no code was sent")

    async def captcha(self, codeid: str, app: str = "rental") -> str:
        """The text of a drawn captcha."""
        text = await read_captcha(self.core.apps[app], codeid)
        if text is None:
            raise LookupError("no such captcha")
        return text

    def deps(self, app: str) -> Deps:
        """What the app's actions are given."""
        return self.core.apps[app]

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self.clock.shift += timedelta(**span)

    async def sql(self, statement: str, *arguments: object) -> list[asyncpg.Record]:
        """Look into the database, or meddle with it."""
        connection = await asyncpg.connect(self.url)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()


WorldWith = Callable[..., AbstractAsyncContextManager[World]]
"""Makes a server with settings of the test's own: `world_with({"apps.fomo.pool": "b"})`."""


@asynccontextmanager
async def opened(
    url: str, data: Path, overrides: Mapping[str, object], config: Path | None = None
) -> AsyncIterator[World]:
    """A server over the database, in development mode unless a configuration file is given."""
    clock = MovableClock()
    settings = load(
        config,
        {},
        {"data_dir": str(data), "database_url": url, **CHEAP_HASH, **overrides},
    )
    core = await open_core(settings, clock)
    try:
        yield World(core, Server(core), clock, url)
    finally:
        await core.close()


async def all_at_once(calls: Iterable[Any]) -> list[Any]:
    """The results of calls that are all under way at the same time."""
    return list(await asyncio.gather(*calls))
