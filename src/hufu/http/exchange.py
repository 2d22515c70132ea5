"""One request and its answer, in the words of ASGI."""

import asyncio
from collections.abc import MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Header = tuple[bytes, bytes]

HELD = 64 * 1024
"""Bytes of a body that wait for the application before no more are read."""

_ASGI = {"version": "3.0", "spec_version": "2.4"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LINES = {each.value: f"HTTP/1.1 {each.value} {each.phrase}".encode() for each in HTTPStatus}
_BODILESS = frozenset({204, 304})


class Wire(Protocol):
    """What an exchange needs of its connection."""

    @property
    def client(self) -> tuple[str, int] | None:
        """The address at the other end."""
        ...

    @property
    def address(self) -> tuple[str, int] | None:
        """The address at this end."""
        ...

    @property
    def date(self) -> bytes:
        """The Date header's line."""
        ...

    @property
    def ends(self) -> bool:
        """Whether no request may follow."""
        ...

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        ...

    async def drained(self) -> None:
        """Return when the client has taken most of what was sent."""
        ...

    def hold(self) -> None:
        """Read no more until told to."""
        ...

    def go_on(self) -> None:
        """Read on."""
        ...

    def start(self, exchange: "Exchange") -> None:
        """Have the application answer it in a task of its own."""
        ...

    def answered(self, exchange: "Exchange") -> None:
        """It is answered."""
        ...


class Exchange:
    """A request whose body may still be arriving, and as much of its answer as has left.

    `target` is the path and query as they were sent, `host` the Host header's value.
    """

    __slots__ = (
        "_bodiless",
        "_chunked",
        "_chunks",
        "_held",
        "_start",
        "_told",
        "_waiter",
        "_wire",
        "answered",
        "begun",
        "complete",
        "gone",
        "headers",
        "host",
        "keep_alive",
        "method",
        "target",
        "version",
    )

    def __init__(
        self,
        wire: Wire,
        method: str,
        target: bytes,
        version: str,
        headers: list[Header],
        host: bytes,
        keep_alive: bool,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.host = host
        self.keep_alive = keep_alive
        self.complete = False  # The request, to the last byte of its body.
        self.begun = False  # The answer.
        self.answered = False
        self.gone = False
        self._wire = wire
        self._chunks: list[bytes] = []
        self._held = 0
        self._told = False
        self._start: Message | None = None
        self._chunked = False
        self._bodiless = False
        self._waiter: asyncio.Future[None] | None = None

    @property
    def scope(self) -> Scope:
        """The request's head as ASGI has it."""
        raw, _, query = self.target.partition(b"?")
        decoded = unquote_to_bytes(raw) if b"%" in raw else raw
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": self.version,
            "method": self.method,
            "scheme": "http",
            "path": decoded.decode("utf-8", "replace"),
            "raw_path": raw,
            "root_path": "",
            "query_string": query,
            "headers": self.headers,
            "client": self._wire.client,
            "server": self._wire.address,
        }

    # Whoever answers without a task

    @property
    def peer(self) -> str | None:
        """The address at the other end."""
        client = self._wire.client
        return client[0] if client else None

    @property
    def body(self) -> bytes:
        """What has come of the body; it can still be received."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def answer(self, head: bytes, body: bytes) -> None:
        """Answer with these lines, each with its end, and this body whose length they leave out."""
        if self.gone:
            return
        if self._wire.ends:
            self.keep_alive = False
        last = b"" if self.keep_alive else b"\r\nconnection: close"
        if self.keep_alive and self.version == "1.0":
            last = b"\r\nconnection: keep-alive"
        self.begun = self.answered = True
        self._wire.write(
            b"%bcontent-length: %d\r\n%b%b\r\n\r\n%b"
            % (head, len(body), self._wire.date, last, body)
        )
        self._wire.answered(self)

    def hand_on(self) -> None:
        """Leave it to the application after all."""
        if not self.gone:
            self._wire.start(self)

    # The connection's side

    def feed(self, chunk: bytes) -> None:
        """A part of the body has arrived."""
        self._chunks.append(chunk)
        self._held += len(chunk)
        if self._held > HELD:
            self._wire.hold()
        self._wake()

    def finish(self) -> None:
        """The body has arrived."""
        self.complete = True
        self._wake()

    def lose(self) -> None:
        """The client has hung up, or is taken to have."""
        self.gone = True
        self._wake()

    def refuse(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        """Answer in place of an application that has not."""
        size = (b"content-length", b"%d" % len(body))
        self._chunked = False
        self._start = {"status": status, "headers": (size, *headers)}
        self._answer(body, more=False)

    # The application's side

    async def receive(self) -> Message:
        """The next part of the body, or that the client has hung up."""
        while not (self._chunks or self.complete or self.gone):
            if self._expects():
                self._wire.write(_CONTINUE)
            await self._changed()
        if self._chunks or (self.complete and not self._told):
            body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            self._chunks.clear()
            if self._held > HELD:
                self._wire.go_on()
            self._held = 0
            self._told = self.complete
            return {"type": "http.request", "body": body, "more_body": not self.complete}
        while not self.gone:
            await self._changed()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send the answer's head with the first part of its body, or a further part."""
        if message["type"] == "http.response.start":
            if self.begun:
                raise RuntimeError("the answer has begun")
            self._start = message
            return
        if self.gone or self.answered:
            return
        self._answer(message.get("body", b""), more=message.get("more_body", False))
        if not self.answered:
            await self._wire.drained()

    # Both

    def _answer(self, body: bytes, *, more: bool) -> None:
        start, self._start = self._start, None
        if start is not None:
            head = self._head(start["status"], start.get("headers", ()), len(body), more=more)
            self.begun = True
        elif self.begun:
            head = b""
        else:
            raise RuntimeError("an answer begins with its head")
        if self._bodiless:
            body = b""
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (
                b"" if more else b"0\r\n\r\n"
            )
        self.answered = not more
        self._wire.write(head + body)

    def _head(self, status: int, headers: Sequence[Header], size: int, *, more: bool) -> bytes:
        lines = [LINES[status], self._wire.date]
        sized = status in _BODILESS
        self._bodiless = sized or self.method == "HEAD"
        for name, value in headers:
            lines.append(b"%b: %b" % (name, value))
            if name == b"content-length":
                sized = True
        if not sized:
            lines += self._framing(size, more=more)
        if not self.complete or self._wire.ends:
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close")
        elif self.version == "1.0":
            lines.append(b"connection: keep-alive")
        head = b"\r\n".join(lines)
        if not head.count(b"\n") == head.count(b"\r") == len(lines) - 1:
            raise ValueError("a header of the answer has more than one line")
        return head + b"\r\n\r\n"

    def _framing(self, size: int, *, more: bool) -> list[bytes]:
        """How the client knows where the body ends (RFC 9112, 6.3)."""
        if not more:
            return [b"content-length: %d" % size]
        if self.version == "1.0":
            self.keep_alive = False
            return []
        self._chunked = True
        return [b"transfer-encoding: chunked"]

    def _expects(self) -> bool:
        """Whether the client waits to be told to send its body (RFC 9110, 10.1.1)."""
        if self._waiter is not None or self.begun or self.version == "1.0":
            return False
        return any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in self.headers
        )

    async def _changed(self) -> None:
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
