"""A read replica, used as long as it is proved to be fresh."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import asyncpg

from hufu.services.perseverance import Tell, keep_doing
from hufu.storage.gathering import Lane

ROUNDS = 4
"""Proofs begun in the time that one lasts."""

Beat = Callable[[str, str], Awaitable[None]]
"""Commits at the primary that the worker gave this sign."""


class Replica:
    """Reads that may be `bound` seconds old, and are proved to be no older.

    A replica shows commits in the order of the primary. Once it shows a sign that this worker
    committed there, it shows whatever was committed before that. What is proved is proved of one
    connection: the next may lead to another replica.
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
        self._proved: asyncpg.Connection | None = None

    @property
    def fresh(self) -> bool:
        """Whether it is proved to show everything that was committed `bound` seconds ago."""
        return (
            self._clock() < self._fresh_until
            and self._proved is not None
            and self._proved is self._lane.connection
        )

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record] | None:
        """The rows, or None where the replica is not fresh or does not answer, whatever it is that
        keeps it from that."""
        try:
            return await self._lane.fetch_if(self._is_fresh, statement, *arguments)
        except Exception:  # noqa: BLE001  # The primary is asked, and a proof would meet it again.
            self._proved = None
            return None

    def _is_fresh(self) -> bool:
        return self.fresh

    async def prove(self) -> None:
        """Give a sign and look for it until it shows, or would prove nothing any more.

        Raises DatabaseUnavailable, and what else keeps the replica from an answer.
        """
        began, sign = self._clock(), uuid4().hex
        await self._beat(self._worker, sign)
        while self._clock() < began + self._bound:
            rows = await self._lane.fetch(
                "SELECT sign FROM heartbeats WHERE worker = $1", self._worker
            )
            if rows and rows[0]["sign"] == sign:
                self._fresh_until, self._proved = began + self._bound, self._lane.connection
                return
            await asyncio.sleep(self._bound / ROUNDS / ROUNDS)

    async def keep_proving(self, tell: Tell) -> None:
        """Prove it for ever, whatever becomes of it; whoever reads meanwhile asks the primary."""
        await keep_doing(self.prove, self._bound / ROUNDS, tell, quiet=())

    async def close(self) -> None:
        """Close the connection."""
        await self._lane.close()
