"""What keeps messages from being sent in bulk to where nobody reads them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hufu.domain.identifiers import IdentifierKind
from hufu.domain.limits import Limits
from hufu.domain.verification import Code

NUMBERS_IN_BLOCK = 4  # Digits: neighbouring numbers are those that differ in the last four.
PREFIX = 7  # Characters of a number in E.164: the country and whose network it is.
SLOT = timedelta(minutes=10)
WATCHED = timedelta(hours=6)
"""How far back it is looked whether codes are used."""

NOTICE_LIFE = timedelta(hours=24)
"""How long a message without a code is worth sending."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """Nothing more is sent to a prefix to which `sends` codes or more were sent in the last hours,
    of which a smaller share than `least_used` came back."""

    sends: int
    least_used: float

    @classmethod
    def of(cls, limits: Limits) -> "Breaker":
        """The breaker that the settings describe."""
        return cls(limits.sends_before_breaker, limits.least_used_percent / 100)

    def open(self, sent: int, used: int) -> bool:
        """Whether too few of the codes sent were used."""
        return sent >= self.sends and used < self.least_used * sent


@dataclass(frozen=True, slots=True)
class Used:
    """A code that came back, as it is counted: where it was sent to, and when."""

    prefix: str
    sent_at: datetime

    @classmethod
    def of(cls, code: Code) -> "Used | None":
        """None for a code that was not sent by SMS."""
        if code.identifier.kind is not IdentifierKind.PHONE:
            return None
        return cls(prefix_of(code.identifier.key), code.sent_at)


def block_of(number: str) -> str:
    """The block of neighbouring numbers, of a number in E.164."""
    return number[:-NUMBERS_IN_BLOCK]


def prefix_of(number: str) -> str:
    """What numbers of one network of one country have in common, of a number in E.164."""
    return number[:PREFIX]
