"""Who invited whom."""

from datetime import datetime

from hufu.storage.rows import Rows


class Invitations(Rows):
    """The rows of `invitations`."""

    __slots__ = ()

    async def find_inviter(self, account_id: int) -> int | None:
        """The account's inviter."""
        inviter: int | None = await self._connection.fetchval(
            "SELECT inviter_id FROM invitations WHERE account_id = $1", account_id
        )
        return inviter

    async def claim(self, account_id: int, inviter_id: int, app: str, now: datetime) -> bool:
        """Record the inviter, once for ever; False when there is one."""
        row = await self._connection.fetchrow(
            "INSERT INTO invitations (account_id, inviter_id, app, set_at) "
            "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING account_id",
            account_id,
            inviter_id,
            app,
            now,
        )
        return row is not None
