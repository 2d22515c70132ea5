"""How often a sign-in and a registration's completion ask the database: counted, so that it cannot
grow unseen. BEGIN and COMMIT are counted apart."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Rental
from front_door import Answer, World, WorldWith

PHONE, PEER = "13390633695", "203.0.113.7"
PASSWORD, WRONG = "correct horse 1", "battery staple 2"
WAYS = ("fetch", "fetchrow", "fetchval", "execute", "executemany")
BORDERS = {"BEGIN", "COMMIT", "ROLLBACK"}


class Counted:
    """The statements that were sent meanwhile."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    @property
    def asked(self) -> int:
        return sum(each not in BORDERS for each in self.sent)

    @property
    def borders(self) -> list[str]:
        return [each for each in self.sent if each in BORDERS]


@contextmanager
def counting(patch: pytest.MonkeyPatch) -> Iterator[Counted]:
    counted = Counted()

    def seen(run: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counting_run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            counted.sent.append(query)
            return await run(self, query, *arguments, **more)

        return counting_run

    with patch.context() as meanwhile:
        for way in WAYS:
            meanwhile.setattr(asyncpg.Connection, way, seen(getattr(asyncpg.Connection, way)))
        yield counted


@pytest.fixture
async def member(world: World) -> World:
    """A world in which the phone has an account that every app has seen."""
    await Fomo().register(world, PHONE, PASSWORD)
    for actor in ACTORS:
        await type(actor)(peer=PEER).sign_in(world, PHONE, PASSWORD)
    return world


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
@pytest.mark.parametrize("peer", [PEER, "127.0.0.1"], ids=["counted network", "developer"])
async def test_a_sign_in_is_two_statements(
    member: World, monkeypatch: pytest.MonkeyPatch, actor: Actor, peer: str
) -> None:
    with counting(monkeypatch) as counted:
        answer = await type(actor)(peer=peer).try_to_sign_in(member, PHONE, PASSWORD)
    assert (counted.asked, counted.borders) == (2, [])
    events = await member.sql("SELECT app FROM events WHERE kind = 'signed_in' ORDER BY id")
    assert (answer.status, events[-1]["app"]) == (200, actor.app)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
@pytest.mark.parametrize(
    ("identifier", "password"),
    [(PHONE, WRONG), ("13900000001", PASSWORD)],
    ids=["wrong", "unknown"],
)
async def test_a_refused_one_is_two_as_well(
    member: World,
    monkeypatch: pytest.MonkeyPatch,
    actor: Actor,
    identifier: str,
    password: str,
) -> None:
    before = await member.sql("SELECT FROM sessions")
    with counting(monkeypatch) as counted:
        await type(actor)(peer=PEER).try_to_sign_in(member, identifier, password)
    assert (counted.asked, counted.borders) == (2, [])
    assert len(await member.sql("SELECT FROM sessions")) == len(before)


async def test_one_that_is_limited_is_one(member: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fomo = Fomo(peer=PEER)
    for _ in range(10):
        await fomo.try_to_sign_in(member, PHONE, WRONG)
    with counting(monkeypatch) as counted:
        assert (await fomo.try_to_sign_in(member, PHONE, PASSWORD)).json()["status"] == 0
    assert (counted.asked, counted.borders) == (1, [])


async def test_one_that_takes_the_place_of_a_session_is_two(
    member: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rental = Rental(peer=PEER)
    session = await rental.sign_in(member, PHONE, PASSWORD)
    assert session is not None
    with counting(monkeypatch) as counted:
        sent = {"mobile": PHONE, "password": PASSWORD}
        answer = await rental.json(member, "/api/login", sent, cookies=session.cookies)
    assert answer.json()["errno"] == 0
    assert (counted.asked, counted.borders) == (2, [])
    assert not await rental.signed_in(member, session)


async def test_of_one_device_there_is_one_session(member: World) -> None:
    company = Company(peer=PEER)
    first = await company.sign_in(member, PHONE, PASSWORD)
    assert first is not None
    second = await company.sign_in(member, PHONE, PASSWORD)
    assert second is not None
    assert not await company.signed_in(member, first)
    assert await company.signed_in(member, second)


# Completing a registration


async def fomo_register(world: World) -> Callable[[], Awaitable[Answer]]:
    fomo = Fomo(peer=PEER)
    begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
    sent = {"verify_code": await world.code(PHONE), **begun["data"]}
    return lambda: fomo.form(world, "/customer/complete_register", sent)


async def company_reg(world: World) -> Callable[[], Awaitable[Answer]]:
    company = Company(peer=PEER)
    await company.ask_code(world, PHONE)
    sent = {"phone": PHONE, "xid": company.xid, "yzm": await world.code(PHONE), "pwd": "0" * 32}
    return lambda: company.form(world, "/user/reg", {"utime": "1461137183", **sent})


async def rental_register(world: World) -> Callable[[], Awaitable[Answer]]:
    rental = Rental(peer=PEER)
    await rental.ask_code(world, PHONE)
    sent = {"mobile": PHONE, "phonecode": await world.code(PHONE), "password": PASSWORD}
    return lambda: rental.json(world, "/api/register", sent)


async def creator_phone(world: World) -> Callable[[], Awaitable[Answer]]:
    creator, path = Creator(peer=PEER), f"/user/registerPhone/{PHONE}"
    await creator.get(world, path)
    sent = {"phone_number": PHONE, "identifying_code": await world.code(PHONE)}
    return lambda: creator.form(world, path, sent)


async def creator_name(world: World) -> Callable[[], Awaitable[Answer]]:
    sent = {"account": "tiger_1", "password": PASSWORD}
    return lambda: Creator(peer=PEER).form(world, "/user/register", sent)


TWICE, ONCE = ["BEGIN", "COMMIT"] * 2, ["BEGIN", "COMMIT"]
REGISTRATIONS = {
    fomo_register: (4, TWICE),
    company_reg: (4, TWICE),
    rental_register: (4, TWICE),
    creator_phone: (3, TWICE),
    creator_name: (2, ONCE),
}


@pytest.mark.parametrize(
    ("prepare", "cost"), REGISTRATIONS.items(), ids=lambda each: getattr(each, "__name__", "")
)
async def test_a_registration_is_completed_with_few(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[World], Awaitable[Callable[[], Awaitable[Answer]]]],
    cost: tuple[int, list[str]],
) -> None:
    complete = await prepare(world)
    with counting(monkeypatch) as counted:
        answer = await complete()
    assert answer.status == 200
    assert (counted.asked, counted.borders) == cost
    assert await world.sql("SELECT count(*) FROM accounts JOIN profiles ON id = account_id") == [
        (1,)
    ]


async def test_the_same_one_again_takes_its_guess_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = await fomo_register(world)
    first = (await complete()).json()
    with counting(monkeypatch) as counted:
        assert (await complete()).json() == first
    assert (counted.asked, counted.borders) == (5, TWICE)


# Where there is too much to hash


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_what_would_not_be_hashed_asks_nothing(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch, actor: Actor
) -> None:
    full = {"hash.slots": 1, "hash.queue": 0, "hash.deadline_seconds": 0.8}
    async with world_with(full) as world:
        begun, end = threading.Event(), threading.Event()

        def hash_slowly() -> None:
            begun.set()
            end.wait(30)

        hashing = asyncio.create_task(world.core.hasher._threads.run(hash_slowly))
        await asyncio.to_thread(begun.wait, 10)
        with counting(monkeypatch) as counted:
            answer = await actor.try_to_sign_in(world, PHONE, PASSWORD)
        end.set()
        await hashing
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert counted.sent == []
