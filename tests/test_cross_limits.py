"""What is limited is limited over all doors together."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from typing import Any

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Rental
from codes import Code, Person, codes_for, person, phone
from front_door import World, WorldWith, all_at_once

PHONE = "13390633695"
PASSWORD, WRONG = "correct horse 1", "battery staple 2"
REGISTER = codes_for("register")
HELD_BACK: dict[str, Any] = {
    "fomo": {"success": False, "status": 0, "msg": "参数不足", "data": None},
    "company": {"code": "4021"},
    "rental": {"errno": 4201, "errmsg": "非法请求或请求次数受限"},
    "creator": {"msg": "注意接收短信"},
}
"""What an app answers that sends nothing more."""


async def received(world: World, who: Person) -> int:
    """How many messages were sent to the phone."""
    return len(await world.letters(f"+86{who.phone}"))


async def is_sent(world: World, code: Code, who: Person) -> bool:
    """Whether asking for the code sends one; where not, the answer is the app's for that."""
    before = await received(world, who)
    answer = await code.request(world, who)
    if await received(world, who) > before:
        assert code.sent(answer), answer
        return True
    assert answer == HELD_BACK[code.app], str(code)
    return False


async def test_one_message_a_minute_over_all_apps(world_with: WorldWith) -> None:
    async with world_with({}, generous=False) as world:
        who = Person(PHONE)
        for first in REGISTER:
            assert await is_sent(world, first, who), str(first)
            for other in REGISTER:
                assert not await is_sent(world, other, who), f"{first} {other}"
            world.advance(seconds=50)
            assert not await is_sent(world, first, who)
            world.advance(seconds=11)


async def test_a_number_is_one_number_in_every_spelling(world_with: WorldWith) -> None:
    spellings = ("+86 133 9063 3695", "008613390633695", "１３３９０６３３６９５", "133-9063-3695")
    async with world_with({}, generous=False) as world:
        assert await is_sent(world, REGISTER[0], Person(PHONE))
        for spelling in spellings:
            sent = {"user_name": spelling, "pwd": PASSWORD}
            assert await Fomo().call(world, "register", **sent) == HELD_BACK["fomo"]
        assert await received(world, Person(PHONE)) == 1


async def test_five_an_hour_and_ten_a_day_over_all_apps(world_with: WorldWith) -> None:
    async with world_with({}, generous=False) as world:
        who, senders = Person(PHONE), cycle(REGISTER)

        async def five() -> None:
            for code in islice(senders, 5):
                assert await is_sent(world, code, who), str(code)
                world.advance(seconds=61)

        async def none() -> None:
            for code in REGISTER:
                assert not await is_sent(world, code, who), str(code)

        await five()
        await none()
        world.advance(minutes=54)
        await none()
        world.advance(minutes=6)
        await five()
        world.advance(hours=2)
        await none()
        world.advance(hours=20)
        await none()
        world.advance(hours=2)
        await five()


async def test_a_registered_number_has_the_same_limits(world_with: WorldWith) -> None:
    async with world_with({}, generous=False) as world:
        await Company().register(world, PHONE, PASSWORD)
        who = Person(PHONE)
        for code in codes_for("recover") + codes_for("sign_in"):
            before = await received(world, who)
            await code.request(world, who)
            assert await received(world, who) == before, str(code)
            world.advance(seconds=61)
            await code.request(world, who)
            assert await received(world, who) == before + 1, str(code)


@pytest.mark.parametrize(
    ("peers", "elsewhere"),
    [
        ([f"2001:db8:1:2:{n:x}::{n:x}" for n in range(1, 22)], "2001:db8:1:3::1"),
        (["203.0.113.9"] * 20 + ["::ffff:203.0.113.9"], "203.0.113.10"),
    ],
    ids=["/64", "IPv4"],
)
async def test_twenty_messages_an_hour_to_one_network(
    world: World, peers: list[str], elsewhere: str
) -> None:
    senders = cycle(REGISTER)
    people = [Person(phone(n), peer=peer) for n, peer in enumerate(peers)]
    for who, code in zip(people[:20], senders, strict=False):
        assert await is_sent(world, code, who), str(code)
    for code in REGISTER:
        assert not await is_sent(world, code, people[20]), str(code)
    assert await is_sent(world, REGISTER[0], Person(phone(30), peer=elsewhere))
    world.advance(hours=1, seconds=1)
    assert await is_sent(world, REGISTER[0], people[20])


