"""What cases of this dialect do before their sample."""

from base64 import b64decode
from collections.abc import Mapping

from dialects.pictures import PNG
from dialects.rental.contract import SAMPLES
from dialects.requests import Request, get, json, multipart
from dialects.sampling import Stage

case = SAMPLES.case

MOBILE = "18736008450"
OTHER_MOBILE = "13390633695"
PASSWORD = "123456789"
STRONG_PASSWORD = "correct horse"
WRONG_PASSWORD = "987654321"
CAPTCHA_ID = "f78a6c48-70fc-4b6a-b564-7e8043903e24"
OTHER_CAPTCHA_ID = "0d9b1c5e-3c55-4f0e-9d0b-6a4a2f6f0c11"
WRONG_TEXT = "ABCD"  # B and D are never drawn.
WRONG_CODE = "2377"
UNKNOWN_SESSION = "ad1647c6e14d29b3973ca5b7c0704b5aa1b31730"
BY_PASSWORD = {"mobile": MOBILE, "password": PASSWORD}
NAME = {"name": "user_name"}
IDENTITY = {"real_name": "张三", "id_card": "11010519491231002X"}
PICTURE = b64decode(PNG)

STRICT = {"apps.rental.hardening": "strict"}
ONE_MESSAGE = {"limits.sends_per_minute": 1}
ONE_GUESS = {"limits.password_guesses_per_quarter_hour": 1}
CROSS_SITE = ("sec-fetch-site", "cross-site")
FOREIGN = ("origin", "https://evil.example")
PREFETCH = ("sec-purpose", "prefetch")

Header = tuple[str, str]


def post(name: str, fields: object, *headers: Header) -> Request:
    """A call with a JSON body."""
    return json(f"/rental/api/{name}", fields, headers)


def fetch(name: str, *headers: Header) -> Request:
    """A call without a body."""
    return get(f"/rental/api/{name}", headers)


def upload(picture: bytes, fields: Mapping[str, str], *headers: Header) -> Request:
    """A picture, with these fields beside it."""
    files = {"avatar": ("avatar.png", "image/png", picture)}
    return multipart("/rental/api/profile/avatar", fields, files, headers)


def cookie(session: str) -> Header:
    """The session as a browser shows it."""
    return ("cookie", f"session_id={session}")


async def drawn(stage: Stage, codeid: str = CAPTCHA_ID) -> str:
    """Have a captcha drawn; the token of its visitor."""
    answer = await stage.succeed(fetch(f"imagecode?pcodeid=&codeid={codeid}"))
    return answer.cookies()["visitor_id"]


async def payment(stage: Stage, codeid: str = CAPTCHA_ID) -> dict[str, str]:
    """The fields by which a new captcha pays for a message."""
    await drawn(stage, codeid)
    return {"image_code_id": codeid, "image_code_text": await stage.captcha(codeid)}


async def code_sent(stage: Stage, mobile: str = MOBILE) -> str:
    """The code that was sent to a mobile."""
    await stage.do(post("smscode", {"mobile": mobile, **await payment(stage)}))
    return await stage.code(mobile)


async def registered(stage: Stage, mobile: str = MOBILE, password: str = PASSWORD) -> str:
    """A session of a new account, which registering opens."""
    code = await code_sent(stage, mobile)
    fields = {"mobile": mobile, "phonecode": code, "password": password}
    answer = await stage.succeed(post("register", fields))
    return answer.cookies()["session_id"]


async def account_of(stage: Stage, session: str) -> int:
    """The id of the session's account."""
    answer = await stage.do(fetch("profile", cookie(session)))
    return int(answer["data"]["user_id"])
