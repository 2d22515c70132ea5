"""Apps: which share accounts, what each has of its own, and where each is found."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Rental, Session, md5
from front_door import Answer, World, WorldWith
from hufu.actions.administration import bar_account, find_accounts
from hufu.services.identifiers import parse_any

PHONE, OTHER_PHONE = "13390633695", "13800138000"
EMAIL = "owner@example.com"
PASSWORD, OTHER_PASSWORD = "correct horse 1", "battery staple 2"

every_actor = pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)


async def opened_by(world: World, password: str) -> set[str]:
    """The apps whose door the password opens."""
    return {actor.app for actor in ACTORS if await actor.sign_in(world, PHONE, password)}


# Pools


@every_actor
async def test_apps_of_two_pools_share_nothing(world_with: WorldWith, actor: Actor) -> None:
    """Neither accounts nor what happens to them; the same person may be in both."""
    others = {other.app for other in ACTORS} - {actor.app}
    async with world_with({f"apps.{actor.app}.pool": "other"}) as world:
        await actor.register(world, PHONE, PASSWORD)
        assert await opened_by(world, PASSWORD) == {actor.app}
        second = next(other for other in ACTORS if other.app in others)
        await second.register(world, PHONE, OTHER_PASSWORD)
        assert await opened_by(world, PASSWORD) == {actor.app}
        assert await opened_by(world, OTHER_PASSWORD) == others

        deps = world.deps(actor.app)
        (account_id,) = await find_accounts(deps, parse_any(PHONE))
        await bar_account(deps, account_id, "test")
        assert await opened_by(world, PASSWORD) == set()
        assert await opened_by(world, OTHER_PASSWORD) == others


async def test_a_pool_without_digests_keeps_passwords_as_typed(world_with: WorldWith) -> None:
    plain = (Fomo(), Rental(), Creator())
    async with world_with({"apps.company.pool": "other"}) as world:
        await Rental().register(world, PHONE, PASSWORD)
        for actor in plain:
            assert await actor.sign_in(world, PHONE, PASSWORD)
            assert await actor.sign_in(world, PHONE, md5(PASSWORD)) is None
        assert [row["scheme"] for row in await world.sql("SELECT scheme FROM passwords")] == [
            "plain"
        ]


async def test_a_pool_that_a_company_joins(world_with: WorldWith) -> None:
    """Its owner's next sign-in with the password opens the account to the digest too."""
    async with world_with({"apps.company.pool": "other"}) as world:
        await Rental().register(world, PHONE, PASSWORD)
    async with world_with({}) as world:
        assert await Company().sign_in(world, PHONE, PASSWORD) is None
        assert await Creator().sign_in(world, PHONE, md5(PASSWORD)) is None
        assert await Company().sign_in(world, PHONE, PASSWORD) is None
        assert await Creator().sign_in(world, PHONE, PASSWORD)
        assert await Company().sign_in(world, PHONE, PASSWORD)
        assert await opened_by(world, PASSWORD) == {actor.app for actor in ACTORS}
        assert await Fomo().sign_in(world, PHONE, md5(PASSWORD)) is None


async def test_a_server_with_one_app_keeps_passwords_as_its_pool_does(
    world_with: WorldWith,
) -> None:
    """What clients of apps that it does not serve send is known to it all the same."""
    async with world_with({}) as world:
        await Company().register(world, PHONE, PASSWORD)
    async with world_with({"only_app": "rental"}) as world:
        assert await Rental(mount="").sign_in(world, PHONE, PASSWORD)
        await Rental(mount="").register(world, OTHER_PHONE, PASSWORD)
    async with world_with({}) as world:
        for phone in (PHONE, OTHER_PHONE):
            assert await Company().sign_in(world, phone, PASSWORD)


# Two apps of one dialect

SECOND = {
    "apps.second.dialect": "fomo",
    "apps.second.prefix": "/second",
    "apps.second.code_digits": "4",
    "apps.second.hardening": "strict",
    "apps.second.session_idle_days": "1",
}


async def test_two_apps_of_one_dialect_differ_in_their_settings(world_with: WorldWith) -> None:
    async with world_with(SECOND) as world:
        first, second = Fomo(), Fomo("/second")
        begun = await second.call(world, "register", user_name=PHONE, pwd="short 7")
        assert begun["status"] == 0
        await second.register(world, PHONE, PASSWORD)
        assert len(await world.code(PHONE)) == 4
        await first.call(world, "rec_pwd1", user_name=PHONE)
        assert len(await world.code(PHONE)) == 6
        sent = {"login_name": OTHER_PHONE, "pwd": PASSWORD}
        assert (await first.call(world, "login", **sent))["status"] == 11
        assert (await second.call(world, "login", **sent))["status"] == 12


