"""What is said of no endpoint in particular."""

from dialects.company.steps import (
    PASSWORD,
    PHONE,
    UTIME,
    XID,
    call,
    case,
    login,
    member_call,
    registered,
)
from dialects.failing import broken, overloaded
from dialects.requests import Request, announcing, get
from dialects.sampling import Stage
from front_door import FORM

LOGIN = "/company/user/login"
FIELDS = f"phone={PHONE}&xid={XID}&pwd={PASSWORD}&utime={UTIME}"


@case("any", "400-text-plain")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return Request("POST", LOGIN, (("content-type", "text/plain"),), FIELDS.encode())


@case("any", "400-field-twice")
async def _(stage: Stage) -> Request:
    await registered(stage)
    body = f"{FIELDS}&phone=18736008450"
    return Request("POST", LOGIN, (("content-type", FORM),), body.encode())


@case("any", "400-secrets-in-query")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return Request("POST", f"{LOGIN}?{FIELDS}")


@case("any", "404-unknown-path")
async def _(_: Stage) -> Request:
    return call("logout", utime=UTIME)


@case("any", "405-get")
async def _(_: Stage) -> Request:
    return get(f"{LOGIN}?{FIELDS}")


@case("any", "413-body")
async def _(_: Stage) -> Request:
    return announcing(call("login"), 64 * 1024 + 1)


@case("any", "500-broken")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    broken(stage)
    return member_call("getUserInfo", session)


@case("any", "503-overloaded")
async def _(stage: Stage) -> Request:
    overloaded(stage)
    return login()
