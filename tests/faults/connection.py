"""A client's connection: kept while it lasts, and honest about what it knows."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from faults.history import HANG
from hufu.services.load import Sent

HOST = "127.0.0.1"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Unsent(Exception):
    """Nobody took the request."""


class Unanswered(Exception):
    """The request may have been taken, and was not answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection to a server, opened when it is needed, with one request at a time.

    Where the connection is not `kept`, each request has one of its own.
    """

    def __init__(self, port: int, *, kept: bool = True, patience: float = HANG) -> None:
        self._port = port
        self._kept = kept
        self._patience = patience
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def form(self, path: str, **fields: object) -> Answer:
        """POST a form. Raises Unsent, Unanswered."""
        body = urlencode({name: str(value) for name, value in fields.items()}).encode()
        return await self.ask(Sent("POST", path, FORM, body))

    async def get(self, path: str, **headers: str) -> Answer:
        """GET. Raises Unsent, Unanswered."""
        return await self.ask(Sent("GET", path, headers))

    async def ask(self, sent: Sent) -> Answer:
        """The answer to one request. Raises Unsent, Unanswered."""
        try:
            async with asyncio.timeout(self._patience):
                reader, writer = await self._open()
        except (OSError, TimeoutError) as error:
            raise Unsent(type(error).__name__) from error
        try:
            async with asyncio.timeout(self._patience):
                writer.write(sent.prepared(f"{HOST}:{self._port}"))
                await writer.drain()
                answer = await _read(reader)
        except (OSError, EOFError, TimeoutError, asyncio.CancelledError) as error:
            self.close()
            if isinstance(error, asyncio.CancelledError):
                raise
            raise Unanswered(type(error).__name__) from error
        if not self._kept or answer.headers.get("connection") == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()  # The server hung up while nothing was under way.
        if self._streams is None:
            self._streams = await asyncio.open_connection(HOST, self._port)
        return self._streams


async def _read(reader: asyncio.StreamReader) -> Answer:
    """Raises EOFError where the answer is not whole."""
    with contextlib.suppress(asyncio.LimitOverrunError):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split()[1]), headers, body)
    raise EOFError
