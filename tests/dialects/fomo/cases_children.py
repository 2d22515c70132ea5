"""Those whom somebody invited."""

from dialects.fomo.steps import (
    EMAIL,
    OTHER_EMAIL,
    OTHER_PHONE,
    call,
    case,
    code_of,
    invited,
    member,
    recommended,
    registered,
    signed_in,
)
from dialects.pictures import PNG
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.administration import close_account


@case("customer/get_children", "ok")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child = await invited(stage, OTHER_PHONE, await code_of(stage, session))
    await stage.do(call("set_info", session_key=child, name="物资需"))
    return call("get_children", session_key=session)


@case("customer/get_children", "ok-none")
async def _(stage: Stage) -> Request:
    return call("get_children", session_key=await member(stage))


@case("customer/get_children", "ok-avatar")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child = await invited(stage, OTHER_PHONE, await code_of(stage, session))
    await stage.do(call("update_avatar", session_key=child, base64_string=PNG))
    return call("get_children", session_key=session)


@case("customer/get_children", "ok-not-grandchildren")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child = await invited(stage, EMAIL, await code_of(stage, session))
    await stage.do(call("set_info", session_key=child, name="物资需"))
    await invited(stage, OTHER_EMAIL, await code_of(stage, child))
    return call("get_children", session_key=session)


@case("customer/get_children", "ok-invited-elsewhere")
async def _(stage: Stage) -> Request:
    account_id = await registered(stage)
    await recommended(stage, OTHER_PHONE, account_id)
    return call("get_children", session_key=await signed_in(stage))


@case("customer/get_children", "ok-closed")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    child_id = await registered(stage, OTHER_PHONE)
    child = await signed_in(stage, OTHER_PHONE)
    await stage.do(call("update_avatar", session_key=child, base64_string=PNG))
    code = await code_of(stage, session)
    await stage.do(call("set_invitation", session_key=child, parent_code=code))
    await close_account(stage.deps, child_id, "left")
    return call("get_children", session_key=session)


async def three_children(stage: Stage) -> str:
    """A session of somebody who invited the first, the second and the third, in this order."""
    session = await member(stage)
    code = await code_of(stage, session)
    for name, user_name in (("第一", EMAIL), ("第二", OTHER_EMAIL), ("第三", OTHER_PHONE)):
        child = await invited(stage, user_name, code)
        await stage.do(call("set_info", session_key=child, name=name))
    return session


def paged(name: str, **page: object) -> None:
    @case("customer/get_children", name)
    async def _(stage: Stage) -> Request:
        return call("get_children", session_key=await three_children(stage), **page)


paged("ok-newest-first")
paged("ok-page", page=2, page_size=2)
paged("ok-page-alone", page=1)
paged("ok-page-size-alone", page_size=1)
paged("ok-page-beyond", page=3, page_size=2)
paged("0-page-zero", page=0, page_size=2)
paged("0-page-no-number", page="x")
paged("0-page-size-zero", page=1, page_size=0)
paged("0-page-size-large", page=1, page_size=1001)
