"""What is said of no call in particular."""

from dataclasses import replace

from dialects.failing import broken, overloaded
from dialects.rental.steps import (
    BY_PASSWORD,
    case,
    cookie,
    fetch,
    post,
    registered,
)
from dialects.requests import Request, announcing, get
from dialects.sampling import Stage


@case("any", "4103-text-plain")
async def _(_: Stage) -> Request:
    body = b'{"mobile":"18736008450","password":"123456789"}'
    return Request("POST", "/rental/api/login", (("content-type", "text/plain"),), body)


@case("any", "4103-key-twice")
async def _(_: Stage) -> Request:
    body = b'{"mobile":"18736008450","password":"123456789","password":"987654321"}'
    return Request("POST", "/rental/api/login", (("content-type", "application/json"),), body)


@case("any", "404-unknown-path")
async def _(_: Stage) -> Request:
    return fetch("session")


@case("any", "405-get")
async def _(_: Stage) -> Request:
    return fetch("login")


@case("any", "405-other-method-of-two")
async def _(_: Stage) -> Request:
    return Request("PUT", "/rental/api/profile/auth")


@case("any", "405-head")
async def _(_: Stage) -> Request:
    return Request("HEAD", "/rental/api/imagecode?pcodeid=&codeid=123")


@case("any", "413-body")
async def _(_: Stage) -> Request:
    return announcing(post("login", BY_PASSWORD), 64 * 1024 + 1)


@case("any", "500-broken")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    broken(stage)
    return fetch("profile", cookie(session))


@case("any", "503-overloaded")
async def _(stage: Stage) -> Request:
    overloaded(stage)
    return post("login", BY_PASSWORD)


@case("any", "204-preflight", settings={"apps.rental.cors_origins": ("https://house.example",)})
async def _(_: Stage) -> Request:
    origin = ("origin", "https://house.example")
    wanted = ("access-control-request-method", "POST")
    request = get("/rental/api/login", (origin, wanted))
    return replace(request, method="OPTIONS")
