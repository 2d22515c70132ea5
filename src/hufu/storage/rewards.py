"""Reward rules, and what was given by them."""

from dataclasses import replace
from datetime import date, datetime
from enum import Enum

import asyncpg

from hufu.domain.rewards import EVERY_APP, Award, Once, RewardType, Rule
from hufu.storage.rows import Rows

# The unique keys decide. What is read here only finds a place of the day that may be free, and
# tells a full day from a place that somebody else was quicker to take.
_CLAIM = """
WITH room AS (
    SELECT NULL::int AS place WHERE $12::int IS NULL
    UNION ALL
    (SELECT place FROM generate_series(1, $12) AS place
     WHERE NOT EXISTS (
        SELECT FROM awards AS a WHERE a.account_id = $1 AND a.app = $3 AND a.day = $9
        AND a.item = $4 AND a.place = place.place
     ) AND (
        SELECT count(*) FROM awards
        WHERE account_id = $1 AND app = $3 AND day = $9 AND item = $4
     ) < $12 ORDER BY random() LIMIT 1)
), given AS (
    SELECT WHERE $11::text IS NOT NULL AND EXISTS (
        SELECT FROM awards WHERE account_id = $1 AND app = $3 AND item = $4 AND once = $11
    )
), added AS (
    INSERT INTO awards
        (account_id, id, app, item, type, amount, coin_id, target, day, at, once, key, place)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $13, place FROM room
    WHERE NOT EXISTS (SELECT FROM given)
    ON CONFLICT DO NOTHING RETURNING place
)
SELECT EXISTS (SELECT FROM added) AS added, (SELECT place FROM added) AS place,
    EXISTS (SELECT FROM room) AND NOT EXISTS (SELECT FROM given) AS open
"""

_AWARDS = """
SELECT a.account_id, a.id, a.app, a.item, a.type, a.amount, a.coin_id, a.target, a.day, a.at,
    a.once, a.place, a.key, r.at AS reversed_at FROM awards a
LEFT JOIN transfers t ON t.key = 'award:' || a.account_id || ':' || a.id
LEFT JOIN transfers r ON r.reverses = t.id
    AND NOT EXISTS (SELECT FROM transfers AS restored WHERE restored.reverses = r.id)
"""


_RULES = (
    "SELECT app, item, type, amount, coin_id, once, per_day, enabled, active_from, active_to "
    "FROM reward_rules AS r"
)


class Unclaimed(Enum):
    """Why an award was not given."""

    REFUSED = "refused"
    OUTRUN = "outrun"  # Somebody else took the place or the id just now; try again.


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        app=row["app"],
        item=row["item"],
        type=RewardType(row["type"]),
        amount=row["amount"],
        coin_id=row["coin_id"],
        once=row["once"] and Once(row["once"]),
        per_day=row["per_day"],
        enabled=row["enabled"],
        active_from=row["active_from"],
        active_to=row["active_to"],
    )


def _award(row: asyncpg.Record) -> Award:
    return Award(
        account_id=row["account_id"],
        id=row["id"],
        app=row["app"],
        item=row["item"],
        type=RewardType(row["type"]),
        amount=row["amount"],
        coin_id=row["coin_id"],
        target=row["target"],
        day=row["day"],
        at=row["at"],
        once=row["once"],
        place=row["place"],
        key=row["key"],
        reversed_at=row["reversed_at"],
    )


class RewardRules(Rows):
    """The rows of `reward_rules`; they are only ever added."""

    __slots__ = ()

    async def find(self, app: str, item: str, at: datetime) -> Rule | None:
        """The rule that holds for the item in the app at that time, enabled or not."""
        row = await self._connection.fetchrow(
            f"{_RULES} WHERE item = $2 AND app IN ('', $1) AND active_from <= $3 "
            "ORDER BY app DESC, active_from DESC, id DESC LIMIT 1",
            app,
            item,
            at,
        )
        return _rule(row) if row else None

    async def all(self, now: datetime) -> list[Rule]:
        """For every app and item the rule that holds now, and those that are to come."""
        rows = await self._connection.fetch(
            f"{_RULES} WHERE active_from > $1 OR id = ("  # noqa: S608
            "SELECT id FROM reward_rules WHERE item = r.item AND app = r.app "
            "AND active_from <= $1 ORDER BY active_from DESC, id DESC LIMIT 1) "
            "ORDER BY app, type DESC, item, active_from, id",
            now,
        )
        return [_rule(row) for row in rows]

    async def add(self, rule: Rule) -> None:
        """Let the rule hold from its own beginning on."""
        await self._connection.execute(
            "INSERT INTO reward_rules (app, item, type, amount, coin_id, once, per_day, enabled, "
            "active_from, active_to) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            rule.app or EVERY_APP,
            rule.item,
            rule.type,
            rule.amount,
            rule.coin_id,
            rule.once,
            rule.per_day,
            rule.enabled,
            rule.active_from,
            rule.active_to,
        )


class Awards(Rows):
    """The rows of `awards`; they are only ever added."""

    __slots__ = ()

    async def claim(self, award: Award, per_day: int | None) -> Award | Unclaimed:
        """Give the award, as far as there is a place left among the day's; with its place."""
        [row] = await self._connection.fetch(
            _CLAIM,
            award.account_id,
            award.id,
            award.app,
            award.item,
            award.type,
            award.amount,
            award.coin_id,
            award.target,
            award.day,
            award.at,
            award.once,
            per_day,
            award.key,
        )
        if row["added"]:
            return replace(award, place=row["place"])
        return Unclaimed.OUTRUN if row["open"] else Unclaimed.REFUSED

    async def find_by_key(self, app: str, key: str) -> Award | None:
        """The award that the app's own backend called so."""
        row = await self._connection.fetchrow(
            f"{_AWARDS} WHERE a.app = $1 AND a.key = $2",
            app,
            key,
        )
        return _award(row) if row else None

    async def of_newbie(self, account_id: int, app: str) -> list[Award]:
        """The account's awards of type newbie in the app, oldest first."""
        rows = await self._connection.fetch(
            f"{_AWARDS} WHERE a.account_id = $1 AND a.app = $2 AND a.type = 'newbie' "
            "ORDER BY a.at, a.id",
            account_id,
            app,
        )
        return [_award(row) for row in rows]

    async def of_day(self, account_id: int, app: str, day: date) -> list[Award]:
        """The account's awards of type daily of one day in the app, oldest first."""
        rows = await self._connection.fetch(
            f"{_AWARDS} WHERE a.account_id = $1 AND a.app = $2 AND a.day = $3 AND a.type = 'daily' "
            "ORDER BY a.at, a.id",
            account_id,
            app,
            day,
        )
        return [_award(row) for row in rows]
