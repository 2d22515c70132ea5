"""Requests at an even pace, whether those before are answered or not, and what became of them."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from faults.connection import HOST
from faults.history import HANG
from hufu.services.load_run import is_whole

MOST = 2000
"""Connections that a flood may have; what is due when all are busy is asked when one is free."""

_RETRY_AFTER = re.compile(rb"\r\nretry-after: [1-9]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one request, in seconds of the monotonic clock; `status` is 0 without an
    answer."""

    due: float
    ended: float
    status: int
    answer: bytes = field(default=b"", repr=False)
    good: bool = False
    retry_after: bool = False

    @property
    def took(self) -> float:
        """Seconds from when it was due."""
        return self.ended - self.due


class Flood:
    """Asks a server. An answer is good when its status is 200 and `good` is in it."""

    def __init__(self, port: int, requests: Iterator[bytes], good: bytes) -> None:
        self.seen: list[Seen] = []
        self._port = port
        self._requests = requests
        self._good = good
        self._idle: list[_Lane] = []
        self._lanes: set[_Lane] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._waiting: list[float] = []
        self._again = False

    async def at(self, rate: float, seconds: float) -> Sequence[Seen]:
        """So many a second, in an open loop; what became of them."""
        began, since = time.monotonic(), len(self.seen)
        for number in range(max(1, round(rate * seconds))):
            due = began + number / rate
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            self._ask(due)
        await self._settle()
        return self.seen[since:]

    async def by(self, clients: int, seconds: float) -> Sequence[Seen]:
        """So many at once, each again as soon as it is answered; what became of them."""
        since, self._again = len(self.seen), True
        for _ in range(clients):
            self._ask(time.monotonic())
        await asyncio.sleep(seconds)
        self._again = False
        await self._settle()
        return self.seen[since:]

    def close(self) -> None:
        """Hang up."""
        for task in self._opening:
            task.cancel()
        for lane in tuple(self._lanes):
            lane.close()

    # What lanes tell

    def answered(self, lane: "_Lane", answer: bytes, due: float) -> None:
        """There is an answer, or none any more."""
        status = int(answer[9:12]) if answer else 0
        good = status == 200 and self._good in answer
        told = status == 503 and _RETRY_AFTER.search(answer) is not None
        self.seen.append(Seen(due, time.monotonic(), status, answer, good, told))
        if answer and not lane.closes(answer):
            self._free(lane)
        if self._again:
            self._ask(time.monotonic())

    def lost(self, lane: "_Lane") -> None:
        """It is closed."""
        self._lanes.discard(lane)
        if lane in self._idle:
            self._idle.remove(lane)

    def _ask(self, due: float) -> None:
        if self._idle:
            self._idle.pop().ask(next(self._requests), due)
        elif len(self._lanes) + len(self._opening) < MOST:
            task = asyncio.ensure_future(self._open(due))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
        else:
            self._waiting.append(due)

    async def _open(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, lane = await loop.create_connection(lambda: _Lane(self), HOST, self._port)
        except OSError:
            self.seen.append(Seen(due, time.monotonic(), 0))
            return
        self._lanes.add(lane)
        lane.ask(next(self._requests), due)

    def _free(self, lane: "_Lane") -> None:
        if self._waiting:
            lane.ask(next(self._requests), self._waiting.pop(0))
        else:
            self._idle.append(lane)

    async def _settle(self) -> None:
        """Wait for what is under way; what takes too long has no answer."""
        end = time.monotonic() + HANG
        while self._opening or self._waiting or any(each.asking for each in self._lanes):
            if time.monotonic() > end:
                for lane in tuple(self._lanes):
                    lane.close()
            await asyncio.sleep(0.005)


class _Lane(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._received = b""
        self._due = 0.0
        self._transport: asyncio.Transport | None = None
        self.asking = False

    def ask(self, request: bytes, due: float) -> None:
        """Send the request."""
        self._due, self.asking = due, True
        assert self._transport is not None
        self._transport.write(request)

    def closes(self, answer: bytes) -> bool:
        """Whether it was the last on this connection."""
        ends = self._transport is None or b"onnection: close\r" in answer
        if ends:
            self.close()
        return ends

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self.asking and is_whole(self._received):
            answer, self._received, self.asking = self._received, b"", False
            self._flood.answered(self, answer, self._due)

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        self._flood.lost(self)
        if self.asking:
            self.asking = False
            self._flood.answered(self, b"", self._due)
