"""Verification codes that were sent."""

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.limits import Cap, Limit
from hufu.domain.verification import Code, Purpose
from hufu.storage.limits import counting, taking_back
from hufu.storage.rows import Rows

_CLAIM_GUESS = f"""
WITH counted AS ({counting("VALUES ($1::text, $2::text)", "$3", "$4", "$5")})
UPDATE codes SET guesses = $7 WHERE id = $6 AND EXISTS (SELECT FROM counted) RETURNING id
"""  # noqa: S608


# The code first, then the limit, as whoever guesses holds them.
_TAKE_BACK_GUESS = f"""
WITH held AS MATERIALIZED (
    SELECT id FROM codes WHERE id = $4 FOR UPDATE
), taken AS (
    {taking_back("$1", "$2", "$3")} AND EXISTS (SELECT FROM held) RETURNING true
)
UPDATE codes SET guesses = guesses - 1 WHERE id = $4 AND guesses > 0 AND EXISTS (SELECT FROM taken)
"""  # noqa: S608

_COLUMNS = (
    "id, app, purpose, kind, key, shown, binding, account_id, digest, guesses, sent_at, "
    "expires_at, spent_at, voided_at"
)


def _code(row: asyncpg.Record) -> Code:
    return Code(
        id=row["id"],
        app=row["app"],
        purpose=Purpose(row["purpose"]),
        identifier=Identifier(IdentifierKind(row["kind"]), row["key"], row["shown"]),
        binding=row["binding"],
        account_id=row["account_id"],
        digest=row["digest"],
        guesses=row["guesses"],
        sent_at=row["sent_at"],
        expires_at=row["expires_at"],
        spent=row["spent_at"] is not None,
        voided=row["voided_at"] is not None,
    )


class Codes(Rows):
    """The rows of `codes`."""

    __slots__ = ()

    async def claim_id(self, pool: str, code: Code) -> bool:
        """Add the code under its random id; False when another code has the id, or had it when it
        was sent for a registration that is still there."""
        row = await self._connection.fetchrow(
            "INSERT INTO codes (id, pool, app, purpose, kind, key, shown, binding, account_id, "
            "digest, sent_at, expires_at) "
            "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 "
            "WHERE NOT EXISTS (SELECT FROM registrations WHERE code_id = $1) "
            "ON CONFLICT DO NOTHING RETURNING id",
            code.id,
            pool,
            code.app,
            code.purpose,
            code.identifier.kind,
            code.identifier.key,
            code.identifier.shown,
            code.binding,
            code.account_id,
            code.digest,
            code.sent_at,
            code.expires_at,
        )
        return row is not None

    async def void(
        self,
        pool: str,
        identifier: Identifier,
        now: datetime,
        *,
        app: str | None = None,
        purposes: Collection[Purpose] | None = None,
    ) -> None:
        """Kill the live codes sent to the identifier: all, or those of an app or purpose."""
        await self._connection.execute(
            "UPDATE codes SET voided_at = $4 WHERE pool = $1 AND kind = $2 AND key = $3 "
            "AND ($5::text IS NULL OR app = $5) AND ($6::text[] IS NULL OR purpose = ANY($6)) "
            "AND voided_at IS NULL AND spent_at IS NULL AND expires_at > $4",
            pool,
            identifier.kind,
            identifier.key,
            now,
            app,
            None if purposes is None else list(purposes),
        )

    async def lock(self, id: int, app: str) -> Code | None:
        """The code of that id, if the app sent it."""
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS} FROM codes WHERE id = $1 AND app = $2 FOR UPDATE",  # noqa: S608
            id,
            app,
        )
        return _code(row) if row else None

    async def lock_newest(
        self,
        pool: str,
        app: str,
        purposes: Collection[Purpose],
        identifier: Identifier,
    ) -> Code | None:
        """The newest code that the app sent to the identifier for one of the purposes."""
        code, _ = await self.lock_newest_and_owner(pool, app, purposes, identifier)
        return code

    async def lock_newest_and_owner(
        self,
        pool: str,
        app: str,
        purposes: Collection[Purpose],
        identifier: Identifier,
    ) -> tuple[Code | None, int | None]:
        """The same, with the account that the identifier leads to, which is not held."""
        row = await self._connection.fetchrow(
            f"SELECT {_COLUMNS}, (SELECT i.account_id FROM identifiers AS i "  # noqa: S608
            "WHERE i.pool = $1 AND i.kind = $2 AND i.key = $3 AND i.scope = '') AS owner "
            "FROM codes AS c WHERE pool = $1 AND kind = $2 AND key = $3 "
            "AND app = $4 AND purpose = ANY($5) "
            "ORDER BY sent_at DESC LIMIT 1 FOR UPDATE OF c",
            pool,
            identifier.kind,
            identifier.key,
            app,
            list(purposes),
        )
        return (_code(row), row["owner"]) if row else (None, None)

    async def claim_guess(self, code: Code, caps: Sequence[Cap]) -> bool:
        """Count the guess at the code on the limit, and record the code's guesses; False, and
        nothing is written, when it would break a cap."""
        row = await self._connection.fetchrow(
            _CLAIM_GUESS,
            Limit.CODE_GUESSES,
            code.guessed,
            code.guessed_at,
            [cap.window for cap in caps],
            [cap.most for cap in caps],
            code.id,
            code.guesses,
        )
        return row is not None

    async def take_back_guess(self, code: Code) -> None:
        """Count the guess no more; a second time does nothing."""
        await self._connection.execute(
            _TAKE_BACK_GUESS, Limit.CODE_GUESSES, code.guessed, code.guessed_at, code.id
        )

    async def claim(self, id: int, now: datetime) -> bool:
        """Spend the code; False when it was spent or voided meanwhile."""
        row = await self._connection.fetchrow(
            "UPDATE codes SET spent_at = $2 "
            "WHERE id = $1 AND spent_at IS NULL AND voided_at IS NULL RETURNING id",
            id,
            now,
        )
        return row is not None
