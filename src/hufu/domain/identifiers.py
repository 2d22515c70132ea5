"""What a person signs in with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class IdentifierKind(StrEnum):
    """The kinds of identifier; messages can be sent to all but user names."""

    PHONE = "phone"
    EMAIL = "email"
    USER_NAME = "user_name"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One way of naming an account.

    `key` is what is compared: E.164 for phones, the lower-cased ASCII form for e-mail addresses,
    the case-folded NFKC form for user names. `shown` is the spelling to show and to send to.
    """

    kind: IdentifierKind
    key: str
    shown: str

    @property
    def reachable(self) -> bool:
        """Whether a message can be sent to it."""
        return self.kind is not IdentifierKind.USER_NAME


@dataclass(frozen=True, slots=True)
class BoundIdentifier:
    """An identifier of an account. An unverified one signs in to the app of its scope only."""

    account_id: int
    identifier: Identifier
    scope: str
    verified: bool
    bound_at: datetime
