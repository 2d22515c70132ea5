"""Sessions of every dialect's kind. An ended session is a deleted row."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from hufu.domain.sessions import Session
from hufu.storage.rows import Rows

_SESSIONS = (
    "SELECT id, account_id, app, method, device, network, user_agent, created_at, seen_at, idle, "
    "expires_at FROM sessions"
)


def _session(row: asyncpg.Record) -> Session:
    return Session(
        id=row["id"],
        account_id=row["account_id"],
        app=row["app"],
        method=row["method"],
        device=row["device"],
        network=row["network"],
        user_agent=row["user_agent"],
        created_at=row["created_at"],
        seen_at=row["seen_at"],
        idle=row["idle"],
        expires_at=row["expires_at"],
    )


class Sessions(Rows):
    """The rows of `sessions`, which signing in adds."""

    __slots__ = ()

    async def live_of(
        self,
        account_id: int,
        app: str,
        now: datetime,
        most: int,
        before: tuple[datetime, UUID] | None,
    ) -> list[Session]:
        """The account's live sessions in the app, newest first, at most so many; those behind
        the time and id `before`."""
        created_at, id = before or (None, None)
        rows = await self._connection.fetch(
            f"{_SESSIONS} WHERE account_id = $1 AND app = $2 "
            "AND expires_at > $3 AND seen_at + idle > $3 "
            "AND ($5::timestamptz IS NULL OR (created_at, id) < ($5, $6::uuid)) "
            "ORDER BY created_at DESC, id DESC LIMIT $4",
            account_id,
            app,
            now,
            most,
            created_at,
            id,
        )
        return [_session(row) for row in rows]

    async def of(self, account_id: int) -> list[Session]:
        """Every session of the account that was not ended, newest first."""
        rows = await self._connection.fetch(
            f"{_SESSIONS} WHERE account_id = $1 ORDER BY created_at DESC", account_id
        )
        return [_session(row) for row in rows]

    async def save_seen(self, seen: Mapping[UUID, datetime]) -> None:
        """Record when sessions were used; one that somebody else holds is left for its next use."""
        await self._connection.execute(
            "WITH used AS (SELECT s.id, u.seen_at FROM unnest($1::uuid[], $2::timestamptz[]) "
            "AS u (id, seen_at) JOIN sessions s ON s.id = u.id AND s.seen_at < u.seen_at "
            "FOR NO KEY UPDATE OF s SKIP LOCKED) "
            "UPDATE sessions s SET seen_at = used.seen_at FROM used WHERE s.id = used.id",
            [*seen],
            [*seen.values()],
        )

    async def claim_end(self, id: UUID) -> bool:
        """End one session; False when it had ended already."""
        row = await self._connection.fetchrow("DELETE FROM sessions WHERE id = $1 RETURNING id", id)
        return row is not None

    async def claim_end_of(self, id: UUID, account_id: int, app: str) -> bool:
        """End a session if it is one of the account's in the app; False when it is not."""
        row = await self._connection.fetchrow(
            "DELETE FROM sessions WHERE id = $1 AND account_id = $2 AND app = $3 RETURNING id",
            id,
            account_id,
            app,
        )
        return row is not None

    async def any_of_client(
        self,
        app: str,
        account_id: int | None,
        network: str | None,
        user_agent: str,
        now: datetime,
    ) -> bool:
        """Whether the same client opened a live session of the account in the app; of nobody's,
        there is none."""
        found: bool = await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM sessions WHERE account_id = $2 AND app = $1 "
            "AND user_agent = $4 AND network IS NOT DISTINCT FROM $3 "
            "AND expires_at > $5 AND seen_at + idle > $5)",
            app,
            account_id,
            network,
            user_agent,
            now,
        )
        return found

    async def claim_ends_of_client(
        self, app: str, account_id: int, network: str | None, user_agent: str, now: datetime
    ) -> int:
        """End the account's live sessions in the app that the same client opened; how many."""
        rows = await self._connection.fetch(
            "DELETE FROM sessions WHERE account_id = $2 AND app = $1 AND user_agent = $4 "
            "AND network IS NOT DISTINCT FROM $3 "
            "AND expires_at > $5 AND seen_at + idle > $5 RETURNING id",
            app,
            account_id,
            network,
            user_agent,
            now,
        )
        return len(rows)

    async def delete_all(self, account_id: int) -> None:
        """End every session of the account, in every app."""
        await self._connection.execute("DELETE FROM sessions WHERE account_id = $1", account_id)
