"""The profile, its picture, the handle and the payment password."""

from dialects.fomo.steps import (
    EMAIL,
    ONE_GUESS,
    OTHER_EMAIL,
    PASSWORD,
    bound,
    call,
    case,
    granted,
    member,
)
from dialects.pictures import GIF, JPEG, PNG, WIDE_PNG
from dialects.requests import Request, announcing
from dialects.sampling import Stage

WALLET_PASSWORD = "246810"
HANDLE = "hudf_zh_fl"


@case("customer/update_avatar", "ok")
async def _(stage: Stage) -> Request:
    return call("update_avatar", session_key=await member(stage), base64_string=PNG)


@case("customer/update_avatar", "ok-jpeg")
async def _(stage: Stage) -> Request:
    return call("update_avatar", session_key=await member(stage), base64_string=JPEG)


@case("customer/update_avatar", "ok-data-url")
async def _(stage: Stage) -> Request:
    url = f"data:image/png;base64,{PNG}"
    return call("update_avatar", session_key=await member(stage), base64_string=url)


@case("customer/update_avatar", "17-no-base64")
async def _(stage: Stage) -> Request:
    return call("update_avatar", session_key=await member(stage), base64_string="a picture")


@case("customer/update_avatar", "18-gif")
async def _(stage: Stage) -> Request:
    return call("update_avatar", session_key=await member(stage), base64_string=GIF)


@case("customer/update_avatar", "18-too-wide")
async def _(stage: Stage) -> Request:
    return call("update_avatar", session_key=await member(stage), base64_string=WIDE_PNG)


@case("customer/update_avatar", "413-body")
async def _(_: Stage) -> Request:
    return announcing(call("update_avatar"), 7 * 1024 * 1024 + 1)


@case("customer/get_user_info", "ok")
async def _(stage: Stage) -> Request:
    return call("get_user_info", session_key=await member(stage))


@case("customer/get_user_info", "ok-complete")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await bound(stage, session)
    await stage.do(call("update_avatar", session_key=session, base64_string=PNG))
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    await stage.do(call("set_info", session_key=session, name="wocao", sex=0, city="上海"))
    return call("get_user_info", session_key=session)


@case("customer/set_info", "ok")
async def _(stage: Stage) -> Request:
    return call(
        "set_info",
        session_key=await member(stage),
        name="wocao",
        sex=1,
        zip="200040",
        province="上海",
        city="上海",
        address="南京西路1",
        country="中国",
    )


@case("customer/set_info", "ok-nothing")
async def _(stage: Stage) -> Request:
    return call("set_info", session_key=await member(stage))


@case("customer/set_info", "ok-one-field")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_info", session_key=session, city="北京", zip="100000"))
    return call("set_info", session_key=session, city="上海")


@case("customer/set_info", "ok-take-away")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_info", session_key=session, city="北京", zip="100000"))
    return call("set_info", session_key=session, zip="")


@case("customer/set_info", "0-sex")
async def _(stage: Stage) -> Request:
    return call("set_info", session_key=await member(stage), sex=3, city="上海")


@case("customer/set_info", "0-empty-name")
async def _(stage: Stage) -> Request:
    return call("set_info", session_key=await member(stage), name=" ")


@case("customer/set_info", "0-long-zip")
async def _(stage: Stage) -> Request:
    return call("set_info", session_key=await member(stage), zip="200040 200040 200040 1")


@case("customer/set_fomo_id", "ok")
async def _(stage: Stage) -> Request:
    return call("set_fomo_id", session_key=await member(stage), fomo_id=HANDLE)


@case("customer/set_fomo_id", "ok-back-again")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    await stage.do(call("set_fomo_id", session_key=session, fomo_id="wocao"))
    return call("set_fomo_id", session_key=session, fomo_id=HANDLE)


@case("customer/set_fomo_id", "0-chinese")
async def _(stage: Stage) -> Request:
    return call("set_fomo_id", session_key=await member(stage), fomo_id="我的id")


@case("customer/set_fomo_id", "0-space")
async def _(stage: Stage) -> Request:
    return call("set_fomo_id", session_key=await member(stage), fomo_id="hudf zh")


@case("customer/set_fomo_id", "0-short")
async def _(stage: Stage) -> Request:
    return call("set_fomo_id", session_key=await member(stage), fomo_id="hu")


@case("customer/set_fomo_id", "19-taken")
async def _(stage: Stage) -> Request:
    await stage.do(call("set_fomo_id", session_key=await member(stage, EMAIL), fomo_id=HANDLE))
    return call("set_fomo_id", session_key=await member(stage), fomo_id=HANDLE.upper())


@case("customer/set_fomo_id", "19-reserved-word")
async def _(stage: Stage) -> Request:
    return call("set_fomo_id", session_key=await member(stage), fomo_id="admin")


@case("customer/set_fomo_id", "19-abandoned")
async def _(stage: Stage) -> Request:
    session = await member(stage, EMAIL)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    await stage.do(call("set_fomo_id", session_key=session, fomo_id="wocao"))
    stage.advance(days=89)
    return call("set_fomo_id", session_key=await member(stage), fomo_id=HANDLE)


def paying(session: str, grant: str, wallet_pwd: str = WALLET_PASSWORD) -> Request:
    """Set the payment password."""
    return call("set_wallet_pwd", session_key=session, wallet_pwd=wallet_pwd, tmp_session=grant)


@case("customer/set_wallet_pwd", "ok")
async def _(stage: Stage) -> Request:
    return paying(await member(stage), await granted(stage))


@case("customer/set_wallet_pwd", "0-short")
async def _(stage: Stage) -> Request:
    return paying(await member(stage), await granted(stage), "24681")


@case("customer/set_wallet_pwd", "0-login-password")
async def _(stage: Stage) -> Request:
    return paying(await member(stage), await granted(stage), PASSWORD)


@case("customer/set_wallet_pwd", "0-limit", settings=ONE_GUESS)
async def _(stage: Stage) -> Request:
    session, grant = await member(stage), await granted(stage)
    await stage.send(paying(session, grant, PASSWORD))
    return paying(session, grant)


@case("customer/set_wallet_pwd", "201-used")
async def _(stage: Stage) -> Request:
    session, grant = await member(stage), await granted(stage)
    await stage.do(paying(session, grant))
    return paying(session, grant)


@case("customer/set_wallet_pwd", "201-late")
async def _(stage: Stage) -> Request:
    session, grant = await member(stage), await granted(stage)
    stage.advance(minutes=15)
    return paying(session, grant)


@case("customer/set_wallet_pwd", "201-of-another")
async def _(stage: Stage) -> Request:
    await member(stage, OTHER_EMAIL)
    return paying(await member(stage), await granted(stage, OTHER_EMAIL))
