"""What the protocol lists for each call of this dialect, and what is volatile in its answers."""

import json
import re

from dialects.sampling import OK, Samples
from hufu.dialects.rental import DIALECT

SUCCESS = {"errno": 0, "errmsg": "OK"}
INCOMPLETE = "4103 参数不完整"
BAD_MOBILE = "4103 手机号码格式错误"
REFUSED = "4201 非法请求或请求次数受限"
NOT_SIGNED_IN = "4101 用户未登录"
NO_USER = "4104 用户不存在或未激活"
BAD_PASSWORD = "4004 手机号或密码错误"
CAPTCHA_DEAD = "4002 验证码已过期"
CODE_DEAD = "4002 验证码过期"
WRONG = "4004 验证码错误"
BROKEN = "4500 内部错误"
WITH_PASSWORD = (NOT_SIGNED_IN, BAD_MOBILE, NO_USER, BAD_PASSWORD, REFUSED)

CONTRACT = {
    "api/imagecode": (f"400 {INCOMPLETE}", f"400 {REFUSED}"),
    "api/smscode": (
        INCOMPLETE,
        BAD_MOBILE,
        CAPTCHA_DEAD,
        WRONG,
        REFUSED,
        "4301 第三方系统错误",
    ),
    "api/register": (INCOMPLETE, BAD_MOBILE, CODE_DEAD, WRONG, "4003 手机号已存在", REFUSED),
    "api/login": (INCOMPLETE, BAD_MOBILE, NO_USER, BAD_PASSWORD, REFUSED),
    "api/check_login": (NOT_SIGNED_IN, REFUSED),
    "api/logout": (NOT_SIGNED_IN, REFUSED),
    "api/profile": WITH_PASSWORD,
    "api/profile/avatar": (*WITH_PASSWORD, INCOMPLETE, f"413 {INCOMPLETE}"),
    "api/profile/name": (*WITH_PASSWORD, INCOMPLETE, "4001 用户名已存在"),
    "GET api/profile/auth": WITH_PASSWORD,
    "POST api/profile/auth": (*WITH_PASSWORD, INCOMPLETE, "4003 数据已存在"),
    "any": (
        INCOMPLETE,
        f"404 {INCOMPLETE}",
        f"405 {INCOMPLETE}",
        f"413 {INCOMPLETE}",
        f"500 {BROKEN}",
        f"503 {BROKEN}",
        "204",
    ),
}

VOLATILE = (
    re.compile(r'"user_id":(?P<id>[^,}]+)'),
    re.compile(r'"(?:name|data)":"用户(?P<upper6>[^"]*)"'),
    re.compile(r"(?m)^set-cookie: [^=]*(?:session_id|visitor_id)=(?P<hex40>[^;]+)"),
    re.compile(r"/uploads/avatar/(?P<id>[^_]*)_(?P<unix>[^_]*)_(?P<lower12>[^.]*)\."),
    re.compile(r"(?m)^x-request-id: (?P<hex32>.*)$"),
)


def outcome(status: int, body: str) -> str:
    """Number and text in the envelope, with the HTTP status in front where it is not 200."""
    if not body:
        return str(status)
    if body.startswith("«jpeg"):
        return OK
    envelope = json.loads(body)
    said = {name: envelope[name] for name in SUCCESS}
    if status == 200 and said == SUCCESS:
        return OK
    assert list(envelope) == ["errno", "errmsg"], "a refusal has no data"
    front = [] if status == 200 else [str(status)]
    return " ".join([*front, str(said["errno"]), said["errmsg"]])


SAMPLES = Samples(DIALECT, CONTRACT, outcome, VOLATILE)
