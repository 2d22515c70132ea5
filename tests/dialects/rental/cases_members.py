"""What the calls that need somebody signed in have in common: the proof of who it is."""

from collections.abc import Callable, Mapping

from dialects.rental.steps import (
    BY_PASSWORD,
    CROSS_SITE,
    IDENTITY,
    MOBILE,
    NAME,
    ONE_GUESS,
    OTHER_MOBILE,
    PASSWORD,
    PICTURE,
    STRICT,
    STRONG_PASSWORD,
    UNKNOWN_SESSION,
    WRONG_PASSWORD,
    Header,
    account_of,
    case,
    cookie,
    fetch,
    post,
    registered,
    upload,
)
from dialects.requests import Request, json
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

NO_PROOF: Mapping[str, str] = {}

Call = Callable[..., Request]


def reading(name: str) -> Call:
    """A GET that takes its proof, if any, from a JSON body."""

    def call(proof: Mapping[str, str], *headers: Header) -> Request:
        if not proof:
            return fetch(name, *headers)
        return json(f"/rental/api/{name}", proof, headers, "GET")

    return call


def writing(name: str, fields: Mapping[str, str]) -> Call:
    """A POST of these fields, with the proof beside them."""
    return lambda proof, *headers: post(name, {**fields, **proof}, *headers)


def picture(proof: Mapping[str, str], *headers: Header) -> Request:
    """The upload, with the proof beside it."""
    return upload(PICTURE, proof, *headers)


BY_COOKIE: dict[str, Call] = {
    "api/check_login": reading("check_login"),
    "api/logout": reading("logout"),
}
BY_COOKIE_OR_PASSWORD: dict[str, Call] = {
    "api/profile": reading("profile"),
    "api/profile/avatar": picture,
    "api/profile/name": writing("profile/name", NAME),
    "GET api/profile/auth": reading("profile/auth"),
    "POST api/profile/auth": writing("profile/auth", IDENTITY),
}
"""A good call of each row, given the fields and headers that prove who calls."""


def cookie_cases(row: str, call: Call) -> None:
    @case(row, "4101-without-session")
    async def _(_: Stage) -> Request:
        return call(NO_PROOF)

    @case(row, "4101-unknown-session")
    async def _(_: Stage) -> Request:
        return call(NO_PROOF, cookie(UNKNOWN_SESSION))

    @case(row, "4201-cross-site")
    async def _(stage: Stage) -> Request:
        return call(NO_PROOF, cookie(await registered(stage)), CROSS_SITE)


def password_cases(row: str, call: Call) -> None:
    @case(row, "ok-by-password")
    async def _(stage: Stage) -> Request:
        await registered(stage)
        return call(BY_PASSWORD)

    @case(row, "4101-mobile-alone")
    async def _(stage: Stage) -> Request:
        await registered(stage)
        return call({"mobile": MOBILE})

    @case(row, "4103-malformed-mobile")
    async def _(_: Stage) -> Request:
        return call({"mobile": "123456789", "password": PASSWORD})

    @case(row, "4104-unknown")
    async def _(_: Stage) -> Request:
        return call(BY_PASSWORD)

    @case(row, "4004-unknown-strict", settings=STRICT)
    async def _(_: Stage) -> Request:
        return call(BY_PASSWORD)

    @case(row, "4004-wrong-password")
    async def _(stage: Stage) -> Request:
        await registered(stage)
        return call({"mobile": MOBILE, "password": WRONG_PASSWORD})


def refusals_of_password(row: str, call: Call) -> None:
    @case(row, "4201-limit", settings=ONE_GUESS)
    async def _(stage: Stage) -> Request:
        await registered(stage)
        await stage.send(call({"mobile": MOBILE, "password": WRONG_PASSWORD}))
        return call(BY_PASSWORD)

    @case(row, "4201-barred")
    async def _(stage: Stage) -> Request:
        account_id = await account_of(stage, await registered(stage))
        await bar_account(stage.deps, account_id, "spam")
        return call(BY_PASSWORD)

    @case(row, "4201-mobile-of-another")
    async def _(stage: Stage) -> Request:
        await registered(stage, OTHER_MOBILE, STRONG_PASSWORD)
        session = await registered(stage)
        return call({"mobile": OTHER_MOBILE, "password": STRONG_PASSWORD}, cookie(session))


for each_row, each_call in (BY_COOKIE | BY_COOKIE_OR_PASSWORD).items():
    cookie_cases(each_row, each_call)
for each_row, each_call in BY_COOKIE_OR_PASSWORD.items():
    password_cases(each_row, each_call)
    refusals_of_password(each_row, each_call)
