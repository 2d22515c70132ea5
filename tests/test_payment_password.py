"""The payment password is no key to the account, whichever door the sign-in password is set at."""

import pytest

from actors import Company, Creator, Fomo, Session
from front_door import World

PHONE = "13390633695"
PASSWORD, PAYMENT = "open-sesame", "pay-for-rice"


async def granted(world: World) -> dict[str, str]:
    """What sets a password."""
    fomo = Fomo()
    begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
    code = await world.code(PHONE)
    answer = await fomo.call(world, "rec_pwd2", verify_code=code, **begun["data"])
    return dict(answer["data"])


async def set_payment_password(world: World, session: Session, password: str) -> int:
    """What setting it answers."""
    sent = {"wallet_pwd": password, **session.fields, **await granted(world)}
    return int((await Fomo().call(world, "set_wallet_pwd", **sent))["status"])


async def with_payment_password(world: World) -> Session:
    fomo = Fomo()
    await fomo.register(world, PHONE, PASSWORD)
    session = await fomo.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    assert await set_payment_password(world, session, PAYMENT) == 1
    return session


@pytest.mark.parametrize("actor", [Fomo(), Company(), Creator()], ids=lambda actor: actor.app)
async def test_it_never_becomes_the_sign_in_password(
    world: World, actor: Fomo | Company | Creator
) -> None:
    await with_payment_password(world)
    assert not await actor.change_password(world, PHONE, PAYMENT)
    assert await Fomo().sign_in(world, PHONE, PAYMENT) is None
    assert await Fomo().sign_in(world, PHONE, PASSWORD) is not None
    assert await actor.change_password(world, PHONE, "another-password")


async def reset(world: World, password: str, grant: dict[str, str]) -> int:
    """What setting the sign-in password answers."""
    return int((await Fomo().call(world, "set_pwd", pwd=password, **grant))["status"])


async def test_trying_which_it_is_counts_as_guessing(world: World) -> None:
    await with_payment_password(world)
    grant = await granted(world)
    for _ in range(5):
        assert await reset(world, PAYMENT, grant) == 0
    assert await reset(world, "fresh-password", grant) == 0
    world.advance(minutes=14, seconds=50)
    grant = await granted(world)
    assert await reset(world, "fresh-password", grant) == 0
    world.advance(seconds=11)
    assert await reset(world, "fresh-password", grant) == 1


async def test_guesses_at_it_are_no_guesses_at_the_other(world: World) -> None:
    session = await with_payment_password(world)
    grant = await granted(world)
    for _ in range(6):
        assert await reset(world, PAYMENT, grant) == 0
    for number in range(4):
        assert await set_payment_password(world, session, f"{PAYMENT}-{number}") == 1


async def test_neither_are_guesses_at_the_other_guesses_at_it(world: World) -> None:
    session = await with_payment_password(world)
    for _ in range(10):
        assert await set_payment_password(world, session, PASSWORD) == 0
    assert await set_payment_password(world, session, f"{PAYMENT}-2") == 0
    assert await reset(world, "fresh-password", await granted(world)) == 1


async def test_twenty_five_comparisons_a_day(world: World) -> None:
    await with_payment_password(world)
    for _ in range(5):
        grant = await granted(world)
        for _ in range(5):
            assert await reset(world, PAYMENT, grant) == 0
        world.advance(minutes=16)
    assert await reset(world, "fresh-password", await granted(world)) == 0
    world.advance(hours=24)
    assert await reset(world, "fresh-password", await granted(world)) == 1


async def test_creator_calls_it_an_unfit_password(world: World) -> None:
    await with_payment_password(world)
    path = f"/creator/user/forgetPassword/{PHONE}"
    await world.get(path)
    fields = {"phone_number": PHONE, "identifying_code": await world.code(PHONE)}
    answer = await world.form(path, {**fields, "new_password": PAYMENT})
    assert (answer.status, answer.json()) == (400, {"msg": "parameter error"})
