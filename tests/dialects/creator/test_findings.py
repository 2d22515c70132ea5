"""What the actions do not do yet: each of these fails."""

from front_door import World

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


async def test_forgotten_by_nobody(world: World) -> None:
    await world.get(f"{C}/user/forgetPassword/{PHONE}")
    a = await by_phone(world, "forgetPassword", identifying="000000", new_password="changed99")
    assert (a.status, a.json()) == (404, {"msg": "用户不存在"})


async def test_a_recovery_code_leaves_a_registration_code_alone(world: World) -> None:
    await world.get(f"{C}/user/registerPhone/{PHONE}")
    code = await world.code(PHONE)
    world.advance(minutes=2)
    await world.get(f"{C}/user/forgetPassword/{PHONE}")
    a = await by_phone(world, "registerPhone", identifying_code=code)
    assert (a.status, a.json()) == (200, {"msg": "register successful"})


async def test_a_registration_code_is_not_spent_by_recovery(world: World) -> None:
    await world.get(f"{C}/user/registerPhone/{PHONE}")
    code = await world.code(PHONE)
    await by_phone(world, "forgetPassword", identifying=code, new_password="changed99")
    a = await by_phone(world, "registerPhone", identifying_code=code)
    assert (a.status, a.json()) == (200, {"msg": "register successful"})


async def test_a_name_cannot_use_up_the_guesses_of_an_id(world: World) -> None:
    await register(world)
    user_id = (await login(world)).json()["user_id"]
    for _ in range(11):
        await login(world, f"account:{user_id}")
    assert (await login(world)).status == 200


async def test_recovery_replaces_the_cookies_session(world: World) -> None:
    await register(world)
    await phone_account(world)
    before = await login(world)
    await world.get(f"{C}/user/forgetPassword/{PHONE}")
    code = await world.code(PHONE)
    fields = {"phone_number": PHONE, "identifying": code, "new_password": "changed99"}
    a = await world.json(f"{C}/user/forgetPassword/{PHONE}", fields, cookies=before.cookies())
    assert a.status == 200
    assert len(await world.sql("SELECT * FROM sessions")) == 1


async def test_strict_register_does_not_tell_an_address(world_with) -> None:
    async with world_with({"apps.creator.hardening": "strict"}) as world:
        a = await world.form(
            "/fomo/customer/register", {"user_name": "a@example.com", "pwd": "secret99"}
        )
        d = a.json()["data"]
        code = await world.code("a@example.com")
        a = await world.form("/fomo/customer/complete_register", {"verify_code": code, **d})
        assert a.json()["status"] == 1
        assert await register(world, "a@example.com") == {"msg": "register successful"}
