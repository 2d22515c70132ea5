"""Work that one worker does for all of them, now and then."""

from datetime import datetime

from hufu.storage.rows import Rows


class Chores(Rows):
    """The rows of `chores`."""

    __slots__ = ()

    async def claim(self, name: str, now: datetime, next_at: datetime) -> bool:
        """Take what is due, which is due again at `next_at`; False where it is not due."""
        row = await self._connection.fetchrow(
            "INSERT INTO chores AS c (name, due_at) VALUES ($1, $3) "
            "ON CONFLICT (name) DO UPDATE SET due_at = $3 WHERE c.due_at <= $2 RETURNING true",
            name,
            now,
            next_at,
        )
        return row is not None

    async def save_done(self, name: str, now: datetime) -> None:
        """It was done to its end."""
        await self._connection.execute(
            "INSERT INTO chores AS c (name, due_at, done_at) VALUES ($1, $2, $2) "
            "ON CONFLICT (name) DO UPDATE SET done_at = $2",
            name,
            now,
        )

    async def done_at(self, name: str) -> datetime | None:
        """When it was last done to its end."""
        at: datetime | None = await self._connection.fetchval(
            "SELECT done_at FROM chores WHERE name = $1", name
        )
        return at
