"""Registrations that wait for their code."""

from datetime import datetime

import asyncpg

from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.passwords import Scheme, Verifier
from hufu.domain.registrations import Registration
from hufu.storage.rows import Rows


def _registration(row: asyncpg.Record) -> Registration:
    return Registration(
        id=row["id"],
        app=row["app"],
        code_id=row["code_id"],
        identifier=Identifier(IdentifierKind(row["kind"]), row["key"], row["shown"]),
        verifier=Verifier(Scheme(row["scheme"]), row["pepper_version"], row["argon2"]),
        expires_at=row["expires_at"],
        voided=row["voided_at"] is not None,
        account_id=row["account_id"],
    )


class Registrations(Rows):
    """The rows of `registrations`."""

    __slots__ = ()

    async def claim_id(
        self, pool: str, registration: Registration, network: str | None, now: datetime
    ) -> bool:
        """Add the registration under its random id; False when another one has the id."""
        row = await self._connection.fetchrow(
            "INSERT INTO registrations (id, pool, app, code_id, kind, key, shown, scheme, "
            "pepper_version, argon2, network, created_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) "
            "ON CONFLICT (id) DO NOTHING RETURNING id",
            registration.id,
            pool,
            registration.app,
            registration.code_id,
            registration.identifier.kind,
            registration.identifier.key,
            registration.identifier.shown,
            registration.verifier.scheme,
            registration.verifier.pepper_version,
            registration.verifier.argon2,
            network,
            now,
            registration.expires_at,
        )
        return row is not None

    async def void(self, pool: str, app: str, identifier: Identifier, now: datetime) -> None:
        """Kill what the app has pending for the identifier."""
        await self._connection.execute(
            "UPDATE registrations SET voided_at = $5 WHERE pool = $1 AND app = $2 "
            "AND kind = $3 AND key = $4 AND voided_at IS NULL AND account_id IS NULL",
            pool,
            app,
            identifier.kind,
            identifier.key,
            now,
        )

    async def count_live(self, pool: str, identifier: Identifier, now: datetime) -> int:
        """How many wait for the identifier, over all apps of the pool."""
        count = await self._connection.fetchval(
            "SELECT count(*) FROM registrations WHERE pool = $1 AND kind = $2 AND key = $3 "
            "AND voided_at IS NULL AND account_id IS NULL AND expires_at > $4",
            pool,
            identifier.kind,
            identifier.key,
            now,
        )
        return int(count)

    async def count_live_from(self, network: str, now: datetime) -> int:
        """How many a client network has waiting; counts of one network are taken one by one."""
        await self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('registrations:' || $1, 0))", network
        )
        count = await self._connection.fetchval(
            "SELECT count(*) FROM registrations WHERE network = $1 "
            "AND voided_at IS NULL AND account_id IS NULL AND expires_at > $2",
            network,
            now,
        )
        return int(count)

    async def lock(self, id: int, app: str) -> Registration | None:
        """The registration of that id, if it is the app's."""
        row = await self._connection.fetchrow(
            "SELECT id, app, code_id, kind, key, shown, scheme, pepper_version, argon2, "
            "expires_at, voided_at, account_id FROM registrations "
            "WHERE id = $1 AND app = $2 FOR UPDATE",
            id,
            app,
        )
        return _registration(row) if row else None
