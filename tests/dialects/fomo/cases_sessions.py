"""Signing in."""

from dataclasses import replace

from dialects.fomo.steps import (
    EMAIL,
    ONE_GUESS,
    OTHER_EMAIL,
    PASSWORD,
    PHONE,
    STRICT,
    call,
    case,
    registered,
)
from dialects.requests import Request, json, multipart
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

LOGIN = "/fomo/customer/login"


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


@case("customer/login", "0-limit", settings=ONE_GUESS)
async def _(stage: Stage) -> Request:
    await registered(stage)
    await stage.send(call("login", login_name=PHONE, pwd="wrong password"))
    return call("login", login_name=PHONE, pwd=PASSWORD)


@case("customer/login", "11-unknown")
async def _(_: Stage) -> Request:
    return call("login", login_name=OTHER_EMAIL, pwd=PASSWORD)


@case("customer/login", "11-name-of-nobody")
async def _(_: Stage) -> Request:
    return call("login", login_name="1339063369", pwd=PASSWORD)


@case("customer/login", "12-name-of-nobody-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return call("login", login_name="1339063369", pwd=PASSWORD)


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
