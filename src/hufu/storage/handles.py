"""Handles: names that are unique in an app and chosen by their owners."""

from datetime import datetime

from hufu.storage.rows import Rows


class Handles(Rows):
    """The rows of `handles`."""

    __slots__ = ()

    async def find(self, account_id: int, app: str) -> str | None:
        """The account's handle."""
        handle: str | None = await self._connection.fetchval(
            "SELECT shown FROM handles WHERE account_id = $1 AND app = $2 AND released_at IS NULL",
            account_id,
            app,
        )
        return handle

    async def release(self, account_id: int, app: str | None, now: datetime) -> None:
        """Give up the account's handle in the app, or in all; it stays reserved for a while."""
        await self._connection.execute(
            "UPDATE handles SET released_at = $3 "
            "WHERE account_id = $1 AND ($2::text IS NULL OR app = $2) AND released_at IS NULL",
            account_id,
            app,
            now,
        )

    async def claim(
        self, app: str, key: str, shown: str, account_id: int, free_since: datetime
    ) -> bool:
        """Take the handle; False when another account has it, or gave it up after `free_since`."""
        row = await self._connection.fetchrow(
            "INSERT INTO handles AS h (app, key, shown, account_id) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (app, key) DO UPDATE "
            "SET shown = $3, account_id = $4, released_at = NULL "
            "WHERE h.account_id = $4 OR h.released_at < $5 RETURNING key",
            app,
            key,
            shown,
            account_id,
            free_since,
        )
        return row is not None
