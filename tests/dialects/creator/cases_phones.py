"""Registering a phone and signing in to it, each with a code."""

from collections.abc import Callable

from dialects.creator.steps import (
    BROWSER,
    CROSS_SITE,
    OTHER_PHONE,
    PHONE,
    STRICT,
    WRONG_CODE,
    ask,
    case,
    coded,
    guessed_out,
    login_phone,
    phone_registered,
    phone_signed_in,
    register_phone,
)
from dialects.requests import Request, form, json, multipart
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

Show = Callable[..., Request]
"""The request that shows a code."""


def row_of(name: str) -> str:
    return f"POST user/{name}/<phone>"


def path_of(name: str, phone: str = PHONE) -> str:
    return f"/creator/user/{name}/{phone}"


def fields(code: str, phone: str = PHONE) -> dict[str, str]:
    return {"phone_number": phone, "identifying_code": code}


async def expected(stage: Stage, name: str) -> str:
    """A code for the call, with an account where the call is for one."""
    if name == "loginPhone":
        await phone_registered(stage)
    return await coded(stage, name)


def accepted(name: str) -> None:
    @case(row_of(name), "ok")
    async def _(stage: Stage) -> Request:
        return json(path_of(name), fields(await expected(stage, name)))

    @case(row_of(name), "ok-form")
    async def _(stage: Stage) -> Request:
        return form(path_of(name), fields(await expected(stage, name)))

    @case(row_of(name), "ok-multipart")
    async def _(stage: Stage) -> Request:
        return multipart(path_of(name), fields(await expected(stage, name)))

    @case(row_of(name), "ok-doubled-slash")
    async def _(stage: Stage) -> Request:
        code = await expected(stage, name)
        return json(f"/creator//user/{name}/{PHONE}", fields(code))

    @case(row_of(name), "ok-two-spellings")
    async def _(stage: Stage) -> Request:
        code = await expected(stage, name)
        return json(path_of(name), fields(code, "0086 133 9063 3695"))


def malformed(name: str) -> None:
    @case(row_of(name), "400-without-code")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return json(path_of(name), {"phone_number": PHONE})

    @case(row_of(name), "400-without-phone-number")
    async def _(stage: Stage) -> Request:
        return json(path_of(name), {"identifying_code": await expected(stage, name)})

    @case(row_of(name), "400-number-in-json")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return json(path_of(name), {"phone_number": PHONE, "identifying_code": 237700})

    @case(row_of(name), "400-no-phone")
    async def _(stage: Stage) -> Request:
        return json(path_of(name, "abc"), fields(await expected(stage, name), "abc"))


def wrong(name: str, show: Show, status: int) -> None:
    @case(row_of(name), f"{status}-wrong-code")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return show(WRONG_CODE)

    @case(row_of(name), f"{status}-other-phone-in-path")
    async def _(stage: Stage) -> Request:
        return json(path_of(name, OTHER_PHONE), fields(await expected(stage, name)))

    @case(row_of(name), "403-cross-site")
    async def _(stage: Stage) -> Request:
        return show(await expected(stage, name), headers=[CROSS_SITE])


def expired(name: str, show: Show, status: int) -> None:
    @case(row_of(name), f"{status}-late")
    async def _(stage: Stage) -> Request:
        code = await expected(stage, name)
        stage.advance(minutes=10)
        return show(code)

    @case(row_of(name), f"{status}-guessed-out")
    async def _(stage: Stage) -> Request:
        code = await expected(stage, name)
        await guessed_out(stage, show(WRONG_CODE))
        return show(code)

    @case(row_of(name), f"{status}-used")
    async def _(stage: Stage) -> Request:
        request = show(await expected(stage, name))
        await stage.do(request)
        return request

    @case(row_of(name), f"{status}-no-code-sent")
    async def _(_: Stage) -> Request:
        return show(WRONG_CODE)

    @case(row_of(name), f"{status}-code-for-recovery")
    async def _(stage: Stage) -> Request:
        await phone_registered(stage)
        return show(await coded(stage, "forgetPassword"))


for call, shown, if_wrong, if_expired in (
    ("registerPhone", register_phone, 403, 403),
    ("loginPhone", login_phone, 400, 404),
):
    accepted(call)
    malformed(call)
    wrong(call, shown, if_wrong)
    expired(call, shown, if_expired)


@case("POST user/registerPhone/<phone>", "403-taken")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await stage.do(ask("registerPhone"))
    return register_phone(WRONG_CODE)


@case("POST user/registerPhone/<phone>", "403-registered-meanwhile")
async def _(stage: Stage) -> Request:
    older = await coded(stage, "registerPhone")
    await phone_registered(stage)
    return register_phone(older)


@case("POST user/loginPhone/<phone>", "ok-again-with-cookie")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    session = await phone_signed_in(stage, headers=[BROWSER])
    return login_phone(await coded(stage, "loginPhone"), headers=[session.cookie])


@case("POST user/loginPhone/<phone>", "400-wrong-code-of-the-barred")
async def _(stage: Stage) -> Request:
    await barred(stage)
    return login_phone(WRONG_CODE)


@case("POST user/loginPhone/<phone>", "400-unknown-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    await stage.do(ask("loginPhone"))
    return login_phone(WRONG_CODE)


@case("POST user/loginPhone/<phone>", "403-barred")
async def _(stage: Stage) -> Request:
    return login_phone(await barred(stage))


async def barred(stage: Stage) -> str:
    """A code of somebody who is barred."""
    await phone_registered(stage)
    session = await phone_signed_in(stage, headers=[BROWSER])
    await bar_account(stage.deps, session.user_id, "spam")
    return await coded(stage, "loginPhone")
