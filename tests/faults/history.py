"""What clients asked for and what they were told, operation by operation.

A client writes down what it is about to ask before it asks. Afterwards it knows that it was done,
that it was refused, that it was never sent, or nothing at all.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

HANG = 10.0
"""Seconds after which a client gives up on an answer."""


class Kind(StrEnum):
    """What was asked for."""

    REGISTER = "register"
    COMPLETE = "complete_register"
    SIGN_IN = "login"
    DAILY = "sign_in_today"
    WRITE = "set_info"
    PICTURE = "update_avatar"
    CHECK = "get_user_info"
    FORGET = "rec_pwd1"
    RECOVER = "rec_pwd2"


class Outcome(StrEnum):
    """What the client knows of it."""

    INTENDED = "intended"  # It was never heard of again, nor was the client.
    UNSENT = "unsent"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


MAYBE = frozenset({Outcome.INTENDED, Outcome.UNKNOWN})
"""Outcomes after which it may have happened."""


@dataclass(slots=True)
class Operation:
    """One request: `asked` is what it would change, `told` what the answer says of it.

    `status` is HTTP's, 0 without an answer; `refusal` is the dialect's number; times are seconds.
    """

    kind: Kind
    subject: str
    asked: str = field(default="", repr=False)
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    outcome: Outcome = Outcome.INTENDED
    status: int = 0
    refusal: int | None = None
    retry_after: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def took(self) -> float:
        """Seconds from asking to knowing, or to giving up."""
        return self.ended - self.began

    def end(self, outcome: Outcome) -> None:
        """Note that this is all that there is to know."""
        self.outcome, self.ended = outcome, time.monotonic()


class History:
    """All operations, in the order in which they were begun."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def intend(self, kind: Kind, subject: str, asked: str = "") -> Operation:
        """Note down what is about to be asked."""
        operation = Operation(kind, subject, asked)
        self.operations.append(operation)
        return operation

    def of(self, kind: Kind) -> Iterator[Operation]:
        """The operations of one kind."""
        return (each for each in self.operations if each.kind is kind)

    def by_subject(self, kind: Kind) -> Mapping[str, list[Operation]]:
        """The operations of one kind, by whom they are about."""
        found: dict[str, list[Operation]] = {}
        for each in self.of(kind):
            found.setdefault(each.subject, []).append(each)
        return found

    def count(self, outcome: Outcome) -> int:
        """How many ended so."""
        return sum(each.outcome is outcome for each in self.operations)

    def answered(self, status: int) -> list[Operation]:
        """The operations that were answered with this status."""
        return [each for each in self.operations if each.status == status]
