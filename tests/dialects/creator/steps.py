"""What cases of this dialect do before their sample."""

from collections.abc import Iterable
from dataclasses import dataclass

from dialects.creator.contract import SAMPLES
from dialects.requests import Header, Request, form, get, json
from dialects.sampling import Stage
from front_door import Answer

case = SAMPLES.case

ACCOUNT = "wocao"
EMAIL = "abc@126.com"
PHONE = "13390633695"
OTHER_PHONE = "18736008450"
PASSWORD = "123456789"
NEW_PASSWORD = "987654321"
UNCOMMON_PASSWORD = "correct horse"
WRONG_CODE = "2377"
UNKNOWN_ID = 23

BROWSER = ("user-agent", "Mozilla/5.0")
CROSS_SITE = ("sec-fetch-site", "cross-site")

PROXIED = ("x-forwarded-for", "203.0.113.7")

STRICT = {"apps.creator.hardening": "strict"}
ONE_MESSAGE = {"limits.sends_per_minute": 1}
BEHIND_PROXY = {"trusted_proxies": "127.0.0.1/32"}
ONE_PROBE = {**BEHIND_PROXY, "limits.probes_per_network_hour": 1}
COOKIE_ONLY = {"apps.creator.bare_logout": "cookie"}


@dataclass(frozen=True)
class Session:
    """Somebody's id, and the header that shows their session."""

    user_id: int
    cookie: Header


def register(account: str = ACCOUNT, password: str = PASSWORD, **more: object) -> Request:
    """Register an account."""
    return form("/creator/user/register", {"account": account, "password": password, **more})


def login(
    account: str = ACCOUNT, password: str = PASSWORD, headers: Iterable[Header] = ()
) -> Request:
    """Sign in with a password."""
    return form("/creator/user/login", {"account": account, "password": password}, headers)


def logout(user_id: object, headers: Iterable[Header] = ()) -> Request:
    """Sign out."""
    return form("/creator/user/logout", {"user_id": user_id}, headers)


def ask(name: str, phone: str = PHONE, headers: Iterable[Header] = ()) -> Request:
    """Have a code sent for a call."""
    return get(f"/creator/user/{name}/{phone}", headers)


def register_phone(code: str, phone: str = PHONE, headers: Iterable[Header] = ()) -> Request:
    """Register a phone with a code."""
    return _with_code("registerPhone", phone, headers, identifying_code=code)


def login_phone(code: str, phone: str = PHONE, headers: Iterable[Header] = ()) -> Request:
    """Sign in with a code."""
    return _with_code("loginPhone", phone, headers, identifying_code=code)


def forget(
    code: str, new_password: str = NEW_PASSWORD, headers: Iterable[Header] = (), **more: object
) -> Request:
    """Set a new password with a code."""
    fields = {**more, "identifying": code, "new_password": new_password}
    return _with_code("forgetPassword", PHONE, headers, **fields)


def _with_code(name: str, phone: str, headers: Iterable[Header], **fields: object) -> Request:
    return json(f"/creator/user/{name}/{phone}", {"phone_number": phone, **fields}, headers)


async def coded(stage: Stage, name: str, phone: str = PHONE) -> str:
    """A code that was just sent for a call."""
    await stage.do(ask(name, phone))
    return await stage.code(phone)


async def registered(stage: Stage, account: str = ACCOUNT, password: str = PASSWORD) -> None:
    """A new account with a name."""
    await stage.do(register(account, password))


async def phone_registered(stage: Stage, phone: str = PHONE) -> None:
    """A new account with a phone."""
    await stage.do(register_phone(await coded(stage, "registerPhone", phone), phone))


async def signed_in(
    stage: Stage, account: str = ACCOUNT, headers: Iterable[Header] = ()
) -> Session:
    """A session of an account with a name."""
    return _session(await stage.succeed(login(account, headers=headers)))


async def phone_signed_in(
    stage: Stage, phone: str = PHONE, headers: Iterable[Header] = ()
) -> Session:
    """A session of an account with a phone."""
    code = await coded(stage, "loginPhone", phone)
    return _session(await stage.succeed(login_phone(code, phone, headers)))


async def guessed_out(stage: Stage, wrong: Request) -> None:
    """Spend all five guesses at a code."""
    for _ in range(5):
        await stage.send(wrong)


def _session(answer: Answer) -> Session:
    cookie = answer.cookies()["session_id"]
    return Session(answer.json()["user_id"], ("cookie", f"session_id={cookie}"))
