"""Letters that wait to be sent, or were."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from hufu.storage.rows import Connection, Rows


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """A letter as it is kept: what it says is sealed. One that was neither sent nor given up has
    still to leave."""

    id: int
    app: str
    channel: str
    recipient: str
    purpose: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime | None
    attempts: int
    sent_at: datetime | None
    failed_at: datetime | None


_COLUMNS = (
    "id, app, channel, recipient, purpose, sealed, created_at, expires_at, attempts, sent_at, "
    "failed_at"
)
_TO_ADDRESS = """channel = 'email' AND lower(recipient COLLATE "C") = $2"""


def _letter(row: asyncpg.Record) -> SealedLetter:
    return SealedLetter(
        id=row["id"],
        app=row["app"],
        channel=row["channel"],
        recipient=row["recipient"],
        purpose=row["purpose"],
        sealed=row["sealed"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        attempts=row["attempts"],
        sent_at=row["sent_at"],
        failed_at=row["failed_at"],
    )


class Outbox(Rows):
    """The rows of `outbox`. `added` tells whether this unit of work put one in, or did as if."""

    __slots__ = ("added",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.added = False

    async def add(
        self,
        app: str,
        channel: str,
        recipient: str,
        purpose: str,
        sealed: bytes,
        now: datetime,
        expires_at: datetime | None,
        kept: bool = True,
    ) -> None:
        """Put a letter in; it is sent after the commit. One that is not to be `kept` is not there
        afterwards, for the same statement."""
        await self._connection.execute(
            "INSERT INTO outbox (app, channel, recipient, purpose, sealed, created_at, expires_at, "
            "due_at) SELECT $1, $2, $3, $4, $5, $6, $7, $6 WHERE $8",
            app,
            channel,
            recipient,
            purpose,
            sealed,
            now,
            expires_at,
            kept,
        )
        self.added = True

    async def claim_due(
        self, now: datetime, until: datetime, most: int, routed: Collection[tuple[str, str]]
    ) -> list[SealedLetter]:
        """Take up to `most` due letters of the apps and channels that are `routed`; nobody else
        sees them before `until`. Taking a letter counts as an attempt."""
        rows = await self._connection.fetch(
            "UPDATE outbox SET due_at = $2, attempts = LEAST(attempts, 32766) + 1 WHERE id IN ("  # noqa: S608
            "SELECT id FROM outbox WHERE due_at <= $1 AND sent_at IS NULL AND failed_at IS NULL "
            "AND (app, channel) IN (SELECT * FROM unnest($4::text[], $5::text[])) "
            f"ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
            now,
            until,
            most,
            [app for app, _ in routed],
            [channel for _, channel in routed],
        )
        return [_letter(row) for row in rows]

    async def save_sent(self, id: int, now: datetime) -> None:
        """The provider took the letter."""
        await self._connection.execute("UPDATE outbox SET sent_at = $2 WHERE id = $1", id, now)

    async def save_failed(self, id: int, now: datetime) -> None:
        """The letter will not be sent."""
        await self._connection.execute("UPDATE outbox SET failed_at = $2 WHERE id = $1", id, now)

    async def save_retry(self, id: int, due_at: datetime, attempts: int) -> None:
        """Try the letter again later; so many attempts count."""
        await self._connection.execute(
            "UPDATE outbox SET due_at = $2, attempts = $3 WHERE id = $1", id, due_at, attempts
        )

    async def backlog(self) -> dict[tuple[str, str], tuple[int, datetime]]:
        """What still has to leave, by app and channel: how many letters, and when the oldest of
        them was written."""
        rows = await self._connection.fetch(
            "SELECT app, channel, count(*), min(created_at) FROM outbox "
            "WHERE sent_at IS NULL AND failed_at IS NULL GROUP BY app, channel"
        )
        return {(app, channel): (letters, oldest) for app, channel, letters, oldest in rows}

    async def newest(self, recipient: str | None, most: int) -> list[SealedLetter]:
        """The newest letters, to one recipient or to anybody. The case of an address makes no
        difference, whichever spelling they were sent to."""
        newest = "ORDER BY id DESC LIMIT $1"
        if recipient is None:
            rows = await self._connection.fetch(f"SELECT {_COLUMNS} FROM outbox {newest}", most)  # noqa: S608
        else:
            address = "@" in recipient
            rows = await self._connection.fetch(
                f"SELECT {_COLUMNS} FROM outbox "  # noqa: S608
                f"WHERE {_TO_ADDRESS if address else 'recipient = $2'} {newest}",
                most,
                recipient.lower() if address else recipient,
            )
        return [_letter(row) for row in rows]
