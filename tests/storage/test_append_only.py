"""What the database refuses by itself, whoever asks."""

from datetime import timedelta

import asyncpg
import pytest

from conftest import APPEND_ONLY
from front_door import World
from hufu.actions.rewards import Due, reward
from hufu.actions.words import SubmitWord, add_word, submit_word
from hufu.domain.permissions import Caller, Role
from hufu.domain.rewards import Deed

ACCOUNT = 7
BALANCED = """
WITH t AS (INSERT INTO transfers VALUES (1000000, 'key', 'award', '', now(), NULL, '') RETURNING id)
INSERT INTO postings SELECT id, place, 'user', 7, coin, amount
FROM t, unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS p (coin, amount, place)
"""


async def with_rows(world: World) -> None:
    """At least one row in every table that is only ever added to."""
    deps = world.deps("fomo")
    now = deps.now()
    async with deps.begin() as work:
        await work.accounts.claim(ACCOUNT, "main", now)
        await reward(deps, work, Due(ACCOUNT, Deed.SIGNED_IN_TODAY))
        await work.chains.add(now)
        await work.commit()
    await add_word(deps, "sesame", 1, 10, 2, now + timedelta(days=1))
    await submit_word(
        deps, Caller(ACCOUNT, None, deps.instant(), Role.MEMBER), SubmitWord("sesame")
    )


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_nothing_is_edited_or_taken_away(world: World, table: str) -> None:
    await with_rows(world)
    [(before,)] = await world.sql(f"SELECT count(*) FROM {table}")
    assert before
    [(name,)] = await world.sql(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = $1 AND ordinal_position = 2",
        table,
    )
    for statement in (
        f"UPDATE {table} SET {name} = {name}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
            await world.sql(statement)
    assert await world.sql(f"SELECT count(*) FROM {table}") == [(before,)]


@pytest.mark.parametrize(
    ("coins", "amounts"),
    [([1, 1], [5, -4]), ([1], [0]), ([1, 2], [5, -5]), ([1, 1, 1], [1, 1, -1])],
)
async def test_postings_that_do_not_add_up(
    world: World, coins: list[int], amounts: list[int]
) -> None:
    await world.sql("INSERT INTO coins VALUES (2, 'second')")
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql(BALANCED, coins, amounts)
    assert await world.sql("SELECT FROM transfers") == []


@pytest.mark.parametrize(
    ("holder", "slot", "amount"), [("user", 0, -1), ("pot", 0, -1), ("user", 1, 5), ("bank", 0, 5)]
)
async def test_balances_that_cannot_be(world: World, holder: str, slot: int, amount: int) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await world.sql(
            "INSERT INTO balances VALUES ($1, $2, 1, $3, $4)", holder, ACCOUNT, slot, amount
        )


async def test_every_table_of_the_journal_is_protected_always(world: World) -> None:
    """Even in a session that pretends to replicate."""
    rows = await world.sql(
        "SELECT tgrelid::regclass::text AS name, tgenabled::text AS enabled FROM pg_trigger "
        "WHERE tgname LIKE '%stay'"
    )
    assert {row["name"] for row in rows} == {*APPEND_ONLY}
    assert {row["enabled"] for row in rows} == {"A"}
