"""The four profile calls."""

import base64

from dialects.pictures import GIF, JPEG
from dialects.rental.steps import (
    BY_PASSWORD,
    FOREIGN,
    IDENTITY,
    MOBILE,
    NAME,
    OTHER_MOBILE,
    PASSWORD,
    PICTURE,
    STRONG_PASSWORD,
    case,
    cookie,
    fetch,
    post,
    registered,
    upload,
)
from dialects.requests import Request, announcing, form, multipart
from dialects.sampling import Stage

OTHER_IDENTITY = {"real_name": "张三", "id_card": "440524188001010014"}
LONG_NAME = {"name": "a" * 33}
MASKED = {"apps.rental.identity_number": "masked"}


@case("api/profile", "ok")
async def _(stage: Stage) -> Request:
    return fetch("profile", cookie(await registered(stage)))


@case("api/profile", "ok-complete")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/name", NAME, cookie(session)))
    await stage.do(upload(PICTURE, {}, cookie(session)))
    return fetch("profile", cookie(session))


@case("api/profile", "ok-by-password-in-form")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return form("/rental/api/profile", BY_PASSWORD, method="GET")


@case("api/profile", "ok-own-mobile-beside-cookie")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    return form("/rental/api/profile", {"mobile": MOBILE}, (cookie(session),), "GET")


@case("api/profile", "4101-secrets-in-query")
async def _(stage: Stage) -> Request:
    await registered(stage)
    return fetch(f"profile?mobile={MOBILE}&password={PASSWORD}")


@case("api/profile", "4201-foreign-origin")
async def _(stage: Stage) -> Request:
    return fetch("profile", cookie(await registered(stage)), FOREIGN)


@case("api/profile/avatar", "ok")
async def _(stage: Stage) -> Request:
    return upload(PICTURE, {}, cookie(await registered(stage)))


@case("api/profile/avatar", "ok-jpeg")
async def _(stage: Stage) -> Request:
    return upload(base64.b64decode(JPEG), {}, cookie(await registered(stage)))


@case("api/profile/avatar", "4103-no-file")
async def _(stage: Stage) -> Request:
    headers = (cookie(await registered(stage)),)
    return multipart("/rental/api/profile/avatar", {"avatar": "avatar.png"}, headers=headers)


@case("api/profile/avatar", "4103-gif")
async def _(stage: Stage) -> Request:
    return upload(base64.b64decode(GIF), {}, cookie(await registered(stage)))


@case("api/profile/avatar", "413-body")
async def _(_: Stage) -> Request:
    request = multipart("/rental/api/profile/avatar", {})
    return announcing(request, 5 * 1024 * 1024 + 1)


@case("api/profile/name", "ok")
async def _(stage: Stage) -> Request:
    return post("profile/name", NAME, cookie(await registered(stage)))


@case("api/profile/name", "ok-own-again")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/name", NAME, cookie(session)))
    return post("profile/name", {"name": "User_Name"}, cookie(session))


@case("api/profile/name", "ok-chinese")
async def _(stage: Stage) -> Request:
    return post("profile/name", {"name": " 张三 "}, cookie(await registered(stage)))


@case("api/profile/name", "4103-empty")
async def _(stage: Stage) -> Request:
    return post("profile/name", {"name": " "}, cookie(await registered(stage)))


@case("api/profile/name", "4103-without-name")
async def _(stage: Stage) -> Request:
    return post("profile/name", {}, cookie(await registered(stage)))


@case("api/profile/name", "4103-long")
async def _(stage: Stage) -> Request:
    return post("profile/name", LONG_NAME, cookie(await registered(stage)))


@case("api/profile/name", "4001-taken")
async def _(stage: Stage) -> Request:
    other = await registered(stage, OTHER_MOBILE, STRONG_PASSWORD)
    await stage.do(post("profile/name", NAME, cookie(other)))
    return post("profile/name", {"name": "USER_NAME"}, cookie(await registered(stage)))


@case("api/profile/name", "4201-form-with-cookie")
async def _(stage: Stage) -> Request:
    return form("/rental/api/profile/name", NAME, (cookie(await registered(stage)),))


@case("GET api/profile/auth", "ok")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    return fetch("profile/auth", cookie(session))


@case("GET api/profile/auth", "ok-empty")
async def _(stage: Stage) -> Request:
    return fetch("profile/auth", cookie(await registered(stage)))


@case("GET api/profile/auth", "ok-masked", settings=MASKED)
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    return fetch("profile/auth", cookie(session))


@case("POST api/profile/auth", "ok")
async def _(stage: Stage) -> Request:
    return post("profile/auth", IDENTITY, cookie(await registered(stage)))


@case("POST api/profile/auth", "ok-same-again")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    small = IDENTITY["id_card"].lower()
    return post("profile/auth", {**IDENTITY, "id_card": small}, cookie(session))


@case("POST api/profile/auth", "ok-mask-again-in-full")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    return post("profile/auth", {**IDENTITY, "id_card": "110***********002X"}, cookie(session))


@case("POST api/profile/auth", "ok-mask-again", settings=MASKED)
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    return post("profile/auth", {**IDENTITY, "id_card": "110***********002X"}, cookie(session))


@case("POST api/profile/auth", "4103-incomplete")
async def _(stage: Stage) -> Request:
    return post("profile/auth", {"real_name": "张三"}, cookie(await registered(stage)))


@case("POST api/profile/auth", "4103-check-character")
async def _(stage: Stage) -> Request:
    wrong = {**IDENTITY, "id_card": "110105194912310021"}
    return post("profile/auth", wrong, cookie(await registered(stage)))


@case("POST api/profile/auth", "4003-set-already")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(post("profile/auth", IDENTITY, cookie(session)))
    return post("profile/auth", OTHER_IDENTITY, cookie(session))


@case("POST api/profile/auth", "ok-number-of-another")
async def _(stage: Stage) -> Request:
    other = await registered(stage, OTHER_MOBILE, STRONG_PASSWORD)
    await stage.do(post("profile/auth", IDENTITY, cookie(other)))
    return post("profile/auth", IDENTITY, cookie(await registered(stage)))
