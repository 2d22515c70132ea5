"""What else is done to an account while one of its passwords is being set."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import Company, Creator, Fomo, Session
from front_door import World
from hufu.domain.passwords import Password, Verifier
from hufu.services.argon2 import Argon2Hasher

PHONE = "13390633695"
PASSWORD, PAYMENT, NEW = "correct horse 1", "payment horse 2", "battery staple 3"
ANY_DOOR = pytest.mark.parametrize(
    "actor", [Fomo(), Company(), Creator()], ids=lambda actor: actor.app
)


async def member(world: World) -> Session:
    await Fomo().register(world, PHONE, PASSWORD)
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session


async def recovering(world: World) -> dict[str, Any]:
    """What a grant is given for."""
    begun = await Fomo().call(world, "rec_pwd1", user_name=PHONE)
    return {"verify_code": await world.code(PHONE), **begun["data"]}


async def granted(world: World) -> dict[str, Any]:
    """What sets a password."""
    answer = await Fomo().call(world, "rec_pwd2", **await recovering(world))
    return dict(answer["data"])


def after_comparing_the_payment_password(
    patch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]], payment: str
) -> None:
    """When a password was compared for the first time with that one, this happens."""
    matches, happened = Argon2Hasher.matches, False

    async def matching(self: Argon2Hasher, password: Password, verifier: Verifier | None) -> bool:
        nonlocal happened
        same = await matches(self, password, verifier)
        if verifier is not None and verifier.argon2 == payment and not happened:
            happened = True
            await happens()
        return same

    patch.setattr(Argon2Hasher, "matches", matching)


@ANY_DOOR
async def test_both_passwords_never_become_the_same_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, actor: Fomo | Company | Creator
) -> None:
    """Each differs from the one that it is compared with, and that is another one meanwhile."""
    session, fomo = await member(world), Fomo()

    async def pay_with(password: str, grant: dict[str, Any]) -> None:
        sent = {"wallet_pwd": password, **session.fields, **grant}
        assert (await fomo.call(world, "set_wallet_pwd", **sent))["status"] == 1

    await pay_with(PAYMENT, await granted(world))
    [row] = await world.sql("SELECT argon2 FROM passwords WHERE purpose = 'payment'")
    grant = await granted(world)
    after_comparing_the_payment_password(monkeypatch, lambda: pay_with(NEW, grant), row["argon2"])
    assert not await actor.change_password(world, PHONE, NEW)
    assert await fomo.sign_in(world, PHONE, NEW) is None
    assert await fomo.sign_in(world, PHONE, PASSWORD) is not None
    assert await fomo.signed_in(world, session)
    assert not await actor.change_password(world, PHONE, NEW)
    assert await actor.change_password(world, PHONE, PAYMENT)
