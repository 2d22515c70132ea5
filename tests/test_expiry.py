"""What has ended is refused at the front door, whether or not it was removed; what lives stays."""

from datetime import timedelta
from typing import Any

import pytest

from actors import ACTORS, Actor, Fomo, Rental
from codes import CODES, Code, person
from front_door import World, WorldWith
from hufu.actions.delivery import Courier
from hufu.actions.janitor import Janitor, Pace
from hufu.domain.registrations import LIFE
from hufu.domain.retention import Perishable, Retention
from hufu.services import randomness

PHONE, PASSWORD = "13390633695", "correct horse 1"
NONE = timedelta(0)
swept_or_not = pytest.mark.parametrize("swept", [False, True])


async def sweep(world: World, challenges: timedelta = NONE) -> None:
    """Remove whatever has ended: at once, but for what is kept of challenges."""
    janitor = Janitor(
        world.core.database, world.clock, Retention(NONE, challenges, NONE), Pace(NONE, 8, 0)
    )
    await janitor.sweep(lambda _: None)


async def rows(world: World, kind: Perishable, where: str = "true") -> int:
    [[count]] = await world.sql(f"SELECT count(*) FROM {kind} WHERE {where}")
    return int(count)


@swept_or_not
@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code.app}-{code.purpose}")
async def test_a_code(world: World, code: Code, swept: bool) -> None:
    who = await person(world, 1, registered=code.registered)
    await code.ask(world, who)
    digits = await world.code(who.phone)
    world.advance(minutes=16)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.CODES) == 0
        assert await rows(world, Perishable.SESSIONS) == 1
    assert not await code.open(world, who, digits)


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code.app}-{code.purpose}")
async def test_a_code_that_lives_is_left(world: World, code: Code) -> None:
    who = await person(world, 1, registered=code.registered)
    await code.ask(world, who)
    digits = await world.code(who.phone)
    await sweep(world)
    assert await code.open(world, who, digits)


@swept_or_not
async def test_a_registration(world: World, swept: bool) -> None:
    """Its life is longer than its code's, and the same right triple answers again within it."""
    fomo = Fomo()
    begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
    sent = {"verify_code": await world.code(PHONE), **begun["data"]}
    await sweep(world)
    done = await fomo.call(world, "complete_register", **sent)
    assert done["status"] == 1
    world.advance(minutes=16)
    for _ in range(20):
        if swept:
            await sweep(world, LIFE)
        assert await fomo.call(world, "complete_register", **sent) == done
    wrong = sent | {"verify_code": f"{(int(sent['verify_code']) + 1) % 10**6:06d}"}
    refused = [(await fomo.call(world, "complete_register", **wrong))["status"] for _ in range(6)]
    assert refused == [*[105] * 5, 106]  # None of the right ones was a guess.
    world.advance(minutes=15)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.REGISTRATIONS) == 0
    assert (await fomo.call(world, "complete_register", **sent))["status"] == 107
    assert await fomo.sign_in(world, PHONE, PASSWORD)


@pytest.mark.parametrize("rounds", [0, 2], ids=["of the code", "of the day"])
async def test_the_last_guess_may_be_the_right_one_and_come_again(
    world: World, rounds: int
) -> None:
    fomo = Fomo()

    async def begin() -> tuple[dict[str, Any], dict[str, Any]]:
        begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
        code = await world.code(PHONE)
        wrong = f"{(int(code) + 1) % 10**6:06d}"
        return {"verify_code": code, **begun["data"]}, {"verify_code": wrong, **begun["data"]}

    async def refused(wrong: dict[str, Any], times: int) -> None:
        for _ in range(times):
            assert (await fomo.call(world, "complete_register", **wrong))["status"] == 105

    for _ in range(rounds):
        _, wrong = await begin()
        await refused(wrong, 5)
    right, wrong = await begin()
    await refused(wrong, 4)
    done = await fomo.call(world, "complete_register", **right)
    assert done["status"] == 1
    for _ in range(3):
        assert await fomo.call(world, "complete_register", **right) == done
    await refused(wrong, 1)
    assert (await fomo.call(world, "complete_register", **wrong))["status"] == 106


