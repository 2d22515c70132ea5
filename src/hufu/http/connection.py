"""A connection that speaks HTTP/1.1 (RFC 9112).

The grammar is llhttp's, that of Node.js, in its strict form; what is here is what becomes of a
request whose grammar is right, and the end of every connection on which one is not.
"""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from hufu.http.exchange import LINES, Exchange, Header

if TYPE_CHECKING:
    from hufu.http.server import HttpServer

MOST_HEADERS = 100
MOST_AHEAD = 100
"""Requests that a client may send before it has read the answers to earlier ones."""
LINGER_SECONDS = 2
LINGER_BYTES = 1024 * 1024

BAD_REQUEST = 400
REQUEST_TIMEOUT = 408
HEAD_TOO_LARGE = 431
BROKEN = 500
NOT_IMPLEMENTED = 501
UNAVAILABLE = 503
VERSION_NOT_SUPPORTED = 505

FRAME_PER_BYTE = 8
"""Bytes that may frame one byte of a body in chunks. A client that sends single ones needs 5."""

_CODING = b"transfer-encoding"
_FRAMING = frozenset({b"content-length", _CODING})


class _Refused(Exception):
    """The request cannot be taken; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Connection(asyncio.Protocol):
    """Reads requests, has them answered one by one, and ends when a bound is passed.

    `deadline` is when whatever it waits for must have come, by the server's clock.
    """

    __slots__ = (
        "_active",
        "_ahead",
        "_body_bytes",
        "_body_due",
        "_drained",
        "_head_bytes",
        "_headers",
        "_held",
        "_host",
        "_hosts",
        "_in_head",
        "_incoming",
        "_large",
        "_lingering",
        "_parser",
        "_refusal",
        "_replays",
        "_server",
        "_task",
        "_transport",
        "_unsent",
        "_url",
        "_waits",
        "client",
        "deadline",
    )

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._parser = HttpRequestParser(self)
        self.client: tuple[str, int] | None = None
        self._url = b""
        self._headers: list[Header] = []
        self._host = b""
        self._hosts = 0
        self._in_head = True
        self._head_bytes = 0  # Of a head that is not there yet, or of what frames a body.
        self._body_due = 0.0
        self._body_bytes = 0
        self._incoming: Exchange | None = None
        self._active: Exchange | None = None
        self._ahead: deque[Exchange] = deque()
        self._task: asyncio.Task[None] | None = None
        self._refusal: int | None = None
        self._replays = False
        self._waits = False
        self._held = False
        self._large = False  # Whether a head may be too large, by all that has ever come.
        self._lingering = -1
        self._drained: asyncio.Future[None] | None = None
        self._unsent = 0
        self.deadline = 0.0

    @property
    def idle(self) -> bool:
        """Whether nothing of a request is there."""
        return self._active is None and self._in_head and not self._head_bytes

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name.
        peer = transport.get_extra_info("peername")
        self.client = (peer[0], peer[1]) if peer else None
        self.deadline = self._server.now + self._server.bounds.head_seconds
        if not self._server.welcome(self):
            self._end(UNAVAILABLE)

    def connection_lost(self, _: Exception | None) -> None:
        """The client has gone."""
        self._server.forget(self)
        self._ahead.clear()
        active, self._active, self._incoming = self._active, None, None
        del self._parser  # Which knows its connection: nobody would ever drop either.
        if active is not None:
            active.lose()
            if self._task is not None:
                self._server.keep(self._task)
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def pause_writing(self) -> None:
        """The client does not read its answers."""
        self._drained = asyncio.get_running_loop().create_future()
        self._unsent = self._transport.get_write_buffer_size()
        self.deadline = self._server.now + self._server.bounds.write_seconds

    def resume_writing(self) -> None:
        """It does again."""
        drained, self._drained = self._drained, None
        bounds, now = self._server.bounds, self._server.now
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._waits:
            self._begin()
        elif self._active is not None:
            self.deadline = now + bounds.request_seconds
        elif self._lingering < 0:
            self._wait()
            self._next()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._lingering >= 0 or self._refusal is not None:
            self._discard(len(data))
            return
        waited, before, had = self._in_head, self._incoming, self._body_bytes
        if waited and not self._head_bytes and self._active is None:
            self.deadline = self._server.now + self._server.bounds.head_seconds
        if self._head_bytes + len(data) > self._server.bounds.head_bytes:
            self._large = True
        try:
            self._feed(data)
            if not self._in_head or self._incoming is before or self._url:
                self._count(len(data), waited, before, had)
        except (HttpParserError, _Refused) as error:
            cause = error if isinstance(error, _Refused) else error.__context__
            self._refuse(cause.status if isinstance(cause, _Refused) else BAD_REQUEST)
        if self._waits and self._drained is None:
            self._begin()

    # What the parser tells

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        if not self._replays:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind a body in chunks a trailer, of which nothing is wanted."""
        if self._replays or not self._in_head:
            return
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"host":
            self._host = value
            self._hosts += 1
        self._headers.append((name, value))
        if len(self._headers) > MOST_HEADERS:
            raise _Refused(HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The request's head is there."""
        if self._replays:
            self._replays = False
            return
        url, headers, host = self._url, self._headers, self._host
        self._url, self._headers, self._host = b"", [], b""
        if self._large and self._size(url, headers) > self._server.bounds.head_bytes:
            raise _Refused(HEAD_TOO_LARGE)
        version = self._parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise _Refused(VERSION_NOT_SUPPORTED)
        hosts, self._hosts = self._hosts, 0
        if hosts != 1 and (hosts or version == "1.1"):  # RFC 9112, 3.2.
            raise _Refused(BAD_REQUEST)
        if url[:1] != b"/":
            url, host = _own(url, host, headers)
        self._in_head = False
        self._head_bytes = self._body_bytes = 0
        method = self._parser.get_method().decode()
        self._incoming = Exchange(
            self, method, url, version, headers, host, self._parser.should_keep_alive()
        )
        if len(self._ahead) == MOST_AHEAD:
            raise _Refused(BAD_REQUEST)
        if self._active is None and not self._ahead:
            self._active = self._incoming
            self._waits = True
        else:
            self._ahead.append(self._incoming)
            self.hold()  # What follows can wait in the client's own machine.

    def on_chunk_header(self) -> None:
        """A chunk begins. Of the codings that a body may be in chunks is the only one known."""
        if self._body_bytes or self._replays:
            return
        assert self._incoming is not None
        if self._incoming.version == "1.0":  # It has no such thing (RFC 9112, 6.1).
            raise _Refused(BAD_REQUEST)
        codings = [value for name, value in self._incoming.headers if name == _CODING]
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise _Refused(NOT_IMPLEMENTED)

    def on_body(self, chunk: bytes) -> None:
        """A part of the request's body."""
        self._body_bytes += len(chunk)
        assert self._incoming is not None
        self._incoming.feed(chunk)
        if self._incoming is self._active and not self._waits:
            bounds = self._server.bounds
            if self._held:  # It is not the client that is waited for.
                self.deadline = self._server.now + bounds.request_seconds
            else:
                self.deadline = self._body_due + self._body_bytes / bounds.body_rate

    def on_message_complete(self) -> None:
        """The request is there."""
        if self._parser.should_upgrade():
            return  # With nothing after its head, as far as the parser is concerned.
        assert self._incoming is not None
        self._in_head = True
        self._head_bytes = self._body_bytes = 0
        if self._incoming is self._active:
            self.deadline = self._server.now + self._server.bounds.request_seconds
        self._incoming.finish()

    # What an exchange asks for

    @property
    def address(self) -> tuple[str, int] | None:
        """The address at this end."""
        return self._server.address

    @property
    def date(self) -> bytes:
        """The Date header's line."""
        return self._server.date

    @property
    def ends(self) -> bool:
        """Whether no request may follow the one that is being answered."""
        return self._server.retiring or (self._refusal is not None and not self._ahead)

    def write(self, data: bytes) -> None:
        """Send these bytes."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Return when the client has taken most of what was sent."""
        if self._drained is not None:
            await self._drained

    def hold(self) -> None:
        """Read no more until told to."""
        if not self._held:
            self._held = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read on, unless requests wait that were sent ahead."""
        if self._held and not self._ahead and not self._transport.is_closing():
            self._held = False
            self._transport.resume_reading()

    # What the server asks for

    def expire(self) -> None:
        """The deadline has passed."""
        bounds, now = self._server.bounds, self._server.now
        if self._drained is not None:
            unsent = self._transport.get_write_buffer_size()
            if unsent >= self._unsent:
                self._transport.abort()
            self._unsent, self.deadline = unsent, now + bounds.write_seconds
        elif self._lingering >= 0 or self.idle:
            self._transport.abort()
        elif self._active is None:
            self._end(REQUEST_TIMEOUT)
        elif self._active.complete or self._held:
            self.deadline = now + bounds.request_seconds
            if self._task is not None:
                self._task.cancel()
            else:
                self._active.lose()
                self._end(UNAVAILABLE)
        else:
            self._active.lose()
            if not self._active.begun:
                self._end(REQUEST_TIMEOUT)
            else:
                self._transport.abort()

    def retire(self) -> None:
        """End as soon as nothing of a request is there."""
        if self.idle:
            self._transport.close()

    def abort(self) -> None:
        """End at once, whatever is under way."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    # How it goes on

    def _discard(self, size: int) -> None:
        """Nothing that comes now is wanted."""
        if self._lingering >= 0:
            self._lingering += size
            if self._lingering > LINGER_BYTES:
                self._transport.abort()

    def _count(self, size: int, waited: bool, before: Exchange | None, had: int) -> None:
        """So many bytes have come, and more have to.

        They belong to a head that had begun before, to a body that had, or to a head that has begun
        behind a request. Of a body, what frames its chunks is counted: their sizes, extensions of
        these, trailers.
        """
        bound = self._server.bounds.head_bytes
        if not self._in_head:
            if waited or self._incoming is not before:
                return
            self._head_bytes += size - (self._body_bytes - had)
            bound += FRAME_PER_BYTE * self._body_bytes
        elif waited and self._incoming is before:
            self._head_bytes += size
        else:
            self._head_bytes, self._large = self._size(self._url, self._headers), True
        if self._head_bytes > bound:
            raise _Refused(HEAD_TOO_LARGE)

    @staticmethod
    def _size(url: bytes, headers: list[Header]) -> int:
        return len(url) + sum(len(name) + len(value) for name, value in headers)

    def _feed(self, data: bytes) -> None:
        while True:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._decline_upgrade()
            else:
                return

    def _decline_upgrade(self) -> None:
        """Read on in HTTP/1.1 (RFC 9110, 7.8), where the parser has taken the head for the last.

        Clients that would rather speak HTTP/2 ask for it with a request that they want answered,
        body and all. Another parser reads the body, told only how long that is.
        """
        assert self._incoming is not None
        if self._incoming.method == "CONNECT":
            raise _Refused(NOT_IMPLEMENTED)
        self._parser = HttpRequestParser(self)
        self._replays = True
        lines = [b"%b: %b\r\n" % each for each in self._incoming.headers if each[0] in _FRAMING]
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(lines))

    def _begin(self) -> None:
        """Have the active request answered: at once, if the application can, or in a task."""
        exchange, bounds, now = self._active, self._server.bounds, self._server.now
        assert exchange is not None
        self._waits = False
        self.deadline = now + bounds.request_seconds
        if not exchange.complete:
            if not self._held:
                self._body_due = now + bounds.body_seconds
                self.deadline = self._body_due + self._body_bytes / bounds.body_rate
        else:
            try:
                glanced = self._server.glance(exchange)
            except Exception:  # noqa: BLE001  # The task meets it again, and tells of it.
                glanced = False
            if glanced:
                return
        self.start(exchange)

    def start(self, exchange: Exchange) -> None:
        """Have the application answer it in a task of its own."""
        self._task = self._server.loop.create_task(self._run(exchange))

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._server.application(exchange.scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            self._stand_in(exchange, UNAVAILABLE)
        except Exception as error:  # noqa: BLE001  # The server goes on.
            self._server.report(error)
            self._stand_in(exchange, BROKEN)
        self.answered(exchange)

    def _stand_in(self, exchange: Exchange, status: int) -> None:
        exchange.keep_alive = False
        if not exchange.begun and not exchange.gone:
            exchange.refuse(status, self._server.refusal_headers(status), b"")

    def answered(self, exchange: Exchange) -> None:
        """It is answered, as far as it will be."""
        self._task = self._active = None
        if self._incoming is exchange:
            self._incoming = None  # Nobody needs its tokens any more.
        if exchange.gone or self._transport.is_closing():
            return
        if not exchange.answered:
            self._transport.abort()
        elif not exchange.keep_alive or self.ends:
            more = not exchange.complete or self._ahead or self._refusal is not None
            self._linger() if more else self._transport.close()
        elif self._drained is None:
            self._wait()
            self._next()

    def _wait(self) -> None:
        """The next request is waited for, or the rest of its head."""
        bounds = self._server.bounds
        seconds = bounds.head_seconds if self._head_bytes else bounds.idle_seconds
        self.deadline = self._server.now + seconds

    def _next(self) -> None:
        if self._ahead:
            self._active = self._ahead.popleft()
            self.go_on()
            self._begin()
        elif self._refusal is not None:
            self._end(self._refusal)

    def _refuse(self, status: int) -> None:
        """End with this status, once what came before it is answered."""
        self._refusal = status
        if self._active is not None and not self._active.complete:
            self._waits = False
            self._active.lose()  # The rest of its body will never be known.
            if self._active.begun:
                self._transport.abort()
            else:
                self._end(status)
        elif self._ahead and not self._ahead[-1].complete:
            self._ahead.pop()
        elif self._active is None:
            self._end(status)

    def _end(self, status: int) -> None:
        """Say why, and hang up."""
        headers = b"".join(b"%b: %b\r\n" % each for each in self._server.refusal_headers(status))
        self._transport.write(
            b"%b\r\n%b\r\n%bcontent-length: 0\r\nconnection: close\r\n\r\n"
            % (LINES[status], self._server.date, headers)
        )
        self._linger()

    def _linger(self) -> None:
        """Hang up, but read what is still under way, whose arrival would unsay the answer."""
        self._lingering = 0
        self._ahead.clear()
        self.deadline = self._server.now + LINGER_SECONDS
        self.go_on()
        if self._transport.can_write_eof():
            self._transport.write_eof()


def _own(url: bytes, host: bytes, headers: list[Header]) -> tuple[bytes, bytes]:
    """The path and host of a target in absolute form, whose host is what counts (RFC 9112, 3.2.2).

    `*` and the target of a CONNECT are left as they are.
    """
    scheme, found, rest = url.partition(b"://")
    if not found:
        return url, host
    end = min((at for at in map(rest.find, (b"/", b"?")) if at >= 0), default=len(rest))
    host, path = rest[:end], rest[end:]
    if scheme.lower() not in {b"http", b"https"} or not host or b"@" in host:
        raise _Refused(BAD_REQUEST)
    headers[:] = [(b"host", host), *(each for each in headers if each[0] != b"host")]
    return (path if path[:1] == b"/" else b"/" + path), host
