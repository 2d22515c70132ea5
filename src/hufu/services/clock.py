"""The time, by the database's clock.

Lives of codes and sessions are compared with times in the database by several processes on
several machines, so there must be one clock. This one is the database's, carried forward by the
machine's monotonic clock: stepping the machine's own wall clock changes nothing.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hufu.domain.instants import Instant, instant_of_unix, time_of


class Clock(Protocol):
    """Where an action gets the time from."""

    def instant(self) -> Instant:
        """The current time."""
        ...

    def now(self) -> datetime:
        """The same as a datetime, in UTC."""
        return time_of(self.instant())


@dataclass(frozen=True, slots=True)
class Reading:
    """The database's time, and when it was `asked` for and `heard` (s, by the monotonic clock)."""

    time: datetime
    asked: float
    heard: float

    @property
    def took(self) -> float:
        """The round trip (s)."""
        return self.heard - self.asked


class DatabaseClock(Clock):
    """The database's clock; call `sync` at start and then every now and again."""

    def __init__(self, ask: Callable[[], Awaitable[Reading]]) -> None:
        self._ask = ask
        self._offset: float | None = None  # Seconds.

    async def sync(self) -> None:
        """Ask the database for the time. Of the error, at most half the round trip remains."""
        reading = await self._ask()
        self._offset = reading.time.timestamp() - (reading.asked + reading.heard) / 2

    @property
    def synced(self) -> bool:
        """Whether the database was ever asked; before that there is no time to tell."""
        return self._offset is not None

    def instant(self) -> Instant:
        """The database's time. Raises ClockUnknown."""
        if self._offset is None:
            raise ClockUnknown
        return instant_of_unix(time.monotonic() + self._offset)


class ClockUnknown(Exception):
    """The database was never reached, so the time is not known."""
