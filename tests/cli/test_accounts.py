"""`hufu accounts`: what an operator changes, beside a running server."""

import pytest

from cli.people import ANNA, BERT, MAIL, NUMBER, PHONE, newest_event, open_account, shown
from hufu.domain.permissions import Role

REASON = ("--reason", "ticket 2024-01-31-0001")
ON_ACCOUNTS = {
    "show": (),
    "bar": REASON,
    "unbar": REASON,
    "close": (*REASON, "--yes"),
    "sign-out": REASON,
    "verify": ("--app", "rental", *REASON),
    "grant-role": ("admin", "--app", "company", *REASON),
}


async def test_bar_and_unbar(anna, hufu) -> None:
    result = await hufu("accounts", "bar", ANNA, *REASON)
    assert (result.exit_code, result.stdout) == (0, f"Account {ANNA} is barred.\n")
    account = await shown(hufu)
    assert (account["state"], account["sessions"]) == ("barred", [])
    assert await newest_event(hufu) == ("barred", {"reason": REASON[1]})
    assert (await hufu("accounts", "unbar", ANNA, *REASON)).exit_code == 0
    assert (await shown(hufu))["state"] == "active"
    assert await newest_event(hufu) == ("unbarred", {"reason": REASON[1]})
    assert (await shown(hufu, BERT))["sessions"]


async def test_who_is_not_barred_cannot_be_unbarred(anna, hufu) -> None:
    result = await hufu("accounts", "unbar", ANNA, *REASON)
    assert (result.exit_code, result.stderr) == (1, f"Error: account {ANNA} is not barred\n")
    assert len((await shown(hufu))["sessions"]) == 2


async def test_sign_out(anna, hufu) -> None:
    assert (await hufu("accounts", "sign-out", ANNA, *REASON)).exit_code == 0
    account = await shown(hufu)
    assert (account["state"], account["sessions"]) == ("active", [])
    assert await newest_event(hufu) == ("sessions_ended", {"reason": REASON[1]})


@pytest.mark.parametrize(
    ("app", "name", "role"),
    [
        ("company", "admin", Role.ADMIN),
        ("company", "3", Role.ADMIN),
        ("company", "support", Role.SUPPORT),
        ("creator", "vip_user", Role.VIP),
        ("creator", "creator", Role.CREATOR),
        ("rental", "member", Role.MEMBER),
    ],
)
async def test_grant_role_by_either_name(anna, hufu, app: str, name: str, role: Role) -> None:
    result = await hufu("accounts", "grant-role", ANNA, name, "--app", app, *REASON)
    assert (result.exit_code, result.stdout) == (0, f"Account {ANNA} is {role} in {app}.\n")
    assert (await shown(hufu))["roles"] == [{"app": app, "role": role}]
    assert await newest_event(hufu) == ("role_granted", {"role": role, "reason": REASON[1]})


@pytest.mark.parametrize(
    ("app", "name", "said"),
    [
        ("rental", "admin", "rental knows member"),
        ("company", "vip", "company knows member, support, admin"),
        ("creator", "root", "creator knows member, vip, creator, admin"),
        ("nowhere", "admin", "must be one of fomo, company, rental, creator"),
    ],
)
async def test_only_roles_of_the_app_are_granted(
    anna, hufu, app: str, name: str, said: str
) -> None:
    result = await hufu("accounts", "grant-role", ANNA, name, "--app", app, *REASON)
    assert result.exit_code == 2
    assert said in result.stderr
    assert (await shown(hufu))["roles"] == []


async def test_an_app_of_another_pool_is_refused(world_with, hufu) -> None:
    pools = {"HUFU_APPS__FOMO__POOL": "coins"}
    async with world_with({"apps.fomo.pool": "coins"}) as world:
        await open_account(world, ANNA, PHONE)
        for command in (("grant-role", ANNA, "member"), ("verify", ANNA)):
            result = await hufu("accounts", *command, "--app", "fomo", *REASON, env=pools)
            assert result.exit_code == 1
            assert "is of pool main, fomo is of pool coins" in result.stderr


