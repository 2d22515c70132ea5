"""What this dialect says when the answer is no: a code and nothing else, as a string."""

from hufu.domain import errors as e
from hufu.wire.dialect import Refusals, Reply

OK = "200"


def says(code: str, **more: str) -> Reply:
    """An answer: one flat object of strings, `code` first."""
    return Reply({"code": code, **more})


MALFORMED = says("400")
BROKEN = says("500")
_SESSION_INVALID = says("4000")
_CODE_WRONG = says("4001")
_PASSWORD_WRONG = says("4003")
_NOT_SENT = says("4021")

REFUSALS: Refusals = {
    e.Malformed: MALFORMED,
    e.NotSignedIn: MALFORMED,
    e.SignInTooOld: _SESSION_INVALID,
    e.SessionDead: _SESSION_INVALID,
    e.NotAllowed: MALFORMED,
    e.CrossSite: MALFORMED,
    e.MessageNotWanted: MALFORMED,
    e.AccountUnknown: says("4002"),
    e.PasswordWrong: _PASSWORD_WRONG,
    e.AccountBarred: says("4007"),
    e.IdentifierTaken: says("4004"),
    e.HandleTaken: MALFORMED,
    e.NameTaken: MALFORMED,
    e.AlreadyBound: MALFORMED,
    e.NotBound: MALFORMED,
    e.LastIdentifier: MALFORMED,
    e.PasswordUnchanged: says("4006"),
    e.PasswordShared: MALFORMED,
    e.IdentityNumberSet: MALFORMED,
    e.IdentityNumberTaken: MALFORMED,
    e.InviterRefused: MALFORMED,
    e.InviterSet: MALFORMED,
    e.RewardRefused: MALFORMED,
    e.ChallengeUnknown: _CODE_WRONG,
    e.CodeWrong: _CODE_WRONG,
    e.CodeExpired: _CODE_WRONG,
    e.CaptchaWrong: MALFORMED,
    e.CaptchaExpired: MALFORMED,
    e.CaptchaOwned: MALFORMED,
    e.GrantInvalid: MALFORMED,
    e.SendLimitReached: _NOT_SENT,
    e.GuessLimitReached: _PASSWORD_WRONG,
    e.DeliveryUnavailable: _NOT_SENT,
}
