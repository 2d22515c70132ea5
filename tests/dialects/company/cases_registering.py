"""Asking for a code, and registering with it."""

from dialects.company.steps import (
    ONE_MESSAGE,
    OTHER_PHONE,
    OTHER_XID,
    PASSWORD,
    PHONE,
    STRICT,
    UTIME,
    WRONG_CODE,
    XID,
    call,
    case,
    coded,
    guessed_out,
    in_creator,
    reg,
    registered,
    sms,
)
from dialects.failing import failing_provider
from dialects.requests import Request
from dialects.sampling import Stage

ANY_XID = {"apps.company.bind_code_to_xid": False}


@case("user/sms", "ok")
async def _(_: Stage) -> Request:
    return sms()


@case("user/sms", "ok-registered")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return sms()


@case("user/sms", "ok-milliseconds")
async def _(_: Stage) -> Request:
    sec = (int(PHONE) - 1500000000000) % 49477
    return call("sms", phone=PHONE, xid=XID, utime="1500000000000", sec=sec)


@case("user/sms", "400-without-phone")
async def _(_: Stage) -> Request:
    return call("sms", xid=XID, utime=UTIME, sec="4079")


@case("user/sms", "400-without-xid")
async def _(_: Stage) -> Request:
    return call("sms", phone=PHONE, utime=UTIME, sec="4079")


@case("user/sms", "400-without-utime")
async def _(_: Stage) -> Request:
    return call("sms", phone=PHONE, xid=XID, sec="4079")


@case("user/sms", "400-without-sec")
async def _(_: Stage) -> Request:
    return call("sms", phone=PHONE, xid=XID, utime=UTIME)


@case("user/sms", "400-sec-of-the-document")
async def _(_: Stage) -> Request:
    return call("sms", phone=PHONE, xid=XID, utime=UTIME, sec="12345")


@case("user/sms", "400-negative-remainder")
async def _(_: Stage) -> Request:
    sec = (int(PHONE) - 1500000000000) % 49477 - 49477
    return call("sms", phone=PHONE, xid=XID, utime="1500000000000", sec=sec)


@case("user/sms", "400-twelve-digits")
async def _(_: Stage) -> Request:
    return sms(f"0{PHONE}")


@case("user/sms", "400-landline")
async def _(_: Stage) -> Request:
    return sms("02112345678")


@case("user/sms", "400-short-xid")
async def _(_: Stage) -> Request:
    return sms(xid=XID[:31])


@case("user/sms", "400-wrong-clock", settings={"apps.company.utime_window_seconds": 600})
async def _(_: Stage) -> Request:
    return sms()


@case("user/sms", "4021-limit", settings=ONE_MESSAGE)
async def _(stage: Stage) -> Request:
    await stage.do(sms())
    return sms(xid=OTHER_XID)


@case("user/sms", "4021-budget", settings={"apps.company.budget_per_day": 0.05})
async def _(stage: Stage) -> Request:
    await stage.do(sms())
    return sms(OTHER_PHONE)


@case("user/sms", "4021-provider")
async def _(stage: Stage) -> Request:
    failing_provider(stage)
    return sms()


@case("user/reg", "ok")
async def _(stage: Stage) -> Request:
    return reg(await coded(stage))


@case("user/reg", "ok-upper-case-md5")
async def _(stage: Stage) -> Request:
    return reg(await coded(stage), pwd=PASSWORD.upper())


@case("user/reg", "ok-role-of-the-client")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    fields = {"phone": PHONE, "xid": XID, "yzm": code, "pwd": PASSWORD, "utime": UTIME}
    return call("reg", **fields, user_role="3")


@case("user/reg", "ok-after-wrong-code")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    await stage.send(reg(WRONG_CODE))
    return reg(code)


@case("user/reg", "ok-other-xid", settings=ANY_XID)
async def _(stage: Stage) -> Request:
    return reg(await coded(stage), xid=OTHER_XID)


@case("user/reg", "400-without-code")
async def _(stage: Stage) -> Request:
    await coded(stage)
    return call("reg", phone=PHONE, xid=XID, pwd=PASSWORD, utime=UTIME)


@case("user/reg", "400-without-password")
async def _(stage: Stage) -> Request:
    return call("reg", phone=PHONE, xid=XID, yzm=await coded(stage), utime=UTIME)


@case("user/reg", "400-password-in-clear")
async def _(stage: Stage) -> Request:
    return reg(await coded(stage), pwd="123456789")


@case("user/reg", "400-common-password-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    return reg(await coded(stage))


@case("user/reg", "4001-wrong-code")
async def _(stage: Stage) -> Request:
    await coded(stage)
    return reg(WRONG_CODE)


@case("user/reg", "4001-no-code-sent")
async def _(_: Stage) -> Request:
    return reg(WRONG_CODE)


@case("user/reg", "4001-late")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    stage.advance(minutes=5)
    return reg(code)


@case("user/reg", "4001-guessed-out")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    await guessed_out(stage, reg(WRONG_CODE))
    return reg(code)


@case("user/reg", "4001-used")
async def _(stage: Stage) -> Request:
    request = reg(await coded(stage))
    await stage.do(request)
    return request


@case("user/reg", "4001-newer-code")
async def _(stage: Stage) -> Request:
    older = await coded(stage)
    await coded(stage)
    return reg(older)


@case("user/reg", "4001-other-xid")
async def _(stage: Stage) -> Request:
    return reg(await coded(stage), xid=OTHER_XID)


@case("user/reg", "4001-other-phone")
async def _(stage: Stage) -> Request:
    return reg(await coded(stage), OTHER_PHONE)


@case("user/reg", "4001-registered-meanwhile")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    await in_creator(stage, "registerPhone")
    return reg(code)


@case("user/reg", "4001-wrong-code-of-a-registered-phone")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await coded(stage)
    return reg(WRONG_CODE)


@case("user/reg", "4004-registered")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return reg(await coded(stage))