async def test_the_id_of_a_code_is_its_registrations_as_long_as_that_is_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fomo = Fomo()
    begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
    world.advance(minutes=16)
    await sweep(world)
    number31, again = randomness.number31, [begun["data"]["verify_id"]]
    monkeypatch.setattr(randomness, "number31", lambda: again.pop() if again else number31())
    other = await fomo.call(world, "register", user_name="13800138000", pwd=PASSWORD)
    assert other["status"] == 1
    assert not again


@swept_or_not
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_a_session(world: World, actor: Actor, swept: bool) -> None:
    await actor.register(world, PHONE, PASSWORD)
    session = await actor.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    world.advance(hours=12)
    await sweep(world)
    assert await actor.signed_in(world, session)
    world.advance(days=400)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.SESSIONS) == 0
    assert not await actor.signed_in(world, session)
    assert await actor.sign_in(world, PHONE, PASSWORD)


@swept_or_not
async def test_a_captcha(world: World, swept: bool) -> None:
    rental = Rental()
    sent = {"mobile": PHONE, "image_code_id": "1"}
    await rental.get(world, "/api/imagecode?pcodeid=&codeid=1")
    await sweep(world)
    sent["image_code_text"] = await world.captcha("1")
    world.advance(minutes=2)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.CAPTCHAS) == 0
    assert (await rental.json(world, "/api/smscode", sent)).json()["errno"] != 0
    assert await world.letters() == []


@swept_or_not
async def test_a_grant(world: World, swept: bool) -> None:
    fomo = Fomo()

    async def granted() -> Any:
        begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
        code = await world.code(PHONE)
        return (await fomo.call(world, "rec_pwd2", verify_code=code, **begun["data"]))["data"]

    await fomo.register(world, PHONE, PASSWORD)
    grant = await granted()
    world.advance(minutes=16)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.GRANTS) == 0
    assert (await fomo.call(world, "set_pwd", pwd="battery staple 2", **grant))["status"] == 201
    grant = await granted()
    await sweep(world)
    assert (await fomo.call(world, "set_pwd", pwd="battery staple 2", **grant))["status"] == 1


async def test_a_limit(world_with: WorldWith) -> None:
    """One that was reached holds although the janitor came by, and ends although it did not."""
    settings = {"limits.password_guesses_per_day": 3}
    async with world_with(settings) as world:
        fomo = Fomo()
        await fomo.register(world, PHONE, PASSWORD)
        for _ in range(3):
            assert not await fomo.sign_in(world, PHONE, "wrong horse 1")
        world.advance(hours=23)
        await sweep(world)
        assert not await fomo.sign_in(world, PHONE, PASSWORD)
        world.advance(hours=2)
        assert await fomo.sign_in(world, PHONE, PASSWORD)
        world.advance(hours=25)
        await sweep(world)
        assert await rows(world, Perishable.LIMITS) == 0
        assert await fomo.sign_in(world, PHONE, PASSWORD)


@swept_or_not
async def test_a_letter(world: World, swept: bool) -> None:
    """It is not sent after its code has expired; one that is still to be sent is not removed."""
    await Fomo().call(world, "register", user_name=PHONE, pwd=PASSWORD)
    await sweep(world)
    assert await rows(world, Perishable.OUTBOX, "sent_at IS NULL") == 1
    world.advance(minutes=16)
    if swept:
        await sweep(world)
        assert await rows(world, Perishable.OUTBOX) == 0
    courier: Courier = world.core.courier
    await courier.deliver_due(lambda _: None)
    assert await rows(world, Perishable.OUTBOX, "sent_at IS NOT NULL") == 0


async def test_what_has_no_end_is_never_touched(world: World) -> None:
    """A year later, everything that an account is made of is there, and so is the audit trail."""
    for number, actor in enumerate(ACTORS):
        await actor.register(world, f"1390000000{number}", PASSWORD)
    kept = ("accounts", "identifiers", "passwords", "profiles", "handles", "events", "transfers")
    counted = {table: await world.sql(f"SELECT count(*) FROM {table}") for table in kept}
    world.advance(days=365)
    await sweep(world)
    for table in kept:
        assert await world.sql(f"SELECT count(*) FROM {table}") == counted[table], table
    assert [await rows(world, kind) for kind in Perishable] == [0] * len(Perishable)
    for number, actor in enumerate(ACTORS):
        assert await actor.sign_in(world, f"1390000000{number}", PASSWORD)
