"""Steps that hold the same rows take them in the same order: the account, then its codes, and last
what many share."""

import asyncio

import asyncpg
import pytest

from actors import Company, Creator, Rental
from front_door import World, WorldWith

PHONE, PASSWORD = "13390633695", "correct horse 1"
WAITING = (
    "SELECT FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)


async def test_a_code_signs_in_while_the_accounts_codes_are_voided(world: World) -> None:
    """As unbinding a number, or closing the account, voids them."""
    await Rental().register(world, PHONE, PASSWORD)
    creator, path = Creator(), f"/user/loginPhone/{PHONE}"
    await creator.get(world, path)
    sent = {"phone_number": PHONE, "identifying_code": await world.code(PHONE)}
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; SELECT FROM accounts FOR NO KEY UPDATE")
        signing_in = asyncio.create_task(creator.form(world, path, sent))
        while not await world.sql(WAITING):
            assert not signing_in.done()
        await other.execute("UPDATE codes SET voided_at = now() WHERE spent_at IS NULL; COMMIT")
    finally:
        await other.close()
    answer = await signing_in
    assert (answer.status, answer.json()) == (404, {"msg": "验证码已经过期，请重新申请"})
    assert await world.sql("SELECT FROM sessions WHERE app = 'creator'") == []


PEER = "203.0.113.7"
SHARED = {
    "network": "SELECT FROM limits WHERE name = 'sends_from' FOR UPDATE",
    "block": "SELECT FROM limits WHERE name = 'sends_around' FOR UPDATE",
    "budget": "SELECT FROM budgets FOR UPDATE",
    "prefix": "SELECT FROM sending FOR UPDATE",
}
WRITTEN_BY_WHO_WAITS = """
SELECT FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)
WHERE a.wait_event_type = 'Lock' AND l.relation = 'outbox'::regclass AND l.mode = 'RowExclusiveLock'
"""
BUDGET = {"apps.company.price_per_message": 0.01, "apps.company.budget_per_day": 10.0}


@pytest.mark.parametrize("held", SHARED.values(), ids=SHARED)
async def test_what_many_share_is_held_when_all_else_of_a_message_is_done(
    world_with: WorldWith, held: str
) -> None:
    """So that they wait for one another only briefly."""
    async with world_with(BUDGET) as world:
        await Company(peer=PEER).ask_code(world, PHONE)
        other = await asyncpg.connect(world.url)
        try:
            await other.execute(f"BEGIN; {held}")
            asking = asyncio.create_task(Company(peer=PEER).ask_code(world, "13390633696"))
            while not await world.sql(WAITING):
                assert not asking.done()
            assert len(await world.sql(WRITTEN_BY_WHO_WAITS)) == 1
            await other.execute("COMMIT")
        finally:
            await other.close()
        await asking
        assert await world.sql("SELECT count(*) FROM outbox") == [(2,)]


@pytest.mark.parametrize("limit", ["sends_per_network_hour", "sends_per_block_hour"])
async def test_who_has_asked_for_too_many_messages_waits_for_nobody(
    world_with: WorldWith, limit: str
) -> None:
    async with world_with({f"limits.{limit}": 1}) as world:
        await Company(peer=PEER).ask_code(world, PHONE)
        other = await asyncpg.connect(world.url)
        try:
            await other.execute("BEGIN; SELECT FROM limits WHERE name <> 'sends_to' FOR UPDATE")
            answer = await Company(peer=PEER).ask_code(world, "13390633696")
        finally:
            await other.close()
    assert answer == {"code": "4021"}
