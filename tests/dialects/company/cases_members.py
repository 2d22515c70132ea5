"""What every call that needs a session has in common."""

from dataclasses import replace

from dialects.company.steps import (
    OTHER_PHONE,
    OTHER_XID,
    UNKNOWN,
    Session,
    call,
    case,
    coded,
    member_call,
    recovery,
    registered,
    signed_in,
)
from dialects.requests import Request, json
from dialects.sampling import Stage
from front_door import FORM
from hufu.actions.administration import bar_account

CHECK = "user/checkFinishUserInfo"
PROXIED = {
    "trusted_proxies": "127.0.0.1/32",
    "limits.session_guesses_per_network_minute": 2,
}
FORM_TYPE = ("content-type", FORM)
ELSEWHERE = ("x-forwarded-for", "203.0.113.7")


def session_cases(name: str) -> None:
    row = f"user/{name}"

    @case(row, "400-without-uid")
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        del session["uid"]
        return member_call(name, session)

    @case(row, "400-without-sec")
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        del session["sec"]
        return member_call(name, session)

    @case(row, "400-sec-of-five-digits")
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        return member_call(name, session | {"sec": "12345"})

    @case(row, "4000-unknown")
    async def _(_: Stage) -> Request:
        return member_call(name, UNKNOWN)

    @case(row, "4000-of-two-people")
    async def _(stage: Stage) -> Request:
        own, other = await registered(stage), await registered(stage, OTHER_PHONE)
        return member_call(name, {"uid": own["uid"], "sec": other["sec"]})

    @case(row, "4000-after-loginout")
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        await stage.do(member_call("loginout", session))
        return member_call(name, session)


for each in ("checkFinishUserInfo", "regDetail", "loginout", "getUserInfo"):
    session_cases(each)


def without_time(name: str) -> None:
    @case(f"user/{name}", "400-without-utime")
    async def _(stage: Stage) -> Request:
        return call(name, **await registered(stage))


for each in ("regDetail", "loginout", "getUserInfo"):
    without_time(each)


@case(CHECK, "ok-number-in-json")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    return json(f"/company/{CHECK}", session | {"uid": int(session["uid"])})


@case(CHECK, "ok-two-devices")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await signed_in(stage, xid=OTHER_XID)
    return member_call("checkFinishUserInfo", session)


@case(CHECK, "4000-replaced")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await signed_in(stage)
    return member_call("checkFinishUserInfo", session)


@case(CHECK, "4000-idle")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    stage.advance(days=7)
    return member_call("checkFinishUserInfo", session)


@case(CHECK, "4000-old")
async def _(stage: Stage) -> Request:
    request = member_call("checkFinishUserInfo", await registered(stage))
    for _ in range(4):
        stage.advance(days=6)
        await stage.do(request)
    stage.advance(days=6)
    return request


@case(CHECK, "4000-after-password-change")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(recovery(await coded(stage)))
    return member_call("checkFinishUserInfo", session)


@case(CHECK, "4000-barred")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await bar_account(stage.deps, int(session["uid"]), "spam")
    return member_call("checkFinishUserInfo", session)


@case(CHECK, "4000-guessing-network", settings=PROXIED)
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    for _ in range(2):
        await stage.send(from_elsewhere(UNKNOWN))
    return from_elsewhere(session)


def from_elsewhere(session: Session) -> Request:
    """A call that a proxy passes on."""
    return replace(member_call("checkFinishUserInfo", session), headers=(FORM_TYPE, ELSEWHERE))
