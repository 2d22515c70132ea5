"""Signing in with a password."""

from dataclasses import replace

from dialects.creator.steps import (
    ACCOUNT,
    CROSS_SITE,
    EMAIL,
    NEW_PASSWORD,
    PASSWORD,
    PHONE,
    STRICT,
    case,
    coded,
    forget,
    login,
    phone_registered,
    registered,
    signed_in,
)
from dialects.requests import Request, form, json
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

LOGIN = "/creator/user/login"
FIELDS = {"account": ACCOUNT, "password": PASSWORD}


@case("user/login", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login()


@case("user/login", "ok-json")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return json(LOGIN, FIELDS)


@case("user/login", "ok-in-capitals")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(ACCOUNT.upper())


@case("user/login", "ok-email")
async def _(stage: Stage) -> Request:
    await registered(stage, EMAIL)
    return login(EMAIL)


@case("user/login", "ok-phone")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await stage.do(forget(await coded(stage, "forgetPassword")))
    return login(f"+86 {PHONE}", NEW_PASSWORD)


@case("user/login", "ok-again-with-cookie")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return login(headers=[session.cookie])


@case("user/login", "ok-host")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return replace(form("/user/login", FIELDS), host="creator.localhost:8000")


@case("user/login", "400-without-password")
async def _(_: Stage) -> Request:
    return form(LOGIN, {"account": ACCOUNT})


@case("user/login", "400-wrong-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(password=NEW_PASSWORD)


@case("user/login", "400-no-password-set")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    return login(PHONE)


@case("user/login", "400-barred-wrong-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await bar_account(stage.deps, (await signed_in(stage)).user_id, "spam")
    return login(password=NEW_PASSWORD)


@case("user/login", "400-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return login()


@case("user/login", "403-barred")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await bar_account(stage.deps, (await signed_in(stage)).user_id, "spam")
    return login()


@case("user/login", "403-limit", settings={"limits.password_guesses_per_quarter_hour": 1})
async def _(stage: Stage) -> Request:
    await registered(stage)
    await stage.send(login(password=NEW_PASSWORD))
    return login()


@case("user/login", "403-cross-site")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(headers=[CROSS_SITE])


@case("user/login", "404-unknown")
async def _(_: Stage) -> Request:
    return login()


@case("user/login", "404-account-is-a-number")
async def _(_: Stage) -> Request:
    return login("23")
