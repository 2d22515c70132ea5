"""How the database means to run the statements that the server sends."""

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import asyncpg

WAYS = ("fetch", "fetchrow", "fetchval", "execute")
UNWATCHED = ("cursor", "executemany", "fetchmany", "prepare")
STORAGE = "hufu.storage."

SMALL = {
    "coins": "operators make one now and then",
    "ledger_chains": "64 rows, for ever",
    "reward_rules": "operators write one now and then",
    "reservation_counts": "64 rows for each app",
    "budgets": "a row for each app and day",
    "app_secrets": "operators make one now and then, and retire the old ones",
    "alembic_version": "one row",
    "oldest_served": "one row",
    "chores": "a row for each kind of work that one worker does for all",
}
"""Tables that may be read from end to end, and why they stay small."""

DEAREST = 50.0
"""The most that a statement may cost by the planner's estimate. A row that an index leads to costs
about 3, reading the 5,000 rows that a table has in these tests more than 100."""

GATHERED = {"PresentedSessions.read": 10, "Leftovers.count": 10, "Leftovers.claim": 10}
"""How many questions the planner thinks that such a statement gathers, where it knows no better; or
how many times dearer it is to read as many pages as the janitor does at once."""


@dataclass(frozen=True, eq=False)
class Statement:
    """What a method of the storage sent; the arguments are those of its first call."""

    method: str
    query: str
    arguments: tuple[object, ...]


@contextmanager
def watched_statements() -> Iterator[list[Statement]]:
    """The statements that the storage sends meanwhile, each once."""
    sent: dict[tuple[str, str], Statement] = {}

    def seen(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            method = method_of(sys._getframe().f_back)
            if method is not None:
                sent.setdefault((method, query), Statement(method, query, arguments))
            return await original(self, query, *arguments, **more)

        return run

    def refused(*_: Any, **__: Any) -> Any:
        raise AssertionError("a statement is sent in a way that is not watched")

    kept = {way: getattr(asyncpg.Connection, way) for way in (*WAYS, *UNWATCHED)}
    statements: list[Statement] = []
    for way, original in kept.items():
        setattr(asyncpg.Connection, way, seen(original) if way in WAYS else refused)
    try:
        yield statements
    finally:
        for way, original in kept.items():
            setattr(asyncpg.Connection, way, original)
        statements += (each for each in sent.values() if not _steers(each.query))


def method_of(frame: FrameType | None) -> str | None:
    """The public method of the storage that is running, as in `Sessions.find`."""
    while frame is not None:
        within = frame.f_globals.get("__name__", "").startswith(STORAGE)
        name = frame.f_code.co_qualname
        named = "." in name and not frame.f_code.co_name.startswith("_")
        if within and named and not name.startswith("Lane."):  # It sends for others.
            return name
        frame = frame.f_back
    return None


def _steers(query: str) -> bool:
    return query in {"BEGIN", "COMMIT", "ROLLBACK"}


@dataclass(frozen=True)
class Plan:
    """How a statement would be run: for its arguments, or for whatever arguments."""

    statement: Statement
    root: dict[str, Any]

    def nodes(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Every step, and whether it may stop early because only so many rows are asked for."""
        left = [(self.root, False)]
        while left:
            node, limited = left.pop()
            yield node, limited
            limited = node["Node Type"] == "Limit" or (limited and node["Node Type"] != "Sort")
            left += ((each, limited) for each in node.get("Plans", ()))

    def indexes(self) -> set[str]:
        """The indexes that lead to rows, or tell that one is there already."""
        found: set[str] = set()
        for node, _ in self.nodes():
            found |= {*node.get("Conflict Arbiter Indexes", ())}
            found |= {node["Index Name"]} if "Index Name" in node else set()
        return found

    def complaints(self) -> Iterator[str]:
        """What in it would take longer the more rows there are."""
        for node, limited in self.nodes():
            kind, table = node["Node Type"], node.get("Relation Name")
            if kind == "Seq Scan" and table not in SMALL:
                yield f"reads all of {table}"
            named = "Index Name" in node and "Index Cond" not in node
            if named and ("Filter" in node or not limited):
                yield f"reads all of {node['Index Name']}"
        if (cost := self.root["Total Cost"]) > DEAREST * GATHERED.get(self.statement.method, 1):
            yield f"costs {cost:.0f}"


async def plans(connection: asyncpg.Connection, statement: Statement) -> list[Plan]:
    """The plan for the statement's arguments, and the one for any: PostgreSQL prepares with the
    first a few times, and then may keep to the second."""
    explain, nothing = "EXPLAIN (FORMAT JSON) ", ", ".join("NULL" for _ in statement.arguments)
    custom = await connection.fetchval(explain + statement.query, *statement.arguments)
    await connection.execute("SET plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE looked_at AS {statement.query}")
    called = f"EXECUTE looked_at ({nothing})" if nothing else "EXECUTE looked_at"
    generic = await connection.fetchval(explain + called)
    await connection.execute("DEALLOCATE looked_at; RESET plan_cache_mode")
    return [Plan(statement, json.loads(text)[0]["Plan"]) for text in (custom, generic)]
