"""No call reads a table from end to end, however many accounts there are."""

from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from storage.conftest import Sent, Visitor
from storage.plans import SMALL, Plan, Statement, plans

BESIDE = {
    "awards_newbie": "the primary key leads to all awards of the account",
    "awards_of_day": "so does it here",
    "awards_once": "and here",
    "sending_by_slot": "the primary key leads to the slots of a prefix",
    "word_takers_pkey": "the other unique key leads to the takers of a word",
}
"""Indexes beside which another one leads to a few rows as well, if to more than are wanted."""


@pytest.fixture
async def connection(crowd: Visitor) -> AsyncIterator[asyncpg.Connection]:
    """A connection with the server's own settings."""
    async with crowd.core.database._connection() as connection:
        yield connection


async def complaints(
    connection: asyncpg.Connection, statements: Iterable[Statement]
) -> set[tuple[str, str]]:
    """Which statements would take longer the more rows there are, by their methods, and why."""
    found: set[tuple[str, str]] = set()
    for statement in statements:
        try:
            async with connection.transaction():
                planned = await plans(connection, statement)
        except asyncpg.InvalidColumnReferenceError:
            found.add((statement.method, "looks for a conflict where nothing is unique"))
        else:
            found |= {(statement.method, each) for plan in planned for each in plan.complaints()}
    return found


async def test_no_call_reads_a_whole_table(connection: asyncpg.Connection, sent: Sent) -> None:
    methods = {each.method for each in sent.by_calls}
    assert {"PresentedSessions.read", "SignIns.claim", "Identifiers.find", "Codes.claim"} <= methods
    assert await complaints(connection, sent.by_calls) == set()


async def test_neither_does_what_happens_besides(
    connection: asyncpg.Connection, sent: Sent
) -> None:
    """But for the list of the newest words, which only operators make and see."""
    slow = await complaints(connection, sent.besides)
    assert {method for method, _ in slow} == {"Words.all"}


async def test_each_index_is_missed(connection: asyncpg.Connection, sent: Sent) -> None:
    """Without any of the indexes that calls use, some call reads a whole table, or cannot be
    made: so the other tests would tell."""
    users: dict[str, set[Statement]] = {}
    for statement in sent.by_calls:
        for plan in await plans(connection, statement):
            for index in plan.indexes():
                users.setdefault(index, set()).add(statement)
    needed = {index for index in users if await _table(connection, index) not in SMALL}
    missed = set()
    for index in needed:
        transaction = connection.transaction()
        await transaction.start()
        await _drop(connection, index)
        if await complaints(connection, users[index]):
            missed.add(index)
        await transaction.rollback()
    assert {"sessions_token_hash_key", "identifiers_pkey", "codes_by_identifier"} <= missed
    assert needed - missed <= BESIDE.keys()


async def _table(connection: asyncpg.Connection, index: str) -> str:
    table = await connection.fetchval(
        "SELECT tablename FROM pg_indexes WHERE schemaname = 'public' AND indexname = $1", index
    )
    return str(table)


async def _drop(connection: asyncpg.Connection, index: str) -> None:
    if await connection.fetchval("SELECT true FROM pg_constraint WHERE conname = $1", index):
        table = await _table(connection, index)
        await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {index} CASCADE")
    else:
        await connection.execute(f"DROP INDEX {index}")


def test_what_a_plan_is_blamed_for() -> None:
    """A scan, an index that is read whole, a high price; not the newest few of an index."""
    scan = {"Node Type": "Seq Scan", "Relation Name": "sessions", "Total Cost": 1.0}
    newest = {"Node Type": "Index Scan", "Index Name": "outbox_pkey", "Total Cost": 60.0}
    statement = Statement("Sessions.find", "SELECT", ())

    def blamed(root: dict[str, object]) -> list[str]:
        return list(Plan(statement, root).complaints())

    assert blamed(scan) == ["reads all of sessions"]
    assert blamed({**scan, "Relation Name": "coins"}) == []
    assert blamed({"Node Type": "Nested Loop", "Total Cost": 9.0, "Plans": [scan]}) == [
        "reads all of sessions"
    ]
    assert blamed(newest) == ["reads all of outbox_pkey", "costs 60"]
    assert blamed({"Node Type": "Limit", "Total Cost": 2.0, "Plans": [newest]}) == []
    filtered = {**newest, "Filter": "(recipient = $1)"}
    assert blamed({"Node Type": "Limit", "Total Cost": 2.0, "Plans": [filtered]}) == [
        "reads all of outbox_pkey"
    ]


async def test_a_column_more_changes_no_answer(connection: asyncpg.Connection, sent: Sent) -> None:
    """Statements name their columns: a server of an older version that serves on while a migration
    adds some would see its prepared statements fail, and rows that it does not know."""

    async def answers() -> dict[str, list[str]]:
        return {
            each.query: [
                column.name for column in (await connection.prepare(each.query)).get_attributes()
            ]
            for each in (*sent.by_calls, *sent.besides)
            if ";" not in each.query
        }

    before = await answers()
    assert len(before) > 100
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    transaction = connection.transaction()
    await transaction.start()
    try:
        for (table,) in tables:
            await connection.execute(f"ALTER TABLE {table} ADD COLUMN made_up int")
        assert await answers() == before
    finally:
        await transaction.rollback()
