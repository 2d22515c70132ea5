"""Counters of the sending and guessing limits. One statement looks and counts."""

from collections.abc import Sequence
from datetime import datetime

from hufu.domain.limits import Cap, Limit
from hufu.storage.rows import Rows


def _within(now: str, spans: str, mosts: str) -> str:
    return f"""NOT EXISTS (
    SELECT FROM unnest({spans}::interval[], {mosts}::int[]) AS cap (span, most)
    WHERE cap.most <= (
        SELECT count(*) FROM unnest(l.hits) AS hit WHERE hit > {now}::timestamptz - cap.span
    )
)"""  # noqa: S608


def counting(subjects: str, now: str, spans: str, mosts: str) -> str:
    """The statement that counts a hit at `now` on each name and subject that a query finds, unless
    it would break a cap; it returns those that were counted."""
    return f"""
INSERT INTO limits AS l (name, subject, hits)
SELECT name, subject, ARRAY[{now}::timestamptz] FROM ({subjects}) AS counted (name, subject)
WHERE NOT EXISTS (SELECT FROM unnest({mosts}::int[]) AS most WHERE most <= 0)
ON CONFLICT (name, subject) DO UPDATE SET hits = array_append(
    ARRAY(
        SELECT hit FROM unnest(l.hits) AS hit
        WHERE hit > {now} - (SELECT max(span) FROM unnest({spans}::interval[]) AS span)
    ),
    {now}
)
WHERE {_within(now, spans, mosts)}
RETURNING name, subject
"""  # noqa: S608


def taking_back(limit: str, subject: str, at: str) -> str:
    """The statement that takes back the one hit that was counted at that time."""
    return f"""
UPDATE limits
SET hits = hits[:array_position(hits, {at}) - 1] || hits[array_position(hits, {at}) + 1:]
WHERE name = {limit} AND subject = {subject} AND array_position(hits, {at}) IS NOT NULL
"""  # noqa: S608


_COUNT = counting("VALUES ($1::text, $2::text)", "$3", "$4", "$5")
_TAKE_BACK = taking_back("$1", "$2", "$3")
_ALLOWS = f"""
SELECT {_within("$3", "$4", "$5")} FROM limits AS l WHERE name = $1 AND subject = $2
"""  # noqa: S608


class LimitCounters(Rows):
    """The rows of `limits` and `budgets`."""

    __slots__ = ()

    async def claim(self, limit: Limit, subject: str, caps: Sequence[Cap], now: datetime) -> bool:
        """Count one hit; False, and nothing is counted, when it would break a cap."""
        row = await self._connection.fetchrow(
            _COUNT, limit, subject, now, [cap.window for cap in caps], [cap.most for cap in caps]
        )
        return row is not None

    async def take_back(self, limit: Limit, subject: str, at: datetime) -> None:
        """Count the hit of that time no more."""
        await self._connection.execute(_TAKE_BACK, limit, subject, at)

    async def allows(self, limit: Limit, subject: str, caps: Sequence[Cap], now: datetime) -> bool:
        """Whether a hit would be counted, without counting it."""
        if any(cap.most <= 0 for cap in caps):
            return False  # Nothing is ever counted that could tell.
        allowed: bool | None = await self._connection.fetchval(
            _ALLOWS, limit, subject, now, [cap.window for cap in caps], [cap.most for cap in caps]
        )
        return allowed is not False

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
