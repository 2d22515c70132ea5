"""Signing in and out."""

from dataclasses import replace

from dialects.company.steps import (
    NEW_PASSWORD,
    PASSWORD,
    PHONE,
    STRICT,
    UNCOMMON_PASSWORD,
    UTIME,
    XID,
    call,
    case,
    in_creator,
    login,
    member_call,
    registered,
)
from dialects.requests import Request, form, json, multipart
from dialects.sampling import Stage
from hufu.actions.administration import bar_account, grant_role
from hufu.domain.permissions import Role

LOGIN = "/company/user/login"
FIELDS = {"phone": PHONE, "xid": XID, "pwd": PASSWORD, "utime": UTIME}


@case("user/login", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login()


@case("user/login", "ok-upper-case-md5")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(pwd=PASSWORD.upper())


@case("user/login", "ok-password-set-in-creator")
async def _(stage: Stage) -> Request:
    await in_creator(stage, "registerPhone")
    await in_creator(stage, "forgetPassword", new_password="correct horse")
    return login(pwd=UNCOMMON_PASSWORD)


@case("user/login", "ok-json")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return json(LOGIN, FIELDS)


@case("user/login", "ok-multipart")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return multipart(LOGIN, FIELDS)


@case("user/login", "ok-host")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return replace(form("/user/login", FIELDS), host="company.localhost:8000")


def role_shown(name: str, role: Role) -> None:
    @case("user/login", name)
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        await grant_role(stage.deps, int(session["uid"]), role, "hired")
        return login()


role_shown("ok-customer-service", Role.SUPPORT)
role_shown("ok-super-admin", Role.ADMIN)


@case("user/login", "400-without-password")
async def _(_: Stage) -> Request:
    return call("login", phone=PHONE, xid=XID, utime=UTIME)


@case("user/login", "400-without-xid")
async def _(_: Stage) -> Request:
    return call("login", phone=PHONE, pwd=PASSWORD, utime=UTIME)


@case("user/login", "400-password-in-clear")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(pwd="123456789")


@case("user/login", "400-number-in-json")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return json(LOGIN, FIELDS | {"phone": int(PHONE)})


@case("user/login", "4002-unknown")
async def _(_: Stage) -> Request:
    return login()


@case("user/login", "4003-wrong-password")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return login(pwd=NEW_PASSWORD)


@case("user/login", "4003-without-password")
async def _(stage: Stage) -> Request:
    await in_creator(stage, "registerPhone")
    return login()


@case("user/login", "4003-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return login()


@case("user/login", "4003-limit", settings={"limits.password_guesses_per_quarter_hour": 1})
async def _(stage: Stage) -> Request:
    await registered(stage)
    await stage.send(login(pwd=NEW_PASSWORD))
    return login()


@case("user/login", "4003-barred-wrong-password")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    return login(pwd=NEW_PASSWORD)


@case("user/login", "4007-barred")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    return login()


@case("user/loginout", "ok")
async def _(stage: Stage) -> Request:
    return member_call("loginout", await registered(stage))
