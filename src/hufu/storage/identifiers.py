"""Identifiers, each of which leads to one account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from hufu.domain.accounts import Account, AccountState
from hufu.domain.identifiers import BoundIdentifier, Identifier, IdentifierKind
from hufu.domain.passwords import Scheme, Verifier
from hufu.storage.rows import Rows


def _bound(row: asyncpg.Record) -> BoundIdentifier:
    return BoundIdentifier(
        account_id=row["account_id"],
        identifier=Identifier(IdentifierKind(row["kind"]), row["key"], row["shown"]),
        scope=row["scope"],
        verified=row["verified"],
        bound_at=row["bound_at"],
    )


@dataclass(frozen=True, slots=True)
class SignInCandidate:
    """An account that an identifier leads to, with what a password is checked against, and the
    device that it knows, if any."""

    account: Account
    verifier: Verifier | None
    device: bytes | None = None


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
            "SELECT * FROM identifiers WHERE pool = $1 AND kind = $2 AND key = $3 AND scope = ''",
            pool,
            identifier.kind,
            identifier.key,
        )
        return _bound(row) if row else None

    async def candidates(
        self,
        pool: str,
        identifier: Identifier,
        app: str,
        marks: Sequence[bytes] = (),
        known_since: datetime | None = None,
    ) -> list[SignInCandidate]:
        """The accounts that the identifier may sign in to from the app, with their verifiers, and
        the first of the device's `marks` that they know since then.

        At most two: the one of the whole pool first, then one of the app's own scope.
        """
        rows = await self._connection.fetch(
            "SELECT a.id, a.pool, a.state, a.created_at, p.scheme, p.pepper_version, p.argon2, "
            "(SELECT device FROM devices d WHERE d.account_id = a.id AND d.device = ANY($5) "
            "AND d.seen_at > $6 ORDER BY array_position($5, d.device) LIMIT 1) AS device "
            "FROM identifiers i JOIN accounts a ON a.id = i.account_id "
            "LEFT JOIN passwords p ON p.account_id = i.account_id AND p.purpose = 'sign_in' "
            "WHERE i.pool = $1 AND i.kind = $2 AND i.key = $3 AND i.scope IN ('', $4) "
            "ORDER BY i.scope",
            pool,
            identifier.kind,
            identifier.key,
            app,
            list(marks),
            known_since,
        )
        return [
            SignInCandidate(
                Account(row["id"], row["pool"], AccountState(row["state"]), row["created_at"]),
                row["argon2"]
                and Verifier(Scheme(row["scheme"]), row["pepper_version"], row["argon2"]),
                row["device"],
            )
            for row in rows
        ]

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

    async def of(self, account_id: int) -> list[BoundIdentifier]:
        """Every identifier of the account, oldest first."""
        rows = await self._connection.fetch(
            "SELECT * FROM identifiers WHERE account_id = $1 ORDER BY bound_at, kind", account_id
        )
        return [_bound(row) for row in rows]

    async def delete(self, account_id: int, kind: IdentifierKind | None = None) -> None:
        """Release the account's identifiers of the kind, or all of them."""
        await self._connection.execute(
            "DELETE FROM identifiers WHERE account_id = $1 AND ($2::text IS NULL OR kind = $2)",
            account_id,
            kind,
        )
