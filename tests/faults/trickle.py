"""Clients that send a byte now and then, and never come to an end."""

import asyncio
import itertools
import resource
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import cast

from faults.connection import HOST

HEAD = b"POST /fomo/customer/login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"x" * 64
BODY = HEAD[: -len(b"X-Slow: ") - 64] + b"Content-Length: 1000\r\n\r\n" + b"x" * 64
KINDS = (HEAD, BODY)
SPARE = 512
"""Descriptors for everything else."""


def make_room(connections: int) -> int:
    """How many connections there may be, having asked for so many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(soft, min(hard, connections + SPARE))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(connections, wanted - SPARE)


class Trickle(asyncio.Protocol):
    """One such client: what it sends is a head, or a body whose head comes at once."""

    def __init__(self, sent: bytes) -> None:
        end = sent.find(b"\r\n\r\n") + 4
        self._first = sent[: end if end >= 4 else 1]
        self._rest = itertools.cycle(sent[len(self._first) :] or b"x")
        self._transport: asyncio.Transport | None = None
        self.began = 0.0
        self.ended = 0.0

    @property
    def open(self) -> bool:
        return self.began > 0 and not self.ended

    @property
    def lasted(self) -> float:
        """Seconds until the server hung up, or until now."""
        return (self.ended or time.monotonic()) - self.began

    def send(self) -> None:
        """One byte more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(bytes((next(self._rest),)))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.began = time.monotonic()
        self._transport.write(self._first)

    def eof_received(self) -> bool:
        """Leave it open, as somebody does who means harm; what it lasts is up to the server."""
        self.ended = self.ended or time.monotonic()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = self.ended or time.monotonic()


async def trickle(port: int, count: int, every: float, seconds: float) -> Sequence[Trickle]:
    """So many of them at once, each sending a byte every so many seconds; where the server hangs
    up, another one comes. All there were.

    Nobody hangs up before the server has, and then only after as many seconds more; afterwards,
    nobody does.
    """
    all_of_them: list[Trickle] = []
    kinds = itertools.cycle(KINDS)
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for each in all_of_them:
            if each.ended and time.monotonic() - each.ended > every:
                each.close()
        here = [each for each in all_of_them if each.open]
        for each in here:
            each.send()
        await _join(port, [Trickle(next(kinds)) for _ in range(count - len(here))], all_of_them)
        turn += 1
        await asyncio.sleep(max(0.0, end - seconds + turn * every - time.monotonic()))
    return all_of_them


async def _join(port: int, fresh: Sequence[Trickle], known: list[Trickle]) -> None:
    loop = asyncio.get_running_loop()
    for each in fresh:
        with suppress(OSError):
            await loop.create_connection(lambda each=each: each, HOST, port)  # type: ignore[misc]
            known.append(each)
