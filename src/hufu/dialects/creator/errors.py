"""What this dialect says when the answer is no: an HTTP status and a text, call by call."""

from hufu.domain import errors as e
from hufu.wire.dialect import Refusals, Reply

OK = 200
BAD_REQUEST = 400
UNAUTHORISED = 401
FORBIDDEN = 403
NOT_FOUND = 404
SERVER_ERROR = 500
UNAVAILABLE = 503

WATCH_FOR_SMS = "注意接收短信"
WATCH_FOR_CODE = "注意接收验证码"


def says(status: int, msg: str, **more: object) -> Reply:
    """An answer; both its status and its text tell the outcome."""
    return Reply({"msg": msg, **more}, status)


MALFORMED = says(BAD_REQUEST, "parameter error")
BROKEN = says(SERVER_ERROR, "server error")
_REFUSED = Reply(MALFORMED.body, FORBIDDEN)
_NO_USER = says(NOT_FOUND, "用户不存在")
_WRONG_CODE = says(UNAUTHORISED, "验证码错误")
_EXPIRED = says(BAD_REQUEST, "验证码已经过期")

REFUSALS: Refusals = {
    e.Malformed: MALFORMED,
    e.NotSignedIn: _REFUSED,
    e.SignInTooOld: _REFUSED,
    e.SessionDead: _REFUSED,
    e.NotAllowed: _REFUSED,
    e.CrossSite: _REFUSED,
    e.MessageNotWanted: _REFUSED,
    e.AccountUnknown: _NO_USER,
    e.PasswordWrong: says(BAD_REQUEST, "password error"),
    e.AccountBarred: _REFUSED,
    e.IdentifierTaken: says(OK, "account had been used"),
    e.HandleTaken: _REFUSED,
    e.NameTaken: _REFUSED,
    e.AlreadyBound: _REFUSED,
    e.NotBound: _REFUSED,
    e.LastIdentifier: _REFUSED,
    e.PasswordUnchanged: _REFUSED,
    e.PasswordShared: MALFORMED,
    e.IdentityNumberSet: _REFUSED,
    e.IdentityNumberTaken: _REFUSED,
    e.InviterRefused: _REFUSED,
    e.InviterSet: _REFUSED,
    e.RewardRefused: _REFUSED,
    e.ChallengeUnknown: _EXPIRED,
    e.CodeWrong: _WRONG_CODE,
    e.CodeExpired: _EXPIRED,
    e.CaptchaWrong: _WRONG_CODE,
    e.CaptchaExpired: _EXPIRED,
    e.CaptchaOwned: _REFUSED,
    e.GrantInvalid: _REFUSED,
    e.SendLimitReached: _REFUSED,
    e.GuessLimitReached: _REFUSED,
    e.DeliveryUnavailable: Reply(BROKEN.body, UNAVAILABLE),
}


def _refusing(failure: Reply) -> dict[type[e.Refusal], Reply]:
    """What any call may refuse to anybody, in its own words for failure and with HTTP 403."""
    reply = Reply(failure.body, FORBIDDEN)
    kinds = (e.NotAllowed, e.CrossSite, e.MessageNotWanted, e.SendLimitReached, e.GuessLimitReached)
    return dict.fromkeys(kinds, reply)


_NOT_REGISTERED = says(OK, "register failure")
REGISTER: Refusals = {
    **_refusing(_NOT_REGISTERED),
    e.AccountNameMalformed: _NOT_REGISTERED,
    e.NameMalformed: _NOT_REGISTERED,
    e.PasswordUnfit: _NOT_REGISTERED,
    e.RoleUnknown: _NOT_REGISTERED,
}

_PASSWORD_ERROR = says(BAD_REQUEST, "password error", user_id=0)
LOGIN: Refusals = {
    **_refusing(_PASSWORD_ERROR),
    e.AccountUnknown: says(NOT_FOUND, "no this user!", user_id=0),
    e.PasswordWrong: _PASSWORD_ERROR,
    e.AccountBarred: Reply(_PASSWORD_ERROR.body, FORBIDDEN),
}

LOGOUT: Refusals = _refusing(says(FORBIDDEN, "logout failure"))

# Who asks for a message too often is told what everybody is told, and gets none.
_NO_THIS_USER = says(NOT_FOUND, "no this user")
SEND_TO_REGISTER: Refusals = {
    **_refusing(_NOT_REGISTERED),
    e.SendLimitReached: says(OK, WATCH_FOR_SMS),
}
SEND_TO_LOG_IN: Refusals = {
    **_refusing(_NO_THIS_USER),
    e.SendLimitReached: says(OK, WATCH_FOR_SMS),
    e.AccountUnknown: _NO_THIS_USER,
}
SEND_TO_RECOVER: Refusals = {
    **_refusing(_NO_USER),
    e.SendLimitReached: says(OK, WATCH_FOR_CODE),
}

_PHONE_NOT_REGISTERED = says(FORBIDDEN, "register failure")
REGISTER_PHONE: Refusals = {
    **_refusing(_PHONE_NOT_REGISTERED),
    e.ChallengeUnknown: _PHONE_NOT_REGISTERED,
    e.CodeWrong: _PHONE_NOT_REGISTERED,
    e.CodeExpired: _PHONE_NOT_REGISTERED,
    e.IdentifierTaken: _PHONE_NOT_REGISTERED,
}

_WRONG = says(BAD_REQUEST, "验证码错误，请重新输入")
LOGIN_PHONE: Refusals = {
    **_refusing(_WRONG),
    e.ChallengeUnknown: _WRONG,
    e.CodeWrong: _WRONG,
    e.AccountBarred: Reply(_WRONG.body, FORBIDDEN),
    e.CodeExpired: says(NOT_FOUND, "验证码已经过期，请重新申请"),
}

FORGET_PASSWORD: Refusals = {
    **_refusing(_WRONG_CODE),
    e.ChallengeUnknown: _NO_USER,
    e.AccountBarred: _NO_USER,
}
