"""How much memory a server's processes take, looked at again and again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psutil

from cli.serving import Serving

MIB = 1024 * 1024
LOOK_EVERY = 0.05


def taken_by(server: Serving) -> int:
    """Bytes that its workers hold in memory now."""
    taken = 0
    for pid in server.workers():
        with suppress(psutil.NoSuchProcess):
            taken += psutil.Process(pid).memory_info().rss
    return taken


@dataclass
class Memory:
    """Bytes at the beginning, and at most since."""

    before: int
    most: int

    @property
    def grown(self) -> float:
        """By how much it grew at most, MiB."""
        return (self.most - self.before) / MIB


@asynccontextmanager
async def memory_of(server: Serving) -> AsyncIterator[Memory]:
    """Watch it meanwhile."""
    memory = Memory(taken_by(server), 0)

    async def look() -> None:
        while True:
            memory.most = max(memory.most, await asyncio.to_thread(taken_by, server))
            await asyncio.sleep(LOOK_EVERY)

    looking = asyncio.create_task(look())
    try:
        yield memory
    finally:
        looking.cancel()
        memory.most = max(memory.most, taken_by(server))
