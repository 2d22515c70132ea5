"""What this dialect says when the answer is no: an errno and its text. Pages compare both."""

from hufu.domain import errors as e
from hufu.wire.dialect import Refusals, Reply

OK = 0
TAKEN = 4001
EXPIRED = 4002
EXISTS = 4003
WRONG = 4004
NOT_SIGNED_IN = 4101
MALFORMED_DATA = 4103
NO_USER = 4104
REFUSED = 4201
THIRD_PARTY = 4301
SERVER = 4500

BAD_REQUEST = 400


def says(errno: int, errmsg: str, **more: object) -> Reply:
    """An answer; HTTP has no part in it."""
    return Reply({"errno": errno, "errmsg": errmsg, **more})


MALFORMED = says(MALFORMED_DATA, "参数不完整")
BROKEN = says(SERVER, "内部错误")
_REFUSED = says(REFUSED, "非法请求或请求次数受限")
_NOT_SIGNED_IN = says(NOT_SIGNED_IN, "用户未登录")
_EXISTS = says(EXISTS, "数据已存在")
_NO_USER = says(NO_USER, "用户不存在或未激活")

REFUSALS: Refusals = {
    e.Malformed: MALFORMED,
    e.PhoneMalformed: says(MALFORMED_DATA, "手机号码格式错误"),
    e.NotSignedIn: _NOT_SIGNED_IN,
    e.SignInTooOld: _NOT_SIGNED_IN,
    e.SessionDead: _NOT_SIGNED_IN,
    e.NotAllowed: _REFUSED,
    e.CrossSite: _REFUSED,
    e.MessageNotWanted: _REFUSED,
    e.AccountUnknown: _NO_USER,
    e.PasswordWrong: says(WRONG, "手机号或密码错误"),
    e.AccountBarred: _REFUSED,
    e.IdentifierTaken: says(EXISTS, "手机号已存在"),
    e.HandleTaken: _EXISTS,
    e.NameTaken: says(TAKEN, "用户名已存在"),
    e.AlreadyBound: _EXISTS,
    e.NotBound: _NO_USER,
    e.LastIdentifier: _REFUSED,
    e.PasswordUnchanged: _EXISTS,
    e.PasswordShared: _EXISTS,
    e.IdentityNumberSet: _EXISTS,
    e.IdentityNumberTaken: _EXISTS,
    e.InviterRefused: _REFUSED,
    e.InviterSet: _EXISTS,
    e.RewardRefused: _REFUSED,
    e.ChallengeUnknown: says(EXPIRED, "验证码过期"),
    e.CodeWrong: says(WRONG, "验证码错误"),
    e.CodeExpired: says(EXPIRED, "验证码过期"),
    e.CaptchaWrong: says(WRONG, "验证码错误"),
    e.CaptchaExpired: says(EXPIRED, "验证码已过期"),
    e.CaptchaOwned: _REFUSED,
    e.GrantInvalid: _REFUSED,
    e.SendLimitReached: _REFUSED,
    e.GuessLimitReached: _REFUSED,
    e.DeliveryUnavailable: says(THIRD_PARTY, "第三方系统错误"),
}

IMAGE_REFUSALS: Refusals = {
    e.Malformed: Reply(MALFORMED.body, BAD_REQUEST),
    e.CaptchaOwned: Reply(_REFUSED.body, BAD_REQUEST),
    e.CrossSite: Reply(_REFUSED.body, BAD_REQUEST),
    e.MessageNotWanted: Reply(_REFUSED.body, BAD_REQUEST),
}
"""Where a picture is due, only the status can say that there is none."""
