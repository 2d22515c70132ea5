"""The time, by the database's clock.

Lives of codes and sessions are compared with times in the database by several processes on
several machines, so there must be one clock. This one is the database's, carried forward by the
machine's monotonic clock: stepping the machine's own wall clock changes nothing.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where an action gets the time from."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        ...


class DatabaseClock:
    """The database's clock; call `sync` at start and then every now and again."""

    def __init__(self, ask: Callable[[], Awaitable[datetime]]) -> None:
        self._ask = ask
        self._offset: float | None = None  # Seconds.

    async def sync(self) -> None:
        """Ask the database for the time. Of the error, at most half the round trip remains."""
        asked = time.monotonic()
        answer = await self._ask()
        heard = time.monotonic()
        self._offset = answer.timestamp() - (asked + heard) / 2

    @property
    def synced(self) -> bool:
        """Whether the database was ever asked; before that there is no time to tell."""
        return self._offset is not None

    def now(self) -> datetime:
        """The database's time, in UTC."""
        if self._offset is None:
            raise ClockUnknown
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)


class ClockUnknown(Exception):
    """The database was never reached, so the time is not known."""
