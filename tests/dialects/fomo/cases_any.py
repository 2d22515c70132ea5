"""What is said of no call in particular."""

from dialects.failing import broken, overloaded
from dialects.fomo.steps import (
    PASSWORD,
    PHONE,
    UNKNOWN_TOKEN,
    call,
    case,
    member,
    registered,
)
from dialects.requests import Request, announcing, get
from dialects.sampling import Stage

LOGIN = "/fomo/customer/login"


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
