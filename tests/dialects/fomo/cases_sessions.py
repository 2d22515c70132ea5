"""Registering, signing in, and what every call has in common."""

from dataclasses import replace

from dialects.failing import broken, failing_provider, overloaded
from dialects.fomo.steps import (
    EMAIL,
    ONE_MESSAGE,
    OTHER_EMAIL,
    OTHER_PHONE,
    PASSWORD,
    PHONE,
    STRICT,
    UNKNOWN_ID,
    UNKNOWN_TOKEN,
    WRONG_CODE,
    begun,
    call,
    case,
    guessed_out,
    member,
    registered,
)
from dialects.requests import Request, announcing, get, json, multipart
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

LOGIN = "/fomo/customer/login"


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


@case("customer/login", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("login", login_name=PHONE, pwd=PASSWORD)


@case("customer/login", "ok-email")
async def _(stage: Stage) -> Request:
    await registered(stage, EMAIL)
    return call("login", login_name=EMAIL, pwd=PASSWORD)


@case("customer/login", "ok-json")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return json(LOGIN, {"login_name": PHONE, "pwd": PASSWORD})


@case("customer/login", "ok-multipart")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return multipart(LOGIN, {"login_name": PHONE, "pwd": PASSWORD})


@case("customer/login", "ok-host")
async def _(stage: Stage) -> Request:
    await registered(stage)
    request = json("/customer/login", {"login_name": PHONE, "pwd": PASSWORD})
    return replace(request, host="fomo.localhost:8000")


@case("customer/login", "0-without-password")
async def _(_: Stage) -> Request:
    return call("login", login_name=PHONE)


@case("customer/login", "0-limit", settings={"limits.password_guesses_per_quarter_hour": 1})
async def _(stage: Stage) -> Request:
    await registered(stage)
    await stage.send(call("login", login_name=PHONE, pwd="wrong password"))
    return call("login", login_name=PHONE, pwd=PASSWORD)


@case("customer/login", "11-unknown")
async def _(_: Stage) -> Request:
    return call("login", login_name=OTHER_EMAIL, pwd=PASSWORD)


@case("customer/login", "12-wrong-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return call("login", login_name=PHONE, pwd="wrong password")


@case("customer/login", "12-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return call("login", login_name=OTHER_EMAIL, pwd=PASSWORD)


@case("customer/login", "12-barred-wrong-password")
async def _(stage: Stage) -> Request:
    await bar_account(stage.deps, await registered(stage), "spam")
    return call("login", login_name=PHONE, pwd="wrong password")


@case("customer/login", "54-barred")
async def _(stage: Stage) -> Request:
    await bar_account(stage.deps, await registered(stage), "spam")
    return call("login", login_name=PHONE, pwd=PASSWORD)


@case("any", "0-text-plain")
async def _(_: Stage) -> Request:
    body = b"login_name=13390633695&pwd=123456789"
    return Request("POST", LOGIN, (("content-type", "text/plain"),), body)


@case("any", "0-field-twice")
async def _(_: Stage) -> Request:
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    return Request("POST", LOGIN, headers, b"login_name=13390633695&pwd=123456789&pwd=987654321")


@case("any", "0-secrets-in-query")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return Request("POST", f"{LOGIN}?login_name={PHONE}&pwd={PASSWORD}")


@case("any", "404-unknown-path")
async def _(_: Stage) -> Request:
    return call("logout", session_key=UNKNOWN_TOKEN)


@case("any", "405-get")
async def _(_: Stage) -> Request:
    return get(f"{LOGIN}?login_name={PHONE}&pwd={PASSWORD}")


@case("any", "413-body")
async def _(_: Stage) -> Request:
    return announcing(call("login"), 64 * 1024 + 1)


@case("any", "500-broken")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    broken(stage)
    return call("get_user_info", session_key=session)


@case("any", "503-overloaded")
async def _(stage: Stage) -> Request:
    overloaded(stage)
    return call("login", login_name=PHONE, pwd=PASSWORD)