class Beside(Rental):
    """The profile call that takes a password beside no session."""

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Any:
        sent = {"mobile": identifier, "password": password}
        return await self.json(world, "/api/profile", sent, "GET")


DOORS: tuple[Actor, ...] = (*ACTORS, Beside())
GUESSED_TOO_OFTEN: dict[str, Any] = {
    "fomo": 0,
    "company": "4003",
    "rental": 4201,
    "creator": "password error",
}
VERDICTS = {"fomo": "status", "company": "code", "rental": "errno", "creator": "msg"}
PASSWORD_WRONG = {"fomo": 12, "company": "4003", "rental": 4004, "creator": "password error"}
RIGHT = {"fomo": 1, "company": "200", "rental": 0, "creator": "login successful"}


async def verdict(world: World, door: Actor, password: str, identifier: str = PHONE) -> Any:
    answer = await door.try_to_sign_in(world, identifier, password)
    return answer.json()[VERDICTS[door.app]]


async def test_one_budget_of_password_guesses_over_all_doors(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    for door in DOORS * 2:
        assert await verdict(world, door, WRONG) == PASSWORD_WRONG[door.app]
    for door in DOORS:
        assert await verdict(world, door, PASSWORD) == GUESSED_TOO_OFTEN[door.app]
    world.advance(minutes=14)
    assert await verdict(world, DOORS[0], PASSWORD) == GUESSED_TOO_OFTEN[DOORS[0].app]
    world.advance(minutes=1, seconds=1)
    for door in DOORS:
        assert await verdict(world, door, PASSWORD) == RIGHT[door.app]


async def test_a_success_gives_no_guess_back(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    for door in (DOORS * 2)[:9]:
        assert await verdict(world, door, WRONG) == PASSWORD_WRONG[door.app]
    for door in DOORS:
        assert await verdict(world, door, PASSWORD) == RIGHT[door.app]
    stranger = Company(xid="f" * 32)
    assert await verdict(world, stranger, WRONG) == PASSWORD_WRONG["company"]
    for door in (Fomo(), stranger, Rental(), Creator(), Beside()):
        assert await verdict(world, door, PASSWORD) == GUESSED_TOO_OFTEN[door.app]


async def test_fifty_wrong_passwords_a_day(world: World) -> None:
    await Creator().register(world, PHONE, PASSWORD)
    for _ in range(5):
        for door in DOORS * 2:
            assert await verdict(world, door, WRONG) == PASSWORD_WRONG[door.app]
        world.advance(minutes=16)
    for door in DOORS:
        assert await verdict(world, door, PASSWORD) == GUESSED_TOO_OFTEN[door.app]
    world.advance(hours=24)
    assert await verdict(world, Fomo(), PASSWORD) == RIGHT["fomo"]


async def test_two_identifiers_of_an_account_share_its_guesses(world: World) -> None:
    who = await person(world, 1, registered=True)
    doors = ((Fomo(), "person1@example.com"), (Creator(), "person1@example.com"))
    for door, identifier in (*doors, (Rental(), who.phone)) * 4:
        answer = await verdict(world, door, WRONG, identifier)
        assert answer in {PASSWORD_WRONG[door.app], GUESSED_TOO_OFTEN[door.app]}
    for door, identifier in (*doors, (Company(), who.phone)):
        assert await door.sign_in(world, identifier, PASSWORD) is None


@asynccontextmanager
async def busy(world: World) -> AsyncIterator[None]:
    """While it lasts, the one thread that hashes is taken."""
    begun, end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        end.wait(30)

    hasher: Any = world.deps("fomo").hasher
    working = asyncio.create_task(hasher._threads.run(work))
    await asyncio.to_thread(begun.wait, 10)
    try:
        yield
    finally:
        end.set()
        await working


@pytest.mark.parametrize(
    "waiting", [{"hash.queue": 0}, {"hash.deadline_seconds": 1}], ids=["full", "too late"]
)
async def test_a_password_that_nobody_compared_is_no_guess(
    world_with: WorldWith, waiting: dict[str, object]
) -> None:
    async with world_with({"hash.slots": 1, **waiting}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        async with busy(world):
            for _ in range(2):
                for identifier in (PHONE, phone(1)):
                    answers = await all_at_once(
                        door.try_to_sign_in(world, identifier, PASSWORD) for door in DOORS * 2
                    )
                    assert {answer.status for answer in answers} == {503}
        assert await verdict(world, Fomo(), PASSWORD) == RIGHT["fomo"]
        for door in DOORS * 2:
            assert await verdict(world, door, WRONG) == PASSWORD_WRONG[door.app]
        assert await verdict(world, Fomo(), PASSWORD) == GUESSED_TOO_OFTEN["fomo"]


async def test_wrong_passwords_from_one_network(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    for n in range(100):
        door = ACTORS[n % len(ACTORS)]
        stranger = type(door)(peer=f"2001:db8:1:2::{n + 1:x}")
        assert await stranger.sign_in(world, phone(n), WRONG) is None
    for actor in ACTORS:
        near, far = type(actor)(peer="2001:db8:1:2:ffff::1"), type(actor)(peer="2001:db8:1:3::1")
        assert await verdict(world, near, PASSWORD) == GUESSED_TOO_OFTEN[actor.app]
        assert await verdict(world, far, PASSWORD) == RIGHT[actor.app]
    world.advance(hours=1, seconds=1)
    assert await verdict(world, Fomo(peer="2001:db8:1:2::1"), PASSWORD) == RIGHT["fomo"]


async def test_wrong_session_codes_from_one_network(world: World) -> None:
    company = Company(peer="2001:db8:1:2::1")
    await company.register(world, PHONE, PASSWORD)
    session = await company.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    for n in range(20):
        stranger = Company(peer=f"2001:db8:1:2:{n:x}::2")
        pair = {"uid": session.fields["uid"], "sec": f"{n:016d}"}
        assert await stranger.call(world, "getUserInfo", **pair) == {"code": "4000"}
    assert not await company.signed_in(world, session)
    assert await Company(peer="2001:db8:1:3::1").signed_in(world, session)
    world.advance(minutes=1, seconds=1)
    assert await company.signed_in(world, session)


async def test_answers_that_tell_who_has_an_account_are_counted(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    await Creator().register(world, "taken", PASSWORD)
    peers = ["198.51.100.7" for _ in range(60)]
    for n, peer in enumerate(peers):
        fomo, creator = Fomo(peer=peer), Creator(peer=peer)
        probes = (
            fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD),
            fomo.call(world, "rec_pwd1", user_name=phone(n)),
            creator.get(world, f"/user/loginPhone/{phone(n)}"),
            creator.form(world, "/user/register", {"account": "taken", "password": PASSWORD}),
        )
        told = await probes[n % 4]
        for unused in probes:
            unused.close()
        match n % 4:
            case 0 | 1:
                assert told["status"] in {11, 15}
            case 2:
                assert told.status == 404
            case 3:
                assert told.json() == {"msg": "account had been used"}
    assert (
        await Fomo(peer=peers[0]).call(world, "rec_pwd1", user_name=phone(99))
        == (HELD_BACK["fomo"])
    )
    for account in ("taken", "free"):  # What it would be told makes no difference.
        sent = {"account": account, "password": PASSWORD}
        told = await Creator(peer=peers[0]).form(world, "/user/register", sent)
        assert (told.status, told.json()) == (403, {"msg": "register failure"})
        assert await Creator(peer="198.51.100.8").sign_in(world, "free", PASSWORD) is None
