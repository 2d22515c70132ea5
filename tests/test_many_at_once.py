"""A thousand people register at the same moment, through all four dialects."""

import hashlib
from collections import Counter

from front_door import World, WorldWith, all_at_once

PEOPLE = 1000
PASSWORD = "open-sesame"
MD5 = hashlib.md5(PASSWORD.encode()).hexdigest()
XID = "x" * 32
UTIME = "12345678"


async def through_fomo(world: World, phone: str) -> None:
    fields = {"user_name": phone, "pwd": PASSWORD}
    begun = (await world.form("/fomo/customer/register", fields)).json()
    fields = {"verify_code": await world.code(phone), **begun["data"]}
    done = (await world.form("/fomo/customer/complete_register", fields)).json()
    assert done["status"] == 1


async def through_company(world: World, phone: str) -> None:
    fields = {"phone": phone, "xid": XID, "utime": UTIME}
    sec = str((int(phone) - int(UTIME)) % 49477)
    sent = await world.form("/company/user/sms", {**fields, "sec": sec})
    assert sent.json() == {"code": "200"}
    fields |= {"yzm": await world.code(phone), "pwd": MD5}
    done = (await world.form("/company/user/reg", fields)).json()
    assert done["code"] == "200"


async def through_rental(world: World, phone: str) -> None:
    picture = f"/rental/api/imagecode?pcodeid=&codeid={phone}"
    while (drawn := await world.get(picture)).status != 200:
        assert drawn.status == 503  # Fewer wait to be painted than come here at once.
    captcha = await world.captcha(phone)
    fields = {"mobile": phone, "image_code_id": phone, "image_code_text": captcha}
    assert (await world.json("/rental/api/smscode", fields)).json()["errno"] == 0
    fields = {"mobile": phone, "phonecode": await world.code(phone), "password": PASSWORD}
    assert (await world.json("/rental/api/register", fields)).json()["errno"] == 0


async def through_creator(world: World, phone: str) -> None:
    assert (await world.get(f"/creator/user/registerPhone/{phone}")).status == 200
    fields = {"phone_number": phone, "identifying_code": await world.code(phone)}
    done = await world.form(f"/creator/user/registerPhone/{phone}", fields)
    assert done.status == 200


async def test_a_thousand_registrations_lose_and_double_nothing(world_with: WorldWith) -> None:
    # Test and server share a process and its cores with other tests: only patience is more than
    # the default.
    async with world_with({"database.wait_seconds": 50, "hash.deadline_seconds": 50}) as world:
        await register_all(world)


async def register_all(world: World) -> None:
    through = (through_fomo, through_company, through_rental, through_creator)
    phones = [f"1390000{n:04d}" for n in range(PEOPLE)]
    await all_at_once(through[n % len(through)](world, phone) for n, phone in enumerate(phones))
    rows = await world.sql("SELECT key, account_id FROM identifiers")
    assert {row["key"] for row in rows} == {f"+86{phone}" for phone in phones}
    assert len({row["account_id"] for row in rows}) == PEOPLE
    letters = await world.sql("SELECT recipient FROM outbox WHERE purpose = 'register'")
    assert Counter(row["recipient"] for row in letters) == {f"+86{phone}": 1 for phone in phones}
