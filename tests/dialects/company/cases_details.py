"""A company's details: set, checked and shown."""

from dialects.company.steps import (
    OTHER_PHONE,
    STRICT,
    UNCOMMON_PASSWORD,
    Session,
    case,
    details,
    member_call,
    registered,
    signed_in,
)
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.administration import verify_identity

CARD = "11010519491231002X"
OTHER_CARD = "440524188001010014"
MASKED_CARD = "110***********002X"
NEEDED = {
    "company_name": "虎符网络",
    "company_address": "上海市南京西路1号",
    "user_name": "王小明",
    "identity_card": CARD,
}
"""The details without which they are not complete."""
ALL = {"company_logo": "https://img.example.com/logo.png", **NEEDED, "qq_number": "10001"}


def check(session: Session) -> Request:
    """Ask whether the details are complete."""
    return member_call("checkFinishUserInfo", session)


def shown(session: Session) -> Request:
    """Ask for the details."""
    return member_call("getUserInfo", session)


async def recommended(stage: Stage, recommender: Session, **more: object) -> Session:
    """A new member who named the recommender."""
    session = await registered(stage)
    await stage.do(details(session, recommend_user_id=recommender["uid"], **more))
    return session


@case("user/checkFinishUserInfo", "ok")
async def _(stage: Stage) -> Request:
    return check(await registered(stage))


@case("user/checkFinishUserInfo", "ok-complete")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **NEEDED))
    return check(session)


def incomplete(missing: str) -> None:
    @case("user/checkFinishUserInfo", f"ok-without-{missing.replace('_', '-')}")
    async def _(stage: Stage) -> Request:
        session = await registered(stage)
        sent = {name: value for name, value in ALL.items() if name != missing}
        await stage.do(details(session, **sent))
        return check(session)


for each in NEEDED:
    incomplete(each)


@case("user/regDetail", "ok")
async def _(stage: Stage) -> Request:
    recommender = await registered(stage, OTHER_PHONE)
    return details(await registered(stage), **ALL, recommend_user_id=recommender["uid"])


@case("user/regDetail", "ok-nothing")
async def _(stage: Stage) -> Request:
    return details(await registered(stage))


@case("user/regDetail", "ok-empty-form")
async def _(stage: Stage) -> Request:
    empty = dict.fromkeys((*ALL, "recommend_user_id"), "")
    return details(await registered(stage), **empty)


@case("user/regDetail", "ok-one-field")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **ALL))
    return details(session, qq_number="10002")


@case("user/regDetail", "ok-take-away")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **ALL))
    return details(session, company_name="")


@case("user/regDetail", "ok-card-corrected")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **NEEDED))
    return details(session, identity_card=OTHER_CARD)


@case("user/regDetail", "ok-mask-sent-back-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    session = await registered(stage, pwd=UNCOMMON_PASSWORD)
    await stage.do(details(session, **NEEDED))
    return details(session, identity_card=MASKED_CARD)


@case("user/regDetail", "ok-same-recommender")
async def _(stage: Stage) -> Request:
    recommender = await registered(stage, OTHER_PHONE)
    session = await recommended(stage, recommender)
    return details(session, recommend_user_id=recommender["uid"])


@case("user/regDetail", "ok-role-of-the-client")
async def _(stage: Stage) -> Request:
    return details(await registered(stage), user_role="3")


@case("user/regDetail", "ok-card-mask-again")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **NEEDED))
    return details(session, identity_card=MASKED_CARD)


def bad_value(reason: str, field: str, value: str) -> None:
    @case("user/regDetail", f"400-{reason}")
    async def _(stage: Stage) -> Request:
        return details(await registered(stage), company_name="虎符网络", **{field: value})


bad_value("card-check-character", "identity_card", "110105194912310021")
bad_value("card-of-tomorrow", "identity_card", "110105299901010014")
bad_value("card-masked", "identity_card", MASKED_CARD)
bad_value("logo-javascript", "company_logo", "javascript:alert(1)")
bad_value("short-qq", "qq_number", "1000")
bad_value("long-name", "user_name", "王" * 65)
bad_value("recommender-unknown", "recommend_user_id", "23")
bad_value("recommender-no-id", "recommend_user_id", "13390633695x")


@case("user/regDetail", "400-logo-http", settings={"apps.company.logo_http": False})
async def _(stage: Stage) -> Request:
    return details(await registered(stage), company_logo="http://img.example.com/logo.png")


@case("user/regDetail", "400-logo-host", settings={"apps.company.logo_hosts": "cdn.example.com"})
async def _(stage: Stage) -> Request:
    return details(await registered(stage), company_logo="https://img.example.com/logo.png")


@case("user/regDetail", "400-card-of-another")
async def _(stage: Stage) -> Request:
    await stage.do(details(await registered(stage, OTHER_PHONE), identity_card=CARD))
    return details(await registered(stage), identity_card=CARD.lower())


@case("user/regDetail", "400-card-verified")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, **NEEDED))
    assert await verify_identity(stage.deps, int(session["uid"]), "seen")
    return details(session, identity_card=OTHER_CARD)


@case("user/regDetail", "400-recommender-oneself")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    return details(session, recommend_user_id=session["uid"])


@case("user/regDetail", "400-recommender-younger")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    younger = await registered(stage, OTHER_PHONE)
    return details(session, recommend_user_id=younger["uid"])


@case("user/regDetail", "400-recommender-changed")
async def _(stage: Stage) -> Request:
    first = await registered(stage, OTHER_PHONE)
    second = await registered(stage, "13800138000")
    session = await recommended(stage, first)
    return details(session, recommend_user_id=second["uid"])


@case("user/getUserInfo", "ok")
async def _(stage: Stage) -> Request:
    session = await recommended(stage, await registered(stage, OTHER_PHONE), **ALL)
    return shown(session)


@case("user/getUserInfo", "ok-empty")
async def _(stage: Stage) -> Request:
    return shown(await registered(stage))


@case("user/getUserInfo", "ok-next-session")
async def _(stage: Stage) -> Request:
    await stage.do(details(await registered(stage), **ALL))
    return shown(await signed_in(stage))


@case("user/getUserInfo", "ok-masked-strict", settings=STRICT)
async def _(stage: Stage) -> Request:
    session = await registered(stage, pwd=UNCOMMON_PASSWORD)
    await stage.do(details(session, **ALL))
    return shown(session)


@case(
    "user/getUserInfo",
    "ok-recommend-phone-in-full",
    settings={"apps.company.full_recommend_phone": True},
)
async def _(stage: Stage) -> Request:
    return shown(await recommended(stage, await registered(stage, OTHER_PHONE)))


@case("user/getUserInfo", "ok-recommender-without-phone")
async def _(stage: Stage) -> Request:
    sent = {"account": "wocao", "password": "123456789"}
    await stage.world.form("/creator/user/register", sent)
    answer = await stage.world.form("/creator/user/login", sent)
    return shown(await recommended(stage, {"uid": str(answer.json()["user_id"])}))


@case("user/getUserInfo", "ok-after-refused-change")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, company_name="虎符网络"))
    await stage.send(details(session, company_name="别的", qq_number="10001", identity_card="1"))
    return shown(session)


@case("user/getUserInfo", "ok-card-in-full-width")
async def _(stage: Stage) -> Request:
    session = await registered(stage)
    await stage.do(details(session, identity_card="１１０１０５１９４９１２３１００２ｘ"))
    return shown(session)
