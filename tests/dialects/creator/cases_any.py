"""What is said of no endpoint in particular."""

from dialects.creator.steps import ACCOUNT, PASSWORD, PHONE, ask, case, login, registered
from dialects.failing import broken, overloaded
from dialects.requests import Request, announcing
from dialects.sampling import Stage
from front_door import FORM

LOGIN = "/creator/user/login"
FIELDS = f"account={ACCOUNT}&password={PASSWORD}"
CORS = {"apps.creator.cors_origins": "https://app.example.com"}
ORIGIN = ("origin", "https://app.example.com")


@case("any", "ok-foreign-origin-allowed", settings=CORS)
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(headers=[ORIGIN])


@case("any", "204-preflight", settings=CORS)
async def _(_: Stage) -> Request:
    asked = ("access-control-request-method", "POST")
    return Request("OPTIONS", LOGIN, (ORIGIN, asked))


@case("any", "400-text-plain")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return Request("POST", LOGIN, (("content-type", "text/plain"),), FIELDS.encode())


@case("any", "400-field-twice")
async def _(stage: Stage) -> Request:
    await registered(stage)
    body = f"{FIELDS}&account=hudf_zh_fl"
    return Request("POST", LOGIN, (("content-type", FORM),), body.encode())


@case("any", "400-secrets-in-query")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return Request("POST", f"{LOGIN}?{FIELDS}")


@case("any", "404-unknown-path")
async def _(_: Stage) -> Request:
    return Request("POST", "/creator/user/loginPhone")


@case("any", "405-get")
async def _(_: Stage) -> Request:
    return Request("GET", f"{LOGIN}?{FIELDS}")


@case("any", "405-options")
async def _(_: Stage) -> Request:
    return Request("OPTIONS", ask("registerPhone", PHONE).path)


@case("any", "413-body")
async def _(_: Stage) -> Request:
    return announcing(Request("POST", LOGIN, (("content-type", FORM),)), 64 * 1024 + 1)


@case("any", "500-broken")
async def _(stage: Stage) -> Request:
    await registered(stage)
    broken(stage)
    return login()


@case("any", "503-overloaded")
async def _(stage: Stage) -> Request:
    overloaded(stage)
    return login()
