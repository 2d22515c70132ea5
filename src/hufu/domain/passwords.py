"""Passwords: what may be one, and what of it is kept.

A client either sends the password as typed or only its MD5. In a pool in which some app sends
MD5, verifiers are made over the lower-case hex MD5 of the password, so that both kinds of client
open the same account; elsewhere over the password itself. Either way the material is keyed before
it is hashed, and MD5 digests typed as a password are digested again, so they open nothing.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum

from hufu.domain.errors import PasswordUnfit

MIN_LENGTH = 6
MAX_LENGTH = 128
_MD5_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


class Scheme(StrEnum):
    """What of the password a verifier is made over."""

    PLAIN = "plain"
    MD5 = "md5"


class PasswordPurpose(StrEnum):
    """The two passwords of an account; one is never accepted for the other."""

    SIGN_IN = "sign_in"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True)
class Password:
    """A password as a client presented it: as typed, or only as its MD5 (lower-case hex)."""

    md5: str = field(repr=False)
    text: str | None = field(repr=False, default=None)

    @classmethod
    def typed(cls, text: str) -> "Password":
        """A password as a person typed it."""
        digest = hashlib.md5(text.encode(), usedforsecurity=False)
        return cls(digest.hexdigest(), text)

    @classmethod
    def digested(cls, md5: str) -> "Password":
        """A password of which only the MD5 is known."""
        return cls(md5.lower())

    def material(self, scheme: Scheme) -> bytes | None:
        """What a verifier of `scheme` is made over; None when this client cannot know it."""
        if scheme is Scheme.MD5:
            return b"md5\0" + self.md5.encode()
        if self.text is None:
            return None
        return b"plain\0" + self.text.encode()


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept of a password: an Argon2id string over its keyed material."""

    scheme: Scheme
    pepper_version: int
    argon2: str = field(repr=False)


def keyed(material: bytes, pepper: bytes) -> bytes:
    """The password material under the server's key, without which a stolen verifier is untestable.

    HMAC-SHA-256 (RFC 2104), 32 bytes.
    """
    return hmac.digest(pepper, material, "sha256")


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a new password must satisfy; lengths in code points (NIST SP 800-63B, 3.1.1.2).

    `blocked` holds the MD5 (lower-case hex) of every refused password, so that it also binds
    clients that send nothing else. The length of a password known only by its MD5 is unknowable.
    """

    min_length: int = MIN_LENGTH
    blocked: frozenset[str] = field(default=frozenset(), repr=False)

    def check(self, password: Password) -> None:
        """Raises PasswordUnfit for a password that may not be set."""
        text = password.text
        if text is not None and not self.min_length <= len(text) <= MAX_LENGTH:
            raise PasswordUnfit("password")
        if password.md5 in self.blocked or password.md5 == _MD5_OF_NOTHING:
            raise PasswordUnfit("password")
