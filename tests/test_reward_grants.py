"""What people do for their accounts and its reward happen both or neither."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actors import Fomo
from dialects.pictures import JPEG, PNG
from front_door import World
from hufu.actions.rewards import find_rule, set_rule
from hufu.actions.words import add_word
from hufu.domain.ledger import UNITS
from rewarding import TEN, Member, app_secret, audited, balance, member, tell

PASSWORD, PAYMENT_PASSWORD = "correct horse 1", "battery staple 2"
PHONE, EMAIL = "13390633695", "anna@example.com"

# What is left out counts guesses, or when a session was seen, whatever becomes of the request.
LASTING = (
    "accounts",
    "awards",
    "balances",
    "events",
    "grants",
    "handles",
    "identifiers",
    "invitation_counts",
    "invitations",
    "ledger_chains",
    "outbox",
    "passwords",
    "postings",
    "profiles",
    "transfers",
    "word_takers",
    "words",
)
RAISES = """
CREATE FUNCTION out_of_order() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'out of order'; END $$
"""
AT_ONCE = "CREATE TRIGGER out_of_order BEFORE INSERT OR UPDATE ON {} "
AT_COMMIT = (
    "CREATE CONSTRAINT TRIGGER out_of_order AFTER INSERT OR UPDATE ON {} "
    "DEFERRABLE INITIALLY DEFERRED "
)


@asynccontextmanager
async def out_of_order(
    world: World, table: str = "transfers", how: str = AT_ONCE
) -> AsyncIterator[None]:
    """Meanwhile nothing can be written to the table."""
    await world.sql(RAISES)
    try:
        await world.sql(how.format(table) + "FOR EACH ROW EXECUTE FUNCTION out_of_order()")
        yield
    finally:
        await world.sql("DROP FUNCTION out_of_order CASCADE")


async def everything(world: World) -> dict[str, list[str]]:
    """Every row that lasts, every code that was spent, and every picture."""
    found = {
        table: [str(tuple(row)) for row in await world.sql(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in LASTING
    }
    codes = await world.sql("SELECT id FROM codes WHERE spent_at IS NOT NULL ORDER BY 1")
    folder = world.core.configuration.settings.data_dir / "uploads"
    pictures = [str(each) for each in sorted(folder.rglob("*")) if each.is_file()]
    return {**found, "codes": [str(row["id"]) for row in codes], "pictures": pictures}


async def signed_in(world: World) -> Member:
    """Somebody with a phone and a password, whose profile and handle the app has seen."""
    await Fomo().register(world, PHONE, PASSWORD)
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    one = Member(session.account_id, session.fields["session_key"], "")
    code = (await one.call(world, "get_invitation"))["data"]["code"]
    return Member(session.account_id, session.fields["session_key"], code)


Fields = Mapping[str, object]
Prepare = Callable[[World, Member], Awaitable[Fields]]


async def a_handle(_: World, __: Member) -> Fields:
    return {"fomo_id": "the_one"}


async def a_profile(_: World, __: Member) -> Fields:
    return {"name": "Anna", "city": "上海", "sex": 1}


async def a_picture(_: World, __: Member) -> Fields:
    return {"base64_string": PNG}


async def a_binding(world: World, one: Member) -> Fields:
    begun = await one.call(world, "bind_email", email=EMAIL)
    return {"verify_code": await world.code(EMAIL), "verify_id": begun["data"]["verify_id"]}


async def a_payment_password(world: World, _: Member) -> Fields:
    begun = (await Fomo().call(world, "rec_pwd1", user_name=PHONE))["data"]
    code = await world.code(PHONE)
    granted = await Fomo().call(world, "rec_pwd2", verify_code=code, **begun)
    return {"wallet_pwd": PAYMENT_PASSWORD, **granted["data"]}


async def an_inviter(world: World, _: Member) -> Fields:
    return {"parent_code": (await member(world)).code}


async def nothing(_: World, __: Member) -> Fields:
    return {}


DEEDS = [
    pytest.param("set_fomo_id", a_handle, "set_fomo_id", id="set_fomo_id"),
    pytest.param("set_info", a_profile, "set_info", id="set_info"),
    pytest.param("update_avatar", a_picture, "update_avatar", id="update_avatar"),
    pytest.param("bind_completed", a_binding, "bind_email", id="bind_completed"),
    pytest.param("set_wallet_pwd", a_payment_password, "set_wallet_pwd", id="set_wallet_pwd"),
    pytest.param("set_invitation", an_inviter, "set_invitation", id="set_invitation"),
    pytest.param("sign_in_today", nothing, "sign_in", id="sign_in_today"),
]


OWN_TABLES = {
    "set_fomo_id": "handles",
    "set_info": "profiles",
    "update_avatar": "profiles",
    "bind_completed": "identifiers",
    "set_wallet_pwd": "passwords",
    "set_invitation": "invitations",
}
OFTEN = {"set_fomo_id", "set_info", "update_avatar", "set_wallet_pwd"}


async def refused(world: World, one: Member, name: str, fields: Fields) -> None:
    """The call answers that the server is broken, and changes nothing."""
    before = await everything(world)
    answer = await one.answer(world, name, **fields)
    assert answer.status == 500
    assert answer.header("x-request-id")
    assert answer.json() == {"success": False, "status": 5, "msg": "内部错误", "data": None}
    assert await everything(world) == before


@pytest.mark.parametrize(("name", "prepare", "item"), DEEDS)
async def test_a_deed_whose_reward_cannot_be_written_is_not_done(
    world: World, name: str, prepare: Prepare, item: str
) -> None:
    one = await signed_in(world)
    fields = await prepare(world, one)
    async with out_of_order(world):
        await refused(world, one, name, fields)
        await refused(world, one, name, fields)
    assert await one.status(world, name, **fields) == 1
    assert await given(world, one) == [item]
    assert await balance(world, one.account_id) == TEN
    await audited(world)


async def given(world: World, one: Member) -> list[str]:
    """The items of all that somebody was given."""
    rows = await world.sql(
        "SELECT item FROM awards WHERE account_id = $1 ORDER BY item", one.account_id
    )
    return [row["item"] for row in rows]


@pytest.mark.parametrize(("name", "prepare", "item"), [each for each in DEEDS if each.id in OFTEN])
async def test_a_deed_that_is_done_again_is_not_rewarded_again(
    world: World, name: str, prepare: Prepare, item: str
) -> None:
    one = await signed_in(world)
    for _ in range(2):
        assert await one.status(world, name, **(await prepare(world, one))) == 1
    assert await given(world, one) == [item]
    assert await balance(world, one.account_id) == TEN


@pytest.mark.parametrize(
    ("table", "how"),
    [
        pytest.param("awards", AT_ONCE, id="awards"),
        pytest.param("postings", AT_ONCE, id="postings"),
        pytest.param("balances", AT_ONCE, id="balances"),
        pytest.param("ledger_chains", AT_ONCE, id="chains"),
        pytest.param("transfers", AT_COMMIT, id="transfers-at-commit"),
        pytest.param("awards", AT_COMMIT, id="awards-at-commit"),
    ],
)
@pytest.mark.parametrize(("name", "prepare", "item"), DEEDS[1:4])
async def test_it_matters_not_what_of_the_reward_cannot_be_written(
    world: World, table: str, how: str, name: str, prepare: Prepare, item: str
) -> None:
    one = await signed_in(world)
    fields = await prepare(world, one)
    async with out_of_order(world, table, how):
        await refused(world, one, name, fields)
    assert await one.status(world, name, **fields) == 1
    assert await given(world, one) == [item]
    await audited(world)


@pytest.mark.parametrize(("name", "prepare", "item"), DEEDS[:6])
async def test_a_reward_for_what_could_not_be_done_is_not_given(
    world: World, name: str, prepare: Prepare, item: str
) -> None:
    """The deed fails when all is written but the commit, the reward included."""
    one = await signed_in(world)
    fields = await prepare(world, one)
    async with out_of_order(world, OWN_TABLES[name], AT_COMMIT):
        await refused(world, one, name, fields)
    assert await given(world, one) == []
    assert await one.status(world, name, **fields) == 1
    assert await given(world, one) == [item]
    await audited(world)


async def test_the_picture_that_is_shown_stays_when_the_reward_fails(world: World) -> None:
    """Of somebody who had one before there was a reward for it."""
    one = await signed_in(world)
    await enable(world, "update_avatar", enabled=False)
    shown = (await one.call(world, "update_avatar", base64_string=JPEG))["data"]
    await enable(world, "update_avatar", enabled=True)
    async with out_of_order(world):
        await refused(world, one, "update_avatar", {"base64_string": PNG})
    info = (await one.call(world, "get_user_info"))["data"]["user_info"]
    assert info["portraitUri"] == shown
    [kept] = (await everything(world))["pictures"]
    assert Path(kept).name == shown.rpartition("/")[2]
    assert await one.status(world, "update_avatar", base64_string=PNG) == 1
    [new] = (await everything(world))["pictures"]
    assert new != kept
    assert await given(world, one) == ["update_avatar"]


async def enable(world: World, item: str, *, enabled: bool) -> None:
    deps = world.deps("fomo")
    rule = await find_rule(deps, "fomo", item)
    assert rule is not None
    await set_rule(deps, replace(rule, app="fomo", enabled=enabled))


async def test_a_share_is_not_taken_when_it_cannot_be_written(world: World) -> None:
    one = await signed_in(world)
    deps = world.deps("fomo")
    await add_word(deps, "sesame", 1, 10 * UNITS, 2, deps.now() + timedelta(hours=1))
    async with out_of_order(world):
        await refused(world, one, "submit_word", {"word": "sesame"})
    taken = await one.call(world, "submit_word", word="sesame")
    assert taken["data"]["word_info"]["used_count"] == "1"
    assert await balance(world, one.account_id) == round(taken["data"]["award_value"] * UNITS)
    await audited(world)


async def test_an_event_is_not_remembered_when_it_cannot_be_written(world: World) -> None:
    one, secret = await member(world), await app_secret(world)
    async with out_of_order(world):
        before = await everything(world)
        told = await tell(world, secret, "key", one.account_id)
        assert (told.status, told.json()["code"]) == (500, "broken")
        assert await everything(world) == before
    assert (await tell(world, secret, "key", one.account_id)).status == 201
    assert (await tell(world, secret, "key", one.account_id)).status == 200
    assert await balance(world, one.account_id) == TEN
    await audited(world)
