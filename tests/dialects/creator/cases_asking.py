"""The three calls that have a code sent by a GET: what they have in common, and what not."""

from dataclasses import replace

from dialects.creator.steps import (
    BROWSER,
    COOKIE_ONLY,
    CROSS_SITE,
    ONE_MESSAGE,
    ONE_PROBE,
    OTHER_PHONE,
    PHONE,
    PROXIED,
    STRICT,
    ask,
    case,
    phone_registered,
    phone_signed_in,
)
from dialects.failing import failing_provider
from dialects.requests import Header, Request, get
from dialects.sampling import Stage

CALLS = ("registerPhone", "loginPhone", "forgetPassword")
UNWANTED = {
    "image": ("sec-fetch-dest", "image"),
    "page": ("sec-fetch-dest", "document"),
    "prerender": ("sec-purpose", "prefetch;prerender"),
    "prefetch": ("purpose", "prefetch"),
    "cross-site": CROSS_SITE,
    "foreign-origin": ("origin", "https://evil.example"),
}
"""What a browser says when no script of the app's own asks."""


def row_of(name: str) -> str:
    return f"GET user/{name}/<phone>"


async def expected(stage: Stage, name: str) -> None:
    """Have an account where the call is for one, and none where it is not."""
    if name != "registerPhone":
        await phone_registered(stage)


def accepted(name: str) -> None:
    @case(row_of(name), "ok")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return ask(name)

    @case(row_of(name), "ok-country-code")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return ask(name, f"+86{PHONE}")

    @case(row_of(name), "ok-doubled-slash")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return get(f"/creator//user/{name}/{PHONE}")

    @case(row_of(name), "ok-script")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        own_site = [("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "empty")]
        return ask(name, headers=own_site)

    @case(row_of(name), "ok-limit", settings=ONE_MESSAGE)
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        await stage.send(ask(name))
        return ask(name)


def refused(name: str) -> None:
    @case(row_of(name), "400-no-phone")
    async def _(_: Stage) -> Request:
        return ask(name, "abc")

    @case(row_of(name), "400-landline")
    async def _(_: Stage) -> Request:
        return ask(name, "02112345678")

    @case(row_of(name), "503-provider")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        failing_provider(stage)
        return ask(name)


def unwanted(name: str, reason: str, header: Header) -> None:
    @case(row_of(name), f"403-{reason}")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return ask(name, headers=[header])


def asked_for_its_head(name: str) -> None:
    @case(row_of(name), "403-head")
    async def _(stage: Stage) -> Request:
        await expected(stage, name)
        return Request("HEAD", ask(name).path)


for each in CALLS:
    asked_for_its_head(each)
    accepted(each)
    refused(each)
    for why, said in UNWANTED.items():
        unwanted(each, why, said)


@case("GET user/registerPhone/<phone>", "ok-host")
async def _(_: Stage) -> Request:
    return replace(get(f"//user/registerPhone/{PHONE}"), host="creator.localhost:8000")


@case("GET user/registerPhone/<phone>", "ok-taken")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    return ask("registerPhone")


@case("GET user/loginPhone/<phone>", "ok-stranger")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await phone_signed_in(stage, headers=[BROWSER])
    return ask("loginPhone")


@case("GET user/loginPhone/<phone>", "ok-cookie-of-another")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await phone_registered(stage, OTHER_PHONE)
    await phone_signed_in(stage)
    other = await phone_signed_in(stage, OTHER_PHONE)
    return ask("loginPhone", headers=[other.cookie])


@case("GET user/loginPhone/<phone>", "ok-same-client-without-cookie", settings=COOKIE_ONLY)
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await phone_signed_in(stage)
    return ask("loginPhone")


@case("GET user/loginPhone/<phone>", "ok-unknown-strict", settings=STRICT)
async def _(_: Stage) -> Request:
    return ask("loginPhone")


@case("GET user/loginPhone/<phone>", "403-signed-in-cookie")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    session = await phone_signed_in(stage, headers=[BROWSER])
    return ask("loginPhone", headers=[session.cookie])


@case("GET user/loginPhone/<phone>", "403-signed-in-same-client")
async def _(stage: Stage) -> Request:
    await phone_registered(stage)
    await phone_signed_in(stage, headers=[BROWSER])
    return ask("loginPhone", headers=[BROWSER])


@case("GET user/loginPhone/<phone>", "ok-probing-network", settings=ONE_PROBE)
async def _(stage: Stage) -> Request:
    await stage.send(ask("loginPhone", OTHER_PHONE, [PROXIED]))
    return ask("loginPhone", headers=[PROXIED])


@case("GET user/loginPhone/<phone>", "404-unknown")
async def _(_: Stage) -> Request:
    return ask("loginPhone")


@case("GET user/forgetPassword/<phone>", "ok-unknown")
async def _(_: Stage) -> Request:
    return ask("forgetPassword")
