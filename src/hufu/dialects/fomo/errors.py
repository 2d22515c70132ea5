"""What this dialect says when the answer is no: a number, and the number's one text."""

from types import MappingProxyType

import msgspec

from hufu.domain import errors as e
from hufu.wire.dialect import Refusals, Reply

OK = 1
TEXTS = MappingProxyType(
    {
        0: "参数不足",
        1: "成功",
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
)


class Envelope(msgspec.Struct):
    """Every answer, in this order."""

    success: bool
    status: int
    msg: str
    data: object


def says(status: int, data: object = None) -> Reply:
    """An answer with the number's own text."""
    return Reply(Envelope(status == OK, status, TEXTS[status], data))


MALFORMED = says(0)
BROKEN = says(5)

REFUSALS: Refusals = {
    e.Malformed: MALFORMED,
    e.PhoneMalformed: says(13),
    e.EmailMalformed: says(14),
    e.IdentifierMalformed: says(104),
    e.ImageMissing: says(17),
    e.ImageEncodingMalformed: says(17),
    e.ImageUnacceptable: says(18),
    e.NotSignedIn: says(2),
    e.SignInTooOld: says(2),
    e.SessionDead: says(3),
    e.NotAllowed: says(54),
    e.CrossSite: says(54),
    e.AccountUnknown: says(11),
    e.PasswordWrong: says(12),
    e.AccountBarred: says(54),
    e.IdentifierTaken: says(15),
    e.EmailTaken: says(16),
    e.HandleTaken: says(19),
    e.NameTaken: MALFORMED,
    e.AlreadyBound: says(108),
    e.NotBound: says(109),
    e.LastIdentifier: says(54),
    e.PasswordUnchanged: says(12),
    e.PasswordShared: MALFORMED,
    e.IdentityNumberSet: says(54),
    e.IdentityNumberTaken: says(54),
    e.InviterRefused: says(102),
    e.InviterSet: says(103),
    e.RewardRefused: says(202),
    e.WordUnknown: says(203),
    e.WordExpired: says(204),
    e.WordTaken: says(205),
    e.ChallengeUnknown: says(107),
    e.CodeWrong: says(105),
    e.CodeExpired: says(106),
    e.CaptchaWrong: says(105),
    e.CaptchaExpired: says(106),
    e.CaptchaOwned: MALFORMED,
    e.GrantInvalid: says(201),
    e.SendLimitReached: MALFORMED,
    e.GuessLimitReached: MALFORMED,
    e.DeliveryUnavailable: BROKEN,
    e.MessageNotWanted: MALFORMED,
}

AVATAR_REFUSALS: Refusals = {
    e.ImageEncodingMalformed: says(17, "base64_string 不是有效的 base64 编码"),
    e.ImageUnacceptable: says(18, "图片无法识别：只支持 png 和 jpg，且不超过 4096 × 4096 像素"),
}
"""The one call whose failure has data: a sentence that says what is wrong."""
