"""How many codes were used is counted by prefix, which many share. So it is counted last, when all
else that the code opens is done: others wait only briefly, and never in a circle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest

from actors import Company, Creator, Fomo, Rental, Session, md5
from front_door import Answer, World
from hufu.domain.sending import SLOT

PHONE, EMAIL = "13390633695", "abc@126.com"
PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
PEER = "203.0.113.7"
WAITING = (
    "SELECT FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)
WRITTEN_BY_WHO_WAITS = """
SELECT FROM pg_stat_activity AS a JOIN pg_locks AS l USING (pid)
WHERE a.wait_event_type = 'Lock' AND l.relation = $1::text::regclass AND l.mode = 'RowExclusiveLock'
"""

Completing = Callable[[], Awaitable[Answer]]


async def member(world: World, user_name: str) -> Session:
    await Fomo(peer=PEER).register(world, user_name, PASSWORD)
    session = await Fomo(peer=PEER).sign_in(world, user_name, PASSWORD)
    assert session is not None
    return session


async def challenged(world: World, session: Session, call: str, at: str, **sent: str) -> Completing:
    """Someone who has asked for a code by the call, and will present it."""
    fomo = Fomo(peer=PEER)
    begun = await fomo.call(world, call, **session.fields, **sent)
    done = f"/customer/{call.partition('_')[0]}_completed"
    fields = {
        **session.fields,
        "verify_code": await world.code(at),
        "verfify_id": begun["data"]["verify_id"],
    }
    return lambda: fomo.form(world, done, fields)


async def binding(world: World) -> Completing:
    session = await member(world, EMAIL)
    return await challenged(world, session, "bind_phone", PHONE, phone=PHONE)


async def unbinding(world: World) -> Completing:
    session = await member(world, PHONE)
    bind = await challenged(world, session, "bind_email", EMAIL, email=EMAIL)
    assert (await bind()).json()["status"] == 1
    return await challenged(world, session, "unbind_phone", PHONE)


async def recovering(world: World) -> Completing:
    fomo = Fomo(peer=PEER)
    await member(world, PHONE)
    begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
    sent = {"verify_code": await world.code(PHONE), **begun["data"]}
    return lambda: fomo.form(world, "/customer/rec_pwd2", sent)


async def company_recovering(world: World) -> Completing:
    company = Company(peer=PEER)
    await member(world, PHONE)
    await company.ask_code(world, PHONE)
    sent = {"phone": PHONE, "xid": company.xid, "yzm": await world.code(PHONE)}
    sent |= {"pwd": md5(NEW_PASSWORD), "utime": "1461137183"}
    return lambda: company.form(world, "/user/pwd", sent)


async def creator_with_code(world: World, call: str, **more: str) -> Completing:
    creator, path = Creator(peer=PEER), f"/user/{call}/{PHONE}"
    await creator.get(world, path)
    sent = {"phone_number": PHONE, "identifying_code": await world.code(PHONE), **more}
    return lambda: creator.form(world, path, sent)


async def creator_recovering(world: World) -> Completing:
    await member(world, PHONE)
    return await creator_with_code(world, "forgetPassword", new_password=NEW_PASSWORD)


async def signing_in(world: World) -> Completing:
    await member(world, PHONE)
    return await creator_with_code(world, "loginPhone")


async def fomo_registering(world: World) -> Completing:
    fomo = Fomo(peer=PEER)
    begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
    sent = {"verify_code": await world.code(PHONE), **begun["data"]}
    return lambda: fomo.form(world, "/customer/complete_register", sent)


async def company_registering(world: World) -> Completing:
    company = Company(peer=PEER)
    await company.ask_code(world, PHONE)
    sent = {"phone": PHONE, "xid": company.xid, "yzm": await world.code(PHONE)}
    sent |= {"pwd": md5(PASSWORD), "utime": "1461137183"}
    return lambda: company.form(world, "/user/reg", sent)


async def rental_registering(world: World) -> Completing:
    rental = Rental(peer=PEER)
    await rental.ask_code(world, PHONE)
    sent = {"mobile": PHONE, "phonecode": await world.code(PHONE), "password": PASSWORD}
    return lambda: rental.json(world, "/api/register", sent)


async def creator_registering(world: World) -> Completing:
    return await creator_with_code(world, "registerPhone")


WRITTEN_LAST = {
    binding: "events",
    unbinding: "events",
    recovering: "events",
    company_recovering: "events",
    creator_recovering: "sessions",
    signing_in: "sessions",
    fomo_registering: "events",
    company_registering: "sessions",
    rental_registering: "sessions",
    creator_registering: "events",
}


@asynccontextmanager
async def sending_held(world: World) -> AsyncIterator[None]:
    """Meanwhile somebody else holds what is counted of every prefix."""
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; SELECT FROM sending FOR UPDATE")
        yield
        await other.execute("COMMIT")
    finally:
        await other.close()


async def until_waiting(world: World, *tasks: asyncio.Task[Answer]) -> None:
    """When each of them waits for a lock."""
    while len(await world.sql(WAITING)) < len(tasks):
        assert not any(task.done() for task in tasks)


async def counted(world: World) -> tuple[int, int]:
    [row] = await world.sql("SELECT sum(sent), sum(used) FROM sending")
    return tuple(row)


@pytest.mark.parametrize(
    ("prepare", "written"), WRITTEN_LAST.items(), ids=[each.__name__ for each in WRITTEN_LAST]
)
async def test_a_code_is_counted_when_all_else_is_done(
    world: World, prepare: Callable[[World], Awaitable[Completing]], written: str
) -> None:
    complete = await prepare(world)
    sent, used = await counted(world)
    async with sending_held(world):
        completing = asyncio.create_task(complete())
        await until_waiting(world, completing)
        assert len(await world.sql(WRITTEN_BY_WHO_WAITS, written)) == 1
    assert (await completing).status == 200
    assert await counted(world) == (sent, used + 1)


async def test_a_number_is_bound_while_it_is_registered(world: World) -> None:
    bind, register = await binding(world), await creator_registering(world)
    async with sending_held(world):
        first = asyncio.create_task(bind())
        await until_waiting(world, first)
        second = asyncio.create_task(register())
        await until_waiting(world, first, second)
    assert (await first).json()["status"] == 1
    assert (await second).status < 500
    assert await world.sql("SELECT count(*) FROM accounts") == [(1,)]


@pytest.mark.parametrize("prepare", [creator_recovering, unbinding], ids=lambda each: each.__name__)
async def test_another_code_is_sent_while_one_voids_those_before(
    world: World, prepare: Callable[[World], Awaitable[Completing]]
) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    world.clock.shift += SLOT - (world.clock.now() - epoch) % SLOT
    asker, path = Creator(peer=PEER), f"/user/loginPhone/{PHONE}"
    complete = await prepare(world)
    await asker.get(world, path)
    sent, used = await counted(world)
    async with sending_held(world):
        first = asyncio.create_task(complete())
        await until_waiting(world, first)
        second = asyncio.create_task(asker.get(world, path))
        await until_waiting(world, first, second)
    assert ((await first).status, (await second).status) == (200, 200)
    assert await counted(world) == (sent + 1, used + 1)


async def test_one_that_is_not_the_last_step_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handle that was meant for the account is another's, so there is more to do."""
    monkeypatch.setattr("hufu.actions.accounts.random_handle", lambda: "fm_TAKEN")
    await member(world, EMAIL)
    register = await fomo_registering(world)
    sent, used = await counted(world)
    assert (await register()).json()["status"] == 1
    assert await counted(world) == (sent, used + 1)
    assert len(await world.sql("SELECT DISTINCT key FROM handles")) == 2


async def test_one_that_came_too_late_is_counted(world: World) -> None:
    """The number was registered elsewhere meanwhile: the code is spent, and did arrive."""
    register = await creator_registering(world)
    await member(world, PHONE)
    sent, used = await counted(world)
    assert (await register()).status == 403
    assert await counted(world) == (sent, used + 1)
