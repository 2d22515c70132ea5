"""Counters of the sending and guessing limits. One statement looks and counts."""

from collections.abc import Sequence
from datetime import datetime

from hufu.domain.limits import Cap, Limit
from hufu.storage.rows import Rows

_WITHIN = """NOT EXISTS (
    SELECT FROM unnest($4::interval[], $5::int[]) AS cap (span, most)
    WHERE cap.most <= (
        SELECT count(*) FROM unnest(l.hits) AS hit WHERE hit > $3::timestamptz - cap.span
    )
)"""

_COUNT = f"""
INSERT INTO limits AS l (name, subject, hits)
SELECT $1, $2, ARRAY[$3::timestamptz]
WHERE NOT EXISTS (SELECT FROM unnest($5::int[]) AS most WHERE most <= 0)
ON CONFLICT (name, subject) DO UPDATE SET hits = array_append(
    ARRAY(
        SELECT hit FROM unnest(l.hits) AS hit
        WHERE hit > $3 - (SELECT max(span) FROM unnest($4::interval[]) AS span)
    ),
    $3
)
WHERE {_WITHIN}
RETURNING true
"""  # noqa: S608

_ALLOWS = f"SELECT {_WITHIN} FROM limits AS l WHERE name = $1 AND subject = $2"  # noqa: S608

_REFUND = """
UPDATE limits SET hits = hits[:array_position(hits, $3) - 1] || hits[array_position(hits, $3) + 1:]
WHERE name = $1 AND subject = $2 AND array_position(hits, $3) IS NOT NULL
"""


class LimitCounters(Rows):
    """The rows of `limits` and `budgets`."""

    __slots__ = ()

    async def claim(self, limit: Limit, subject: str, caps: Sequence[Cap], now: datetime) -> bool:
        """Count one hit; False, and nothing is counted, when it would break a cap."""
        row = await self._connection.fetchrow(
            _COUNT, limit, subject, now, [cap.window for cap in caps], [cap.most for cap in caps]
        )
        return row is not None

    async def allows(self, limit: Limit, subject: str, caps: Sequence[Cap], now: datetime) -> bool:
        """Whether a hit would be counted, without counting it."""
        allowed: bool | None = await self._connection.fetchval(
            _ALLOWS, limit, subject, now, [cap.window for cap in caps], [cap.most for cap in caps]
        )
        return allowed is not False

    async def refund(self, limit: Limit, subject: str, at: datetime) -> None:
        """Take back the one hit that was counted at that time."""
        await self._connection.execute(_REFUND, limit, subject, at)

    async def claim_budget(self, app: str, now: datetime, price: int, budget: int) -> bool:
        """Spend `price` of the app's budget for the UTC day; False when it would be overdrawn."""
        row = await self._connection.fetchrow(
            "INSERT INTO budgets AS b (app, day, spent) SELECT $1, $2, $3 WHERE $3 <= $4::bigint "
            "ON CONFLICT (app, day) DO UPDATE SET spent = b.spent + $3 "
            "WHERE b.spent + $3 <= $4 RETURNING true",
            app,
            now.date(),
            price,
            budget,
        )
        return row is not None
