"""Steps that hold the same rows take them in the same order: the account, then its codes."""

import asyncio

import asyncpg

from actors import Creator, Rental
from front_door import World

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
