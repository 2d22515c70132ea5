"""What cases of this dialect do before their sample."""

from actors import Company
from dialects.fomo.contract import SAMPLES
from dialects.requests import Request, form
from dialects.sampling import Stage

case = SAMPLES.case

PHONE = "13390633695"
OTHER_PHONE = "18736008450"
EMAIL = "abc@126.com"
OTHER_EMAIL = "wocao@126.com"
PASSWORD = "123456789"
NEW_PASSWORD = "987654321"
WRONG_CODE = "2377"
OLD_CODE = "HELLO"
"""An invitation code as they used to be."""
UNKNOWN_TOKEN = "ad1647c6e14d29b3973ca5b7c0704b5aa1b31730"
UNKNOWN_ID = 23

NEW = {"email": EMAIL, "phone": PHONE}
OTHERS = {"email": OTHER_EMAIL, "phone": OTHER_PHONE}
OWN = {"email": PHONE, "phone": EMAIL}
"""What an account is registered with, to which the other kind is bound."""

STRICT = {"apps.fomo.hardening": "strict"}
ONE_MESSAGE = {"limits.sends_per_minute": 1}
ONE_GUESS = {"limits.password_guesses_per_quarter_hour": 1}


def call(name: str, /, **fields: object) -> Request:
    """A call of the dialect with these fields."""
    return form(f"/fomo/customer/{name}", fields)


async def begun(stage: Stage, user_name: str = PHONE, pwd: str = PASSWORD) -> dict[str, int]:
    """The references of a registration that waits for its code."""
    answer = await stage.do(call("register", user_name=user_name, pwd=pwd))
    return dict(answer["data"])


async def registered(stage: Stage, user_name: str = PHONE, pwd: str = PASSWORD) -> int:
    """The id of a new account."""
    references = await begun(stage, user_name, pwd)
    code = await stage.code(user_name)
    answer = await stage.do(call("complete_register", verify_code=code, **references))
    return int(answer["data"]["user_id"])


async def signed_in(stage: Stage, user_name: str = PHONE) -> str:
    """A session of an account."""
    answer = await stage.do(call("login", login_name=user_name, pwd=PASSWORD))
    return str(answer["data"]["session_key"])


async def member(stage: Stage, user_name: str = PHONE) -> str:
    """A session of a new account."""
    await registered(stage, user_name)
    return await signed_in(stage, user_name)


async def recovering(stage: Stage, user_name: str = PHONE) -> dict[str, int]:
    """The references of a recovery that waits for its code."""
    answer = await stage.do(call("rec_pwd1", user_name=user_name))
    return dict(answer["data"])


async def granted(stage: Stage, user_name: str = PHONE) -> str:
    """A `tmp_session`."""
    references = await recovering(stage, user_name)
    code = await stage.code(user_name)
    answer = await stage.do(call("rec_pwd2", verify_code=code, **references))
    return str(answer["data"]["tmp_session"])


async def binding(stage: Stage, session: str, kind: str, value: str) -> int:
    """The reference of a binding that waits for its code."""
    answer = await stage.do(call(f"bind_{kind}", session_key=session, **{kind: value}))
    return int(answer["data"]["verify_id"])


async def unbinding(stage: Stage, session: str, kind: str) -> int:
    """The reference of an unbinding that waits for its code."""
    answer = await stage.do(call(f"unbind_{kind}", session_key=session))
    return int(answer["data"]["verify_id"])


def completion(verb: str, session: str, code: str, reference: int) -> Request:
    """Present the code of a binding (`bind`) or unbinding (`unbind`) with its reference."""
    return call(f"{verb}_completed", session_key=session, verify_code=code, verfify_id=reference)


async def bound(stage: Stage, session: str, kind: str = "email", value: str = EMAIL) -> None:
    """Bind an identifier."""
    reference = await binding(stage, session, kind, value)
    await stage.do(completion("bind", session, await stage.code(value), reference))


async def bound_both(stage: Stage, kind: str) -> str:
    """A session of an account with both kinds of identifier, of which `kind` was bound."""
    session = await member(stage, OWN[kind])
    await bound(stage, session, kind, NEW[kind])
    return session


async def code_of(stage: Stage, session: str) -> str:
    """The invitation code of an account."""
    answer = await stage.do(call("get_invitation", session_key=session))
    return str(answer["data"]["code"])


async def invited(stage: Stage, user_name: str, code: str) -> str:
    """A session of a new account whose inviter has this code."""
    session = await member(stage, user_name)
    await stage.do(call("set_invitation", session_key=session, parent_code=code))
    return session


async def recommended(stage: Stage, phone: str, inviter_id: int) -> None:
    """There is a new account of another app, where its inviter was recorded."""
    company = Company()
    await company.register(stage.world, phone, PASSWORD)
    session = await company.sign_in(stage.world, phone, PASSWORD)
    assert session is not None
    stage.marker.learn(session.account_id, "id")
    named = {**session.fields, "recommend_user_id": inviter_id}
    answer = await company.call(stage.world, "regDetail", **named)
    assert answer["code"] == "200", answer


async def guessed_out(stage: Stage, wrong: Request) -> None:
    """Spend all five guesses at a code."""
    for _ in range(5):
        await stage.send(wrong)
