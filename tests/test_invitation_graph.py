"""Everybody names somebody at random, all at once: still a forest, and every count exact."""

import asyncio
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from front_door import World, WorldWith
from hufu.actions.ledger import audit_ledger
from hufu.services.keys import token_hash

CALLS = int(os.environ.get("HUFU_GRAPH_CALLS", "1500"))
PEOPLE = max(2, CALLS // 5)
AT_ONCE = 64
SET, WRONG, AGAIN = 1, 102, 103


async def people(world: World) -> None:
    """Accounts 1 to PEOPLE, several of each age, with a session and a code each."""
    now = datetime.now(UTC)
    life = timedelta(days=30)
    connection = await asyncpg.connect(world.url)
    try:
        await connection.copy_records_to_table(
            "accounts",
            columns=["id", "pool", "state", "created_at"],
            records=(
                (id, "main", "active", now - timedelta(seconds=id * 7919 % PEOPLE // 3))
                for id in range(1, PEOPLE + 1)
            ),
        )
        await connection.copy_records_to_table(
            "invitation_codes",
            columns=["account_id", "code", "created_at"],
            records=((id, code(id), now) for id in range(1, PEOPLE + 1)),
        )
        await connection.copy_records_to_table(
            "sessions",
            columns=[
                "id", "account_id", "app", "token_hash", "method", "user_agent", "created_at",
                "seen_at", "idle", "expires_at",
            ],
            records=(
                (uuid4(), id, "fomo", token_hash(token(id)), "password", "", now, now, life,
                 now + life)
                for id in range(1, PEOPLE + 1)
            ),
        )  # fmt: skip
    finally:
        await connection.close()


def code(id: int) -> str:
    return f"{id:08d}"


def token(id: int) -> str:
    return f"{id:040x}"


async def call_at_random(world: World, calls: int) -> Counter[int]:
    """What so many calls between random accounts answer."""
    chance = random.Random(7)
    pairs = iter([(chance.randint(1, PEOPLE), chance.randint(1, PEOPLE)) for _ in range(calls)])
    answers: Counter[int] = Counter()

    async def work() -> None:
        for child, parent in pairs:
            fields = {"session_key": token(child), "parent_code": code(parent)}
            answer = await world.form("/fomo/customer/set_invitation", fields)
            answers[answer.json()["status"]] += 1

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return answers


@pytest.mark.timeout(3600 if CALLS > 5000 else 60)
async def test_a_random_graph_is_a_forest(world_with: WorldWith) -> None:
    async with world_with({"limits.invitation_guesses_per_day": CALLS}) as world:
        await check_forest(world)


async def check_forest(world: World) -> None:
    await people(world)
    answers = await call_at_random(world, CALLS)
    assert answers.keys() == {SET, WRONG, AGAIN}
    links = {
        row["account_id"]: row["inviter_id"]
        for row in await world.sql("SELECT account_id, inviter_id FROM invitations")
    }
    assert len(links) == answers[SET]  # One row is one parent: account_id is the key.
    settled: set[int] = set()
    for start in links:
        path, at = [], start
        while at in links and at not in settled:
            path.append(at)
            at = links[at]
            assert len(path) <= len(links), "a cycle"
        settled.update(path)
    counted = {
        row["inviter_id"]: row["sum"]
        for row in await world.sql(
            "SELECT inviter_id, sum(invited)::int FROM invitation_counts GROUP BY 1"
        )
    }
    assert counted == Counter(links.values())
    assert len(await world.sql("SELECT FROM awards WHERE item = 'set_invitation'")) == len(links)
    audited = await audit_ledger(world.deps("fomo"), lambda _, __: None, None)
    assert (audited.wrong, audited.transfers) == (None, len(links))
