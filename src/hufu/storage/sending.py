"""How many codes were sent by SMS to numbers that begin alike, and how many of them were used."""

from dataclasses import dataclass
from datetime import datetime

from hufu.domain.sending import SLOT, WATCHED, Breaker, Used
from hufu.storage.rows import Rows

# The newest slot is not judged: its codes may still be under way.
_STOPPED = """
SELECT FROM sending WHERE prefix = $1 AND slot >= $2::timestamptz - $4::interval
AND slot < date_bin($3, $2, 'epoch')
HAVING sum(sent) >= $5 AND sum(used) < $6::float8 * sum(sent)
"""

_ADD = """
INSERT INTO sending AS s (prefix, slot, sent, used) VALUES ($1, date_bin($3, $2, 'epoch'), $4, 0)
ON CONFLICT (prefix, slot) DO UPDATE SET sent = s.sent + $4
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the codes sent to numbers that begin alike."""

    prefix: str
    sent: int
    used: int


class Sending(Rows):
    """The rows of `sending` and `alarms`, and the budgets as they stand."""

    __slots__ = ()

    async def stopped(self, prefix: str, now: datetime, breaker: Breaker) -> bool:
        """Whether so few of the codes sent there were used that nothing more is sent."""
        row = await self._connection.fetchrow(
            _STOPPED, prefix, now, SLOT, WATCHED, breaker.sends, breaker.least_used
        )
        return row is not None

    async def add(self, prefix: str, now: datetime, sent: int = 1) -> None:
        """Count so many codes sent."""
        await self._connection.execute(_ADD, prefix, now, SLOT, sent)

    async def add_used(self, used: Used) -> None:
        """Count a code that was used."""
        await self._connection.execute(
            "UPDATE sending SET used = used + 1 "
            "WHERE prefix = $1 AND slot = date_bin($3, $2::timestamptz, 'epoch')",
            used.prefix,
            used.sent_at,
            SLOT,
        )

    async def since(self, at: datetime, until: datetime) -> list[Sent]:
        """What was sent between the times, by prefix, and of that what was used."""
        rows = await self._connection.fetch(
            "SELECT prefix, sum(sent)::bigint AS sent, sum(used)::bigint AS used FROM sending "
            "WHERE slot >= $1 AND slot < date_bin($3, $2, 'epoch') "
            "GROUP BY prefix ORDER BY sent DESC, prefix",
            at,
            until,
            SLOT,
        )
        return [Sent(row["prefix"], row["sent"], row["used"]) for row in rows]

    async def spent(self, now: datetime) -> dict[str, int]:
        """What each app spent of its budget of the UTC day, in 1/10000."""
        rows = await self._connection.fetch(
            "SELECT app, spent FROM budgets WHERE day = $1", now.date()
        )
        return {row["app"]: row["spent"] for row in rows}

    async def claim_alarm(self, kind: str, subject: str, now: datetime) -> bool:
        """Raise an alarm; False where it was raised today already."""
        row = await self._connection.fetchrow(
            "INSERT INTO alarms (kind, subject, day, raised_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING RETURNING true",
            kind,
            subject,
            now.date(),
            now,
        )
        return row is not None