async def test_an_account_is_found_in_every_pool(world_with, hufu) -> None:
    pools = {"HUFU_APPS__FOMO__POOL": "coins"}
    async with world_with({"apps.fomo.pool": "coins"}) as world:
        await open_account(world, ANNA, PHONE, pool="coins")
        assert (await hufu("accounts", "bar", ANNA, *REASON, env=pools)).exit_code == 0
        rows = await world.sql("SELECT state FROM accounts WHERE id = $1", ANNA)
    assert rows[0]["state"] == "barred"


async def test_verify(anna, hufu) -> None:
    result = await hufu("accounts", "verify", ANNA, "--app", "rental", *REASON)
    assert result.exit_code == 0
    assert await newest_event(hufu) == ("identity_verified", {"reason": REASON[1]})
    result = await hufu("accounts", "verify", ANNA, "--app", "company", *REASON)
    assert result.exit_code == 1
    assert result.stderr == f"Error: account {ANNA} has no identity number in company\n"


@pytest.mark.parametrize("answer", ["n\n", ""])
async def test_close_asks_first(anna, hufu, answer: str) -> None:
    result = await hufu("accounts", "close", ANNA, *REASON, input=answer)
    assert result.exit_code == 1
    assert f"Account {ANNA} (active, since" in result.output
    assert (await shown(hufu))["state"] == "active"


@pytest.mark.parametrize(("more", "answer"), [([], "y\n"), (["--yes"], "")])
async def test_close_erases_the_person(anna, hufu, more, answer) -> None:
    result = await hufu("accounts", "close", ANNA, *REASON, *more, input=answer)
    assert result.exit_code == 0, result.output
    account = await shown(hufu)
    assert (account["state"], account["identifiers"], account["sessions"]) == ("closed", [], [])
    assert await newest_event(hufu) == ("closed", {"reason": REASON[1]})
    assert (await hufu("accounts", "find", PHONE)).exit_code == 1
    assert (await shown(hufu, BERT))["state"] == "active"


@pytest.mark.parametrize("command", [each for each in ON_ACCOUNTS if each != "show"])
async def test_nothing_is_done_with_a_closed_account(anna, hufu, command: str) -> None:
    await hufu("accounts", "close", ANNA, *REASON, "--yes")
    before = await shown(hufu)
    result = await hufu("accounts", command, ANNA, *ON_ACCOUNTS[command])
    assert (result.exit_code, result.stderr) == (1, f"Error: account {ANNA} is closed\n")
    assert await shown(hufu) == before


@pytest.mark.parametrize("command", ON_ACCOUNTS)
async def test_an_unknown_id_is_told(world, hufu, command: str) -> None:
    for unknown in (7, 2**31, 0):
        result = await hufu("accounts", command, unknown, *ON_ACCOUNTS[command])
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"Error: there is no account {unknown}\n"


@pytest.mark.parametrize(
    "command", [each for each in ON_ACCOUNTS if REASON[0] in ON_ACCOUNTS[each]]
)
async def test_a_reason_must_be_given(hufu, command: str) -> None:
    rest = [each for each in ON_ACCOUNTS[command] if each not in REASON]
    result = await hufu("accounts", command, ANNA, *rest)
    assert result.exit_code == 2
    assert "Missing option '--reason'" in result.stderr


@pytest.mark.parametrize(
    "reason",
    [
        "",
        " ",
        "a" * 201,
        "a\x1b[2J",
        "\udcff",
        "asked by 13390633695",
        "asked by 133-9063-3695",
        "asked by １３３９０６３３６９５",
        "asked by 008613390633695",
        "+44 7400 123456 called",
        f"is {NUMBER}",
        f"mail of {MAIL}",
    ],
)
async def test_a_reason_is_about_no_person(anna, hufu, reason: str) -> None:
    result = await hufu("accounts", "bar", ANNA, "--reason", reason)
    assert result.exit_code == 2, result.output
    assert (await shown(hufu))["state"] == "active"


@pytest.mark.parametrize("reason", ["刷单，工单 12345678901", "order 2024013100012345", "@night"])
async def test_a_reason_may_hold_other_numbers(anna, hufu, reason: str) -> None:
    assert (await hufu("accounts", "bar", ANNA, "--reason", reason)).exit_code == 0
    assert await newest_event(hufu) == ("barred", {"reason": reason})
