"""Rewards: what an app gives its users for what they do, by rules that are data."""

from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum

from hufu.domain.ledger import ISSUER, Transfer, TransferKind, move, user

NO_TARGET = "0"
LONGEST_ITEM = 32
LONGEST_TARGET = 64
EVERY_APP = ""
"""The app of a rule that holds wherever an app has no rule of its own for the item."""


class Deed(StrEnum):
    """What this server itself sees people do. Which item rewards it is the dialect's affair."""

    HANDLE_SET = "handle_set"
    AVATAR_SET = "avatar_set"
    PROFILE_SET = "profile_set"
    EMAIL_BOUND = "email_bound"
    PHONE_BOUND = "phone_bound"
    PAYMENT_PASSWORD_SET = "payment_password_set"  # noqa: S105
    INVITER_SET = "inviter_set"
    INVITED = "invited"
    SIGNED_IN_TODAY = "signed_in_today"


class RewardType(StrEnum):
    """The list in which an award is shown."""

    NEWBIE = "newbie"
    DAILY = "daily"


class Once(StrEnum):
    """What an item is given only once for."""

    ACCOUNT = "account"
    TARGET = "target"
    TARGET_AND_DAY = "target_and_day"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an item is worth from a moment on.

    Rules are never edited: a later one for the same app and item takes the place of an earlier one
    from its own beginning, and what was given before stays as it was. `per_day` is how often the
    item is given to one account on one day.
    """

    app: str
    item: str
    type: RewardType
    amount: int
    coin_id: int
    once: Once | None
    per_day: int | None
    enabled: bool
    active_from: datetime
    active_to: datetime | None

    def in_force(self, at: datetime) -> bool:
        """Whether it gives anything at that time."""
        begun = self.enabled and self.active_from <= at
        return begun and (self.active_to is None or at < self.active_to)

    def once_key(self, target: str, day: date) -> str | None:
        """What two awards of this item to one account cannot share."""
        match self.once:
            case None:
                return None
            case Once.ACCOUNT:
                return "ever"
            case Once.TARGET:
                return f"target {target}"
            case Once.TARGET_AND_DAY:
                return f"target {target} on {day}"


def reward_day(at: datetime, zone: tzinfo) -> date:
    """The calendar day there is in the zone at that time."""
    return at.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Award:
    """What an account was given. `id` is random, and unique among the account's own.

    `once` and `place` are what no other award of the item can share with it: what it is given only
    once for, and which of the day's it is. `key` is what the app's own backend called it.
    `reversed_at` is when an operator took it back.
    """

    account_id: int
    id: int
    app: str
    item: str
    type: RewardType
    amount: int
    coin_id: int
    target: str
    day: date
    at: datetime
    once: str | None = None
    place: int | None = None
    key: str | None = field(default=None, repr=False)
    reversed_at: datetime | None = None

    @property
    def transfer_key(self) -> str:
        """The key of its transfer in the ledger."""
        return f"award:{self.account_id}:{self.id}"

    @property
    def memo(self) -> str:
        """What its transfer says it was for: all of it, so that none of it can be changed later."""
        said = (self.type, self.app, self.item, self.target, self.day)
        keys = (self.once or "-", self.place or "-", f"={self.key}" if self.key else "-")
        return " ".join(map(str, said + keys))

    def transfer(self) -> Transfer:
        """What moves its amount from the coin's issuer to the account."""
        return move(
            self.transfer_key,
            TransferKind.AWARD,
            self.memo,
            self.at,
            ISSUER,
            user(self.account_id),
            self.coin_id,
            self.amount,
        )
