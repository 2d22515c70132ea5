"""`hufu rewards`: rules that an operator changes beside a running server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.members import join, recorded, tell
from hufu.actions.app_secrets import make_app_secret
from hufu.actions.ledger import ReadBalance, read_balance

LONG_AGO = "2000-01-01T00:00:00+00:00"
SIGN_IN = {
    "app": "*",
    "item": "sign_in",
    "type": "daily",
    "amount": "10.0000",
    "coin": 1,
    "once": None,
    "per_day": 1,
    "state": "in force",
    "from": LONG_AGO,
    "to": None,
}


def at(**span: float) -> str:
    """The time so far from now."""
    return (datetime.now(UTC) + timedelta(**span)).isoformat(timespec="seconds")


async def rules(hufu, *arguments: object, item: str = "sign_in") -> list[dict[str, Any]]:
    """The rules of an item."""
    result = await hufu("rewards", "rules", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [each for each in json.loads(result.stdout) if each["item"] == item]


async def change(hufu, *arguments: object) -> list[str]:
    """What a change that works prints, line by line."""
    result = await hufu("rewards", *arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout.splitlines()


async def refused(hufu, *arguments: object) -> tuple[int, str]:
    """The exit code and the last line of a command that is refused, which changes nothing."""
    before = (await hufu("rewards", "rules", "--json")).stdout
    result = await hufu("rewards", *arguments)
    assert result.stdout == ""
    assert (await hufu("rewards", "rules", "--json")).stdout == before
    return result.exit_code, result.stderr.splitlines()[-1]


# Listing


async def test_rules_are_listed(world, hufu) -> None:
    assert await rules(hufu) == [SIGN_IN]
    assert await rules(hufu, item="join_group") == [
        SIGN_IN | {"item": "join_group", "once": "target_and_day", "per_day": 3}
    ]
    header, *lines = await change(hufu, "rules")
    assert header.split() == [
        "app", "item", "type", "amount", "coin", "once", "per", "day", "state", "from", "to",
    ]  # fmt: skip
    assert len(lines) == 10
    assert any(line.split()[:4] == ["*", "sign_in", "daily", "10.0000"] for line in lines)


async def test_rules_of_an_app_are_those_that_count_there(world, hufu) -> None:
    await change(hufu, "set", "sign_in", "--app", "fomo", "--amount", "20")
    own = SIGN_IN | {"app": "fomo", "amount": "20.0000"}
    [listed] = await rules(hufu, "--app", "fomo")
    assert listed | {"from": None} == own | {"from": None}
    assert await rules(hufu, "--app", "company") == [SIGN_IN]
    assert [each["app"] for each in await rules(hufu)] == ["*", "fomo"]
    assert len(await rules(hufu, "--app", "fomo", item="join_group")) == 1


async def test_an_unknown_app_is_told(world, hufu) -> None:
    for arguments in (
        ("rules", "--app", "nowhere"),
        ("set", "sign_in", "--amount", "1", "--app", "nowhere"),
        ("disable", "sign_in", "--app", "nowhere"),
        ("disable", "sign_in", "--app", ""),
    ):
        code, said = await refused(hufu, *arguments)
        assert code == 2
        assert "must be one of fomo, company, rental, creator" in said


# Setting


async def test_a_new_amount_is_given_from_now_on(world, hufu) -> None:
    member = await join(world)
    header, line = await change(hufu, "set", "sign_in", "--amount", "20")
    assert header.split()[:4] == ["app", "item", "type", "amount"]
    assert line.split()[:4] == ["*", "sign_in", "daily", "20.0000"]
    assert await member.sign_in_today() == 1
    assert await member.given_today() == {"sign_in": "20.0000"}
    [(app, facts)] = await recorded(world, "rule_set")
    assert (app, facts["item"], facts["amount"], facts["enabled"]) == (None, "sign_in", 200000, 1)
    assert (facts["type"], facts["per_day"]) == ("daily", 1)


async def test_what_was_given_stays_as_it_was(world, hufu) -> None:
    member = await join(world)
    assert await member.sign_in_today() == 1
    await change(hufu, "set", "sign_in", "--amount", "20")
    assert await member.given_today() == {"sign_in": "10.0000"}
    assert await member.sign_in_today() == 202


async def test_a_rule_of_one_app_holds_there_only(world_with, hufu) -> None:
    second = {"apps.second.dialect": "fomo", "apps.second.prefix": "/second"}
    environment = {"HUFU_APPS__SECOND__DIALECT": "fomo", "HUFU_APPS__SECOND__PREFIX": "/second"}
    async with world_with(second) as world:
        result = await hufu(
            "rewards", "set", "sign_in", "--app", "second", "--amount", "0.0001", env=environment
        )
        assert result.exit_code == 0, result.output
        given = []
        for phone, mount in (("13390633695", "/fomo"), ("13800138000", "/second")):
            member = await join(world, phone, mount)
            assert await member.sign_in_today() == 1
            given.append(await member.given_today())
        [(app, facts)] = await recorded(world, "rule_set")
    assert given == [{"sign_in": "10.0000"}, {"sign_in": "0.0001"}]
    assert (app, facts["per_day"]) == ("second", 1)


async def test_a_rule_to_come_changes_nothing_before(world, hufu) -> None:
    member = await join(world)
    lines = await change(hufu, "set", "sign_in", "--amount", "20", "--from", at(days=3))
    assert ["in force" in lines[1], "to come" in lines[2]] == [True, True]
    assert await member.sign_in_today() == 1
    assert await member.given_today() == {"sign_in": "10.0000"}
    world.advance(days=4)
    assert await member.sign_in_today() == 1
    assert await member.given_today() == {"sign_in": "20.0000"}


async def test_a_rule_ends_when_it_was_told_to(world, hufu) -> None:
    member = await join(world)
    await change(hufu, "set", "sign_in", "--to", at(hours=1))
    assert await member.sign_in_today() == 1
    world.advance(days=1)
    assert await member.sign_in_today() == 202
    await change(hufu, "set", "sign_in", "--to", "none")
    assert (await rules(hufu))[0]["to"] is None


async def test_of_two_rules_to_come_from_one_moment_the_later_set_is_shown(world, hufu) -> None:
    moment = at(days=3)
    for amount in ("20", "30"):
        await change(hufu, "set", "sign_in", "--amount", amount, "--from", moment)
    assert [each["amount"] for each in await rules(hufu)] == ["10.0000", "30.0000"]


async def test_an_item_of_the_apps_own_backend(world, hufu) -> None:
    member = await join(world)
    await change(
        hufu, "set", "shared", "--app", "fomo", "--type", "daily", "--amount", "2.5",
        "--once", "target", "--per-day", "2",
    )  # fmt: skip
    secret = await make_app_secret(world.deps("fomo"))
    event = {"user_id": member.id, "item": "shared"}
    told = [
        (await tell(world, secret, f"key-{number}", **event, target_id=target)).status
        for number, target in enumerate(("a", "a", "b", "c"))
    ]
    assert told == [201, 409, 201, 409]
    found = await read_balance(world.deps("fomo"), ReadBalance(member.id))
    assert found.amounts == {1: 50_000}
    await change(
        hufu, "set", "shared", "--app", "fomo", "--once", "never", "--per-day", "none",
        "--type", "newbie",
    )  # fmt: skip
    [rule] = await rules(hufu, item="shared")
    assert (rule["once"], rule["per_day"], rule["type"]) == (None, None, "newbie")
    assert (await tell(world, secret, "key-5", **event, target_id="a")).status == 201


async def test_another_coin(world, hufu) -> None:
    await hufu("ledger", "add-coin", "gem")
    coin = (await world.sql("SELECT id FROM coins WHERE name = 'gem'"))[0]["id"]
    await change(hufu, "set", "sign_in", "--coin", coin)
    member = await join(world)
    assert await member.sign_in_today() == 1
    found = await read_balance(world.deps("fomo"), ReadBalance(member.id))
    assert found.amounts == {coin: 100_000}


async def test_defaults_of_a_new_item(world, hufu) -> None:
    await change(hufu, "set", "bonus_1", "--type", "newbie", "--amount", "1")
    [rule] = await rules(hufu, item="bonus_1")
    given = {"item": "bonus_1", "type": "newbie", "amount": "1.0000", "per_day": None}
    assert rule | {"from": LONG_AGO} == SIGN_IN | given


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("sign_in",), 2, "say what to change"),
        (("sign_in", "--amount", "20", "--from", LONG_AGO), 2, "it lies in the past"),
        (("sign_in", "--from", "2999-01-01T00:00:00"), 2, "with an offset"),
        (("sign_in", "--from", "2999-01-01"), 2, "with an offset"),
        (("sign_in", "--from", "tomorrow"), 2, "with an offset"),
        (("sign_in", "--to", "9999-12-31T23:59:59-14:00"), 2, "with an offset"),
        (("sign_in", "--to", LONG_AGO), 1, "it would end before it begins"),
        (
            ("sign_in", "--from", "2999-02-01T00:00:00Z", "--to", "2999-01-01T00:00:00Z"),
            1,
            "it would end before it begins",
        ),
        (("sign_in", "--coin", "2"), 1, "there is no coin 2"),
        (("sign_in", "--coin", str(2**70)), 1, f"there is no coin {2**70}"),
        (("sign_in", "--amount", "0"), 2, "at most four decimals"),
        (("sign_in", "--amount", "0.00001"), 2, "at most four decimals"),
        (("sign_in", "--amount", "-1"), 2, "at most four decimals"),
        (("sign_in", "--amount", "1e3"), 2, "at most four decimals"),
        (("sign_in", "--amount", "99999999999999"), 2, "at most four decimals"),
        (("sign_in", "--per-day", "0"), 2, "1<=x<=1000"),
        (("sign_in", "--per-day", "1001"), 2, "1<=x<=1000"),
        (("sign_in", "--per-day", "all"), 2, "'all' is not a valid integer"),
        (("sign_in", "--once", "often"), 2, "'often' is not one of"),
        (("sign_in", "--type", "weekly"), 2, "'weekly' is not one of"),
        (("new", "--amount", "1"), 2, "--type and --amount are required"),
        (("new", "--type", "daily"), 2, "--type and --amount are required"),
        (("Sign_in", "--amount", "1"), 2, "1 to 32 of a-z, 0-9 and _"),
        (("a" * 33, "--amount", "1"), 2, "1 to 32 of a-z, 0-9 and _"),
        (("", "--amount", "1"), 2, "1 to 32 of a-z, 0-9 and _"),
        (("sign_in\n", "--amount", "1"), 2, "1 to 32 of a-z, 0-9 and _"),
    ],
)
async def test_what_no_rule_can_be(world, hufu, arguments, code: int, said: str) -> None:
    exit_code, line = await refused(hufu, "set", *arguments)
    assert (exit_code, said in line) == (code, True), line
    assert await recorded(world, "rule_set") == []


# Switching


async def test_disable_and_enable(world, hufu) -> None:
    member = await join(world)
    lines = await change(hufu, "disable", "sign_in")
    assert " off " in lines[1]
    assert await member.sign_in_today() == 202
    lines = await change(hufu, "enable", "sign_in")
    assert " in force " in lines[1]
    assert await member.sign_in_today() == 1
    enabled = [facts["enabled"] for _, facts in await recorded(world, "rule_set")]
    assert enabled == [0, 1]


async def test_an_app_can_be_left_out(world, hufu) -> None:
    member = await join(world)
    await change(hufu, "disable", "sign_in", "--app", "fomo")
    assert await member.sign_in_today() == 202
    assert [(each["app"], each["state"]) for each in await rules(hufu)] == [
        ("*", "in force"),
        ("fomo", "off"),
    ]


async def test_changing_a_rule_that_is_off_leaves_it_off(world, hufu) -> None:
    await change(hufu, "disable", "sign_in")
    await change(hufu, "set", "sign_in", "--amount", "20")
    await change(hufu, "set", "sign_in", "--amount", "30", "--from", at(days=1))
    assert [each["state"] for each in await rules(hufu)] == ["off", "to come, off"]
    await change(hufu, "enable", "sign_in")
    assert [each["amount"] for each in await rules(hufu)] == ["20.0000", "30.0000"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("enable", "sign_in"), "sign_in is enabled already"),
        (("enable", "sign_in", "--app", "fomo"), "sign_in is enabled already"),
        (("enable", "unheard_of"), "there is no rule in force for unheard_of"),
        (("disable", "unheard_of"), "there is no rule in force for unheard_of"),
    ],
)
async def test_what_cannot_be_switched(world, hufu, arguments, said: str) -> None:
    assert await refused(hufu, *arguments) == (1, f"Error: {said}")


async def test_what_is_off_or_over_is_not_switched_again(world, hufu) -> None:
    await change(hufu, "disable", "sign_in")
    assert await refused(hufu, "disable", "sign_in") == (
        1,
        "Error: sign_in is disabled already",
    )
    await world.sql(
        "INSERT INTO reward_rules (app, item, type, amount, coin_id, enabled, active_from, "
        "active_to) SELECT '', item, 'daily', 1, 1, item = 'a', '2001-01-01Z', '2002-01-01Z' "
        "FROM unnest(ARRAY['a', 'b']) AS item"
    )
    said = (
        "the rule was over at 2002-01-01T00:00:00+00:00; "
        "give it another end with `hufu rewards set --to`"
    )
    for command, item in (("disable", "a"), ("enable", "b"), ("set", "a")):
        more = ("--amount", "2") if command == "set" else ()
        code, line = await refused(hufu, command, item, *more)
        assert (code, line) == (1, f"Error: {item}: {said}")
    assert (await rules(hufu, item="a"))[0]["state"] == "over"
    await change(hufu, "set", "a", "--to", "none")
    assert (await rules(hufu, item="a"))[0]["state"] == "in force"
