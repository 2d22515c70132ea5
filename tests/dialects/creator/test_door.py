"""The calls of creator through the front door, over a real database."""

import pytest

from front_door import World
from hufu.actions.administration import bar_account

PHONE = "13390633695"
OTHER = "13800138000"
C = "/creator"


async def register(world: World, account: str = "alice", **more: str) -> object:
    fields = {"account": account, "password": "secret99", **more}
    return (await world.form(f"{C}/user/register", fields)).json()


async def login(world: World, account: str = "alice", password: str = "secret99", **more):
    return await world.form(f"{C}/user/login", {"account": account, "password": password}, **more)


async def by_phone(world: World, call: str, phone: str = PHONE, **fields: str):
    return await world.json(f"{C}/user/{call}/{phone}", {"phone_number": phone, **fields})


async def phone_account(world: World, phone: str = PHONE) -> None:
    a = await world.get(f"{C}//user/registerPhone/{phone}")
    assert (a.status, a.json()) == (200, {"msg": "注意接收短信"})
    a = await by_phone(world, "registerPhone", phone, identifying_code=await world.code(phone))
    assert (a.status, a.json(), a.cookies()) == (200, {"msg": "register successful"}, {})


async def test_register_login_logout(world: World) -> None:
    assert await register(world) == {"msg": "register successful"}
    assert await register(world, "ALICE") == {"msg": "account had been used"}
    for account in ("ab", PHONE, "12345678", "a" * 65):
        assert await register(world, account) == {"msg": "register failure"}
    assert await register(world, "carol", password="12345") == {"msg": "register failure"}
    a = await login(world, "nobody")
    assert (a.status, a.json()) == (404, {"msg": "no this user!", "user_id": 0})
    a = await login(world, "23")
    assert (a.status, a.json()) == (404, {"msg": "no this user!", "user_id": 0})
    a = await login(world, password="wrong")
    assert (a.status, a.json()) == (400, {"msg": "password error", "user_id": 0})
    a = await login(world, headers=[("user-agent", "x")])
    user_id = a.json()["user_id"]
    assert (a.status, a.json()) == (200, {"msg": "login successful", "user_id": user_id})
    assert list(a.json()) == ["msg", "user_id"]
    cookie = a.header("set-cookie")
    assert cookie is not None
    assert {"HttpOnly", "SameSite=Lax", "Path=/creator"} <= set(cookie.split("; "))
    # A stranger, then the same client without a cookie jar.
    a = await world.form(f"{C}/user/logout", {"user_id": user_id})
    assert (a.status, a.json()) == (403, {"msg": "logout failure"})
    a = await world.form(
        f"{C}/user/logout",
        {"user_id": user_id},
        headers=[("user-agent", "x"), ("origin", "https://evil.example")],
    )
    assert (a.status, a.json()) == (403, {"msg": "logout failure"})
    a = await world.form(f"{C}/user/logout", {"user_id": user_id}, headers=[("user-agent", "x")])
    assert (a.status, a.json()) == (200, {"msg": "logout successful"})
    a = await world.form(f"{C}/user/logout", {"user_id": 0})
    assert (a.status, a.json()) == (403, {"msg": "logout failure"})


async def test_logout_with_cookie(world: World) -> None:
    await register(world)
    await register(world, "bobby")
    a = await login(world)
    b = await login(world, "bobby", headers=[("user-agent", "b")])
    a_id, b_id = a.json()["user_id"], b.json()["user_id"]
    out = await world.form(f"{C}/user/logout", {"user_id": b_id}, cookies=a.cookies())
    assert out.status == 403
    out = await world.form(f"{C}/user/logout", {"user_id": a_id}, cookies=a.cookies())
    assert (out.status, out.cookies()) == (200, {"session_id": ""})
    out = await world.form(f"{C}/user/logout", {"user_id": a_id}, cookies=a.cookies())
    assert out.status == 403


@pytest.mark.parametrize("role", ["admin", " admin", "vip_user", "creator"])
async def test_no_role_by_asking(world: World, role: str) -> None:
    assert await register(world, role=role) == {"msg": "register successful"}
    assert [dict(r) for r in await world.sql("SELECT role FROM roles")] == []
    assert len(await world.sql("SELECT * FROM role_requests")) == 1
    assert len(await world.sql("SELECT * FROM events WHERE kind = 'role_requested'")) == 1


@pytest.mark.parametrize("role", ["ADMIN", "root"])
async def test_no_unknown_role(world: World, role: str) -> None:
    assert await register(world, role=role) == {"msg": "register failure"}
    assert await world.sql("SELECT * FROM accounts") == []


async def test_json_and_malformed(world: World) -> None:
    url = f"{C}/user/register"
    for fields in (
        {"account": "alice", "password": "secret99", "role": ["admin"]},
        {"account": 7, "password": "secret99"},
        [],
        {"account": "alice"},
    ):
        a = await world.json(url, fields)
        assert (a.status, a.json()) == (400, {"msg": "parameter error"})
    a = await world.request(
        "POST",
        url,
        body=b"account=alice&account=b&password=secret99",
        content_type="application/x-www-form-urlencoded",
    )
    assert a.status == 400
    a = await world.json(url, {"account": "alice", "password": "secret99"})
    assert a.json() == {"msg": "register successful"}
    for method in ("HEAD", "PUT", "OPTIONS"):
        a = await world.request(method, f"{C}/user/registerPhone/{PHONE}")
        assert a.status == 405
    assert await world.letters() == []


