"""What else is done to an account while one of its passwords is being set."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import Company, Creator, Fomo, Session
from front_door import World
from hufu.domain.passwords import Password, Verifier
from hufu.services.argon2 import Argon2Hasher
from hufu.storage.recovery import Grants

PHONE = "13390633695"
PASSWORD, PAYMENT, NEW = "correct horse 1", "payment horse 2", "battery staple 3"
GRANT_INVALID = 201
WAITING = (
    "SELECT FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)
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


@ANY_DOOR
async def test_a_grant_for_a_code_of_before_ends_with_the_password(
    world: World, monkeypatch: pytest.MonkeyPatch, actor: Fomo | Company | Creator
) -> None:
    """The code is spent, and its grant is not given yet, when the password changes."""
    await member(world)
    grant, sent = await granted(world), await recovering(world)
    add, changing = Grants.add, list[asyncio.Task[bool]]()

    async def change() -> bool:
        if isinstance(actor, Fomo):
            return bool((await actor.call(world, "set_pwd", pwd=NEW, **grant))["status"] == 1)
        return await actor.change_password(world, PHONE, NEW)

    async def adding(self: Grants, *grant: Any) -> None:
        changing.append(asyncio.create_task(change()))
        while not await world.sql(WAITING):
            assert not changing[0].done()
        await add(self, *grant)

    monkeypatch.setattr(Grants, "add", adding)
    late = await Fomo().call(world, "rec_pwd2", **sent)
    assert late["status"] == 1
    assert await changing[0]
    used = await Fomo().call(world, "set_pwd", pwd=PASSWORD, **late["data"])
    assert used["status"] == GRANT_INVALID
    assert await Fomo().sign_in(world, PHONE, NEW) is not None
