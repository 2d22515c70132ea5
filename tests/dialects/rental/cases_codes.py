"""Captchas, and the codes that they pay for."""

from dialects.failing import failing_provider
from dialects.rental.steps import (
    CAPTCHA_ID,
    CROSS_SITE,
    MOBILE,
    ONE_MESSAGE,
    OTHER_CAPTCHA_ID,
    OTHER_MOBILE,
    PREFETCH,
    WRONG_TEXT,
    case,
    code_sent,
    cookie,
    drawn,
    fetch,
    payment,
    post,
    registered,
)
from dialects.requests import Request, form
from dialects.sampling import Stage

DRAW = f"imagecode?pcodeid=&codeid={CAPTCHA_ID}"


@case("api/imagecode", "ok")
async def _(_: Stage) -> Request:
    return fetch(DRAW)


@case("api/imagecode", "ok-numbers")
async def _(_: Stage) -> Request:
    return fetch("imagecode?pcodeid=456&codeid=123")


@case("api/imagecode", "ok-next")
async def _(stage: Stage) -> Request:
    visitor = await drawn(stage)
    query = f"imagecode?pcodeid={CAPTCHA_ID}&codeid={OTHER_CAPTCHA_ID}"
    return fetch(query, ("cookie", f"visitor_id={visitor}"))


@case("api/imagecode", "ok-same-again")
async def _(stage: Stage) -> Request:
    visitor = await drawn(stage)
    return fetch(DRAW, ("cookie", f"visitor_id={visitor}"))


@case("api/imagecode", "400-malformed")
async def _(_: Stage) -> Request:
    return fetch("imagecode?pcodeid=&codeid=12.3")


@case("api/imagecode", "400-without-id")
async def _(_: Stage) -> Request:
    return fetch("imagecode?pcodeid=456")


@case("api/imagecode", "400-of-another")
async def _(stage: Stage) -> Request:
    await drawn(stage)
    return fetch(DRAW)


@case("api/imagecode", "400-cross-site")
async def _(stage: Stage) -> Request:
    return fetch(DRAW, cookie(await registered(stage)), CROSS_SITE)


@case("api/imagecode", "400-prefetch")
async def _(_: Stage) -> Request:
    return fetch(DRAW, PREFETCH)


@case("api/smscode", "ok")
async def _(stage: Stage) -> Request:
    return post("smscode", {"mobile": MOBILE, **await payment(stage)})


@case("api/smscode", "ok-small-letters")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    small = paid["image_code_text"].lower()
    stage.marker.learn(small, "captcha")
    return post("smscode", {"mobile": MOBILE, **paid, "image_code_text": small})


@case("api/smscode", "ok-id-a-number")
async def _(stage: Stage) -> Request:
    paid = await payment(stage, "123")
    return post("smscode", {"mobile": MOBILE, **paid, "image_code_id": 123})


@case("api/smscode", "ok-form")
async def _(stage: Stage) -> Request:
    return form("/rental/api/smscode", {"mobile": MOBILE, **await payment(stage)})


@case("api/smscode", "ok-registered")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return post("smscode", {"mobile": MOBILE, **await payment(stage)})


@case("api/smscode", "4103-incomplete")
async def _(_: Stage) -> Request:
    return post("smscode", {"mobile": MOBILE, "image_code_id": CAPTCHA_ID})


@case("api/smscode", "4103-mobile-a-number")
async def _(stage: Stage) -> Request:
    return post("smscode", {"mobile": int(MOBILE), **await payment(stage)})


@case("api/smscode", "4103-malformed-mobile")
async def _(stage: Stage) -> Request:
    return post("smscode", {"mobile": "123456789", **await payment(stage)})


@case("api/smscode", "4002-never-drawn")
async def _(_: Stage) -> Request:
    fields = {"mobile": MOBILE, "image_code_id": CAPTCHA_ID, "image_code_text": WRONG_TEXT}
    return post("smscode", fields)


@case("api/smscode", "4002-late")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    stage.advance(minutes=2)
    return post("smscode", {"mobile": MOBILE, **paid})


@case("api/smscode", "4002-spent")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    await stage.do(post("smscode", {"mobile": MOBILE, **paid}))
    return post("smscode", {"mobile": OTHER_MOBILE, **paid})


@case("api/smscode", "4002-spent-by-wrong-text")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    await stage.send(post("smscode", {"mobile": MOBILE, **paid, "image_code_text": WRONG_TEXT}))
    return post("smscode", {"mobile": MOBILE, **paid})


@case("api/smscode", "4004-wrong-text")
async def _(stage: Stage) -> Request:
    await drawn(stage)
    fields = {"mobile": MOBILE, "image_code_id": CAPTCHA_ID, "image_code_text": WRONG_TEXT}
    return post("smscode", fields)


@case("api/smscode", "4201-limit", settings=ONE_MESSAGE)
async def _(stage: Stage) -> Request:
    await code_sent(stage)
    return post("smscode", {"mobile": MOBILE, **await payment(stage)})


@case("api/smscode", "4201-cross-site")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    fields = {"mobile": OTHER_MOBILE, **await payment(stage)}
    return post("smscode", fields, cookie(session), CROSS_SITE)


@case("api/smscode", "4301-provider")
async def _(stage: Stage) -> Request:
    paid = await payment(stage)
    failing_provider(stage)
    return post("smscode", {"mobile": MOBILE, **paid})
