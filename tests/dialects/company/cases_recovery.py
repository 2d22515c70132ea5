"""Setting a new password with a code."""

from dialects.company.steps import (
    OTHER_PHONE,
    OTHER_XID,
    PASSWORD,
    PHONE,
    STRICT,
    UNCOMMON_PASSWORD,
    UTIME,
    WRONG_CODE,
    XID,
    call,
    case,
    coded,
    guessed_out,
    in_creator,
    recovery,
    reg,
    registered,
)
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.administration import bar_account


@case("user/pwd", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return recovery(await coded(stage))


@case("user/pwd", "ok-without-password-before")
async def _(stage: Stage) -> Request:
    await in_creator(stage, "registerPhone")
    return recovery(await coded(stage))


@case("user/pwd", "400-without-code")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await coded(stage)
    return call("pwd", phone=PHONE, xid=XID, pwd=PASSWORD, utime=UTIME)


@case("user/pwd", "400-password-in-clear")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return recovery(await coded(stage), pwd="987654321")


@case("user/pwd", "400-common-password-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await registered(stage, pwd=UNCOMMON_PASSWORD)
    return recovery(await coded(stage), pwd=PASSWORD)


@case("user/pwd", "4001-wrong-code")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await coded(stage)
    return recovery(WRONG_CODE)


@case("user/pwd", "4001-wrong-code-of-nobody")
async def _(stage: Stage) -> Request:
    await coded(stage)
    return recovery(WRONG_CODE)


@case("user/pwd", "4001-wrong-code-of-the-barred")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    await coded(stage)
    return recovery(WRONG_CODE)


@case("user/pwd", "4001-late")
async def _(stage: Stage) -> Request:
    await registered(stage)
    code = await coded(stage)
    stage.advance(minutes=5)
    return recovery(code)


@case("user/pwd", "4001-guessed-out")
async def _(stage: Stage) -> Request:
    await registered(stage)
    code = await coded(stage)
    await guessed_out(stage, recovery(WRONG_CODE))
    return recovery(code)


@case("user/pwd", "4001-used")
async def _(stage: Stage) -> Request:
    await registered(stage)
    request = recovery(await coded(stage))
    await stage.do(request)
    return request


@case("user/pwd", "4001-spent-on-4004")
async def _(stage: Stage) -> Request:
    await registered(stage)
    code = await coded(stage)
    await stage.send(reg(code))
    return recovery(code)


@case("user/pwd", "4001-other-xid")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return recovery(await coded(stage), xid=OTHER_XID)


@case("user/pwd", "4001-other-phone")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await registered(stage, OTHER_PHONE)
    return recovery(await coded(stage), OTHER_PHONE)


@case("user/pwd", "4001-registered-meanwhile")
async def _(stage: Stage) -> Request:
    code = await coded(stage)
    await registered(stage, xid=OTHER_XID)
    return recovery(code)


@case("user/pwd", "4002-unregistered")
async def _(stage: Stage) -> Request:
    return recovery(await coded(stage))


@case("user/pwd", "4006-same-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return recovery(await coded(stage), pwd=PASSWORD)


@case("user/pwd", "4006-same-password-in-upper-case")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return recovery(await coded(stage), pwd=PASSWORD.upper())


@case("user/pwd", "4007-barred")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    return recovery(await coded(stage))


@case("user/pwd", "4007-barred-same-password")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    return recovery(await coded(stage), pwd=PASSWORD)
