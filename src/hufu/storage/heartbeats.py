"""Signs that workers give at the primary, by which they tell how fresh a replica is."""

from datetime import timedelta

from hufu.storage.rows import Rows

KEPT = timedelta(days=1)


class Heartbeats(Rows):
    """The rows of `heartbeats`, one per worker."""

    __slots__ = ()

    async def save(self, worker: str, sign: str) -> None:
        """The worker gives this sign; those of workers long gone are dropped."""
        await self._connection.execute(
            "WITH gone AS (DELETE FROM heartbeats WHERE at < now() - $3::interval) "
            "INSERT INTO heartbeats (worker, sign, at) VALUES ($1, $2, now()) "
            "ON CONFLICT (worker) DO UPDATE SET sign = $2, at = now()",
            worker,
            sign,
            KEPT,
        )
