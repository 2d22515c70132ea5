"""What every dialect says in the situations that all of them share, as the protocols have it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dialects.fields import LONG, Field


@dataclass(frozen=True)
class Answered:
    """A body, and the status it leaves under."""

    body: Mapping[str, Any]
    status: int = 200


@dataclass(frozen=True)
class Vocabulary:
    """One dialect's words.

    `proof` is a session that nobody has, as fields or as a `cookie`; `beside` is what some rows
    take in its place. `own_malformed` are the statuses of rows that answer a malformed request
    with another. `verdict` names the parts of a body that clients go by; `says` is everything that
    they may be in a refusal, with one of the `statuses`.
    """

    malformed: Answered
    broken: Mapping[str, Any]
    unknown_account: Answered
    password_wrong: Answered
    barred: Answered
    verdict: tuple[str, ...]
    says: frozenset[tuple[object, ...]]
    statuses: frozenset[int] = frozenset({200})
    not_signed_in: Answered | None = None
    session_dead: Answered | None = None
    proof: tuple[Field, ...] = ()
    beside: tuple[Field, ...] = ()
    cookie: tuple[str, str] | None = None
    own_malformed: Mapping[str, int] = field(default_factory=dict)
    also_malformed: tuple[Answered, ...] = ()


def _fomo(status: int, msg: str) -> Answered:
    return Answered({"success": False, "status": status, "msg": msg, "data": None})


def _rental(errno: int, errmsg: str) -> Answered:
    return Answered({"errno": errno, "errmsg": errmsg})


FOMO_TEXTS = {
    0: "参数不足",
    2: "用户未登录",
    3: "session错误或用户不存在",
    5: "内部错误",
    11: "用户名错误",
    12: "密码错误",
    13: "手机格式错误",
    14: "邮箱格式错误",
    15: "手机已注册",
    16: "邮箱已注册",
    17: "base64 string格式错误",
    18: "图片格式错误，只支持png和jpg",
    19: "该fomo id已被占用",
    54: "没有操作权限",
    74: "该用户不存在",
    101: "用户未设置邀请码",
    102: "邀请码错误",
    103: "重复设置邀请码",
    104: "手机号或者邮箱格式错误",
    105: "验证码错误",
    106: "验证码已过期",
    107: "查询不到用户注册信息",
    108: "绑定前需先解邦",
    109: "手机号或者邮箱未绑定，无法解邦",
    201: "临时验证令牌错误",
    202: "今日挖矿任务已完成",
    203: "口令彩蛋不存在或者已领完",
    204: "口令菜单已经过期",
    205: "你已经领取过此口令彩蛋",
}
COMPANY_CODES = ("400", "4000", "4001", "4002", "4003", "4004", "4006", "4007", "4021")
RENTAL_NUMBERS = (4001, 4002, 4003, 4004, 4101, 4103, 4104, 4201, 4301)
CREATOR_TEXTS = (
    "parameter error",
    "register failure",
    "account had been used",
    "password error",
    "no this user!",
    "logout failure",
    "no this user",
    "已经登陆了",
    "验证码错误，请重新输入",
    "验证码已经过期，请重新申请",
    "用户不存在",
    "验证码错误",
    "验证码已经过期",
    "注意接收短信",
    "注意接收验证码",
)

VOCABULARIES: Mapping[str, Vocabulary] = {
    "fomo": Vocabulary(
        malformed=_fomo(0, "参数不足"),
        broken=_fomo(5, "内部错误").body,
        unknown_account=_fomo(11, "用户名错误"),
        password_wrong=_fomo(12, "密码错误"),
        barred=_fomo(54, "没有操作权限"),
        not_signed_in=_fomo(2, "用户未登录"),
        session_dead=_fomo(3, "session错误或用户不存在"),
        proof=(Field("session_key", str, True, 125, "0" * 40),),
        verdict=("status", "msg"),
        says=frozenset(FOMO_TEXTS.items()),
    ),
    "company": Vocabulary(
        malformed=Answered({"code": "400"}),
        broken={"code": "500"},
        unknown_account=Answered({"code": "4002"}),
        password_wrong=Answered({"code": "4003"}),
        barred=Answered({"code": "4007"}),
        not_signed_in=Answered({"code": "400"}),
        session_dead=Answered({"code": "4000"}),
        proof=(Field("uid", int, True, LONG, 1), Field("sec", str, True, LONG, "0" * 16)),
        verdict=("code",),
        says=frozenset((code,) for code in COMPANY_CODES),
    ),
    "rental": Vocabulary(
        malformed=_rental(4103, "参数不完整"),
        broken=_rental(4500, "内部错误").body,
        unknown_account=_rental(4104, "用户不存在或未激活"),
        password_wrong=_rental(4004, "手机号或密码错误"),
        barred=_rental(4201, "非法请求或请求次数受限"),
        not_signed_in=_rental(4101, "用户未登录"),
        session_dead=_rental(4101, "用户未登录"),
        beside=(
            Field("mobile", str, True, 55, "13800000000"),
            Field("password", str, True, 128, "correct horse"),
        ),
        cookie=("session_id", "0" * 32),
        own_malformed={"api/imagecode": 400},
        also_malformed=(_rental(4103, "手机号码格式错误"),),
        verdict=("errno",),
        says=frozenset((errno,) for errno in RENTAL_NUMBERS),
        statuses=frozenset({200, 400}),
    ),
    "creator": Vocabulary(
        malformed=Answered({"msg": "parameter error"}, 400),
        broken={"msg": "server error"},
        unknown_account=Answered({"msg": "no this user!", "user_id": 0}, 404),
        password_wrong=Answered({"msg": "password error", "user_id": 0}, 400),
        barred=Answered({"msg": "password error", "user_id": 0}, 403),
        cookie=("session_id", "0" * 32),
        verdict=("msg",),
        says=frozenset((text,) for text in CREATOR_TEXTS),
        statuses=frozenset({200, 400, 401, 403, 404}),
    ),
}
