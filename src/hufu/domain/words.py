"""Words: whoever says one takes a share of its pot, until the pot is empty or the time is over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from hufu.domain.errors import Refusal, WordExpired, WordUnknown
from hufu.domain.ledger import ISSUER, Transfer, TransferKind, move, pot, user

LONGEST_WORD = 12  # Code points.
MOST_SHARES = 100_000


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an app and its pot. Amounts are in units, `taken_amount` the sum of the shares
    taken so far."""

    id: int
    app: str
    word: str
    coin_id: int
    amount: int
    shares: int
    taken: int
    taken_amount: int
    expires_at: datetime
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    @property
    def memo(self) -> str:
        """What its transfers say they are for."""
        return f"{self.app} word {self.id}"

    def refuse(self, now: datetime) -> Refusal | None:
        """Why nobody gets a share any more, or None."""
        if self.closed_at is not None or self.taken >= self.shares:
            return WordUnknown()
        return WordExpired() if now >= self.expires_at else None

    def open(self, now: datetime) -> bool:
        """Whether somebody may still get a share."""
        return self.refuse(now) is None

    def filled(self) -> Transfer:
        """What moves the amount from the coin's issuer to the pot."""
        return move(
            f"word:{self.id}",
            TransferKind.POT_FILLED,
            self.memo,
            self.created_at,
            ISSUER,
            pot(self.id),
            self.coin_id,
            self.amount,
        )

    def emptied(self, left: int, at: datetime) -> Transfer:
        """What moves the rest of the pot back to the coin's issuer."""
        return move(
            f"word:{self.id}:rest",
            TransferKind.POT_EMPTIED,
            self.memo,
            at,
            pot(self.id),
            ISSUER,
            self.coin_id,
            left,
        )

    def share(self, account_id: int, amount: int, at: datetime) -> Transfer:
        """What moves a share from the pot to the account."""
        return move(
            f"word:{self.id}:{account_id}",
            TransferKind.POT_SHARED,
            self.memo,
            at,
            pot(self.id),
            user(account_id),
            self.coin_id,
            amount,
        )


def shares(amount: int, count: int, cuts: Iterable[int]) -> tuple[int, ...]:
    """The pot in shares, from `count - 1` different cuts between two units, 1 to `amount - 1`.

    Cuts that are drawn at random, each set of them as likely as any other, make every way to divide
    the pot into positive shares equally likely. So shares can change places without changing their
    chances: whatever their places, they are worth the same on average, `amount / count`.
    """
    ends = (0, *sorted(cuts), amount)
    divided = tuple(after - before for before, after in pairwise(ends))
    if len(divided) != count or min(divided) <= 0:
        raise ValueError("the cuts do not divide the pot into so many positive shares")
    return divided