async def test_two_apps_of_one_dialect_share_the_account_and_nothing_else(
    world_with: WorldWith,
) -> None:
    async with world_with(SECOND) as world:
        first, second = Fomo(), Fomo("/second")
        await first.register(world, PHONE, PASSWORD)
        here, there = [await app.sign_in(world, PHONE, PASSWORD) for app in (first, second)]
        assert here is not None
        assert there is not None
        assert here.account_id == there.account_id
        assert not await first.signed_in(world, there)
        assert not await second.signed_in(world, here)

        await first.call(world, "set_info", name="li lei", **here.fields)
        await first.call(world, "set_fomo_id", fomo_id="li_lei", **here.fields)
        shown = (await second.call(world, "get_user_info", **there.fields))["data"]["user_info"]
        assert "li" not in shown["name"] + shown["fomo_id"]

        begun = await first.call(world, "rec_pwd1", user_name=PHONE)
        answer = {**begun["data"], "verify_code": await world.code(PHONE)}
        assert (await second.call(world, "rec_pwd2", **answer))["status"] == 107
        granted = await first.call(world, "rec_pwd2", **answer)
        assert granted["status"] == 1
        sent = {**granted["data"], "pwd": OTHER_PASSWORD}
        assert (await second.call(world, "set_pwd", **sent))["status"] == 201

        world.advance(days=2)
        assert await first.signed_in(world, here)
        assert not await second.signed_in(world, there)
        assert (await first.call(world, "set_pwd", **sent))["status"] == 201
        assert await first.change_password(world, PHONE, OTHER_PASSWORD)
        assert not await first.signed_in(world, here)


# Somebody else's address as an account name


async def test_an_unproved_address_is_not_in_its_owners_way(world: World) -> None:
    thief, fomo = Creator(), Fomo()
    await thief.register(world, EMAIL, OTHER_PASSWORD)
    stolen = await thief.sign_in(world, EMAIL, OTHER_PASSWORD)
    assert stolen is not None
    assert await fomo.sign_in(world, EMAIL, OTHER_PASSWORD) is None
    assert (await fomo.call(world, "rec_pwd1", user_name=EMAIL))["status"] == 11

    await fomo.register(world, EMAIL, PASSWORD)
    owner = await fomo.sign_in(world, EMAIL, PASSWORD)
    assert owner is not None
    assert owner.account_id != stolen.account_id
    through_creator = await thief.sign_in(world, EMAIL, PASSWORD)
    assert through_creator is not None
    assert through_creator.account_id == owner.account_id
    assert await fomo.sign_in(world, EMAIL, OTHER_PASSWORD) is None
    again = await thief.sign_in(world, EMAIL, OTHER_PASSWORD)
    assert again is None or again.account_id == stolen.account_id
    assert await fomo.change_password(world, EMAIL, "a third one 3")
    assert await fomo.sign_in(world, EMAIL, "a third one 3")


async def test_an_unproved_address_can_be_bound_by_its_owner(world: World) -> None:
    await Creator().register(world, EMAIL, OTHER_PASSWORD)
    fomo = Fomo()
    await fomo.register(world, PHONE, PASSWORD)
    owner = await fomo.sign_in(world, PHONE, PASSWORD)
    assert owner is not None
    begun = await fomo.call(world, "bind_email", email=EMAIL, **owner.fields)
    sent = {"verify_code": await world.code(EMAIL), "verfify_id": begun["data"]["verify_id"]}
    bound = await fomo.call(world, "bind_completed", **sent, **owner.fields)
    assert bound["data"]["user_info"]["email"] == EMAIL
    opened = [await actor.sign_in(world, EMAIL, PASSWORD) for actor in (fomo, Creator())]
    assert [session and session.account_id for session in opened] == [owner.account_id] * 2
    assert await fomo.sign_in(world, EMAIL, OTHER_PASSWORD) is None


async def test_a_proved_address_is_no_account_name_for_others(world: World) -> None:
    await Fomo().register(world, EMAIL, PASSWORD)
    for spelling in (EMAIL, EMAIL.upper(), "ｏｗｎｅｒ@example.com"):
        sent = {"account": spelling, "password": OTHER_PASSWORD}
        answer = await Creator().form(world, "/user/register", sent)
        assert answer.json() == {"msg": "account had been used"}, spelling
    assert await Creator().sign_in(world, EMAIL, OTHER_PASSWORD) is None


