"""Recovery grants: a token that sets one password."""

from datetime import datetime

from hufu.storage.rows import Rows


class Grants(Rows):
    """The rows of `grants`."""

    __slots__ = ()

    async def add(
        self, token_hash: bytes, account_id: int, app: str, now: datetime, expires_at: datetime
    ) -> None:
        """Issue a grant."""
        await self._connection.execute(
            "INSERT INTO grants (token_hash, account_id, app, issued_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5)",
            token_hash,
            account_id,
            app,
            now,
            expires_at,
        )

    async def find(self, token_hash: bytes, app: str, now: datetime) -> int | None:
        """The account of a grant that could be claimed now."""
        account_id: int | None = await self._connection.fetchval(
            "SELECT account_id FROM grants "
            "WHERE token_hash = $1 AND app = $2 AND claimed_at IS NULL AND expires_at > $3",
            token_hash,
            app,
            now,
        )
        return account_id

    async def claim(self, token_hash: bytes, app: str, now: datetime) -> int | None:
        """Spend the grant; its account, or None when it is unknown, too old or spent."""
        account_id: int | None = await self._connection.fetchval(
            "UPDATE grants SET claimed_at = $3 "
            "WHERE token_hash = $1 AND app = $2 AND claimed_at IS NULL AND expires_at > $3 "
            "RETURNING account_id",
            token_hash,
            app,
            now,
        )
        return account_id

    async def issued_since(self, account_id: int, since: datetime) -> bool:
        """Whether the account's owner was given a grant since then."""
        found = await self._connection.fetchval(
            "SELECT true FROM grants WHERE account_id = $1 AND issued_at > $2 LIMIT 1",
            account_id,
            since,
        )
        return found is not None

    async def void(self, account_id: int, now: datetime) -> None:
        """Kill every grant of the account that was not claimed."""
        await self._connection.execute(
            "UPDATE grants SET claimed_at = $2 WHERE account_id = $1 AND claimed_at IS NULL",
            account_id,
            now,
        )
