"""The one statement that looks and counts, against a plain model of a sliding window."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from front_door import World, all_at_once
from hufu.domain.limits import Cap, Limit
from hufu.storage.limits import LimitCounters, taking_back

START = datetime(2026, 1, 1, tzinfo=UTC)
REFUND = taking_back("$1", "$2", "$3")
CAPS = (Cap(timedelta(seconds=60), 2), Cap(timedelta(seconds=300), 4))

steps = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["hit", "ask", "refund"])), max_size=40
)


class Model:
    """Hits that were counted, and nothing clever."""

    def __init__(self) -> None:
        self.hits: list[datetime] = []

    def allows(self, now: datetime) -> bool:
        return all(sum(hit > now - cap.window for hit in self.hits) < cap.most for cap in CAPS)


async def play(url: str, plan: list[tuple[int, str]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("TRUNCATE limits")
        counters, model, now = LimitCounters(connection), Model(), START
        for seconds, step in plan:
            now += timedelta(seconds=seconds, microseconds=1)
            allowed = model.allows(now)
            if step == "ask":
                assert await counters.allows(Limit.SENDS_TO, "s", CAPS, now) == allowed
            elif step == "hit":
                assert await counters.claim(Limit.SENDS_TO, "s", CAPS, now) == allowed
                model.hits += [now] * allowed
            elif model.hits:
                await connection.execute(REFUND, Limit.SENDS_TO, "s", model.hits.pop())
        rows = await connection.fetch("SELECT hits FROM limits")
        assert all(len(row["hits"]) <= max(cap.most for cap in CAPS) for row in rows)
    finally:
        await connection.close()


@settings(max_examples=60, deadline=None)
@given(plan=steps)
def test_the_counter_is_a_sliding_window(database_url: str, plan: list[tuple[int, str]]) -> None:
    asyncio.run(play(database_url, plan))


async def test_hits_at_once_never_pass_the_cap(world: World) -> None:
    async def hit() -> bool:
        async with world.core.database.look() as work:
            return await work.limits.claim(Limit.SENDS_TO, "s", CAPS, world.clock.now())

    assert sum(await all_at_once(hit() for _ in range(50))) == 2


async def test_a_cap_of_nothing_allows_nothing(world: World) -> None:
    async with world.core.database.look() as work:
        none = (Cap(timedelta(hours=1), 0),)
        assert not await work.limits.claim(Limit.SENDS_TO, "s", none, START)
        assert not await work.limits.allows(Limit.SENDS_TO, "s", none, START)


@pytest.mark.parametrize(("price", "allowed"), [(1, 10), (3, 3), (10, 1), (11, 0)])
async def test_a_budget_is_never_overdrawn(world: World, price: int, allowed: int) -> None:
    async def spend() -> bool:
        async with world.core.database.look() as work:
            return await work.limits.claim_budget("app", START, price, 10)

    assert sum(await all_at_once(spend() for _ in range(30))) == allowed
    async with world.core.database.look() as work:
        assert (price <= 10) == await work.limits.claim_budget(
            "app", START + timedelta(days=1), price, 10
        )
