"""`hufu ledger`: what an account has and how it came to it, beside a running server."""

import json
import re
from typing import Any

import pytest

from cli.members import OTHER_PHONE, Member, join, recorded
from hufu.domain.chains import CHAINS

REASON = ("--reason", "ticket 2024-01-31-0001")
NOWHERE = (0, -1, 7, 2**31, 2**63, 2**200)


async def read(hufu, *arguments: object, **more: Any) -> Any:
    result = await hufu("ledger", *arguments, "--json", **more)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
async def member(world) -> Member:
    """Somebody who was given today's 10 coins."""
    member = await join(world)
    assert await member.sign_in_today() == 1
    return member


async def award_of(hufu, member: Member) -> int:
    """The id of the member's first transfer."""
    id: int = (await read(hufu, "entries", member.id))[-1]["id"]
    return id


# Balances


async def test_balance(member, hufu) -> None:
    expected = [{"coin": 1, "name": "coin", "amount": "10.0000"}]
    assert await read(hufu, "balance", member.id) == expected
    header, line = (await hufu("ledger", "balance", member.id)).stdout.splitlines()
    assert (header.split(), line.split()) == (["coin", "name", "amount"], ["1", "coin", "10.0000"])


async def test_a_balance_of_nothing(world, hufu) -> None:
    member = await join(world)
    assert await read(hufu, "balance", member.id) == []
    assert await read(hufu, "entries", member.id) == []
    for command in ("balance", "entries"):
        result = await hufu("ledger", command, member.id)
        assert (result.exit_code, result.stdout) == (0, f"Account {member.id} never had a coin.\n")


async def test_an_account_is_found_in_every_pool(world_with, hufu) -> None:
    pools = {"HUFU_APPS__FOMO__POOL": "coins"}
    async with world_with({"apps.fomo.pool": "coins"}) as world:
        member = await join(world)
        await member.sign_in_today()
        [balance] = await read(hufu, "balance", member.id, env=pools)
        [entry] = await read(hufu, "entries", member.id, env=pools)
    assert balance["amount"] == entry["amounts"][0]["amount"] == "10.0000"


@pytest.mark.parametrize("command", ["balance", "entries"])
@pytest.mark.parametrize("id", NOWHERE)
async def test_an_unknown_account_is_told(world, hufu, command: str, id: int) -> None:
    result = await hufu("ledger", command, "--", id)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: there is no account {id}\n"


# Entries


async def test_entries(member, hufu) -> None:
    await hufu("rewards", "add-word", "gift", "--amount", "1", "--count", "1", "--expires", "1h")
    assert await member.say("gift") == 1
    share, award = await read(hufu, "entries", member.id)
    assert (award["kind"], share["kind"]) == ("award", "pot_shared")
    assert award["memo"].startswith("daily fomo sign_in 0 20")
    assert share["memo"].startswith("fomo word ")
    coin = {"coin": 1, "name": "coin"}
    assert [each["amounts"] for each in (share, award)] == [
        [coin | {"amount": "1.0000"}],
        [coin | {"amount": "10.0000"}],
    ]
    assert {each[key] for each in (share, award) for key in ("reverses", "reversed_by")} == {None}
    [newest] = await read(hufu, "entries", member.id, "--most", "1")
    assert newest == share
    header, *lines = (await hufu("ledger", "entries", member.id)).stdout.splitlines()
    assert header.split() == ["id", "at", "kind", "memo", "amounts", "reverses", "reversed", "by"]
    assert ["1.0000 coin" in lines[0], "10.0000 coin" in lines[1]] == [True, True]


async def test_entries_are_of_the_account_alone(member, hufu) -> None:
    other = await join(member.world, OTHER_PHONE)
    await other.sign_in_today()
    assert len(await read(hufu, "entries", member.id)) == 1


@pytest.mark.parametrize("most", ["0", "1001", "all"])
async def test_a_number_of_entries_is_refused(world, hufu, most: str) -> None:
    assert (await hufu("ledger", "entries", 1, "--most", most)).exit_code == 2


# Reversals


@pytest.mark.parametrize(("more", "answer"), [([], "y\n"), (["--yes"], "")])
async def test_reverse(member, hufu, more, answer: str) -> None:
    award = await award_of(hufu, member)
    result = await hufu("ledger", "reverse", award, *REASON, *more, input=answer)
    assert result.exit_code == 0, result.output
    reversal, original = await read(hufu, "entries", member.id)
    said = f"Transfer {award} is reversed by transfer {reversal['id']}.\n"
    assert result.stdout.endswith(said)
    assert (result.stdout == said) == bool(more)
    assert (original["reversed_by"], reversal["reverses"]) == (reversal["id"], award)
    assert (reversal["kind"], reversal["memo"]) == ("reversal", REASON[1])
    assert reversal["amounts"][0]["amount"] == "-10.0000"
    assert (await read(hufu, "balance", member.id))[0]["amount"] == "0.0000"
    [log] = (await member.call("get_today_award"))["data"]["award_logs"]
    assert log["status"] == "0"
    facts = {"transfer": award, "reason": REASON[1]}
    assert await recorded(member.world, "transfer_reversed") == [(None, facts)]


