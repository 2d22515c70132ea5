"""Rewards for being new and for every day, and reservations."""

from dialects.fomo.steps import (
    EMAIL,
    OTHER_EMAIL,
    OTHER_PHONE,
    PHONE,
    bound,
    call,
    case,
    code_of,
    completion,
    granted,
    invited,
    member,
    registered,
    signed_in,
    unbinding,
)
from dialects.pictures import PNG
from dialects.requests import Request, json
from dialects.sampling import Stage
from hufu.actions.app_secrets import make_app_secret
from hufu.actions.ledger import reverse_transfer

HANDLE = "hudf_zh_fl"


async def joined(stage: Stage, account_id: int, *groups: int) -> None:
    """The app's own backend tells that the account joined these groups."""
    secret = await make_app_secret(stage.deps)
    for group in groups:
        event = {"user_id": account_id, "item": "join_group", "target_id": group}
        headers = (("authorization", f"Bearer {secret}"), ("idempotency-key", f"joined-{group}"))
        answer = await stage.send(json("/v1/rewards/events", event, headers))
        assert answer.status == 201, answer.body


async def taken_back(stage: Stage) -> None:
    """An operator takes back the only award there is."""
    [transfer] = await stage.world.sql("SELECT id FROM transfers WHERE key LIKE 'award:%'")
    await reverse_transfer(stage.deps, transfer["id"], "given by mistake")


# For being new


@case("customer/get_newbee_award", "ok")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    return call("get_newbee_award", session_key=session)


@case("customer/get_newbee_award", "ok-none")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    return call("get_newbee_award", session_key=session)


@case("customer/get_newbee_award", "ok-all")
async def _(stage: Stage) -> Request:
    code = await code_of(stage, await member(stage, OTHER_EMAIL))
    session = await invited(stage, PHONE, code)
    grant = await granted(stage)
    paying = call("set_wallet_pwd", session_key=session, wallet_pwd="246810", tmp_session=grant)
    await stage.do(paying)
    await bound(stage, session)
    reference = await unbinding(stage, session, "phone")
    await stage.do(completion("unbind", session, await stage.code(PHONE), reference))
    await bound(stage, session, "phone", OTHER_PHONE)
    await stage.do(call("set_info", session_key=session, city="上海"))
    await stage.do(call("update_avatar", session_key=session, base64_string=PNG))
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    return call("get_newbee_award", session_key=session)


@case("customer/get_newbee_award", "ok-once-for-ever")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    stage.advance(days=1)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id="wocao"))
    return call("get_newbee_award", session_key=session)


@case("customer/get_newbee_award", "ok-nothing-changed")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_info", session_key=session))
    return call("get_newbee_award", session_key=session)


@case("customer/get_newbee_award", "ok-taken-back")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    await taken_back(stage)
    return call("get_newbee_award", session_key=session)


# For today


@case("customer/get_today_award", "ok")
async def _(stage: Stage) -> Request:
    await joined(stage, await registered(stage), 19, 20, 21)
    return call("get_today_award", session_key=await signed_in(stage))


@case("customer/get_today_award", "ok-none")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("set_fomo_id", session_key=session, fomo_id=HANDLE))
    return call("get_today_award", session_key=session)


@case("customer/get_today_award", "ok-signed-in")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    return call("get_today_award", session_key=session)


@case("customer/get_today_award", "ok-invited-somebody")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await invited(stage, OTHER_PHONE, await code_of(stage, session))
    return call("get_today_award", session_key=session)


@case("customer/get_today_award", "ok-not-yesterdays")
async def _(stage: Stage) -> Request:
    account_id = await registered(stage)
    session = await signed_in(stage)
    await joined(stage, account_id, 19)
    stage.advance(days=1)
    await stage.do(call("sign_in_today", session_key=session))
    return call("get_today_award", session_key=session)


@case("customer/get_today_award", "ok-taken-back")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    await taken_back(stage)
    return call("get_today_award", session_key=session)


@case("customer/sign_in_today", "ok")
async def _(stage: Stage) -> Request:
    return call("sign_in_today", session_key=await member(stage))


@case("customer/sign_in_today", "ok-next-day")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    stage.advance(days=1)
    return call("sign_in_today", session_key=session)


@case("customer/sign_in_today", "202-again")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    return call("sign_in_today", session_key=session)


@case("customer/sign_in_today", "202-taken-back")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("sign_in_today", session_key=session))
    await taken_back(stage)
    return call("sign_in_today", session_key=session)


# Reservations


@case("customer/subscribe_libra", "ok")
async def _(stage: Stage) -> Request:
    return call("subscribe_libra", session_key=await member(stage))


@case("customer/subscribe_libra", "ok-again")
async def _(stage: Stage) -> Request:
    session = await member(stage)
    await stage.do(call("subscribe_libra", session_key=session))
    return call("subscribe_libra", session_key=session)


@case("customer/subscribe_libra", "ok-second")
async def _(stage: Stage) -> Request:
    await stage.do(call("subscribe_libra", session_key=await member(stage, EMAIL)))
    return call("subscribe_libra", session_key=await member(stage))


@case("customer/subscribe_counts", "ok")
async def _(stage: Stage) -> Request:
    await stage.do(call("subscribe_libra", session_key=await member(stage)))
    return call("subscribe_counts")


@case("customer/subscribe_counts", "ok-nobody")
async def _(_: Stage) -> Request:
    return call("subscribe_counts")


@case("customer/subscribe_counts", "ok-without-body")
async def _(_: Stage) -> Request:
    return Request("POST", "/fomo/customer/subscribe_counts")
