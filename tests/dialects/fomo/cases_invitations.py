"""Invitation codes, and who invited whom."""

from dialects.fomo.contract import CODE_WITH_DIGITS
from dialects.fomo.steps import (
    EMAIL,
    OLD_CODE,
    OTHER_EMAIL,
    OTHER_PHONE,
    PHONE,
    call,
    case,
    code_of,
    invited,
    member,
    recommended,
    registered,
    signed_in,
)
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.administration import bar_account, close_account

UNKNOWN_CODE = "ZZZZZZZZZZZZ"
ONE_CODE = {"limits.invitation_guesses_per_day": 1}


def set_invitation(session: str, code: str) -> Request:
    """Name the owner of this code as one's inviter."""
    return call("set_invitation", session_key=session, parent_code=code)


async def given(stage: Stage, user_name: str, code: str) -> None:
    """There is a new account, and it has this code."""
    account_id = await registered(stage, user_name)
    await stage.world.sql(
        "INSERT INTO invitation_codes (account_id, code, created_at) VALUES ($1, $2, now())",
        account_id,
        code,
    )


async def inviter(stage: Stage) -> str:
    """The code of an account that was there first."""
    return await code_of(stage, await member(stage, OTHER_PHONE))


@case("customer/get_invitation", "ok")
async def _(stage: Stage) -> Request:
    return call("get_invitation", session_key=await member(stage))


@case("customer/get_invitation", "ok-old-code")
async def _(stage: Stage) -> Request:
    await given(stage, PHONE, OLD_CODE)
    return call("get_invitation", session_key=await signed_in(stage))


@case("customer/get_invitation", "ok-invited")
async def _(stage: Stage) -> Request:
    await given(stage, OTHER_PHONE, CODE_WITH_DIGITS)
    session = await invited(stage, PHONE, CODE_WITH_DIGITS)
    return call("get_invitation", session_key=session)


@case("customer/get_invitation", "ok-invited-elsewhere")
async def _(stage: Stage) -> Request:
    await recommended(stage, OTHER_PHONE, await registered(stage, EMAIL))
    return call("get_invitation", session_key=await signed_in(stage, OTHER_PHONE))


@case("customer/get_invitation", "ok-inviter-closed")
async def _(stage: Stage) -> Request:
    inviter_id = await registered(stage, OTHER_PHONE)
    code = await code_of(stage, await signed_in(stage, OTHER_PHONE))
    session = await invited(stage, PHONE, code)
    await close_account(stage.deps, inviter_id, "left")
    return call("get_invitation", session_key=session)


@case("customer/set_invitation", "ok")
async def _(stage: Stage) -> Request:
    code = await inviter(stage)
    return set_invitation(await member(stage), code)


@case("customer/set_invitation", "ok-misread")
async def _(stage: Stage) -> Request:
    await given(stage, OTHER_PHONE, CODE_WITH_DIGITS)
    return set_invitation(await member(stage), "oaib2cld")


@case("customer/set_invitation", "ok-old-code")
async def _(stage: Stage) -> Request:
    await given(stage, OTHER_PHONE, OLD_CODE)
    return set_invitation(await member(stage), OLD_CODE.lower())


@case("customer/set_invitation", "0-empty-code")
async def _(stage: Stage) -> Request:
    return set_invitation(await member(stage), " ")


@case("customer/set_invitation", "0-long-code")
async def _(stage: Stage) -> Request:
    return set_invitation(await member(stage), f"{UNKNOWN_CODE}Z")


@case("customer/set_invitation", "0-limit", settings=ONE_CODE)
async def _(stage: Stage) -> Request:
    code = await inviter(stage)
    session = await member(stage)
    await stage.send(set_invitation(session, UNKNOWN_CODE))
    return set_invitation(session, code)


@case("customer/set_invitation", "102-unknown")
async def _(stage: Stage) -> Request:
    return set_invitation(await member(stage), UNKNOWN_CODE)


@case("customer/set_invitation", "102-own")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    return set_invitation(session, await code_of(stage, session))


@case("customer/set_invitation", "102-of-younger-account")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    return set_invitation(session, await inviter(stage))


@case("customer/set_invitation", "102-of-child")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child = await invited(stage, EMAIL, await code_of(stage, session))
    return set_invitation(session, await code_of(stage, child))


@case("customer/set_invitation", "102-of-descendant")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child = await invited(stage, EMAIL, await code_of(stage, session))
    grandchild = await invited(stage, OTHER_EMAIL, await code_of(stage, child))
    return set_invitation(session, await code_of(stage, grandchild))


@case("customer/set_invitation", "102-barred")
async def _(stage: Stage) -> Request:
    inviter_id = await registered(stage, OTHER_PHONE)
    code = await code_of(stage, await signed_in(stage, OTHER_PHONE))
    await bar_account(stage.deps, inviter_id, "spam")
    return set_invitation(await member(stage), code)


@case("customer/set_invitation", "102-closed")
async def _(stage: Stage) -> Request:
    inviter_id = await registered(stage, OTHER_PHONE)
    code = await code_of(stage, await signed_in(stage, OTHER_PHONE))
    await close_account(stage.deps, inviter_id, "left")
    return set_invitation(await member(stage), code)


@case("customer/set_invitation", "103-same-again")
async def _(stage: Stage) -> Request:
    code = await inviter(stage)
    return set_invitation(await invited(stage, PHONE, code), code)


@case("customer/set_invitation", "103-another")
async def _(stage: Stage) -> Request:
    code, other = await inviter(stage), await code_of(stage, await member(stage, EMAIL))
    return set_invitation(await invited(stage, PHONE, code), other)


@case("customer/set_invitation", "103-unknown-code")
async def _(stage: Stage) -> Request:
    return set_invitation(await invited(stage, PHONE, await inviter(stage)), UNKNOWN_CODE)
