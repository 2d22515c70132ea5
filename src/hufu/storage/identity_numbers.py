"""Identity numbers, sealed, with a keyed index that finds equal ones."""

from datetime import datetime

import asyncpg

from hufu.domain.identity_numbers import SealedIdentity
from hufu.storage.rows import Rows


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
