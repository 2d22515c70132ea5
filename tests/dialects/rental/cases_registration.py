"""Registering with a code."""

from dialects.rental.steps import (
    CROSS_SITE,
    MOBILE,
    OTHER_MOBILE,
    PASSWORD,
    STRICT,
    STRONG_PASSWORD,
    UNKNOWN_SESSION,
    WRONG_CODE,
    case,
    code_sent,
    cookie,
    payment,
    post,
    registered,
)
from dialects.requests import Request
from dialects.sampling import Stage


def registering(code: str, **more: object) -> dict[str, object]:
    """The fields of `register`."""
    return {"mobile": MOBILE, "phonecode": code, "password": PASSWORD, **more}


@case("api/register", "ok")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    await stage.do(post("smscode", {"mobile": MOBILE, **paid}))
    text, code = paid["image_code_text"], await stage.code(MOBILE)
    fields = {"mobile": MOBILE, "image_code_text": text, "phonecode": code, "password": PASSWORD}
    return post("register", fields)


@case("api/register", "ok-imagecode")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    await stage.do(post("smscode", {"mobile": MOBILE, **paid}))
    code = await stage.code(MOBILE)
    more = {"imagecode": paid["image_code_text"], "password2": PASSWORD}
    return post("register", registering(code, **more))


@case("api/register", "ok-without-captcha")
async def _(stage: Stage) -> Request:
    return post("register", registering(await code_sent(stage)))


@case("api/register", "ok-in-place-of-session")
async def _(stage: Stage) -> Request:
    session = await registered(stage, OTHER_MOBILE)
    return post("register", registering(await code_sent(stage)), cookie(session))


@case("api/register", "ok-unknown-session")
async def _(stage: Stage) -> Request:
    return post("register", registering(await code_sent(stage)), cookie(UNKNOWN_SESSION))


@case("api/register", "4103-incomplete")
async def _(stage: Stage) -> Request:
    return post("register", {"mobile": MOBILE, "phonecode": await code_sent(stage)})


@case("api/register", "4103-two-passwords")
async def _(stage: Stage) -> Request:
    return post("register", registering(await code_sent(stage), password2="987654321"))


@case("api/register", "4103-short-password")
async def _(stage: Stage) -> Request:
    return post("register", registering(await code_sent(stage), password="12345"))


@case("api/register", "4103-common-password-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    return post("register", registering(await code_sent(stage)))


@case("api/register", "4103-malformed-mobile")
async def _(_: Stage) -> Request:
    return post("register", registering(WRONG_CODE, mobile="123456789"))


@case("api/register", "4002-late")
async def _(stage: Stage) -> Request:
    code = await code_sent(stage)
    stage.advance(minutes=5)
    return post("register", registering(code))


@case("api/register", "4002-never-sent")
async def _(_: Stage) -> Request:
    return post("register", registering(WRONG_CODE))


@case("api/register", "4002-guessed-out")
async def _(stage: Stage) -> Request:
    code = await code_sent(stage)
    for _ in range(5):
        await stage.send(post("register", registering(WRONG_CODE)))
    return post("register", registering(code))


@case("api/register", "4002-used")
async def _(stage: Stage) -> Request:
    code = await code_sent(stage)
    await stage.do(post("register", registering(code)))
    return post("register", registering(code))


@case("api/register", "4004-wrong-code")
async def _(stage: Stage) -> Request:
    await code_sent(stage)
    return post("register", registering(WRONG_CODE))


@case("api/register", "4003-taken")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("register", registering(await code_sent(stage), password=STRONG_PASSWORD))


@case("api/register", "4201-cross-site")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    fields = registering(await code_sent(stage, OTHER_MOBILE), mobile=OTHER_MOBILE)
    return post("register", fields, cookie(session), CROSS_SITE)
