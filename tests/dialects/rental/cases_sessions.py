"""Signing in and out."""

from dataclasses import replace

from dialects.rental.steps import (
    BY_PASSWORD,
    CROSS_SITE,
    FOREIGN,
    MOBILE,
    ONE_GUESS,
    PASSWORD,
    PREFETCH,
    STRICT,
    UNKNOWN_SESSION,
    WRONG_PASSWORD,
    account_of,
    case,
    cookie,
    fetch,
    post,
    registered,
)
from dialects.requests import Request, form, json
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

WRONG = {"mobile": MOBILE, "password": WRONG_PASSWORD}
OWN_PAGE = ("origin", "http://127.0.0.1:8000")


@case("api/login", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("login", BY_PASSWORD)


@case("api/login", "ok-other-spelling")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("login", {"mobile": f"+86 {MOBILE}", "password": PASSWORD})


@case("api/login", "ok-in-place-of-session")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    return post("login", BY_PASSWORD, cookie(session), OWN_PAGE)


@case("api/login", "ok-unknown-session")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("login", BY_PASSWORD, cookie(UNKNOWN_SESSION))


@case("api/login", "ok-host")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return replace(json("/api/login", BY_PASSWORD), host="rental.localhost:8000")


@case(
    "api/login",
    "ok-https",
    settings={"public_url": "https://id.example.com", "apps.rental.hosts": ("house.example.com",)},
)
async def _(stage: Stage) -> Request:
    await registered(stage)
    return replace(json("/api/login", BY_PASSWORD), host="house.example.com")


@case("api/login", "4103-incomplete")
async def _(_: Stage) -> Request:
    return post("login", {"mobile": MOBILE})


@case("api/login", "4103-malformed-mobile")
async def _(_: Stage) -> Request:
    return post("login", {"mobile": "123456789", "password": PASSWORD})


@case("api/login", "4104-unknown")
async def _(_: Stage) -> Request:
    return post("login", BY_PASSWORD)


@case("api/login", "4004-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return post("login", BY_PASSWORD)


@case("api/login", "4004-wrong-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("login", WRONG)


@case("api/login", "4201-barred")
async def _(stage: Stage) -> Request:
    account_id = await account_of(stage, await registered(stage))
    await bar_account(stage.deps, account_id, "spam")
    return post("login", BY_PASSWORD)


@case("api/login", "4201-limit", settings=ONE_GUESS)
async def _(stage: Stage) -> Request:
    await registered(stage)
    await stage.send(post("login", WRONG))
    return post("login", BY_PASSWORD)


@case("api/login", "4201-cross-site")
async def _(stage: Stage) -> Request:
    return post("login", BY_PASSWORD, cookie(await registered(stage)), CROSS_SITE)


@case("api/login", "4201-form-with-cookie")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    return form("/rental/api/login", BY_PASSWORD, (cookie(session),))


@case("api/check_login", "ok")
async def _(stage: Stage) -> Request:
    return fetch("check_login", cookie(await registered(stage)))


@case("api/check_login", "ok-object", settings={"apps.rental.check_login_data": "object"})
async def _(stage: Stage) -> Request:
    return fetch("check_login", cookie(await registered(stage)))


@case("api/check_login", "4101-idle-session")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    stage.advance(days=7)
    return fetch("check_login", cookie(session))


@case("api/check_login", "4101-logged-out")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(fetch("logout", cookie(session)))
    return fetch("check_login", cookie(session))


@case("api/check_login", "4101-replaced-session")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("login", BY_PASSWORD, cookie(session)))
    return fetch("check_login", cookie(session))


@case("api/check_login", "4101-barred")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, await account_of(stage, session), "spam")
    return fetch("check_login", cookie(session))


@case("api/logout", "ok")
async def _(stage: Stage) -> Request:
    return fetch("logout", cookie(await registered(stage)))


@case("api/logout", "4201-foreign-origin")
async def _(stage: Stage) -> Request:
    return fetch("logout", cookie(await registered(stage)), FOREIGN)


@case("api/logout", "4201-prefetch")
async def _(stage: Stage) -> Request:
    return fetch("logout", cookie(await registered(stage)), PREFETCH)
