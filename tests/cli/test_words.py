"""`hufu rewards add-word`, `words` and `close-word`, beside a running server."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.members import OTHER_PHONE, join, recorded
from hufu.actions.ledger import ReadBalance, read_balance

TWO_APPS = {"apps.second.dialect": "fomo", "apps.second.prefix": "/second"}
TWO_APPS_SAID = {"HUFU_APPS__SECOND__DIALECT": "fomo", "HUFU_APPS__SECOND__PREFIX": "/second"}
ONE_OF = "must be one of fomo, company, rental, creator"
POT = ("--amount", "1", "--count", "2", "--expires", "1h")


async def add(hufu, word: str, *arguments: object) -> None:
    result = await hufu("rewards", "add-word", word, *(arguments or POT))
    assert (result.exit_code, result.stderr) == (0, ""), result.output


async def listed(hufu, *arguments: object) -> list[dict[str, Any]]:
    result = await hufu("rewards", "words", "--json", *arguments)
    assert result.exit_code == 0, result.output
    words: list[dict[str, Any]] = json.loads(result.stdout)
    return words


async def test_a_word_is_shared(world, hufu) -> None:
    anna, bert = await join(world), await join(world, OTHER_PHONE)
    result = await hufu("rewards", "add-word", " 龙年大吉 ", *POT)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("龙年大吉 in fomo: 1.0000 of coin 1 in 2 shares until 20")
    assert [await anna.say("龙年大吉"), await bert.say("龙年大吉")] == [1, 1]
    balances = [
        (await read_balance(world.deps("fomo"), ReadBalance(member.id))).amounts[1]
        for member in (anna, bert)
    ]
    assert sum(balances) == 10_000
    [word] = await listed(hufu)
    assert (word["app"], word["word"], word["state"]) == ("fomo", "龙年大吉", "empty")
    assert (word["taken"], word["shares"], word["taken_amount"]) == (2, 2, "1.0000")
    [(app, facts)] = await recorded(world, "word_added")
    assert (app, facts) == ("fomo", {"word": word["id"], "amount": 10_000, "shares": 2})


async def test_words_are_listed(world, hufu) -> None:
    nothing = await hufu("rewards", "words")
    assert (nothing.exit_code, nothing.stdout) == (0, "There are no words.\n")
    assert await listed(hufu) == []
    await add(hufu, "first", *POT)
    await add(hufu, "second", "--amount", "10", "--count", "3", "--expires", "7d")
    await hufu("rewards", "close-word", "first")
    newest, oldest = await listed(hufu)
    assert (newest["word"], newest["state"], newest["amount"]) == ("second", "open", "10.0000")
    assert (newest["coin"], newest["taken"], newest["taken_amount"]) == (1, 0, "0.0000")
    life = datetime.fromisoformat(newest["expires"]) - datetime.fromisoformat(newest["created"])
    assert life == timedelta(days=7)
    assert (oldest["word"], oldest["state"]) == ("first", "closed")
    assert await listed(hufu, "--app", "company") == []
    assert [each["word"] for each in await listed(hufu, "--most", "1")] == ["second"]
    assert len((await hufu("rewards", "words")).stdout.splitlines()) == 3


async def test_a_word_that_is_over_is_listed_so(world, hufu) -> None:
    await add(hufu, "old")
    await world.sql("UPDATE words SET expires_at = now()")
    assert [each["state"] for each in await listed(hufu)] == ["over"]


async def test_a_word_ends_at_a_time_that_was_said(world, hufu) -> None:
    member = await join(world)
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    await add(hufu, "gift", "--amount", "1", "--count", "2", "--expires", end)
    assert [each["expires"] for each in await listed(hufu)] == [end]
    world.advance(days=2)
    assert await member.say("gift") == 204


async def test_another_coin(world, hufu) -> None:
    await hufu("ledger", "add-coin", "gem")
    [coin] = [row["id"] for row in await world.sql("SELECT id FROM coins WHERE name = 'gem'")]
    await add(hufu, "gift", "--amount", "1", "--count", "1", "--expires", "1h", "--coin", coin)
    member = await join(world)
    assert await member.say("gift") == 1
    found = await read_balance(world.deps("fomo"), ReadBalance(member.id))
    assert found.amounts == {coin: 10_000}


@pytest.mark.parametrize(("said", "left"), [("gift", "10.0000"), (" GIFT ", "10.0000")])
async def test_a_word_is_closed(world, hufu, said: str, left: str) -> None:
    member = await join(world)
    await add(hufu, "gift", "--amount", "10", "--count", "5", "--expires", "1h")
    result = await hufu("rewards", "close-word", said)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{said.strip()} in fomo is closed; {left} went back.\n"
    assert await member.say("gift") == 203
    [(app, facts)] = await recorded(world, "word_closed")
    assert (app, list(facts)) == ("fomo", ["word"])


async def test_only_what_is_left_goes_back(world, hufu) -> None:
    member = await join(world)
    await add(hufu, "gift", "--amount", "10", "--count", "5", "--expires", "1h")
    assert await member.say("gift") == 1
    taken = (await read_balance(world.deps("fomo"), ReadBalance(member.id))).amounts[1]
    result = await hufu("rewards", "close-word", "gift")
    left = 100_000 - taken
    assert f"; {left // 10_000}.{left % 10_000:04d} went back." in result.stdout
    rows = await world.sql("SELECT sum(amount)::int AS left FROM balances WHERE holder = 'pot'")
    assert rows[0]["left"] == 0


async def test_one_word_at_a_time(world, hufu) -> None:
    await add(hufu, "gift")
    result = await hufu("rewards", "add-word", "Gift", *POT)
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: there is such a word, and it is not over\n",
    )
    await hufu("rewards", "close-word", "gift")
    await add(hufu, "gift")
    for _ in range(2):
        result = await hufu("rewards", "close-word", "gift")
    assert (result.exit_code, result.stderr) == (1, "Error: there is no such word\n")


async def test_the_app_must_be_said_where_two_have_words(world_with, hufu) -> None:
    async with world_with(TWO_APPS) as world:
        for command in (("add-word", "gift", *POT), ("close-word", "gift")):
            result = await hufu("rewards", *command, env=TWO_APPS_SAID)
            assert result.exit_code == 2
            assert "say which app: fomo, second" in result.stderr
        result = await hufu(
            "rewards", "add-word", "gift", *POT, "--app", "second", env=TWO_APPS_SAID
        )
        assert result.exit_code == 0, result.output
        spoken = [
            await (await join(world, phone, mount)).say("gift")
            for phone, mount in (("13390633695", "/fomo"), ("13800138000", "/second"))
        ]
    assert spoken == [203, 1]


@pytest.mark.parametrize("command", [("add-word", "gift", *POT), ("close-word", "gift")])
async def test_an_app_without_words_is_refused(world, hufu, command) -> None:
    for app, said in (("rental", "rental has no words"), ("nowhere", ONE_OF), ("", ONE_OF)):
        result = await hufu("rewards", *command, "--app", app)
        assert result.exit_code == 2
        assert said in result.stderr


async def test_where_no_app_has_words_that_is_told(world, hufu) -> None:
    result = await hufu("rewards", "close-word", "gift", env={"HUFU_ONLY_APP": "rental"})
    assert (result.exit_code, result.stderr) == (1, "Error: no app that is configured has words\n")


@pytest.mark.parametrize(
    ("word", "arguments", "code", "said"),
    [
        ("gift", ("--amount", "1", "--count", "0"), 2, "1<=x<=100000"),
        ("gift", ("--amount", "100", "--count", "100001"), 2, "1<=x<=100000"),
        ("gift", ("--amount", "0.0002", "--count", "3"), 2, "at least 0.0001 for each share"),
        ("gift", ("--amount", "0", "--count", "1"), 2, "at most four decimals"),
        ("gift", ("--amount", "1"), 2, "Missing option '--count'"),
        ("gift", ("--count", "1"), 2, "Missing option '--amount'"),
        ("gift", ("--amount", "1", "--count", "1", "--coin", "9"), 1, "there is no coin 9"),
        ("gift", ("--amount", "1", "--count", "1", "--expires", "0h"), 2, "such as 30m"),
        ("gift", ("--amount", "1", "--count", "1", "--expires", "-1h"), 2, "such as 30m"),
        ("gift", ("--amount", "1", "--count", "1", "--expires", "1y"), 2, "such as 30m"),
        ("gift", ("--amount", "1", "--count", "1", "--expires", "9999999d"), 2, "such as 30m"),
        ("gift", ("--amount", "1", "--count", "1", "--expires", "٣h"), 2, "such as 30m"),
        (
            "gift",
            ("--amount", "1", "--count", "1", "--expires", "2001-01-01T00:00:00Z"),
            1,
            "it would be over already",
        ),
        ("", ("--amount", "1", "--count", "1"), 2, "1 to 12 characters"),
        ("  ", ("--amount", "1", "--count", "1"), 2, "1 to 12 characters"),
        ("a" * 13, ("--amount", "1", "--count", "1"), 2, "1 to 12 characters"),
        ("\u200b\u200b", ("--amount", "1", "--count", "1"), 2, "1 to 12 characters"),
        ("a\x1b[2J", ("--amount", "1", "--count", "1"), 2, "no text"),
        ("a\nb", ("--amount", "1", "--count", "1"), 2, "no text"),
        ("\udcff", ("--amount", "1", "--count", "1"), 2, "no text"),
    ],
)
async def test_what_no_word_can_be(world, hufu, word, arguments, code: int, said: str) -> None:
    expires = () if "--expires" in arguments else ("--expires", "1h")
    result = await hufu("rewards", "add-word", word, *arguments, *expires)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert await listed(hufu) == []
    assert await recorded(world, "word_added") == []


async def test_the_smallest_pot(world, hufu) -> None:
    member = await join(world)
    await add(hufu, "a" * 12, "--amount", "0.0002", "--count", "2", "--expires", "999999d")
    assert await member.say("a" * 12) == 1
    found = await read_balance(world.deps("fomo"), ReadBalance(member.id))
    assert found.amounts == {1: 1}
