"""`hufu.http` on a loopback socket, in a thread of its own, and a client that sends bytes."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import msgspec
import uvloop

from hufu.http.bounds import Bounds
from hufu.http.exchange import Exchange
from hufu.http.server import HttpServer

PATIENCE = 10.0  # Seconds
SWEEP_EVERY = 0.01
HEADERS = ((b"server", b"-"),)

Call = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass
class App:
    """An ASGI application of a test, and what of it is answered at a glance."""

    call: Call
    at_a_glance: Callable[[Exchange], bool] = lambda _: False

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        return self.call(scope, receive, send)

    def glance(self, exchange: Exchange) -> bool:
        return self.at_a_glance(exchange)


async def body_of(receive: Any) -> bytes | None:
    """The whole body; None where the client has gone before it was there."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


async def answer(send: Any, body: bytes = b"", status: int = 200, headers: Any = ()) -> None:
    """Answer in one piece."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the method, the target, and the body."""
    body = await body_of(receive)
    if body is not None:
        line = f"{scope['method']} {scope['path']} {scope['query_string'].decode()}\n"
        await answer(send, line.encode() + body)


@dataclass(frozen=True)
class Answer:
    """One answer as it came; a body in chunks is put together."""

    status: int
    version: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The header's value; a header is sent once."""
        values = [value for key, value in self.headers if key == name]
        assert len(values) < 2, values
        return values[0] if values else None


class Hung(Exception):
    """The server has hung up where an answer should be."""


class Client:
    """A connection, of which nothing is interpreted but the frame of answers."""

    def __init__(self, loopback: "Loopback", **options: int) -> None:
        self._loopback = loopback
        self.socket = socket.socket()
        for name, value in options.items():
            self.socket.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        self.socket.settimeout(PATIENCE)
        loopback.clients.append(self)
        self.socket.connect(loopback.address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def send(self, *packets: bytes) -> "Client":
        """Send the packets; the server has read each before the next is sent, unless it ended."""
        for packet in packets:
            try:
                self.socket.sendall(packet)
            except (BrokenPipeError, ConnectionResetError):
                break
            self._loopback.settle()
        return self

    def answer(self, method: str = "GET") -> Answer:
        """The next answer. Raises Hung."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        version, status, _ = line.split(" ", 2)
        headers = [(name, value) for name, _, value in (each.partition(": ") for each in lines)]
        named = dict(headers)
        if method == "HEAD" or status in {"204", "304", "100"}:
            body = b""
        elif "content-length" in named:
            body = self._exactly(int(named["content-length"]))
        elif named.get("transfer-encoding") == "chunked":
            body = self._chunks()
        else:
            body = self.rest()
        return Answer(int(status), version, headers, body)

    def rest(self) -> bytes:
        """Everything until the server hangs up."""
        while self._more():
            pass
        rest, self._read = self._read, b""
        return rest

    def ended(self) -> bool:
        """Whether the server hangs up without another byte."""
        return self.rest() == b""

    def hang_up(self, *, reset: bool = False) -> None:
        """Close the connection."""
        if reset:
            linger = (1).to_bytes(4, "little") + bytes(4)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()
        self._loopback.settle()

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self._until(b"\r\n"), 16):
            body += self._exactly(size)
            assert self._exactly(2) == b"\r\n"
        assert self._exactly(2) == b"\r\n"
        return body

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            if not self._more():
                raise Hung(self._read)
        found, _, self._read = self._read.partition(end)
        return found + end

    def _exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            if not self._more():
                raise Hung(self._read)
        found, self._read = self._read[:size], self._read[size:]
        return found

    def _more(self) -> bool:
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self._read += more
        return bool(more)


@dataclass
class Loopback:
    """A server that serves."""

    loop: asyncio.AbstractEventLoop
    server: HttpServer
    address: tuple[str, int]
    reported: list[Exception]
    abandoned: list["asyncio.Task[None]"]
    clients: list[Client] = field(default_factory=list)

    def client(self, *packets: bytes, **options: int) -> Client:
        """A new connection on which these packets were sent; ended with the server."""
        return Client(self, **options).send(*packets)

    def ask(self, *packets: bytes, method: str = "GET") -> Answer:
        """The one answer to these packets on a connection of their own."""
        client = self.client(*packets)
        found = client.answer(method)
        client.hang_up()
        return found

    def settle(self) -> None:
        """Return when the server has read what was sent before."""
        for _ in range(2):
            self.run(asyncio.sleep(0))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """The result of what is done on the server's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def stop(self, within: float = PATIENCE, idle_for: float = 0.0) -> None:
        """Let the server stop."""
        self.run(self.server.stop(within, idle_for))

    def stopping(self, within: float = PATIENCE, idle_for: float = 0.0) -> Any:
        """Let the server begin to stop: a future."""
        stop = self.server.stop(within, idle_for)
        future = asyncio.run_coroutine_threadsafe(stop, self.loop)
        self.settle()
        return future

    def connections(self) -> int:
        """How many there are."""
        return len(self.server._connections)

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds; raises AssertionError when it takes too long."""

        deadline, pause = monotonic() + PATIENCE, threading.Event()
        while not condition():
            assert monotonic() < deadline, "it did not come true in time"
            pause.wait(0.002)


class _Thread:
    """Where a server lives."""

    def __init__(self, application: App, bounds: Bounds) -> None:
        self._application = application
        self._bounds = bounds
        self._life: Future[None] = Future()
        self._begun: Future[Loopback] = Future()
        self._finished = asyncio.Event()
        self._broken: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Loopback:
        self._thread.start()
        self._loopback = self._begun.result(PATIENCE)
        return self._loopback

    def __exit__(self, *_: object) -> None:
        for client in self._loopback.clients:
            client.socket.close()
        self._loopback.loop.call_soon_threadsafe(self._finished.set)
        self._life.result(PATIENCE)
        self._thread.join(PATIENCE)
        assert not self._broken, self._broken

    def _run(self) -> None:
        try:
            uvloop.run(self._live())
            self._life.set_result(None)
        except Exception as error:  # noqa: BLE001  # It is raised where the server is ended.
            self._life.set_exception(error)

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._broken.append(context))
        listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
        address = listening.getsockname()
        reported: list[Exception] = []
        abandoned: list[asyncio.Task[None]] = []
        server = HttpServer(
            self._application,
            self._bounds,
            HEADERS,
            reported.append,
            abandoned.append,
            SWEEP_EVERY,
        )
        await server.start(listening)
        self._begun.set_result(Loopback(loop, server, address, reported, abandoned))
        await self._finished.wait()
        await server.stop(0.0)


@contextmanager
def loopback(call: Call | App = echo, **bounds: float) -> Iterator[Loopback]:
    """A server of the application."""
    application = call if isinstance(call, App) else App(call)
    with _Thread(application, msgspec.convert(bounds, Bounds)) as serving:
        yield serving
