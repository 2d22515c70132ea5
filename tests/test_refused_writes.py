"""Where the database will not write just now, whoever is right may ask again until it does: what
they prove with is not used up by that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import actors
from front_door import Answer, World, WorldWith
from hufu.services.argon2 import Argon2Hasher
from hufu.services.captcha import CaptchaPainter
from hufu.services.overload import Overloaded

PHONE, PASSWORD, NEW = "13390633695", "correct horse 1", "better horse 2"
PAYMENT = "payment horse 3"
TIMES = 20
"""More than anybody may guess."""

OPENS = "accounts", "sessions", "grants", "identifiers"
FULL = """
CREATE OR REPLACE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE disk_full; END $$
"""


@asynccontextmanager
async def full(world: World) -> AsyncIterator[None]:
    """Meanwhile nothing is written that somebody proves themselves for."""
    await world.sql(FULL)
    for table in (*OPENS, "passwords"):
        change = "UPDATE" if table == "passwords" else "INSERT"
        await world.sql(
            f"CREATE TRIGGER is_full BEFORE {change} ON {table} EXECUTE FUNCTION is_full()"
        )
    try:
        yield
    finally:
        await world.sql("DROP FUNCTION is_full CASCADE")


@pytest.fixture
def refused_first(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have a world refuse the requests to some paths again and again before it takes them."""

    def begin(world: World, *paths: str) -> list[str]:
        taken: list[str] = []
        request = world.request

        async def refused(method: str, path: str, **more: Any) -> Answer:
            if path.endswith(paths):
                async with full(world):
                    for _ in range(TIMES):
                        answer = await request(method, path, **more)
                        assert answer.status == 503
                        assert answer.header("retry-after") == "1"
                taken.append(path)
            return await request(method, path, **more)

        monkeypatch.setattr(world, "request", refused)
        return taken

    return begin


@pytest.mark.parametrize(
    ("actor", "path"),
    [
        (actors.Fomo(), "/complete_register"),
        (actors.Company(), "/reg"),
        (actors.Rental(), "/register"),
    ],
)
async def test_a_code_registers(
    world_with: WorldWith, refused_first: Any, actor: actors.Actor, path: str
) -> None:
    async with world_with({}) as world:
        taken = refused_first(world, path)
        await actor.register(world, PHONE, PASSWORD)
        assert len(taken) == 1
        assert await actor.sign_in(world, PHONE, PASSWORD)


@pytest.mark.parametrize("actor", [actors.Fomo(), actors.Company()])
async def test_a_code_recovers(
    world_with: WorldWith, refused_first: Any, actor: actors.Actor
) -> None:
    async with world_with({}) as world:
        await actor.register(world, PHONE, PASSWORD)
        world.advance(minutes=2)
        taken = refused_first(world, "/rec_pwd2", "/pwd")
        assert await actor.change_password(world, PHONE, NEW)
        assert len(taken) == 1
        assert await actor.sign_in(world, PHONE, NEW)


async def test_a_code_binds(world_with: WorldWith, refused_first: Any) -> None:
    async with world_with({}) as world:
        fomo = actors.Fomo()
        await fomo.register(world, PHONE, PASSWORD)
        session = await fomo.sign_in(world, PHONE, PASSWORD)
        assert session is not None
        refused_first(world, "/bind_completed")
        begun = await fomo.call(world, "bind_email", email="a@example.com", **session.fields)
        assert begun["status"] == 1, begun
        code = await world.code("a@example.com")
        fields = {**session.fields, "verify_code": code, **begun["data"]}
        bound = await fomo.call(world, "bind_completed", **fields)
        assert bound["status"] == 1, bound


@pytest.mark.parametrize(
    "actor", [actors.Fomo(), actors.Company(), actors.Rental(), actors.Creator()]
)
async def test_a_password_signs_in(
    world_with: WorldWith, refused_first: Any, actor: actors.Actor
) -> None:
    who = "somebody" if isinstance(actor, actors.Creator) else PHONE
    async with world_with({}) as world:
        await actor.register(world, who, PASSWORD)
        assert await actor.sign_in(world, who, PASSWORD)  # Its profile is there from now on.
        taken = refused_first(world, "/login")
        assert await actor.sign_in(world, who, PASSWORD)
        assert len(taken) == 1


