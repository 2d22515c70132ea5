"""What the calls of creator do, and leave alone, that their answers do not tell.

The answers themselves are in the recorded samples.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from front_door import Answer, World, WorldWith

PHONE = "13390633695"
OTHER_PHONE = "13800138000"
PASSWORD = "secret99"
NEW_PASSWORD = "changed99"
MOUNT = "/creator/user"
ASKING = ("registerPhone", "loginPhone", "forgetPassword")

HERE = [("user-agent", "here")]
ELSEWHERE = [("user-agent", "elsewhere")]


async def register(world: World, account: str = "alice", **more: str) -> str:
    fields = {"account": account, "password": PASSWORD, **more}
    answer = await world.form(f"{MOUNT}/register", fields)
    return str(answer.json()["msg"])


async def login(
    world: World, account: str = "alice", password: str = PASSWORD, **more: Any
) -> Answer:
    fields = {"account": account, "password": password}
    return await world.form(f"{MOUNT}/login", fields, **more)


async def logout(world: World, user_id: int, **more: Any) -> int:
    answer = await world.form(f"{MOUNT}/logout", {"user_id": user_id}, **more)
    return answer.status


async def ask(world: World, call: str, **more: Any) -> int:
    return (await world.get(f"{MOUNT}/{call}/{PHONE}", **more)).status


async def coded(world: World, call: str) -> str:
    assert await ask(world, call) == 200
    return await world.code(PHONE)


async def show(
    world: World, call: str, code: str, *, path_phone: str = PHONE, cookies: Any = None, **more: str
) -> Answer:
    fields = {"phone_number": PHONE, "identifying_code": code, **more}
    return await world.json(f"{MOUNT}/{call}/{path_phone}", fields, cookies=cookies)


async def register_phone(world: World) -> None:
    answer = await show(world, "registerPhone", await coded(world, "registerPhone"))
    assert answer.status == 200


async def forget(world: World, code: str, **more: Any) -> int:
    answer = await show(world, "forgetPassword", code, new_password=NEW_PASSWORD, **more)
    return answer.status


async def count(world: World, table: str) -> int:
    (row,) = await world.sql(f"SELECT count(*) FROM {table}")
    return int(row["count"])


# Accounts and roles


@pytest.mark.parametrize("role", ["admin", " admin", "vip_user", "creator"])
async def test_a_wish_for_a_role_is_left_to_an_operator(world: World, role: str) -> None:
    assert await register(world, role=role) == "register successful"
    assert await count(world, "roles") == 0
    assert await count(world, "role_requests") == 1
    assert await count(world, "events WHERE kind = 'role_requested'") == 1


async def test_a_role_that_the_settings_give_away_is_given(world_with: WorldWith) -> None:
    async with world_with({"apps.creator.self_roles": "creator"}) as world:
        await register(world, role="creator")
        assert await count(world, "roles WHERE role = 'creator'") == 1
        assert await count(world, "role_requests") == 0
        assert await count(world, "events WHERE kind = 'role_granted'") == 1


@pytest.mark.parametrize("role", ["ADMIN", "root"])
async def test_an_unknown_role_makes_no_account(world: World, role: str) -> None:
    assert await register(world, role=role) == "register failure"
    assert await count(world, "accounts") == 0


async def test_an_account_named_like_a_counter_uses_up_nobodys_guesses(world: World) -> None:
    await register(world)
    user_id = (await login(world)).json()["user_id"]
    for _ in range(11):
        await login(world, f"account:{user_id}")
    assert (await login(world)).status == 200


# Signing out


async def test_a_logout_by_a_stranger_ends_nothing(world: World) -> None:
    await register(world)
    user_id = (await login(world, headers=HERE)).json()["user_id"]
    from_evil = [*HERE, ("origin", "https://evil.example")]
    for headers in (ELSEWHERE, from_evil, []):
        assert await logout(world, user_id, headers=headers) == 403
    assert await logout(world, user_id, headers=HERE) == 200
    assert await logout(world, user_id, headers=HERE) == 403


async def test_a_session_that_has_run_out_is_none_to_be_ended(world: World) -> None:
    await register(world)
    user_id = (await login(world, headers=HERE)).json()["user_id"]
    world.advance(days=31)
    assert await logout(world, user_id, headers=HERE) == 403
    assert await count(world, "events WHERE kind = 'signed_out'") == 0


async def test_a_cookie_ends_its_own_session_only(world: World) -> None:
    await register(world)
    await register(world, "bobby")
    alice, bobby = await login(world), await login(world, "bobby")
    alice_id, bobby_id = alice.json()["user_id"], bobby.json()["user_id"]
    assert await logout(world, bobby_id, cookies=alice.cookies()) == 403
    assert await logout(world, alice_id, cookies=alice.cookies()) == 200
    assert await logout(world, alice_id, cookies=alice.cookies()) == 403
    assert await logout(world, bobby_id, cookies=bobby.cookies()) == 200


async def test_a_sign_in_replaces_the_cookies_session(world: World) -> None:
    await register(world)
    before = await login(world)
    await login(world, cookies=before.cookies())
    assert await count(world, "sessions") == 1


# Messages


async def test_the_owner_of_a_taken_phone_is_told_without_a_code(world: World) -> None:
    await register_phone(world)
    assert await ask(world, "registerPhone") == 200
    letters = await world.letters()
    assert [letter.code is None for letter in letters] == [True, False]


async def test_over_the_limit_nothing_is_sent(world_with: WorldWith) -> None:
    async with world_with({}, generous=False) as world:
        for call in ("registerPhone", "forgetPassword"):
            for _ in range(2):
                assert await ask(world, call) == 200
        assert len(await world.letters()) == 1


@pytest.mark.parametrize(
    "header",
    [
        ("sec-fetch-dest", "image"),
        ("purpose", "prefetch"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
    ],
    ids="=".join,
)
async def test_what_a_browser_fetches_unasked_sends_nothing(
    world: World, header: tuple[str, str]
) -> None:
    await register_phone(world)
    for call in ASKING:
        for path in (f"{MOUNT}/{call}/{PHONE}", f"/creator//user/{call}/{PHONE}"):
            assert (await world.get(path, headers=[header])).status == 403
    assert len(await world.letters()) == 1


@pytest.mark.parametrize(("method", "status"), [("HEAD", 403), ("PUT", 405), ("OPTIONS", 405)])
async def test_other_methods_send_nothing(world: World, method: str, status: int) -> None:
    for call in ASKING:
        answer = await world.request(method, f"{MOUNT}/{call}/{PHONE}")
        assert answer.status == status
    assert await world.letters() == []


# Codes


async def test_a_code_shown_with_another_phone_in_the_path_is_not_spent(world: World) -> None:
    await register_phone(world)
    code = await coded(world, "loginPhone")
    for _ in range(6):
        answer = await show(world, "loginPhone", code, path_phone=OTHER_PHONE)
        assert answer.status == 400
    assert (await show(world, "loginPhone", code)).status == 200


async def test_a_recovery_code_leaves_a_registration_code_alone(world: World) -> None:
    code = await coded(world, "registerPhone")
    world.advance(minutes=2)
    await ask(world, "forgetPassword")
    assert (await show(world, "registerPhone", code)).status == 200


async def test_a_registration_code_is_not_spent_by_recovery(world: World) -> None:
    code = await coded(world, "registerPhone")
    assert await forget(world, code) == 404
    assert (await show(world, "registerPhone", code)).status == 200


# Forgotten passwords


async def test_a_forgotten_password_is_set_for_the_phones_account_only(world: World) -> None:
    await register_phone(world)
    await register(world, "victim")
    assert await forget(world, await coded(world, "forgetPassword"), account="victim") == 404
    assert await opens(world, [("victim", PASSWORD), (PHONE, NEW_PASSWORD)]) == ["victim"]
    assert await forget(world, await coded(world, "forgetPassword"), account=PHONE) == 200
    assert await opens(world, [("victim", PASSWORD), (PHONE, NEW_PASSWORD)]) == ["victim", PHONE]


async def opens(world: World, doors: Iterable[tuple[str, str]]) -> list[str]:
    """The accounts that their passwords open."""
    return [
        account
        for account, password in doors
        if (await login(world, account, password)).status == 200
    ]


async def test_an_unfit_password_does_not_spend_the_code(world: World) -> None:
    await register_phone(world)
    code = await coded(world, "forgetPassword")
    assert (await show(world, "forgetPassword", code, new_password="1")).status == 400
    assert await forget(world, code) == 200


async def test_a_recovery_ends_the_accounts_sessions_and_the_cookies(world: World) -> None:
    await register(world)
    await register_phone(world)
    await show(world, "loginPhone", await coded(world, "loginPhone"))
    others = await login(world)
    code = await coded(world, "forgetPassword")
    assert await count(world, "sessions") == 2
    assert await forget(world, code, cookies=others.cookies()) == 200
    assert await count(world, "sessions") == 1
