"""The payment password is no key to the account, whichever door the sign-in password is set at."""

import pytest

from actors import Company, Creator, Fomo
from front_door import World

PHONE = "13390633695"
PASSWORD, PAYMENT = "open-sesame", "pay-for-rice"


async def with_payment_password(world: World) -> None:
    fomo = Fomo()
    await fomo.register(world, PHONE, PASSWORD)
    session = await fomo.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
    code = await world.code(PHONE)
    granted = await fomo.call(world, "rec_pwd2", verify_code=code, **begun["data"])
    done = await fomo.call(
        world, "set_wallet_pwd", wallet_pwd=PAYMENT, **session.fields, **granted["data"]
    )
    assert done["status"] == 1


@pytest.mark.parametrize("actor", [Fomo(), Company(), Creator()], ids=lambda actor: actor.app)
async def test_it_never_becomes_the_sign_in_password(
    world: World, actor: Fomo | Company | Creator
) -> None:
    await with_payment_password(world)
    assert not await actor.change_password(world, PHONE, PAYMENT)
    assert await Fomo().sign_in(world, PHONE, PAYMENT) is None
    assert await Fomo().sign_in(world, PHONE, PASSWORD) is not None
    assert await actor.change_password(world, PHONE, "another-password")


async def test_trying_which_it_is_counts_as_guessing(world: World) -> None:
    await with_payment_password(world)
    fomo = Fomo()
    begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
    code = await world.code(PHONE)
    granted = await fomo.call(world, "rec_pwd2", verify_code=code, **begun["data"])
    for _ in range(10):
        done = await fomo.call(world, "set_pwd", pwd=PAYMENT, **granted["data"])
        assert done["status"] == 0
    assert (await fomo.call(world, "set_pwd", pwd="fresh-password", **granted["data"]))[
        "status"
    ] == 0


async def test_creator_calls_it_an_unfit_password(world: World) -> None:
    await with_payment_password(world)
    path = f"/creator/user/forgetPassword/{PHONE}"
    await world.get(path)
    fields = {"phone_number": PHONE, "identifying_code": await world.code(PHONE)}
    answer = await world.form(path, {**fields, "new_password": PAYMENT})
    assert (answer.status, answer.json()) == (400, {"msg": "parameter error"})
