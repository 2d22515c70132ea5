"""Removing what ended long ago, a little at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from hufu.domain.retention import Perishable, Retention
from hufu.services.clock import Clock
from hufu.storage.database import Database
from hufu.storage.retention import Pages

CHORE = "janitor"


@dataclass(frozen=True, slots=True)
class Swept:
    """Of the table so many pages were looked at, out of so many, and so many rows that had ended
    were found on the latest of them."""

    kind: Perishable
    found: int
    seen: int
    pages: int


Tell: TypeAlias = Callable[[Swept], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long between two rounds; how many pages in one statement, and how long the pause (s)
    after each, in which the database has time for others."""

    interval: timedelta
    pages: int
    pause: float


class Janitor:
    """Goes through the tables whose rows end. Any number of them may work on one database."""

    def __init__(self, database: Database, clock: Clock, retention: Retention, pace: Pace) -> None:
        self._database = database
        self._clock = clock
        self._retention = retention
        self._pace = pace

    async def sweep(self, tell: Tell, *, dry: bool = False) -> None:
        """Remove from every table what ended long enough ago; `dry`, only count it.

        Raises DatabaseUnavailable.
        """
        for kind in Perishable:
            await self._sweep(kind, tell, dry)
        if not dry:
            async with self._database.look() as work:
                await work.chores.save_done(CHORE, self._clock.now())

    async def sweep_if_due(self, tell: Tell) -> bool:
        """The same, unless a worker began to within the interval. Raises DatabaseUnavailable."""
        now = self._clock.now()
        async with self._database.look() as work:
            due = await work.chores.claim(CHORE, now, now + self._pace.interval)
        if due:
            await self.sweep(tell)
        return due

    async def done_at(self) -> datetime | None:
        """When the tables were last gone through to the end. Raises DatabaseUnavailable."""
        async with self._database.look() as work:
            return await work.chores.done_at(CHORE)

    async def _sweep(self, kind: Perishable, tell: Tell, dry: bool) -> None:
        until = self._retention.until(kind, self._clock.now())
        async with self._database.look() as work:
            count = await work.leftovers.pages(kind)
        for first in range(0, count, self._pace.pages):
            pages = Pages(first, min(first + self._pace.pages, count))
            async with self._database.look() as work:
                leftovers = work.leftovers
                found = await (leftovers.count if dry else leftovers.claim)(kind, pages, until)
            tell(Swept(kind, found, pages.end, count))
            await asyncio.sleep(self._pace.pause)
