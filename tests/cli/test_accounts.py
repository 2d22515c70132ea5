"""`hufu accounts`: what an operator does, beside a running server."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from front_door import World

from hufu.domain.events import EventKind
from hufu.domain.permissions import Role
from hufu.domain.sessions import Session, SignInMethod
from hufu.services.identifiers import parse_any
from hufu.services.keys import token_hash
from hufu.storage.identity_numbers import SealedIdentity

ANNA, BERT = 1_390_633_695, 42
PHONE, MAIL, NAME = "13390633695", "Anna.Smith@126.com", "anna"
NUMBER = "11010519491231002X"
REASON = ("--reason", "ticket 2024-01-31-0001")
ON_ACCOUNTS = {
    "show": (),
    "bar": REASON,
    "unbar": REASON,
    "close": (*REASON, "--yes"),
    "sign-out": REASON,
    "verify": ("--app", "rental"),
    "grant-role": ("admin", "--app", "company"),
}


async def open_account(world: World, id: int, *identifiers: str, pool: str = "main") -> None:
    """An account with identifiers, two sessions, an identity number and an event."""
    deps = world.deps("rental")
    now = deps.now()
    async with deps.begin() as work:
        assert await work.accounts.claim(id, pool, now)
        for each in identifiers:
            assert await work.identifiers.claim(pool, parse_any(each), id, now)
        for agent in ("Fomo/1.0", "\x1b]0;mine\x07\x9b[red]Fomo"):
            life = timedelta(days=7)
            await work.sessions.add(
                Session(
                    uuid4(), id, "fomo", SignInMethod.PASSWORD, None, "203.0.113.7", agent, now,
                    now, life, now + life,
                ),
                token_hash(str(uuid4())),
            )  # fmt: skip
        sealed = deps.secrets.identity_numbers.seal(NUMBER, "test")
        identity = SealedIdentity("张三", sealed, str(id).encode())
        await work.identity_numbers.claim(id, "rental", identity, now, replace_unverified=False)
        await work.events.add(EventKind.REGISTERED, now, app="fomo", account_id=id)
        await work.commit()


@pytest.fixture
async def anna(world: World) -> World:
    """A running server with Anna's account and Bert's."""
    await open_account(world, ANNA, PHONE, MAIL, NAME)
    await open_account(world, BERT, "13800138000")
    return world


async def shown(hufu, id: int = ANNA) -> dict[str, Any]:
    result = await hufu("accounts", "show", id, "--json")
    assert result.exit_code == 0, result.output
    account: dict[str, Any] = json.loads(result.stdout)
    return account


async def newest_event(hufu) -> tuple[str, dict[str, str]]:
    event = (await shown(hufu))["events"][0]
    return event["kind"], event["facts"]


# find


@pytest.mark.parametrize("spelling", [PHONE, "+86 133 9063 3695", MAIL.lower(), "Anna"])
async def test_find_by_any_spelling(anna, hufu, spelling: str) -> None:
    result = await hufu("accounts", "find", spelling, "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)
    assert (found["id"], found["pool"], found["state"]) == (ANNA, "main", "active")
    assert str(ANNA) in (await hufu("accounts", "find", spelling)).stdout


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("13800138001", "no account has that identifier"),
        ("1", "that is no phone, e-mail address or user name"),
    ],
)
async def test_find_tells_when_there_is_none(anna, hufu, wanted: str, said: str) -> None:
    result = await hufu("accounts", "find", wanted)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {said}\n")


async def test_find_looks_in_every_pool_or_in_the_apps(world_with, hufu) -> None:
    async with world_with({"apps.fomo.pool": "coins"}) as world:
        await open_account(world, ANNA, PHONE)
        await open_account(world, BERT, PHONE, pool="coins")
        pools = {"HUFU_APPS__FOMO__POOL": "coins"}
        found = {}
        for app in (None, "fomo", "rental"):
            arguments = ["--app", app] if app else []
            result = await hufu("accounts", "find", PHONE, "--json", *arguments, env=pools)
            found[app] = {each["id"] for each in json.loads(result.stdout)}
    assert found == {None: {ANNA, BERT}, "fomo": {BERT}, "rental": {ANNA}}


# show


async def test_show_masks_whom_it_is_about(anna, hufu) -> None:
    for form in ([], ["--json"]):
        result = await hufu("accounts", "show", ANNA, *form)
        assert result.exit_code == 0, result.output
        assert all(mask in result.stdout for mask in ("133****3695", "A***@126.com", NAME))
        assert not any(secret in result.output for secret in (PHONE, MAIL, NUMBER, "002X"))


async def test_show_in_full_on_request(anna, hufu) -> None:
    result = await hufu("accounts", "show", ANNA, "--full")
    assert PHONE in result.stdout
    assert MAIL in result.stdout
    assert NUMBER not in result.stdout


async def test_show_has_all_that_an_operator_needs(anna, hufu) -> None:
    deps = anna.deps("creator")
    async with deps.begin() as work:
        await work.roles.add_request(ANNA, "creator", Role.CREATOR, deps.now())
        await work.commit()
    await hufu("accounts", "grant-role", ANNA, "admin", "--app", "company")
    account = await shown(hufu)
    assert [each["kind"] for each in account["identifiers"]] == ["email", "phone", "user_name"]
    assert account["roles"] == [{"app": "company", "role": "admin"}]
    (request,) = account["role_requests"]
    assert (request["app"], request["role"]) == ("creator", "creator")
    assert {each["network"] for each in account["sessions"]} == {"203.0.113.7"}
    assert [each["kind"] for each in account["events"]] == ["role_granted", "registered"]


@pytest.mark.parametrize("form", [[], ["--json"]])
async def test_a_terminal_does_not_obey_a_client(anna, hufu, form) -> None:
    result = await hufu("accounts", "show", ANNA, *form)
    assert "[red]Fomo" in result.stdout
    assert not any(char in result.stdout for char in "\x1b\x07\x9b")


# The rest


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
    result = await hufu("accounts", "grant-role", ANNA, name, "--app", app)
    assert (result.exit_code, result.stdout) == (0, f"Account {ANNA} is {role} in {app}.\n")
    assert (await shown(hufu))["roles"] == [{"app": app, "role": role}]


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
    result = await hufu("accounts", "grant-role", ANNA, name, "--app", app)
    assert result.exit_code == 2
    assert said in result.stderr
    assert (await shown(hufu))["roles"] == []


async def test_an_app_of_another_pool_is_refused(world_with, hufu) -> None:
    pools = {"HUFU_APPS__FOMO__POOL": "coins"}
    async with world_with({"apps.fomo.pool": "coins"}) as world:
        await open_account(world, ANNA, PHONE)
        for command in (("grant-role", ANNA, "member"), ("verify", ANNA)):
            result = await hufu("accounts", *command, "--app", "fomo", env=pools)
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
    result = await hufu("accounts", "verify", ANNA, "--app", "rental")
    assert result.exit_code == 0
    assert await newest_event(hufu) == ("identity_verified", {})
    result = await hufu("accounts", "verify", ANNA, "--app", "company")
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
    result = await hufu("accounts", command, ANNA)
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
