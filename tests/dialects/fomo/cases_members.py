"""What every call that needs a session has in common."""

from collections.abc import Mapping

from dialects.fomo.steps import (
    EMAIL,
    OLD_CODE,
    OTHER_PHONE,
    PASSWORD,
    UNKNOWN_ID,
    UNKNOWN_TOKEN,
    WRONG_CODE,
    call,
    case,
    granted,
    member,
    registered,
    signed_in,
)
from dialects.pictures import PNG
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.administration import bar_account

COMPLETION = {"verify_code": WRONG_CODE, "verfify_id": UNKNOWN_ID}
FIELDS: Mapping[str, Mapping[str, object]] = {
    "update_avatar": {"base64_string": PNG},
    "get_user_info": {},
    "set_wallet_pwd": {"wallet_pwd": "246810", "tmp_session": UNKNOWN_TOKEN},
    "set_info": {},
    "set_fomo_id": {"fomo_id": "hudf_zh_fl"},
    "bind_email": {"email": EMAIL},
    "bind_phone": {"phone": OTHER_PHONE},
    "bind_completed": COMPLETION,
    "unbind_email": {},
    "unbind_phone": {},
    "unbind_completed": COMPLETION,
    "get_newbee_award": {},
    "get_today_award": {},
    "get_invitation": {},
    "set_invitation": {"parent_code": OLD_CODE},
    "sign_in_today": {},
    "get_children": {},
    "submit_word": {"word": "恭喜发财"},
    "subscribe_libra": {},
}
"""The calls, each with well-formed fields beside the session."""


def without_session(name: str) -> None:
    @case(f"customer/{name}", "2-without-session")
    async def _(_: Stage) -> Request:
        return call(name, **FIELDS[name])


def unknown_session(name: str) -> None:
    @case(f"customer/{name}", "3-unknown-session")
    async def _(_: Stage) -> Request:
        return call(name, session_key=UNKNOWN_TOKEN, **FIELDS[name])


def without_fields(name: str) -> None:
    @case(f"customer/{name}", "0-without-fields")
    async def _(stage: Stage) -> Request:
        return call(name, session_key=await member(stage))


for each in FIELDS:
    without_session(each)
    unknown_session(each)
    if FIELDS[each]:
        without_fields(each)


@case("customer/get_user_info", "2-empty-session")
async def _(_: Stage) -> Request:
    return call("get_user_info", session_key="")


@case("customer/get_user_info", "3-idle-session")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    stage.advance(days=30)
    return call("get_user_info", session_key=session)


@case("customer/get_user_info", "3-barred")
async def _(stage: Stage) -> Request:
    account_id = await registered(stage)
    session = await signed_in(stage)
    await bar_account(stage.deps, account_id, "spam")
    return call("get_user_info", session_key=session)


@case("customer/get_user_info", "3-after-password-change")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_pwd", pwd=PASSWORD, tmp_session=await granted(stage)))
    return call("get_user_info", session_key=session)
