"""Identity numbers, sealed, with a keyed index that finds equal ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from hufu.domain.identity_numbers import SealedIdentity
from hufu.storage.rows import Rows

RESEALING = 0x68756601
"""The advisory lock of who seals numbers anew: one at a time has the same effect as many."""

_SAVE_RESEALED = """
UPDATE identity_numbers AS i SET sealed = n.sealed, blind_index = n.blind_index,
    sole = CASE WHEN i.sole IS NOT NULL AND n.sole AND NOT EXISTS (
        SELECT FROM identity_numbers AS o WHERE o.app = i.app AND o.sole = n.blind_index
        AND o.account_id <> i.account_id
    ) THEN n.blind_index END
FROM unnest($1::int[], $2::text[], $3::bytea[], $4::bytea[], $5::bool[])
    AS n (account_id, app, sealed, blind_index, sole)
WHERE i.account_id = n.account_id AND i.app = n.app
"""


@dataclass(frozen=True, slots=True)
class KeptNumber:
    """A sealed number and whose it is."""

    account_id: int
    app: str
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ResealedNumber:
    """The same number sealed anew; `sole` where it may still be the only one of its app."""

    kept: KeptNumber
    sealed: bytes = field(repr=False)
    blind_index: bytes = field(repr=False)
    sole: bool


class IdentityNumbers(Rows):
    """The rows of `identity_numbers`."""

    __slots__ = ()

    async def find(self, account_id: int, app: str) -> SealedIdentity | None:
        """What is recorded for the account in the app."""
        row = await self._connection.fetchrow(
            "SELECT real_name, sealed, blind_index, verified_at FROM identity_numbers "
            "WHERE account_id = $1 AND app = $2",
            account_id,
            app,
        )
        if row is None:
            return None
        verified = row["verified_at"] is not None
        return SealedIdentity(row["real_name"], row["sealed"], row["blind_index"], verified)

    async def claim(
        self,
        account_id: int,
        app: str,
        identity: SealedIdentity,
        now: datetime,
        *,
        replace_unverified: bool,
        sole: bool,
    ) -> bool:
        """Record the identity, once for ever or until it is verified; False when that is over.

        With `sole` the number may be one account's only: raises NumberTaken.
        """
        try:
            row = await self._connection.fetchrow(
                "INSERT INTO identity_numbers AS i "
                "(account_id, app, real_name, sealed, blind_index, set_at, sole) "
                "VALUES ($1, $2, $3, $4, $5, $6, $8) ON CONFLICT (account_id, app) DO UPDATE "
                "SET real_name = $3, sealed = $4, blind_index = $5, set_at = $6, sole = $8 "
                "WHERE $7 AND i.verified_at IS NULL RETURNING account_id",
                account_id,
                app,
                identity.real_name,
                identity.sealed,
                identity.blind_index,
                now,
                replace_unverified,
                identity.blind_index if sole else None,
            )
        except asyncpg.UniqueViolationError as error:
            raise NumberTaken from error
        return row is not None

    async def lock_number(self, indexes: Sequence[bytes]) -> None:
        """Hold the number, by its index under every key, until the transaction ends: servers of
        which one has another key in use meet in the index under a key that both know."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS number",
            sorted(int.from_bytes(index[:8], "big", signed=True) for index in indexes),
        )

    async def find_holder(self, app: str, indexes: Sequence[bytes]) -> int | None:
        """The account whose only the number is in the app, under whatever key."""
        holder: int | None = await self._connection.fetchval(
            "SELECT account_id FROM identity_numbers "
            "WHERE app = $1 AND sole = ANY($2) AND sole IS NOT NULL LIMIT 1",
            app,
            indexes,
        )
        return holder

    async def claim_resealing(self) -> bool:
        """Be the one who seals numbers anew until the transaction ends; False when another is."""
        claimed: bool = await self._connection.fetchval(
            "SELECT pg_try_advisory_xact_lock($1)", RESEALING
        )
        return claimed

    async def page(self, after: tuple[int, str], most: int) -> list[KeptNumber]:
        """Sealed numbers behind an account and app, in their order."""
        rows = await self._connection.fetch(
            "SELECT account_id, app, sealed FROM identity_numbers "
            "WHERE (account_id, app) > ($1, $2) ORDER BY account_id, app LIMIT $3",
            *after,
            most,
        )
        return [KeptNumber(*row) for row in rows]

    async def lock_free(self, numbers: Sequence[KeptNumber]) -> list[KeptNumber]:
        """Hold those of them that nobody else holds, as they are now."""
        rows = await self._connection.fetch(
            "SELECT account_id, app, sealed FROM identity_numbers WHERE (account_id, app) IN "
            "(SELECT * FROM unnest($1::int[], $2::text[])) FOR NO KEY UPDATE SKIP LOCKED",
            [each.account_id for each in numbers],
            [each.app for each in numbers],
        )
        return [KeptNumber(*row) for row in rows]

    async def save_resealed(self, numbers: Sequence[ResealedNumber]) -> None:
        """Put numbers that were sealed anew in the place of those that are held."""
        await self._connection.execute(
            _SAVE_RESEALED,
            [each.kept.account_id for each in numbers],
            [each.kept.app for each in numbers],
            [each.sealed for each in numbers],
            [each.blind_index for each in numbers],
            [each.sole for each in numbers],
        )

    async def claim_verified(self, account_id: int, app: str, now: datetime) -> bool:
        """Mark the identity as verified by an operator; False when there is none."""
        row = await self._connection.fetchrow(
            "UPDATE identity_numbers SET verified_at = $3 "
            "WHERE account_id = $1 AND app = $2 RETURNING account_id",
            account_id,
            app,
            now,
        )
        return row is not None

    async def delete_all(self, account_id: int) -> None:
        """Forget the account's identity in every app."""
        await self._connection.execute(
            "DELETE FROM identity_numbers WHERE account_id = $1", account_id
        )


class NumberTaken(Exception):
    """Another account of the app has the identity number."""
