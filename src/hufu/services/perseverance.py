"""Doing something every so often, whatever becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Never

from hufu.services.clock import ClockUnknown
from hufu.services.overload import Unavailable

Tell = Callable[[str | None], None]
"""Is told what kind of error something has begun to fail with, and None when it is well again."""

EXPECTED = (Unavailable, ClockUnknown)
"""What a server tells whoever asks whether it is ready."""


class Perseverance:
    """Outlives each error of what is done in it, for it may be mended later.

    That it fails is told once, until it is well again. What is `quiet` is not told.
    """

    def __init__(self, tell: Tell, quiet: tuple[type[Exception], ...] = EXPECTED) -> None:
        self.failed = False
        """Whether it did the last time."""
        self._tell = tell
        self._quiet = quiet
        self._told = False

    def __enter__(self) -> None:
        """Try."""

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> bool:
        """See what has become of it."""
        self.failed = error is not None
        if error is None:
            if self._told:
                self._told = False
                self._tell(None)
            return False
        if not isinstance(error, Exception):
            return False
        if not self._told and not isinstance(error, self._quiet):
            self._told = True
            self._tell(type(error).__name__)  # Its text may hold what a client sent.
        return True


async def keep_doing(
    do: Callable[[], Awaitable[object]],
    every: float,
    tell: Tell,
    *,
    again: float | None = None,
    quiet: tuple[type[Exception], ...] = EXPECTED,
) -> Never:
    """Do it for ever: `every` so many seconds where it went well, `again` after it failed."""
    trouble = Perseverance(tell, quiet)
    while True:
        with trouble:
            await do()
        await asyncio.sleep(every if again is None or not trouble.failed else again)
