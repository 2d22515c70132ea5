"""How busy a process is: what its event loop and its hashing threads keep waiting."""

import asyncio
from typing import Protocol

from hufu.wire.metrics import HASHES_REFUSED, HASHES_WAITING, LOOP_LAG

LOOK_EVERY = 0.25


class Queue(Protocol):
    """Something that has a queue, and refuses what does not fit."""

    @property
    def waiting(self) -> int:
        """How many wait now."""
        ...

    @property
    def refused(self) -> int:
        """How many were refused since it began."""
        ...


async def watch_load(hashes: Queue) -> None:
    """Measure for ever, and count what was refused since the last look."""
    loop, refused = asyncio.get_running_loop(), 0
    while True:
        due = loop.time() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        LOOP_LAG.observe(max(0.0, loop.time() - due))
        HASHES_WAITING.set(hashes.waiting)
        before, refused = refused, hashes.refused
        HASHES_REFUSED.inc(refused - before)
