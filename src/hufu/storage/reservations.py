"""Who wants to be told when something is to be had, and how many they are."""

from datetime import datetime

from hufu.storage.rows import Rows

SLOTS = 64
"""An app's number is the sum over so many rows, so that writers seldom meet in one."""


class Reservations(Rows):
    """The rows of `reservations` and `reservation_counts`."""

    __slots__ = ()

    async def claim(self, account_id: int, app: str, now: datetime) -> bool:
        """Reserve for the account and count it; False when it has reserved before."""
        row = await self._connection.fetchrow(
            "WITH added AS (INSERT INTO reservations (account_id, app, at) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING RETURNING account_id) "
            "INSERT INTO reservation_counts AS c (app, slot, reserved) "
            "SELECT $2, account_id % $4, 1 FROM added "
            "ON CONFLICT (app, slot) DO UPDATE SET reserved = c.reserved + 1 RETURNING true",
            account_id,
            app,
            now,
            SLOTS,
        )
        return row is not None

    async def count(self, app: str) -> int:
        """How many accounts have reserved."""
        reserved: int = await self._connection.fetchval(
            "SELECT coalesce(sum(reserved), 0)::bigint FROM reservation_counts WHERE app = $1", app
        )
        return reserved
