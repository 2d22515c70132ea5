"""A listening socket, its connections, and the clock by which they end."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from email.utils import formatdate
from typing import Any, Protocol

from hufu.http.bounds import Bounds
from hufu.http.connection import UNAVAILABLE, Connection
from hufu.http.exchange import Exchange, Header, Message, Scope
from hufu.http.share import Share


class Application(Protocol):
    """An ASGI application that can answer some requests without a task."""

    def __call__(
        self,
        scope: Scope,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> Awaitable[None]:
        """Answer one request."""
        ...

    def glance(self, exchange: Exchange) -> bool:
        """Begin to answer a request that has arrived whole; False leaves it to a task."""
        ...


SWEEP_EVERY = 1.0
COURTESY = 0.002
"""Seconds for which connections are left to a process that has fewer."""
WITHOUT_FILES = 0.1
"""Seconds until accepting is tried again where the system refused."""
UNSENT = 128 * 1024
"""Bytes that the system takes of an answer before the client does: with more, one that is taken
slowly looks for long as if it were not taken at all."""
RETRY_AFTER: Header = (b"retry-after", b"1")


class HttpServer:
    """Serves an ASGI application on a socket that already listens.

    `headers` go with the answers that are the server's own; `report` is told of what the
    application raises; `abandoned` of the task of a request whose client has hung up. Deadlines
    are looked at every `sweep_every` seconds. `answers` are how many were the server's own, by
    status, `turned_away` how many connections had no place.
    """

    def __init__(
        self,
        application: Application,
        bounds: Bounds,
        headers: Sequence[Header],
        report: Callable[[Exception], None],
        abandoned: Callable[[asyncio.Task[None]], None],
        sweep_every: float = SWEEP_EVERY,
    ) -> None:
        self.application = application
        self.glance = application.glance
        self.bounds = bounds
        self.report = report
        self.loop: asyncio.AbstractEventLoop
        self.address: tuple[str, int] | None = None
        self.now = 0.0
        self.date = b""
        self.retiring = False
        self.answers: Counter[int] = Counter()
        self.turned_away = 0
        self._headers = tuple(headers)
        self._abandoned = abandoned
        self._sweep_every = sweep_every
        self._connections: set[Connection] = set()
        self._orphans: dict[asyncio.Task[None], float] = {}  # With their deadlines.
        self._socket: socket.socket
        self._share: Share | None = None
        self._was_courteous = False
        self._arriving: set[asyncio.Task[Any]] = set()
        self._sweeper: asyncio.TimerHandle
        self._empty = asyncio.Event()

    async def start(self, listening: socket.socket, share: Share | None = None) -> None:
        """Accept connections from now on, fewer where other processes have fewer."""
        self.loop = asyncio.get_running_loop()
        self._sweep()
        self._socket, self._share = listening, share
        listening.setblocking(False)  # noqa: FBT003  # As the module has it.
        # Every connection has these from here.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)
        name = listening.getsockname()
        self.address = (name[0], name[1])
        self._tell()
        self._listen()

    async def stop(self, within: float, idle_for: float = 0.0) -> None:
        """Accept no more, and return when all that is under way is answered, or time is up.

        Connections without a request may bring one for `idle_for` seconds more, and are told with
        its answer that it was the last.
        """
        if not self.retiring:
            self.retiring = True
            await self._accept_last()
        deadline = self.loop.time() + within
        await self._until_empty(min(deadline, self.loop.time() + idle_for))
        for connection in tuple(self._connections):
            connection.retire()
        await self._until_empty(deadline)
        for connection in tuple(self._connections):
            connection.abort()
        if self._orphans:
            await asyncio.wait(tuple(self._orphans), timeout=max(0.0, deadline - self.loop.time()))
        self._sweeper.cancel()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    @property
    def left(self) -> int:
        """How many requests are under way whose client has hung up."""
        return len(self._orphans)

    # What connections ask for

    def welcome(self, connection: Connection) -> bool:
        """Whether there is room for one more."""
        self._connections.add(connection)
        self._empty.clear()
        self._tell()
        if self._taken <= self.bounds.connections:
            return True
        self.turned_away += 1
        return False

    @property
    def crowded(self) -> bool:
        """Whether as many are being turned away as may be there, each of which takes its time."""
        return self._taken > 2 * self.bounds.connections

    @property
    def _taken(self) -> int:
        """How many places are: whoever hangs up gives none back to be asked for once more."""
        return len(self._connections) + len(self._orphans)

    def forget(self, connection: Connection) -> None:
        """It is closed."""
        self._connections.discard(connection)
        self._tell()
        if not self._connections:
            self._empty.set()

    def keep(self, task: asyncio.Task[None], deadline: float) -> None:
        """Its client has gone; what it has begun it may end until then."""
        self._orphans[task] = deadline
        task.add_done_callback(self._orphans.pop)
        self._abandoned(task)

    def refusal_headers(self, status: int) -> tuple[Header, ...]:
        """The headers of an answer that is the server's own."""
        return (*self._headers, RETRY_AFTER) if status == UNAVAILABLE else self._headers

    # Accepting

    def _listen(self) -> None:
        if not self.retiring:
            self.loop.add_reader(self._socket, self._accept)

    def _pause(self, seconds: float) -> None:
        self.loop.remove_reader(self._socket)
        self.loop.call_later(seconds, self._listen)

    def _accept(self) -> None:
        """Take one who waits, or leave them for a moment to a process that has fewer."""
        if self._share is not None and self._share.large and not self._was_courteous:
            self._was_courteous = True
            self._pause(COURTESY)
            return
        self._was_courteous = False
        try:
            client, _ = self._socket.accept()
        except BlockingIOError:  # Another process was quicker.
            return
        except OSError:  # They have gone, or no file is left for them.
            self._pause(WITHOUT_FILES)
            return
        self._connect(client)

    def _connect(self, client: socket.socket) -> asyncio.Task[Any]:
        arriving = self.loop.create_task(
            self.loop.connect_accepted_socket(lambda: Connection(self), client)
        )
        self._arriving.add(arriving)
        arriving.add_done_callback(self._arrived)
        self._tell()
        return arriving

    def _arrived(self, arriving: asyncio.Task[Any]) -> None:
        self._arriving.discard(arriving)
        if not arriving.cancelled():
            arriving.exception()  # Theirs: they have gone already.

    def _tell(self) -> None:
        if self._share is not None and not self.retiring:
            self._share.tell(len(self._connections) + len(self._arriving))

    async def _accept_last(self) -> None:
        """Close the socket; those who came before, and would be turned away with it, come in."""
        self.loop.remove_reader(self._socket)
        if self._share is not None:
            self._share.leave()
        with contextlib.suppress(OSError):
            while True:
                self._connect(self._socket.accept()[0])
        self._socket.close()
        if self._arriving:
            await asyncio.wait(self._arriving)

    # The clock

    def _sweep(self) -> None:
        self.now = self.loop.time()
        self.date = b"date: " + formatdate(usegmt=True).encode()
        self._sweeper = self.loop.call_later(self._sweep_every, self._sweep)
        for connection in tuple(self._connections):
            if connection.deadline < self.now or connection.end < self.now:
                connection.expire()
        for task, deadline in tuple(self._orphans.items()):
            if deadline < self.now:
                self._orphans[task] = self.now + self.bounds.request_seconds
                task.cancel()

    async def _until_empty(self, deadline: float) -> None:
        if self._connections and deadline > self.loop.time():
            try:
                async with asyncio.timeout_at(deadline):
                    await self._empty.wait()
            except TimeoutError:
                pass