@pytest.mark.parametrize("answer", ["n\n", ""])
async def test_reverse_asks_first(member, hufu, answer: str) -> None:
    award = await award_of(hufu, member)
    result = await hufu("ledger", "reverse", award, *REASON, input=answer)
    assert result.exit_code == 1
    for part in (f"Transfer {award}", "award", f"user {member.id}", "issuer", "-10.0000", "coin"):
        assert part in result.stdout
    assert (await read(hufu, "balance", member.id))[0]["amount"] == "10.0000"
    assert await recorded(member.world, "transfer_reversed") == []


@pytest.mark.parametrize("days", [0, 1])
async def test_what_was_reversed_is_not_again(member, hufu, days: int) -> None:
    """Whether the account has other coins by then or not."""
    award = await award_of(hufu, member)
    for _ in range(days):
        member.world.advance(days=1)
        assert await member.sign_in_today() == 1
    for _ in range(2):
        result = await hufu("ledger", "reverse", award, *REASON, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: transfer {award} was reversed before\n"
    assert len(await recorded(member.world, "transfer_reversed")) == 1


async def test_what_is_spent_cannot_be_taken_back(member, hufu) -> None:
    await hufu("rewards", "add-word", "gift", "--amount", "1", "--count", "1", "--expires", "1h")
    assert await member.say("gift") == 1
    share, _ = await read(hufu, "entries", member.id)
    await hufu("ledger", "reverse", share["id"], *REASON, "--yes")
    reversal, *_ = await read(hufu, "entries", member.id)
    assert (await hufu("rewards", "close-word", "gift")).exit_code == 0
    result = await hufu("ledger", "reverse", reversal["id"], *REASON, "--yes")
    assert (result.exit_code, result.stdout) == (1, "")
    said = rf"Error: transfer {reversal['id']} cannot be reversed: pot \d+ has less than that\n"
    assert re.fullmatch(said, result.stderr)
    assert len(await recorded(member.world, "transfer_reversed")) == 1


async def test_a_pot_is_closed_and_not_reversed(member, hufu) -> None:
    await hufu("rewards", "add-word", "gift", "--amount", "1", "--count", "1", "--expires", "1h")
    await hufu("rewards", "close-word", "gift")
    for kind in ("pot_filled", "pot_emptied"):
        [row] = await member.world.sql("SELECT id FROM transfers WHERE kind = $1", kind)
        result = await hufu("ledger", "reverse", row["id"], *REASON, "--yes")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == (
            f"Error: transfer {row['id']} cannot be reversed: a pot is emptied by `hufu rewards "
            "close-word`, and a reversal is taken back only once\n"
        )
    assert await recorded(member.world, "transfer_reversed") == []


@pytest.mark.parametrize("id", [*NOWHERE, CHAINS, 2**63 - 1])
@pytest.mark.parametrize("more", [[], ["--yes"]])
async def test_an_unknown_transfer_is_told(world, hufu, id: int, more) -> None:
    result = await hufu("ledger", "reverse", *REASON, *more, "--", id)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"Error: there is no transfer {id}\n"


async def test_a_reason_must_be_given(member, hufu) -> None:
    award = await award_of(hufu, member)
    for reason, said in (
        ((), "Missing option '--reason'"),
        (("--reason", "13390633695 asked"), "number or address of a person"),
    ):
        result = await hufu("ledger", "reverse", award, "--yes", *reason)
        assert (result.exit_code, said in result.stderr) == (2, True)
    assert len(await read(hufu, "entries", member.id)) == 1


# Coins


async def test_coins(world, hufu) -> None:
    assert await read(hufu, "coins") == [{"coin": 1, "name": "coin"}]
    result = await hufu("ledger", "add-coin", " 金币 ")
    assert result.exit_code == 0, result.output
    [_, added] = await read(hufu, "coins")
    assert added["name"] == "金币"
    assert result.stdout == f"金币 is coin {added['coin']}.\n"
    facts = {"coin": added["coin"], "name": "金币"}
    assert await recorded(world, "coin_added") == [(None, facts)]
    lines = (await hufu("ledger", "coins")).stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["coin", "name"],
        ["1", "coin"],
        [str(added["coin"]), "金币"],
    ]


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("coin", 1, "there is a coin of that name"),
        ("", 2, "1 to 32 characters"),
        (" ", 2, "1 to 32 characters"),
        ("\u200b", 2, "1 to 32 characters"),
        ("a" * 33, 2, "1 to 32 characters"),
        ("a\x1b[2J", 2, "no text"),
        ("\udcff", 2, "no text"),
    ],
)
async def test_what_no_coin_is_called(world, hufu, name: str, code: int, said: str) -> None:
    result = await hufu("ledger", "add-coin", name)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert len(await read(hufu, "coins")) == 1
    assert await recorded(world, "coin_added") == []
