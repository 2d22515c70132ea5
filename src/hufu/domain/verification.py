"""Verification codes: what one is bound to, and when it dies."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from hufu.domain.errors import CodeExhausted, CodeExpired, Refusal
from hufu.domain.identifiers import Identifier

MAX_GUESSES = 5
"""A code dies after so many guesses; the setting `limits.guesses_per_code` may change it."""


class Purpose(StrEnum):
    """What a code was sent for. It opens nothing else."""

    REGISTER = "register"
    RECOVER = "recover"
    BIND = "bind"
    UNBIND = "unbind"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was sent to an identifier, for one purpose, by one app.

    `binding` is whatever else the client must present with it (a device id, a second reference),
    empty where the wire carries nothing. `account_id` is the account it was sent for, if any.
    """

    id: int
    app: str
    purpose: Purpose
    identifier: Identifier
    binding: str
    account_id: int | None
    digest: bytes = field(repr=False)
    guesses: int
    sent_at: datetime
    expires_at: datetime
    spent: bool
    voided: bool
    guessed_at: datetime | None = None
    """When the guess was counted that is being evaluated."""

    @property
    def guessed(self) -> str:
        """What all guesses at codes of this purpose and identifier are counted for."""
        return f"{self.purpose}:{self.identifier.kind}:{self.identifier.key}"

    def guess(self, now: datetime, allowed: int = MAX_GUESSES) -> tuple["Code", Refusal | None]:
        """The code after one guess more, and why the guess is not evaluated, if it is not.

        The guess is counted before anything is compared. A spent code still counts and compares:
        whether it may be used again is decided by the write that claims it.
        """
        if self.guesses >= allowed:
            return self, CodeExhausted()
        if self.voided or now >= self.expires_at:
            return self, CodeExpired()
        return replace(self, guesses=self.guesses + 1, guessed_at=now), None
