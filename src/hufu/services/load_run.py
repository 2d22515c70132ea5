"""Putting load on an HTTP/1.1 server.

Requests are prepared as bytes, connections are kept, and each has one request under way. One core
asks and reads about 100,000 times a second, which is more than anything here answers on another.
"""

import asyncio
import gc
import time
from collections import deque
from collections.abc import Iterator
from typing import cast

from hufu.services.load import PATIENCE, Load, Outcome

OPEN_AGAIN = 100
"""How often, for each connection asked for, a lost one is opened again."""

LOOK_EVERY = 0.01
"""Seconds between looks at whether a run is over."""

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
_LENGTH = b"content-length:"
_SUCCESS = range(200, 300)


def is_whole(data: bytes) -> bool:
    """Whether an answer is there to its end (RFC 9112, section 6)."""
    head = data.find(_END_OF_HEAD)
    if head < 0:
        return False
    at = data.find(_LENGTH, 0, head)
    if at < 0:
        lowered = data[:head].lower()
        at = lowered.find(_LENGTH)
        if at < 0:
            return b"transfer-encoding: chunked" not in lowered or data.endswith(_LAST_CHUNK)
    length = data[at + len(_LENGTH) : data.find(b"\r", at)]
    return len(data) >= head + len(_END_OF_HEAD) + int(length)


class _Run:
    """What the connections of one run share."""

    def __init__(
        self, host: str, port: int, requests: Iterator[bytes], load: Load, good: bytes
    ) -> None:
        self.host = host
        self.port = port
        self.good = good
        self.outcome = Outcome()
        self.counts = False
        self.over = False
        self.began = self.cpu = self.answered = 0.0
        self.left = load.most
        self._warm = load.most - load.most // 4
        self.reopenings = OPEN_AGAIN * load.connections
        self.opening: set[asyncio.Task[None]] = set()
        self.idle: list[_Connection] = []
        self.due: deque[float] | None = None if load.rate is None else deque()
        self._requests = requests

    def begin(self) -> None:
        """Count from now on, unless that has begun."""
        if not self.counts:
            self.counts = True
            self.began, self.cpu = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Count no more, and ask no more."""
        spent = self.answered if self.left <= 0 else time.perf_counter()
        self.outcome.seconds = max(0.0, spent - self.began)
        self.outcome.cpu = time.process_time() - self.cpu
        self.counts, self.over = False, True

    def take(self) -> bytes | None:
        """The next request, if there is to be one."""
        if self.over or self.left <= 0:
            return None
        if self.left <= self._warm:
            self.begin()
        self.left -= 1
        request = next(self._requests, None)
        if request is None:
            self.left = 0
        return request

    def judge(self, answer: bytes, due: float) -> None:
        """Count an answer to what was due then."""
        if not self.counts:
            return
        self.answered = time.perf_counter()
        status = int(answer[9:12])
        self.outcome.statuses[status] += 1
        if status in _SUCCESS and self.good in answer:
            self.outcome.latencies.append(self.answered - due)
        else:
            self.outcome.troubles["not good"] += 1

    def lost(self) -> None:
        """Count an answer that did not come."""
        if self.counts:
            self.outcome.troubles["lost"] += 1


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._due = 0.0
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.asking = False

    async def open(self) -> None:
        """Connect. Raises OSError."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, self._run.host, self._run.port)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def next(self) -> None:
        """Ask what is due, or be idle."""
        run = self._run
        if run.due is None:
            self._ask(time.perf_counter())
        elif run.due:
            self._ask(run.due.popleft())
        else:
            run.idle.append(self)

    def _ask(self, due: float) -> None:
        request = self._run.take()
        if request is None or self._transport is None:
            return
        self._due = due
        self.asking = True
        self._transport.write(request)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        if not is_whole(data):
            self._received = data
            return
        self._received = b""
        self.asking = False
        self._run.judge(data, self._due)
        if b"onnection: close\r" in data:
            self._reopen()
        else:
            self.next()

    def connection_lost(self, _: Exception | None) -> None:
        run, self._transport = self._run, None
        if self in run.idle:
            run.idle.remove(self)
        if self.asking:
            self.asking = False
            run.lost()
        self._reopen()

    def _reopen(self) -> None:
        run = self._run
        kept, self._transport = self._transport, None
        if kept is not None:
            kept.abort()  # Which comes back here, with nothing to do any more.
        elif not run.over and run.reopenings > 0:
            run.reopenings -= 1
            self._received = b""
            task = asyncio.create_task(self._open_again())
            run.opening.add(task)
            task.add_done_callback(run.opening.discard)

    async def _open_again(self) -> None:
        try:
            await self.open()
        except OSError:
            self._run.lost()
            return
        self.next()


async def put_load(
    host: str, port: int, requests: Iterator[bytes], load: Load, good: bytes = b""
) -> Outcome:
    """Ask as `load` says; an answer is good when its status is 2xx and `good` is in it.

    Raises OSError where nobody listens.
    """
    run = _Run(host, port, requests, load, good)
    connections = [_Connection(run) for _ in range(load.connections)]
    gc.collect()
    gc.disable()
    try:
        await asyncio.gather(*(connection.open() for connection in connections))
        if not load.warm_up:
            run.begin()
        for connection in connections:
            connection.next()
        pace = asyncio.create_task(_pace(run, load.rate)) if load.rate else None
        await _busy_for(run, connections, load.warm_up, warming=True)
        run.begin()
        await _busy_for(run, connections, load.seconds)
        run.end()
        if pace is not None:
            pace.cancel()
        await _settle(run, connections)
    finally:
        run.over = True
        for connection in connections:
            connection.close()
        gc.enable()
    return run.outcome


async def _busy_for(
    run: _Run, connections: list[_Connection], seconds: float, *, warming: bool = False
) -> None:
    """Wait so long, or until nothing more is to be asked and all is answered, or all is warm."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0 and not (warming and run.counts):
        await asyncio.sleep(min(left, LOOK_EVERY))
        if run.left <= 0 and not any(each.asking for each in connections):
            return


async def _settle(run: _Run, connections: list[_Connection]) -> None:
    """Answers that are under way come in, uncounted: the time is over. Those that do not are late.

    What a server is still busy with would burden whatever is measured next.
    """
    late = run.outcome.troubles
    end = time.perf_counter() + PATIENCE
    while waiting := sum(each.asking for each in connections):
        if time.perf_counter() > end:
            late["late"] += waiting
            return
        await asyncio.sleep(0.005)


async def _pace(run: _Run, rate: float) -> None:
    began, number = time.perf_counter(), 0
    assert run.due is not None
    while not run.over:
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        run.due.append(due)
        if run.idle:
            run.idle.pop().next()
        number += 1