async def test_a_number_is_no_account_name(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    for name in (PHONE, f"+86{PHONE}", "0086 133 9063 3695", OTHER_PHONE, "12345", "１２３４５"):
        sent = {"account": name, "password": OTHER_PASSWORD}
        answer = await Creator().form(world, "/user/register", sent)
        assert answer.json() == {"msg": "register failure"}, name
    assert await opened_by(world, OTHER_PASSWORD) == set()
    assert await opened_by(world, PASSWORD) == {actor.app for actor in ACTORS}


# Three ways to an app

Step = Callable[[World, Actor], Awaitable[Answer]]


def steps(session: Session) -> list[Step]:
    """Requests whose answers hold nothing that is new every time."""
    wrong = "wrong horse 1"

    def post(path: str, fields: dict[str, Any], **more: Any) -> Step:
        return lambda world, actor: actor.json(world, path, fields, **more)

    def get(path: str, **more: Any) -> Step:
        return lambda world, actor: actor.get(world, path, **more)

    return [
        lambda world, actor: actor.try_to_sign_in(world, PHONE, wrong),
        lambda world, actor: actor.try_to_sign_in(world, OTHER_PHONE, PASSWORD),
        *(post(path, {}) for path in ("/user/login", "/customer/login", "/api/login", "/")),
        *(get(path) for path in ("/user/login", "/customer/login", "/api/login", "/x", "/api/")),
        post("/customer/get_user_info", dict(session.fields)),
        post("/user/getUserInfo", {**session.fields, "utime": "1461137183"}),
        get("/api/profile", cookies=session.cookies),
        get("/api/check_login"),
        get(f"/user/loginPhone/{PHONE}", cookies=session.cookies),
        get(f"//user/loginPhone/{PHONE}", cookies=session.cookies),
    ]


@every_actor
async def test_host_prefix_and_root_answer_alike(world_with: WorldWith, actor: Actor) -> None:
    host = f"{actor.app}.localhost"
    async with world_with({}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        session = await actor.sign_in(world, PHONE, PASSWORD)
        assert session is not None
        places = (
            actor,
            replace(actor, mount="", host=host),
            replace(actor, mount="", host=f"{host}:8000".upper()),
            replace(actor, host="elsewhere.example"),
        )
        answers = [[await step(world, place) for step in steps(session)] for place in places]
        assert len({answer.body for answer in answers[0]}) > 3
    async with world_with({"only_app": actor.app}) as world:
        alone = replace(actor, mount="")
        answers.append([await step(world, alone) for step in steps(session)])
        nowhere = replace(alone, host=host)
        answers.append([await step(world, nowhere) for step in steps(session)])
    for other in answers[1:]:
        for mine, theirs in zip(answers[0], other, strict=True):
            assert (mine.status, mine.headers, mine.body) == (
                theirs.status,
                theirs.headers,
                theirs.body,
            )


@every_actor
async def test_a_host_wins_over_a_prefix(world: World, actor: Actor) -> None:
    for other in ACTORS:
        place = replace(actor, host=f"{other.app}.localhost")
        answer = await place.try_to_sign_in(world, PHONE, PASSWORD)
        assert answer.status == 404, other.app


@every_actor
async def test_cookies_are_for_the_mount_alone(world_with: WorldWith, actor: Actor) -> None:
    async with world_with({}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        by_prefix = await actor.try_to_sign_in(world, PHONE, PASSWORD)
        at_root = replace(actor, mount="", host=f"{actor.app}.localhost")
        by_host = await at_root.try_to_sign_in(world, PHONE, PASSWORD)
    for answer, path in ((by_prefix, actor.mount), (by_host, "/")):
        for cookie in (value for name, value in answer.headers if name == "set-cookie"):
            assert f"; Path={path};" in f"{cookie};"
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
    assert bool(by_prefix.cookies()) is (actor.app in {"rental", "creator"})


async def test_a_server_with_one_app_has_no_other(world_with: WorldWith) -> None:
    async with world_with({"only_app": "company"}) as world:
        await replace(Company(), mount="").register(world, PHONE, PASSWORD)
        for actor in (Fomo(), Rental(), Creator(), Company()):
            for place in (actor, replace(actor, mount="", host=f"{actor.app}.localhost")):
                if place.app == "company" and not place.mount:
                    continue
                answer = await place.try_to_sign_in(world, PHONE, PASSWORD)
                said = (answer.status, answer.json())
                assert said in [(404, {"code": "400"}), (200, {"code": "400"})], place


async def test_what_is_below_another_apps_prefix_is_that_apps(world_with: WorldWith) -> None:
    """As the ordinary way has it: the shorter prefix comes first."""
    prefixes = {"apps.fomo.prefix": "/a", "apps.rental.prefix": "/a/b"}
    async with world_with(prefixes) as world:
        assert (await world.get("/a/b/api/check_login")).status == 404
        places = [path for path in world.server._express[""] if path.startswith(b"/a/")]
    assert sorted(places) == [b"/a/customer/get_user_info", b"/a/customer/login"]


@pytest.mark.parametrize("prefix", ["/r", "/rental/of/rooms"])
async def test_a_prefix_may_be_short_or_long(world_with: WorldWith, prefix: str) -> None:
    """And whatever else a path is made of, it is looked for in vain."""
    prefixes = {"apps.fomo.prefix": "/a/b", "apps.rental.prefix": prefix}
    async with world_with(prefixes) as world:
        assert (await world.get(f"{prefix}/api/check_login")).status == 200
        for path in (f"{prefix}x/api/check_login", f"/{prefix}/api/check_login", "/" * 8000):
            assert (await world.get(path)).json() == {"error": "no app is mounted here"}
