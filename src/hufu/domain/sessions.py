"""Sessions: how long one lives and what is kept of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

RECENT = timedelta(minutes=15)
"""How old a sign-in may be for steps that change who owns the account."""

TOUCH_AFTER = timedelta(minutes=1)
"""The last-seen time of a session is written no more often than this."""


class SignInMethod(StrEnum):
    """How the owner proved to be the owner."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    REGISTRATION = "registration"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long sessions of an app live unused (`idle`) and at most (`absolute`)."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in. The token itself is known to the client only."""

    id: UUID
    account_id: int
    app: str
    method: SignInMethod
    device: str | None
    network: str | None
    user_agent: str
    created_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime

    def live(self, now: datetime) -> bool:
        """Whether it is neither idle for too long nor too old."""
        return now < self.expires_at and now - self.seen_at < self.idle

    def recent(self, now: datetime) -> bool:
        """Whether the sign-in itself is recent."""
        return now - self.created_at <= RECENT

    def wants_touch(self, now: datetime) -> bool:
        """Whether its last-seen time is worth writing."""
        return now - self.seen_at >= TOUCH_AFTER
