"""Recovering an account whose password is forgotten."""

from dialects.failing import failing_provider
from dialects.fomo.steps import (
    EMAIL,
    NEW_PASSWORD,
    ONE_MESSAGE,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    STRICT,
    UNKNOWN_ID,
    UNKNOWN_TOKEN,
    WRONG_CODE,
    bound,
    call,
    case,
    granted,
    guessed_out,
    member,
    recovering,
    registered,
)
from dialects.requests import Request, form
from dialects.sampling import Stage
from hufu.actions.administration import bar_account


@case("customer/rec_pwd1", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("rec_pwd1", user_name=PHONE)


@case("customer/rec_pwd1", "ok-email")
async def _(stage: Stage) -> Request:
    await registered(stage, EMAIL)
    return call("rec_pwd1", user_name=EMAIL)


@case("customer/rec_pwd1", "ok-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return call("rec_pwd1", user_name=PHONE)


@case("customer/rec_pwd1", "0-without-fields")
async def _(_: Stage) -> Request:
    return call("rec_pwd1")


@case("customer/rec_pwd1", "0-limit", settings=ONE_MESSAGE)
async def _(stage: Stage) -> Request:
    await registered(stage)
    stage.advance(minutes=1)
    await recovering(stage)
    return call("rec_pwd1", user_name=PHONE)


@case("customer/rec_pwd1", "5-provider")
async def _(stage: Stage) -> Request:
    await registered(stage)
    failing_provider(stage)
    return call("rec_pwd1", user_name=PHONE)


@case("customer/rec_pwd1", "11-unknown")
async def _(_: Stage) -> Request:
    return call("rec_pwd1", user_name=PHONE)


@case("customer/rec_pwd1", "11-user-name")
async def _(stage: Stage) -> Request:
    await stage.send(form("/creator/user/register", {"account": "alice", "password": PASSWORD}))
    return call("rec_pwd1", user_name="alice")


@case("customer/rec_pwd1", "11-user-name-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return call("rec_pwd1", user_name="alice")


@case("customer/rec_pwd1", "11-name-of-nobody")
async def _(_: Stage) -> Request:
    return call("rec_pwd1", user_name="1339063369")


@case("customer/rec_pwd1", "11-new-identifier", settings={"apps.fomo.recovery_delay_hours": 72})
async def _(stage: Stage) -> Request:
    await bound(stage, await member(stage))
    stage.advance(hours=71)
    return call("rec_pwd1", user_name=EMAIL)


@case("customer/rec_pwd2", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    references = await recovering(stage)
    return call("rec_pwd2", verify_code=await stage.code(PHONE), **references)


@case("customer/rec_pwd2", "0-without-code")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("rec_pwd2", **await recovering(stage))


@case("customer/rec_pwd2", "105-wrong-code")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("rec_pwd2", verify_code=WRONG_CODE, **await recovering(stage))


@case("customer/rec_pwd2", "105-unknown-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    return call("rec_pwd2", verify_code=WRONG_CODE, **await recovering(stage))


@case("customer/rec_pwd2", "106-late")
async def _(stage: Stage) -> Request:
    await registered(stage)
    references = await recovering(stage)
    stage.advance(minutes=10)
    return call("rec_pwd2", verify_code=await stage.code(PHONE), **references)


@case("customer/rec_pwd2", "106-used")
async def _(stage: Stage) -> Request:
    await registered(stage)
    references = await recovering(stage)
    request = call("rec_pwd2", verify_code=await stage.code(PHONE), **references)
    await stage.do(request)
    return request


@case("customer/rec_pwd2", "106-guessed-out")
async def _(stage: Stage) -> Request:
    await registered(stage)
    references = await recovering(stage)
    await guessed_out(stage, call("rec_pwd2", verify_code=WRONG_CODE, **references))
    return call("rec_pwd2", verify_code=await stage.code(PHONE), **references)


@case("customer/rec_pwd2", "107-unknown")
async def _(_: Stage) -> Request:
    return call("rec_pwd2", verify_id=UNKNOWN_ID, user_id=UNKNOWN_ID, verify_code=WRONG_CODE)


@case("customer/rec_pwd2", "107-of-two-people")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await registered(stage, OTHER_PHONE)
    own, code = await recovering(stage), await stage.code(PHONE)
    others = await recovering(stage, OTHER_PHONE)
    return call("rec_pwd2", verify_id=own["verify_id"], user_id=others["user_id"], verify_code=code)


@case("customer/rec_pwd2", "107-account-id")
async def _(stage: Stage) -> Request:
    account_id = await registered(stage)
    references = await recovering(stage) | {"user_id": account_id}
    return call("rec_pwd2", verify_code=await stage.code(PHONE), **references)


@case("customer/set_pwd", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("set_pwd", tmp_session=await granted(stage), pwd=NEW_PASSWORD)


@case("customer/set_pwd", "0-without-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("set_pwd", tmp_session=await granted(stage))


@case("customer/set_pwd", "0-short")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("set_pwd", tmp_session=await granted(stage), pwd="98765")


@case("customer/set_pwd", "54-barred")
async def _(stage: Stage) -> Request:
    await bar_account(stage.deps, await registered(stage), "spam")
    return call("set_pwd", tmp_session=await granted(stage), pwd=NEW_PASSWORD)


@case("customer/set_pwd", "201-barred")
async def _(stage: Stage) -> Request:
    account_id = await registered(stage)
    grant = await granted(stage)
    await bar_account(stage.deps, account_id, "spam")
    return call("set_pwd", tmp_session=grant, pwd=NEW_PASSWORD)


@case("customer/set_pwd", "201-unknown")
async def _(_: Stage) -> Request:
    return call("set_pwd", tmp_session=UNKNOWN_TOKEN, pwd=NEW_PASSWORD)


@case("customer/set_pwd", "201-used")
async def _(stage: Stage) -> Request:
    await registered(stage)
    request = call("set_pwd", tmp_session=await granted(stage), pwd=NEW_PASSWORD)
    await stage.do(request)
    return request


@case("customer/set_pwd", "201-late")
async def _(stage: Stage) -> Request:
    await registered(stage)
    grant = await granted(stage)
    stage.advance(minutes=15)
    return call("set_pwd", tmp_session=grant, pwd=NEW_PASSWORD)
