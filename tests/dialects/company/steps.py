"""What cases of this dialect do before their sample."""

from dialects.company.contract import SAMPLES
from dialects.requests import Request, form
from dialects.sampling import Stage

case = SAMPLES.case

Session = dict[str, str]
"""The fields `uid` and `sec`."""

PHONE = "13390633695"
OTHER_PHONE = "18736008450"
UTIME = "12345678"
XID = "12345678123456781234567812345678"
OTHER_XID = "8B6C1D2E-4F5A-4B7C-9D8E-0F1A2B3C"
PASSWORD = "25f9e794323b453885f5181f1b624d0b"
"""The MD5 of 123456789."""
NEW_PASSWORD = "6ebe76c9fb411be97b3b0d48b791a7c9"
"""The MD5 of 987654321."""
UNCOMMON_PASSWORD = "3cb4e732631f47e6eb961f34554b7cde"
"""The MD5 of `correct horse`."""
WRONG_CODE = "2377"
UNKNOWN: Session = {"uid": "23", "sec": "9fQ2xZ7bLm4TcR8w"}

STRICT = {"apps.company.hardening": "strict"}
ONE_MESSAGE = {"limits.sends_per_minute": 1}


def call(name: str, /, **fields: object) -> Request:
    """A call of the dialect with these fields."""
    return form(f"/company/user/{name}", fields)


def remainder(phone: str) -> str:
    """The `sec` of a request for a code."""
    return str((int(phone) - int(UTIME)) % 49477)


def sms(phone: str = PHONE, xid: str = XID) -> Request:
    """Ask for a code."""
    return call("sms", phone=phone, xid=xid, utime=UTIME, sec=remainder(phone))


def reg(yzm: str, phone: str = PHONE, xid: str = XID, pwd: str = PASSWORD) -> Request:
    """Register with a code."""
    return call("reg", phone=phone, xid=xid, yzm=yzm, pwd=pwd, utime=UTIME)


def login(phone: str = PHONE, xid: str = XID, pwd: str = PASSWORD) -> Request:
    """Sign in."""
    return call("login", phone=phone, xid=xid, pwd=pwd, utime=UTIME)


def recovery(yzm: str, phone: str = PHONE, xid: str = XID, pwd: str = NEW_PASSWORD) -> Request:
    """Set a new password with a code."""
    return call("pwd", phone=phone, xid=xid, yzm=yzm, pwd=pwd, utime=UTIME)


def member_call(name: str, session: Session, **fields: object) -> Request:
    """A call of somebody who is signed in; only one such call has no time in it."""
    timed = {} if name == "checkFinishUserInfo" else {"utime": UTIME}
    return call(name, **session, **timed, **fields)


def details(session: Session, **fields: object) -> Request:
    """Change details."""
    return member_call("regDetail", session, **fields)


async def coded(stage: Stage, phone: str = PHONE, xid: str = XID) -> str:
    """A code that was just sent."""
    await stage.do(sms(phone, xid))
    return await stage.code(phone)


async def registered(
    stage: Stage, phone: str = PHONE, xid: str = XID, pwd: str = PASSWORD
) -> Session:
    """The first session of a new account."""
    answer = await stage.do(reg(await coded(stage, phone, xid), phone, xid, pwd))
    return _session(answer)


async def signed_in(stage: Stage, phone: str = PHONE, xid: str = XID) -> Session:
    """A session of an account."""
    return _session(await stage.do(login(phone, xid)))


async def guessed_out(stage: Stage, wrong: Request) -> None:
    """Spend all five guesses at a code."""
    for _ in range(5):
        await stage.send(wrong)


async def in_creator(stage: Stage, name: str, **fields: str) -> None:
    """What somebody with the same phone does in another app, with a code of that app."""
    path = f"/creator/user/{name}/{PHONE}"
    await stage.world.get(path)
    sent = {"phone_number": PHONE, "identifying_code": await stage.code(PHONE), **fields}
    answer = await stage.world.json(path, sent)
    assert answer.status == 200


def _session(answer: dict[str, str]) -> Session:
    return {"uid": answer["uid"], "sec": answer["sec"]}
