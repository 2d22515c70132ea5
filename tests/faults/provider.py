"""A provider of messages, for hufu's `webhook`, that fails as providers do."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from cli.serving import HOST

NAME = "harness"
ANSWER = b"HTTP/1.1 %d Whatever\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Taken:
    """A letter that was taken, that is sent to whom it is for, at that time (Unix, s)."""

    id: int
    to: str
    at: float


class Provider:
    """While it is `refusing` it takes nothing. It answers `delay` seconds after it has taken a
    letter; `on_taken` is told before that, `on_answered` after."""

    def __init__(self) -> None:
        self.port = 0
        self.refusing = False
        self.delay = 0.0
        self.taken: list[Taken] = []
        self.refused = 0
        self.on_taken: Callable[[Taken], None] = lambda _: None
        self.on_answered: Callable[[Taken], None] = lambda _: None
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    def settings(self, app: str, **more: str) -> dict[str, str]:
        """Variables that have the app's text messages leave by it."""
        own = {
            "KIND": "webhook",
            "URL": f"http://{HOST}:{self.port}/",
            "SECRET": "0123456789abcdef",
            **more,
        }
        named = {f"HUFU_PROVIDERS__{NAME.upper()}__{name}": value for name, value in own.items()}
        return {**named, f"HUFU_APPS__{app.upper()}__SMS_PROVIDER": NAME}

    def times(self) -> Counter[int]:
        """How often each letter was taken."""
        return Counter(each.id for each in self.taken)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for line in self._lines:
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = asyncio.ensure_future(self._serve(reader, writer))
        self._lines.add(line)
        with suppress(asyncio.CancelledError, OSError, EOFError):
            await line
        self._lines.discard(line)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            letter = json.loads(await reader.readexactly(int(headers["content-length"])))
            if self.refusing:
                self.refused += 1
                writer.write(ANSWER % 503)
                continue
            taken = Taken(int(headers["idempotency-key"]), letter["to"], time.time())
            self.taken.append(taken)
            self.on_taken(taken)
            if self.delay:
                await asyncio.sleep(self.delay)
            writer.write(ANSWER % 200)
            await writer.drain()
            self.on_answered(taken)