async def test_a_wrong_guess_stays_counted(world_with: WorldWith) -> None:
    """Whatever the database will write."""
    async with world_with({}) as world:
        fomo = actors.Fomo()
        begun = await fomo.call(world, "register", user_name=PHONE, pwd=PASSWORD)
        right = await world.code(PHONE)
        wrong = f"{(int(right) + 1) % 10 ** len(right):0{len(right)}}"
        async with full(world):
            said = [
                await fomo.call(world, "complete_register", verify_code=wrong, **begun["data"])
                for _ in range(TIMES)
            ]
        assert [each["status"] for each in said[:5]] == [105] * 5
        assert {each["status"] for each in said[5:]} == {106}


async def crowd(*_: Any) -> None:
    """In place of a hash, where there is no place for it."""
    raise Overloaded(1)


async def signed_in(world: World) -> actors.Session:
    await actors.Fomo().register(world, PHONE, PASSWORD)
    session = await actors.Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session


async def granted(world: World) -> Any:
    """What sets a password."""
    fomo = actors.Fomo()
    begun = await fomo.call(world, "rec_pwd1", user_name=PHONE)
    code = await world.code(PHONE)
    return (await fomo.call(world, "rec_pwd2", verify_code=code, **begun["data"]))["data"]


@pytest.mark.parametrize("what", ["make", "matches"])
async def test_passwords_that_nobody_compared_are_no_guesses(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Neither the payment password with a new one, nor the other one with a payment password."""
    fomo, session = actors.Fomo(), await signed_in(world)
    paying = {"wallet_pwd": PAYMENT, **session.fields}
    for call, fields in (("set_wallet_pwd", paying), ("set_pwd", {"pwd": NEW})):
        sent = {**fields, **await granted(world)}
        with monkeypatch.context() as crowded:
            crowded.setattr(Argon2Hasher, what, crowd)
            for _ in range(TIMES):
                assert (await fomo.form(world, f"/customer/{call}", sent)).status == 503
        assert (await fomo.call(world, call, **sent))["status"] == 1


async def test_a_code_and_a_payment_password_outlast_a_crowd(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await signed_in(world)
    paying = {"wallet_pwd": PAYMENT, **session.fields, **await granted(world)}
    assert (await actors.Fomo().call(world, "set_wallet_pwd", **paying))["status"] == 1
    creator, path = actors.Creator(), f"/user/forgetPassword/{PHONE}"
    await creator.get(world, path)
    sent = {
        "phone_number": PHONE,
        "identifying_code": await world.code(PHONE),
        "new_password": NEW,
    }
    with monkeypatch.context() as crowded:
        crowded.setattr(Argon2Hasher, "matches", crowd)
        for _ in range(TIMES):
            assert (await creator.form(world, path, sent)).status == 503
    assert (await creator.form(world, path, sent)).json()["msg"] == "login successful"


async def test_a_code_outlasts_a_crowd(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In which there is no place for the hash of the new password."""
    async with world_with({}) as world:
        company = actors.Company()
        assert await company.ask_code(world, PHONE) == {"code": "200"}
        fields = {
            "phone": PHONE,
            "xid": company.xid,
            "utime": actors.UTIME,
            "yzm": await world.code(PHONE),
            "pwd": actors.md5(PASSWORD),
        }

        with monkeypatch.context() as crowded:
            crowded.setattr(Argon2Hasher, "make", crowd)
            for _ in range(TIMES):
                assert (await company.form(world, "/user/reg", fields)).status == 503
        assert (await company.form(world, "/user/reg", fields)).json()["code"] == "200"


async def test_a_first_visitor_whose_captcha_was_not_painted_may_ask_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/rental/api/imagecode?pcodeid=&codeid=1"
    with monkeypatch.context() as crowded:
        crowded.setattr(CaptchaPainter, "paint", crowd)
        for _ in range(2):
            assert (await world.get(path)).status == 503
    first = await world.get(path)
    assert (first.status, first.header("content-type")) == (200, "image/jpeg")
    text = await world.captcha("1")
    with monkeypatch.context() as crowded:
        crowded.setattr(CaptchaPainter, "paint", crowd)
        assert (await world.get(path, cookies=first.cookies())).status == 503
    again = await world.get(path, cookies=first.cookies())
    assert (again.status, again.cookies()) == (200, first.cookies())
    assert await world.captcha("1") == text
