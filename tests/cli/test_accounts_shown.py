"""`hufu accounts find` and `show`, beside a running server."""

import json

import pytest

from cli.people import ANNA, BERT, MAIL, NAME, NUMBER, PHONE, open_account, shown
from hufu.domain.permissions import Role


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
    await hufu("accounts", "grant-role", ANNA, "admin", "--app", "company", "--reason", "a ticket")
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
