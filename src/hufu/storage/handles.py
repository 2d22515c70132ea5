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

    async def is_free(self, app: str, key: str, account_id: int, free_since: datetime) -> bool:
        """Whether the account could take the handle, as far as can be seen without waiting."""
        row = await self._connection.fetchrow(
            "SELECT FROM handles WHERE app = $1 AND key = $2 AND account_id <> $3 "
            "AND (released_at IS NULL OR released_at >= $4)",
            app,
            key,
            account_id,
            free_since,
        )
        return row is None

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
