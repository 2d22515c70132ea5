"""Identifiers, each of which leads to one account."""

from datetime import datetime

import asyncpg

from hufu.domain.identifiers import BoundIdentifier, Identifier, IdentifierKind
from hufu.storage.rows import Rows

_IDENTIFIERS = "SELECT account_id, kind, key, shown, scope, verified, bound_at FROM identifiers"


def _bound(row: asyncpg.Record) -> BoundIdentifier:
    return BoundIdentifier(
        account_id=row["account_id"],
        identifier=Identifier(IdentifierKind(row["kind"]), row["key"], row["shown"]),
        scope=row["scope"],
        verified=row["verified"],
        bound_at=row["bound_at"],
    )


class Identifiers(Rows):
    """The rows of `identifiers`."""

    __slots__ = ()

    async def claim(
        self,
        pool: str,
        identifier: Identifier,
        account_id: int,
        now: datetime,
        *,
        scope: str = "",
        verified: bool = True,
    ) -> bool:
        """Take the identifier for the account; False when another account has it."""
        row = await self._connection.fetchrow(
            "INSERT INTO identifiers "
            "(pool, kind, key, scope, shown, account_id, verified, bound_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING key",
            pool,
            identifier.kind,
            identifier.key,
            scope,
            identifier.shown,
            account_id,
            verified,
            now,
        )
        return row is not None

    async def find(self, pool: str, identifier: Identifier) -> BoundIdentifier | None:
        """The identifier where it leads to an account in the whole pool."""
        row = await self._connection.fetchrow(
            f"{_IDENTIFIERS} WHERE pool = $1 AND kind = $2 AND key = $3 AND scope = ''",
            pool,
            identifier.kind,
            identifier.key,
        )
        return _bound(row) if row else None

    async def find_everywhere(self, pool: str, identifier: Identifier) -> list[int]:
        """The accounts that the identifier leads to, in whatever scope."""
        rows = await self._connection.fetch(
            "SELECT account_id FROM identifiers WHERE pool = $1 AND kind = $2 AND key = $3 "
            "ORDER BY scope",
            pool,
            identifier.kind,
            identifier.key,
        )
        return [row["account_id"] for row in rows]

    async def of(self, account_id: int | None) -> list[BoundIdentifier]:
        """Every identifier of the account, oldest first; nobody has none."""
        rows = await self._connection.fetch(
            f"{_IDENTIFIERS} WHERE account_id = $1 ORDER BY bound_at, kind", account_id
        )
        return [_bound(row) for row in rows]

    async def delete(self, account_id: int, kind: IdentifierKind | None = None) -> None:
        """Release the account's identifiers of the kind, or all of them."""
        await self._connection.execute(
            "DELETE FROM identifiers WHERE account_id = $1 AND ($2::text IS NULL OR kind = $2)",
            account_id,
            kind,
        )
