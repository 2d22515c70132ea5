"""Every way in which the server says no.

A refusal is a fact, without status or prose: each dialect has its own words for it in its
`errors.py`. What is not a refusal (a lost database, a bug) is not in this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass


class Refusal(Exception):
    """The request was understood and the answer is no."""


def all_refusals(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every concrete or abstract refusal below `root`, `root` excluded."""
    for refusal in root.__subclasses__():
        yield refusal
        yield from all_refusals(refusal)


# What the client sent


@dataclass(eq=False)
class Malformed(Refusal):
    """A value is missing or breaks its own form; `field` names it in the core's words."""

    field: str = "body"


class PhoneMalformed(Malformed):
    """Not a mobile number that a message could be sent to."""


class EmailMalformed(Malformed):
    """Not an e-mail address."""


class IdentifierMalformed(Malformed):
    """Neither a mobile number nor an e-mail address."""


class AccountNameMalformed(Malformed):
    """Not a user name, or one that reads as a phone number, an address or an integer."""


class NameMalformed(Malformed):
    """Not a display name."""


class HandleMalformed(Malformed):
    """Not a handle."""


class PasswordUnfit(Malformed):
    """The new password breaks the password policy."""


class IdentityNumberMalformed(Malformed):
    """Not a PRC identity number (GB 11643)."""


class RoleUnknown(Malformed):
    """No role of that name exists."""


class ImageMissing(Malformed):
    """No picture was sent where one is due."""


class ImageEncodingMalformed(Malformed):
    """The text is not base64."""


class ImageUnacceptable(Malformed):
    """The bytes are not a PNG or JPEG picture of acceptable dimensions."""


# Who the client is


class NotSignedIn(Refusal):
    """No session was presented."""


class SessionDead(Refusal):
    """The session presented is unknown, expired or ended."""


class SignInTooOld(Refusal):
    """The step needs a more recent proof of identity than this session gives."""


class NotAllowed(Refusal):
    """The caller may not do this to this object."""


class CrossSite(Refusal):
    """A browser sent the request on behalf of another site."""


class AccountUnknown(Refusal):
    """No account answers to the identifier."""


class PasswordWrong(Refusal):
    """Not the account's password; said of an unknown account too where that is not revealed."""


class AccountBarred(Refusal):
    """An operator barred the account; said only to its proved owner."""


# What is taken or already so


class IdentifierTaken(Refusal):
    """Another account has the identifier."""


class PhoneTaken(IdentifierTaken):
    """Another account has the phone number."""


class EmailTaken(IdentifierTaken):
    """Another account has the e-mail address."""


class UserNameTaken(IdentifierTaken):
    """Another account has the user name."""


class HandleTaken(Refusal):
    """Another account has the handle, or nobody may have it."""


class NameTaken(Refusal):
    """Another account of the app has the display name."""


class AlreadyBound(Refusal):
    """The account has an identifier of this kind; it has to be unbound first."""


class NotBound(Refusal):
    """The account has no identifier of this kind."""


class LastIdentifier(Refusal):
    """Without this identifier nobody could sign in to the account again."""


class PasswordUnchanged(Refusal):
    """The new password is the current one."""


class PasswordShared(Refusal):
    """The payment password would be the sign-in password."""


class IdentityNumberSet(Refusal):
    """The account's identity is on record and cannot be changed."""


class IdentityNumberTaken(Refusal):
    """Another account of the app has the identity number."""


class InviterRefused(Refusal):
    """The inviter named is unknown, barred, the account itself, or not older than it."""


class InviterSet(Refusal):
    """The account has an inviter, and that is for ever."""


# Rewards


class RewardRefused(Refusal):
    """There is nothing to be had."""


class RewardTaken(RewardRefused):
    """The item was given as often as its rule allows."""


class RewardUnknown(RewardRefused):
    """No rule gives anything for the item at that time."""


class WordUnknown(RewardRefused):
    """Nobody made a pot for the word, or it is empty."""


class WordExpired(RewardRefused):
    """The word's time is over."""


class WordTaken(RewardRefused):
    """The account took its share of the word's pot before."""


# Challenges


class ChallengeUnknown(Refusal):
    """The references presented do not belong to one pending step."""


class CodeWrong(Refusal):
    """The code is not the one that was sent."""


class CodeExpired(Refusal):
    """No live code: none was sent, or it is too old, voided or spent."""


class CodeExhausted(CodeExpired):
    """The code, or its identifier, has used up its guesses."""


class CaptchaWrong(Refusal):
    """The text is not the one in the picture."""


class CaptchaExpired(Refusal):
    """No live captcha: none was drawn, or it is too old or spent."""


class CaptchaOwned(Refusal):
    """A live captcha of that id belongs to another visitor."""


class GrantInvalid(Refusal):
    """The recovery grant is unknown, too old, spent or another account's."""


# Limits and third parties


class SendLimitReached(Refusal):
    """One message more would break a sending limit; nothing was sent."""


class GuessLimitReached(Refusal):
    """One guess more, at a password, a code or a word, would break a limit; none was compared."""


@dataclass(eq=False)
class DeliveryUnavailable(Refusal):
    """The message provider is known to be failing, and is tried again in `retry_after` seconds;
    nothing was sent."""

    retry_after: int = 1


class MessageNotWanted(Refusal):
    """A browser fetched the address as a picture, page or prefetch; nothing was sent."""