async def test_by_phone(world: World) -> None:
    a = await world.get(f"{C}/user/loginPhone/{PHONE}")
    assert (a.status, a.json()) == (404, {"msg": "no this user"})
    await phone_account(world)
    a = await login(world, PHONE)
    assert (a.status, a.json()["msg"]) == (400, "password error")
    ua = [("user-agent", "phone")]
    a = await world.get(f"{C}/user/loginPhone/{PHONE}", headers=ua)
    assert (a.status, a.json()) == (200, {"msg": "注意接收短信"})
    code = await world.code(PHONE)
    wrong = "000000" if code != "000000" else "000001"
    a = await by_phone(world, "loginPhone", identifying_code=wrong)
    assert (a.status, a.json()) == (400, {"msg": "验证码错误，请重新输入"})
    a = await world.json(
        f"{C}/user/loginPhone/{OTHER}", {"phone_number": PHONE, "identifying_code": code}
    )
    assert (a.status, a.json()) == (400, {"msg": "验证码错误，请重新输入"})
    a = await world.json(
        f"{C}/user/loginPhone/{PHONE}",
        {"phone_number": f"+86 {PHONE}", "identifying_code": code},
        headers=ua,
    )
    assert (a.status, a.json()["msg"]) == (200, "login successful")
    user_id = a.json()["user_id"]
    again = await by_phone(world, "loginPhone", identifying_code=code)
    assert (again.status, again.json()) == (404, {"msg": "验证码已经过期，请重新申请"})
    for own in ({"cookies": a.cookies()}, {"headers": ua}):
        b = await world.get(f"{C}/user/loginPhone/{PHONE}", **own)
        assert (b.status, b.json()) == (403, {"msg": "已经登陆了", "user_id": user_id})
    b = await world.get(f"{C}/user/loginPhone/{PHONE}")
    assert (b.status, b.json()) == (200, {"msg": "注意接收短信"})


async def test_taken_phone(world: World) -> None:
    await phone_account(world)
    a = await world.get(f"{C}/user/registerPhone/{PHONE}")
    assert (a.status, a.json()) == (200, {"msg": "注意接收短信"})
    assert (await world.letters())[0].code is None
    a = await by_phone(world, "registerPhone", identifying_code="123456")
    assert (a.status, a.json()) == (403, {"msg": "register failure"})


async def test_limits_look_the_same(world_with) -> None:
    async with world_with({}, generous=False) as world:
        for call, text in (("registerPhone", "注意接收短信"), ("forgetPassword", "注意接收验证码")):
            for _ in range(2):
                a = await world.get(f"{C}/user/{call}/{PHONE}")
                assert (a.status, a.json()) == (200, {"msg": text})
        assert len(await world.letters()) == 1


async def test_browser(world: World) -> None:
    for header in (
        ("sec-fetch-dest", "image"),
        ("purpose", "prefetch"),
        ("sec-fetch-site", "cross-site"),
    ):
        for call in ("registerPhone", "loginPhone", "forgetPassword"):
            a = await world.get(f"{C}//user/{call}/{PHONE}", headers=[header])
            assert a.status == 403
    assert await world.letters() == []


async def test_forgotten(world: World) -> None:
    await phone_account(world)
    await register(world, "victim")
    a = await world.get(f"{C}/user/forgetPassword/{PHONE}")
    assert (a.status, a.json()) == (200, {"msg": "注意接收验证码"})
    code = await world.code(PHONE)
    new = {"new_password": "changed99"}
    wrong = "000000" if code != "000000" else "000001"
    a = await by_phone(world, "forgetPassword", identifying=wrong, **new)
    assert (a.status, a.json()) == (401, {"msg": "验证码错误"})
    a = await by_phone(world, "forgetPassword", identifying=code, new_password="1")
    assert (a.status, a.json()) == (400, {"msg": "parameter error"})
    a = await world.json(
        f"{C}/user/forgetPassword/{OTHER}", {"phone_number": PHONE, "identifying": code, **new}
    )
    assert (a.status, a.json()) == (404, {"msg": "用户不存在"})
    a = await by_phone(world, "forgetPassword", identifying_code=wrong, account="23", **new)
    assert (a.status, a.json()) == (401, {"msg": "验证码错误"})
    a = await by_phone(world, "forgetPassword", identifying=code, account="victim", **new)
    assert (a.status, a.json()) == (404, {"msg": "用户不存在"})
    assert (await login(world, "victim")).status == 200
    await world.get(f"{C}/user/forgetPassword/{PHONE}")
    code = await world.code(PHONE)
    a = await by_phone(world, "forgetPassword", identifying=code, account=PHONE, **new)
    assert (a.status, a.json()["msg"]) == (200, "login successful")
    assert a.cookies()["session_id"]
    assert (await login(world, PHONE, "changed99")).status == 200
    a = await by_phone(world, "forgetPassword", identifying=code, **new)
    assert (a.status, a.json()) == (400, {"msg": "验证码已经过期"})


async def test_barred(world: World) -> None:
    await register(world)
    a = await login(world)
    await bar_account(world.deps("creator"), a.json()["user_id"], "test")
    a = await login(world)
    assert (a.status, a.json()["user_id"]) == (403, 0)
