"""A read replica, used as long as it is proved to be fresh."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from uuid import uuid4

import asyncpg

from hufu.storage.gathering import Lane
from hufu.storage.loss import DatabaseUnavailable

ROUNDS = 4
"""Proofs begun in the time that one lasts."""

Beat = Callable[[str, str], Awaitable[None]]
"""Commits at the primary that the worker gave this sign."""


class Replica:
    """Reads that may be `bound` seconds old, and are proved to be no older.

    A replica shows commits in the order of the primary. Once it shows a sign that this worker
    committed there, it shows whatever was committed before that.
    """

    def __init__(
        self, lane: Lane, beat: Beat, bound: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lane = lane
        self._beat = beat
        self._bound = bound
        self._clock = clock
        self._worker = uuid4().hex
        self._fresh_until = 0.0

    @property
    def fresh(self) -> bool:
        """Whether it is proved to show everything that was committed `bound` seconds ago."""
        return self._clock() < self._fresh_until

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record] | None:
        """The rows, or None where the replica is not fresh or cannot be asked."""
        if not self.fresh:
            return None
        try:
            return await self._lane.fetch(statement, *arguments)
        except DatabaseUnavailable:
            self._fresh_until = 0.0
            return None

    async def prove(self) -> None:
        """Give a sign and look for it until it shows, or would prove nothing any more.

        Raises DatabaseUnavailable.
        """
        began, sign = self._clock(), uuid4().hex
        await self._beat(self._worker, sign)
        while self._clock() < began + self._bound:
            rows = await self._lane.fetch(
                "SELECT sign FROM heartbeats WHERE worker = $1", self._worker
            )
            if rows and rows[0]["sign"] == sign:
                self._fresh_until = began + self._bound
                return
            await asyncio.sleep(self._bound / ROUNDS / ROUNDS)

    async def keep_proving(self) -> None:
        """Prove it for ever; what cannot be reached is asked again."""
        while True:
            with suppress(DatabaseUnavailable):  # Whoever reads asks the primary.
                await self.prove()
            await asyncio.sleep(self._bound / ROUNDS)

    async def close(self) -> None:
        """Close the connection."""
        await self._lane.close()
