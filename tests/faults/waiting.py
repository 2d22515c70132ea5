"""Waiting in an event loop for what others do."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK_EVERY = 0.01
PATIENCE = 30.0


async def until_so(
    condition: Callable[[], bool], patience: float = PATIENCE, look_every: float = LOOK_EVERY
) -> float:
    """Wait until it is so; how long that took (s). AssertionError when it takes too long."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + patience, "it did not come true in time"
        await asyncio.sleep(look_every)
    return time.monotonic() - began


async def until_true(condition: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
    """Wait until the answer is yes; AssertionError when it takes too long."""
    end = time.monotonic() + patience
    while not await condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(LOOK_EVERY)
