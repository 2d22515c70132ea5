"""Registering in two steps."""

from dialects.failing import failing_provider
from dialects.fomo.steps import (
    EMAIL,
    ONE_MESSAGE,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    STRICT,
    UNKNOWN_ID,
    WRONG_CODE,
    begun,
    call,
    case,
    guessed_out,
    registered,
)
from dialects.requests import Request
from dialects.sampling import Stage


@case("customer/register", "ok")
async def _(_: Stage) -> Request:
    return call("register", user_name=PHONE, pwd=PASSWORD)


@case("customer/register", "ok-email")
async def _(_: Stage) -> Request:
    return call("register", user_name=EMAIL, pwd=PASSWORD)


@case("customer/register", "ok-again")
async def _(stage: Stage) -> Request:
    await begun(stage)
    return call("register", user_name=PHONE, pwd=PASSWORD)


@case("customer/register", "ok-taken-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await registered(stage, pwd="correct horse")
    return call("register", user_name=PHONE, pwd="battery staple")


@case("customer/register", "0-without-password")
async def _(_: Stage) -> Request:
    return call("register", user_name=PHONE)


@case("customer/register", "0-short-password")
async def _(_: Stage) -> Request:
    return call("register", user_name=PHONE, pwd="12345")


@case("customer/register", "0-common-password-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return call("register", user_name=PHONE, pwd=PASSWORD)


@case("customer/register", "0-limit", settings=ONE_MESSAGE)
async def _(stage: Stage) -> Request:
    await begun(stage)
    return call("register", user_name=PHONE, pwd=PASSWORD)


@case("customer/register", "5-provider")
async def _(stage: Stage) -> Request:
    failing_provider(stage)
    return call("register", user_name=PHONE, pwd=PASSWORD)


@case("customer/register", "15-taken")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("register", user_name=f"+86 {PHONE}", pwd=PASSWORD)


@case("customer/register", "16-taken")
async def _(stage: Stage) -> Request:
    await registered(stage, EMAIL)
    return call("register", user_name="ABC@126.com", pwd=PASSWORD)


@case("customer/register", "104-neither")
async def _(_: Stage) -> Request:
    return call("register", user_name="hudf_zh_fl", pwd=PASSWORD)


@case("customer/complete_register", "ok")
async def _(stage: Stage) -> Request:
    references = await begun(stage)
    return call("complete_register", verify_code=await stage.code(PHONE), **references)


@case("customer/complete_register", "ok-again")
async def _(stage: Stage) -> Request:
    references = await begun(stage)
    request = call("complete_register", verify_code=await stage.code(PHONE), **references)
    await stage.do(request)
    return request


@case("customer/complete_register", "0-without-code")
async def _(stage: Stage) -> Request:
    return call("complete_register", **await begun(stage))


@case("customer/complete_register", "0-reference-no-number")
async def _(_: Stage) -> Request:
    return call("complete_register", verify_code=WRONG_CODE, verify_id="x", tmp_user_id=UNKNOWN_ID)


@case("customer/complete_register", "105-wrong-code")
async def _(stage: Stage) -> Request:
    return call("complete_register", verify_code=WRONG_CODE, **await begun(stage))


@case("customer/complete_register", "106-late")
async def _(stage: Stage) -> Request:
    references = await begun(stage)
    code = await stage.code(PHONE)
    stage.advance(minutes=10)
    return call("complete_register", verify_code=code, **references)


@case("customer/complete_register", "106-guessed-out")
async def _(stage: Stage) -> Request:
    references = await begun(stage)
    await guessed_out(stage, call("complete_register", verify_code=WRONG_CODE, **references))
    return call("complete_register", verify_code=await stage.code(PHONE), **references)


@case("customer/complete_register", "107-unknown")
async def _(_: Stage) -> Request:
    return call(
        "complete_register", verify_code=WRONG_CODE, verify_id=UNKNOWN_ID, tmp_user_id=UNKNOWN_ID
    )


@case("customer/complete_register", "107-of-two-people")
async def _(stage: Stage) -> Request:
    own, code = await begun(stage), await stage.code(PHONE)
    others = await begun(stage, OTHER_PHONE)
    own["tmp_user_id"] = others["tmp_user_id"]
    return call("complete_register", verify_code=code, **own)


@case("customer/complete_register", "107-newer-registration")
async def _(stage: Stage) -> Request:
    references, code = await begun(stage), await stage.code(PHONE)
    await begun(stage)
    return call("complete_register", verify_code=code, **references)


@case("customer/complete_register", "107-late")
async def _(stage: Stage) -> Request:
    references, code = await begun(stage), await stage.code(PHONE)
    stage.advance(minutes=30)
    return call("complete_register", verify_code=code, **references)
