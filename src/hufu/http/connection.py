"""A connection: its requests are answered one by one, and it ends when a bound is passed."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from hufu.http.exchange import LINES, Exchange
from hufu.http.reader import BAD_REQUEST, Reader, Refused

if TYPE_CHECKING:
    from hufu.http.server import HttpServer

MOST_AHEAD = 100
"""Requests that a client may send before it has read the answers to earlier ones."""
LINGER_SECONDS = 2
LINGER_BYTES = 1024 * 1024
NEVER = float("inf")

REQUEST_TIMEOUT = 408
BROKEN = 500
UNAVAILABLE = 503


class Connection(asyncio.Protocol):
    """Reads requests, has them answered one by one, and ends when a bound is passed.

    `deadline` is when whatever it waits for must have come, by the server's clock; `end` is when
    the request must have been answered, whatever was waited for, and the answer taken.
    """

    __slots__ = (
        "_active",
        "_ahead",
        "_body_from",
        "_drained",
        "_held",
        "_lingering",
        "_reader",
        "_refusal",
        "_server",
        "_task",
        "_transport",
        "_unsent",
        "_waits",
        "client",
        "deadline",
        "end",
    )

    def __init__(self, server: "HttpServer") -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._reader = Reader(self, server.bounds.head_bytes)
        self.client: tuple[str, int] | None = None
        self._body_from = 0  # Bytes of it that had come when its stretch of time began.
        self._active: Exchange | None = None
        self._ahead: deque[Exchange] = deque()
        self._task: asyncio.Task[None] | None = None
        self._refusal: int | None = None
        self._waits = False
        self._held = False
        self._lingering = -1
        self._drained: asyncio.Future[None] | None = None
        self._unsent = 0
        self.deadline = 0.0
        self.end = NEVER

    @property
    def idle(self) -> bool:
        """Whether nothing of a request is there."""
        return self._active is None and self._reader.between

    # What asyncio tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name.
        peer = transport.get_extra_info("peername")
        self.client = (peer[0], peer[1]) if peer else None
        self.deadline = self._server.now + self._server.bounds.head_seconds
        if not self._server.welcome(self):
            self._transport.abort() if self._server.crowded else self._end(UNAVAILABLE)

    def connection_lost(self, _: Exception | None) -> None:
        """The client has gone."""
        self._server.forget(self)
        self._ahead.clear()
        active, self._active = self._active, None
        self._reader.forget()
        if active is not None:
            active.lose()
            if self._task is not None:
                self._server.keep(self._task, min(self.deadline, self.end))
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
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._waits:
            self.end = self._server.now + self._server.bounds.whole_seconds
            self._begin()
        elif self._active is not None:
            self._go_on_with(self._active)
        elif self._lingering < 0:
            self._wait()
            self._next()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._lingering >= 0 or self._refusal is not None:
            self._discard(len(data))
            return
        if self.idle:
            bounds, now = self._server.bounds, self._server.now
            self.deadline = now + bounds.head_seconds
            if self._drained is None:  # Or else the answer before is still to be taken.
                self.end = now + bounds.whole_seconds
        try:
            self._reader.feed(data)
        except Refused as refused:
            self._refuse(refused.status)
        if self._waits and self._drained is None:
            self._begin()

    # What its reader tells

    def take(self, exchange: Exchange) -> None:
        """A request's head is there."""
        if len(self._ahead) == MOST_AHEAD:
            raise Refused(BAD_REQUEST)
        if self._active is None and not self._ahead:
            self._active = exchange
            self._waits = True
        else:
            self._ahead.append(exchange)
            self.hold()  # What follows can wait in the client's own machine.

    def fed(self, exchange: Exchange) -> None:
        """More of its body is there."""
        if exchange is not self._active or self._waits:
            return
        bounds = self._server.bounds
        came = self._reader.body_bytes - self._body_from
        if self._held or came >= bounds.body_seconds * bounds.body_rate:
            self._go_on_with(exchange)

    def completed(self, exchange: Exchange) -> None:
        """All of it is there."""
        if exchange is self._active:
            self.deadline = self._server.now + self._server.bounds.request_seconds

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
            if self._active is not None and not self._active.complete and self._lingering < 0:
                self._go_on_with(self._active)

    # What the server asks for

    def expire(self) -> None:
        """The deadline has passed, or the end of a request that lasts longer."""
        bounds, now = self._server.bounds, self._server.now
        late = self.end < now
        if self._drained is not None:
            unsent = self._transport.get_write_buffer_size()
            if late or unsent >= self._unsent:
                self._transport.abort()
            self._unsent, self.deadline = unsent, now + bounds.write_seconds
        elif self._lingering >= 0 or self.idle:
            self._transport.abort()
        elif self._active is None:
            self._end(REQUEST_TIMEOUT)
        elif self._active.complete or (self._held and not late):
            self.deadline = now + bounds.request_seconds
            if late:  # What says so has its time, too.
                self.end = now + bounds.write_seconds
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

    def _begin(self) -> None:
        """Have the active request answered: at once, if the application can, or in a task."""
        exchange = self._active
        assert exchange is not None
        self._waits = False
        if not exchange.complete:
            self._go_on_with(exchange)
        else:
            self.deadline = self._server.now + self._server.bounds.request_seconds
            try:
                glanced = self._server.glance(exchange)
            except Exception:  # noqa: BLE001  # The task meets it again, and tells of it.
                glanced = False
            if glanced:
                return
        self.start(exchange)

    def _go_on_with(self, exchange: Exchange) -> None:
        """Either the application is waited for, or a stretch of the body's time begins.

        Nothing is saved up for the next one, or a body that came fast could stop for hours.
        """
        bounds, now = self._server.bounds, self._server.now
        if exchange.complete or self._held:
            self.deadline = now + bounds.request_seconds
        else:
            self._body_from = self._reader.body_bytes
            self.deadline = now + bounds.body_seconds

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
            self._server.answers[status] += 1
            exchange.refuse(status, self._server.refusal_headers(status), b"")

    def answered(self, exchange: Exchange) -> None:
        """It is answered, as far as it will be."""
        self._task = self._active = None
        if self._reader.incoming is exchange:
            self._reader.incoming = None  # Nobody needs its tokens any more.
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
        bounds, now = self._server.bounds, self._server.now
        if self._reader.begun:
            self.deadline, self.end = now + bounds.head_seconds, now + bounds.whole_seconds
        else:
            self.deadline, self.end = now + bounds.idle_seconds, NEVER

    def _next(self) -> None:
        if self._ahead:
            self._active = self._ahead.popleft()
            self.end = self._server.now + self._server.bounds.whole_seconds
            self.go_on()
            self._begin()
        elif self._refusal is not None:
            self._end(self._refusal)
        else:
            self.go_on()  # The body may have come whole, and been left unread.

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
        self._server.answers[status] += 1
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
        self.end = max(self.end, self.deadline)
        self.go_on()
        if self._transport.can_write_eof():
            self._transport.write_eof()
