"""Sessions: how long one lives and what is kept of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from hufu.domain.accounts import AccountState
from hufu.domain.instants import Instant, span
from hufu.domain.permissions import Role
from hufu.domain.profiles import Me, SealedDetails
from hufu.domain.values import value

RECENT = timedelta(minutes=15)
"""How old a sign-in may be for steps that change who owns the account."""

TOUCH_AFTER = timedelta(minutes=1)
"""The last-seen time of a session is written no more often than this."""

_TOUCH_AFTER = span(TOUCH_AFTER)


class SignInMethod(StrEnum):
    """How the owner proved to be the owner."""

    PASSWORD = "password"  # noqa: S105
    CODE = "code"
    REGISTRATION = "registration"
    RECOVERY = "recovery"


@value
class SessionPolicy:
    """How long sessions of an app live unused (`idle`) and at most (`absolute`)."""

    idle: timedelta
    absolute: timedelta


@value
class Session:
    """One sign-in. The token itself is known to the client only.

    Its `method` is one of SignInMethod, or of those that only a newer version knows.
    """

    id: UUID
    account_id: int
    app: str
    method: str
    device: str | None
    network: str | None
    user_agent: str
    created_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When it ends unless it is used before."""
        return min(self.expires_at, self.seen_at + self.idle)

    def live(self, now: datetime) -> bool:
        """Whether it is neither idle for too long nor too old."""
        return now < self.ends_at

    def recent(self, now: datetime) -> bool:
        """Whether the sign-in itself is recent."""
        return now - self.created_at <= RECENT


@value
class Presented:
    """A session as its client shows it, with what was read along with it.

    Its `method` is one of SignInMethod, or of those that only a newer version knows. It ends at
    `ends_at` unless it is used before, and at `expires_at` in any case. `wrong_tokens` are the
    times of the wrong session tokens from the asking client's network.
    """

    id: UUID
    account_id: int
    app: str
    method: str
    device: str | None
    signed_in_at: Instant
    seen_at: Instant
    ends_at: Instant
    expires_at: Instant
    account_state: AccountState
    role: Role
    wrong_tokens: Sequence[datetime]
    name: str | None = None
    me: Me | None = None
    details: SealedDetails | None = None

    def proves(self, named: int | None, now: Instant) -> bool:
        """Whether it still shows that its client is the account's owner; `named` is the account
        that was named beside it, if one was."""
        return (
            now < self.ends_at
            and self.account_state is AccountState.ACTIVE
            and (named is None or named == self.account_id)
        )

    def used(self, now: Instant) -> "Presented":
        """The same after a use: its idle life begins anew."""
        idle = self.ends_at - self.seen_at
        last = self.ends_at == self.expires_at
        ends_at = self.expires_at if last else min(self.expires_at, now + idle)
        return replace(self, seen_at=now, ends_at=ends_at)

    def wants_touch(self, now: Instant) -> bool:
        """Whether its last-seen time is worth writing."""
        return now - self.seen_at >= _TOUCH_AFTER
