"""Setting a new password with a code, and signing in by it."""

from dialects.creator.steps import (
    BROWSER,
    CROSS_SITE,
    NEW_PASSWORD,
    ONE_PROBE,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    PROXIED,
    STRICT,
    UNCOMMON_PASSWORD,
    WRONG_CODE,
    ask,
    case,
    coded,
    forget,
    guessed_out,
    phone_registered,
    phone_signed_in,
    registered,
)
from dialects.requests import Request, form, json
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

ROW = "POST user/forgetPassword/<phone>"
PATH = f"/creator/user/forgetPassword/{PHONE}"


async def recovering(stage: Stage) -> str:
    """A recovery code of an account with a phone."""
    await phone_registered(stage)
    return await coded(stage, "forgetPassword")


@case(ROW, "ok")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), account=PHONE)


@case(ROW, "ok-without-account")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage))


@case(ROW, "ok-identifying-code")
async def _(stage: Stage) -> Request:
    code = await recovering(stage)
    fields = {"phone_number": PHONE, "identifying_code": code, "new_password": NEW_PASSWORD}
    return form(PATH, fields)


@case(ROW, "ok-both-names-of-the-code")
async def _(stage: Stage) -> Request:
    code = await recovering(stage)
    return forget(code, identifying_code=code)


@case(ROW, "ok-with-cookie")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    session = await phone_signed_in(stage, headers=[BROWSER])
    return forget(await coded(stage, "forgetPassword"), headers=[session.cookie])


@case(ROW, "400-without-code")
async def _(stage: Stage) -> Request:
    await recovering(stage)
    return json(PATH, {"phone_number": PHONE, "new_password": NEW_PASSWORD})


@case(ROW, "400-two-codes")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), identifying_code=WRONG_CODE)


@case(ROW, "400-without-password")
async def _(stage: Stage) -> Request:
    return json(PATH, {"phone_number": PHONE, "identifying": await recovering(stage)})


@case(ROW, "400-short-password")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), "98765")


@case(ROW, "400-common-password-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), PASSWORD)


@case(ROW, "400-late")
async def _(stage: Stage) -> Request:
    code = await recovering(stage)
    stage.advance(minutes=10)
    return forget(code)


@case(ROW, "400-guessed-out")
async def _(stage: Stage) -> Request:
    code = await recovering(stage)
    await guessed_out(stage, forget(WRONG_CODE))
    return forget(code)


@case(ROW, "400-used")
async def _(stage: Stage) -> Request:
    request = forget(await recovering(stage))
    await stage.do(request)
    return request


@case(ROW, "400-no-code-sent")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    return forget(WRONG_CODE)


@case(ROW, "400-code-for-sign-in")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    return forget(await coded(stage, "loginPhone"))


@case(ROW, "401-wrong-code")
async def _(stage: Stage) -> Request:
    await recovering(stage)
    return forget(WRONG_CODE)


@case(ROW, "401-wrong-code-and-account-of-another")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await recovering(stage)
    return forget(WRONG_CODE, account="wocao")


@case(ROW, "401-wrong-code-of-the-barred")
async def _(stage: Stage) -> Request:
    await barred(stage)
    return forget(WRONG_CODE)


@case(ROW, "401-unknown-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await stage.do(ask("forgetPassword"))
    return forget(WRONG_CODE, UNCOMMON_PASSWORD)


@case(ROW, "403-cross-site")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), headers=[CROSS_SITE])


@case(ROW, "403-probing-network", settings=ONE_PROBE)
async def _(stage: Stage) -> Request:
    await stage.send(forget(WRONG_CODE, headers=[PROXIED]))
    return forget(WRONG_CODE, headers=[PROXIED])


@case(ROW, "404-unknown")
async def _(stage: Stage) -> Request:
    await stage.do(ask("forgetPassword"))
    return forget(WRONG_CODE)


@case(ROW, "404-account-of-another")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return forget(await recovering(stage), account="wocao")


@case(ROW, "404-account-of-nobody")
async def _(stage: Stage) -> Request:
    return forget(await recovering(stage), account="hudf_zh_fl")


@case(ROW, "404-other-phone-in-path")
async def _(stage: Stage) -> Request:
    await phone_registered(stage, OTHER_PHONE)
    code = await recovering(stage)
    fields = {"phone_number": PHONE, "identifying": code, "new_password": NEW_PASSWORD}
    return json(f"/creator/user/forgetPassword/{OTHER_PHONE}", fields)


@case(ROW, "404-barred")
async def _(stage: Stage) -> Request:
    return forget(await barred(stage))


async def barred(stage: Stage) -> str:
    """A recovery code of somebody who is barred."""
    await phone_registered(stage)
    session = await phone_signed_in(stage, headers=[BROWSER])
    await bar_account(stage.deps, session.user_id, "spam")
    return await coded(stage, "forgetPassword")
