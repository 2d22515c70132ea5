"""What the protocol lists for each call of this dialect, and what is volatile in its answers."""

import json
import re

from dialects.sampling import OK, Samples
from hufu.dialects.creator import DIALECT

SUCCESSES = frozenset(
    (
        "register successful",
        "login successful",
        "logout successful",
        "注意接收短信",
        "注意接收验证码",
    )
)
MALFORMED = "400 parameter error"
UNAVAILABLE = "503 server error"

CONTRACT = {
    "user/register": (
        MALFORMED,
        "200 register failure",
        "200 account had been used",
        "403 register failure",
    ),
    "user/login": (
        MALFORMED,
        "400 password error",
        "403 password error",
        "404 no this user!",
    ),
    "user/logout": (MALFORMED, "403 logout failure"),
    "GET user/registerPhone/<phone>": (MALFORMED, "403 register failure", UNAVAILABLE),
    "POST user/registerPhone/<phone>": (MALFORMED, "403 register failure"),
    "GET user/loginPhone/<phone>": (
        MALFORMED,
        "403 no this user",
        "403 已经登陆了",
        "404 no this user",
        UNAVAILABLE,
    ),
    "POST user/loginPhone/<phone>": (
        MALFORMED,
        "400 验证码错误，请重新输入",
        "403 验证码错误，请重新输入",
        "404 验证码已经过期，请重新申请",
    ),
    "GET user/forgetPassword/<phone>": (MALFORMED, "403 用户不存在", UNAVAILABLE),
    "POST user/forgetPassword/<phone>": (
        MALFORMED,
        "400 验证码已经过期",
        "401 验证码错误",
        "403 验证码错误",
        "404 用户不存在",
    ),
    "any": (
        MALFORMED,
        "404 parameter error",
        "405 parameter error",
        "413 parameter error",
        "500 server error",
        UNAVAILABLE,
        "204",
    ),
}

VOLATILE = (
    re.compile(r'"user_id":(?P<id>[1-9][^,}]*)'),
    re.compile(r"(?m)^set-cookie: session_id=(?P<hex40>[^;]+);"),
    re.compile(r"(?m)^x-request-id: (?P<hex32>.*)$"),
)


def outcome(status: int, body: str) -> str:
    """The HTTP status and the text, for both tell it; a preflight has no text.

    Raises AssertionError for a body that has more than the text and, after it, an id.
    """
    if not body:
        return str(status)
    answer = json.loads(body)
    assert list(answer) in (["msg"], ["msg", "user_id"])
    msg = answer["msg"]
    return OK if status == 200 and msg in SUCCESSES else f"{status} {msg}"


SAMPLES = Samples(DIALECT, CONTRACT, outcome, VOLATILE)
