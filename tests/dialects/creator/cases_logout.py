"""Signing out: by a cookie, or from the client that signed in."""

from dialects.creator.steps import (
    BEHIND_PROXY,
    BROWSER,
    COOKIE_ONLY,
    CROSS_SITE,
    PROXIED,
    UNKNOWN_ID,
    case,
    logout,
    registered,
    signed_in,
)
from dialects.requests import Request, form, json
from dialects.sampling import Stage

OTHER_BROWSER = ("user-agent", "Mozilla/5.0 (iPhone)")
PROXIED_ELSEWHERE = ("x-forwarded-for", "198.51.100.7")


@case("user/logout", "ok")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return logout(session.user_id, [session.cookie])


@case("user/logout", "ok-same-client")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage, headers=[BROWSER])
    return logout(session.user_id, [BROWSER])


@case("user/logout", "ok-other-client-with-cookie", settings=COOKIE_ONLY)
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage, headers=[BROWSER])
    return logout(session.user_id, [OTHER_BROWSER, session.cookie])


@case("user/logout", "ok-number-in-json")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return json("/creator/user/logout", {"user_id": session.user_id}, [session.cookie])


@case("user/logout", "400-without-id")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return form("/creator/user/logout", {}, [session.cookie])


@case("user/logout", "400-name-for-id")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return logout("wocao", [session.cookie])


@case("user/logout", "403-other-client")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage, headers=[BROWSER])
    return logout(session.user_id, [OTHER_BROWSER])


@case("user/logout", "403-other-network", settings=BEHIND_PROXY)
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage, headers=[BROWSER, PROXIED])
    return logout(session.user_id, [BROWSER, PROXIED_ELSEWHERE])


@case("user/logout", "403-cookie-of-another")
async def _(stage: Stage) -> Request:
    await registered(stage)
    await registered(stage, "hudf_zh_fl")
    victim = await signed_in(stage)
    own = await signed_in(stage, "hudf_zh_fl")
    return logout(victim.user_id, [own.cookie])


@case("user/logout", "403-same-client-without-cookie", settings=COOKIE_ONLY)
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return logout(session.user_id)


@case("user/logout", "403-twice")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    request = logout(session.user_id, [session.cookie])
    await stage.do(request)
    return request


@case("user/logout", "403-nobody")
async def _(_: Stage) -> Request:
    return logout(UNKNOWN_ID)


@case("user/logout", "403-id-of-a-failed-login")
async def _(_: Stage) -> Request:
    return logout(0)


@case("user/logout", "403-cross-site")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return logout(session.user_id, [CROSS_SITE])


@case("user/logout", "403-foreign-origin")
async def _(stage: Stage) -> Request:
    await registered(stage)
    session = await signed_in(stage)
    return logout(session.user_id, [("origin", "https://evil.example"), session.cookie])
