"""A double-entry ledger: what arrives somewhere has left somewhere else, and nothing is edited.

A transfer is two or more postings that add up to zero in each coin.
"""

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

UNITS = 10_000
"""Amounts are integers of 1/10000 of a coin."""

MOST_UNITS = 10**15
"""No single amount is larger, so that no sum that matters leaves 64 bits."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,10})(?:\.([0-9]{1,4}))?", re.ASCII)


class HolderKind(StrEnum):
    """Who can hold coins."""

    ISSUER = "issuer"  # of a coin, the only one that may owe; its id is 0
    USER = "user"  # an account
    POT = "pot"  # of a word


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """A place where coins are."""

    kind: HolderKind
    id: int

    def __str__(self) -> str:
        return self.kind if self.kind is HolderKind.ISSUER else f"{self.kind} {self.id}"


ISSUER = Holder(HolderKind.ISSUER, 0)


def user(account_id: int) -> Holder:
    """What an account holds."""
    return Holder(HolderKind.USER, account_id)


def pot(word_id: int) -> Holder:
    """What is left of a word."""
    return Holder(HolderKind.POT, word_id)


@dataclass(frozen=True, slots=True)
class Posting:
    """So many units of a coin arrive at the holder, or leave it where negative."""

    holder: Holder
    coin_id: int
    amount: int

    def said(self) -> list[object]:
        """Its part in a transfer's digest."""
        return [self.holder.kind, self.holder.id, self.coin_id, self.amount]


class TransferKind(StrEnum):
    """Why coins move."""

    AWARD = "award"
    POT_FILLED = "pot_filled"
    POT_SHARED = "pot_shared"
    POT_EMPTIED = "pot_emptied"
    REVERSAL = "reversal"
    RESTORAL = "restoral"  # A reversal that is taken back; that is the end of it.


_FINAL = frozenset((TransferKind.POT_FILLED, TransferKind.POT_EMPTIED, TransferKind.RESTORAL))


class Unbalanced(ValueError):
    """The postings of a transfer do not add up to zero in each coin, or are fewer than two."""


class Irreversible(Exception):
    """What fills and empties the pot of a word is not taken back, for the word is closed instead;
    nor is what took a reversal back."""


class Overdrawn(Exception):
    """The transfer would leave a holder other than an issuer with less than nothing."""


class TransferRepeated(Exception):
    """A transfer of that key is in the ledger already."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Coins that move at one moment, for one reason.

    `key` is unique over the whole ledger, so that no retry moves anything twice. `memo` says what
    for, in words that are kept for ever: never a person's. Raises Unbalanced.
    """

    key: str
    kind: TransferKind
    memo: str
    at: datetime
    postings: tuple[Posting, ...]
    reverses: int | None = None

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("a transfer happens at a time with a zone")
        sums: dict[int, int] = defaultdict(int)
        for posting in self.postings:
            sums[posting.coin_id] += posting.amount
        if len(self.postings) <= 1 or any(sums.values()):
            raise Unbalanced(self.key)

    def digest(self) -> bytes:
        """SHA-256 over everything that the transfer says, in one canonical spelling."""
        said = [
            self.key,
            self.kind,
            self.memo,
            (self.at - _EPOCH) // timedelta(microseconds=1),
            self.reverses,
            [each.said() for each in self.postings],
        ]
        text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()

    def reversal(self, id: int, reason: str, at: datetime) -> "Transfer":
        """The transfer that takes this one, of that id, back; there is at most one. Raises
        Irreversible."""
        if self.kind in _FINAL:
            raise Irreversible
        back = tuple(replace(each, amount=-each.amount) for each in self.postings)
        reverts = self.kind is TransferKind.REVERSAL
        kind = TransferKind.RESTORAL if reverts else TransferKind.REVERSAL
        return Transfer(f"reversal:{id}", kind, reason, at, back, id)


def move(
    key: str,
    kind: TransferKind,
    memo: str,
    at: datetime,
    source: Holder,
    target: Holder,
    coin_id: int,
    amount: int,
) -> Transfer:
    """The plain transfer: `amount` units from one holder to another."""
    return Transfer(
        key, kind, memo, at, (Posting(source, coin_id, -amount), Posting(target, coin_id, amount))
    )


# Amounts as people write them


class AmountMalformed(ValueError):
    """Not a positive decimal number with at most four decimals."""


def parse_amount(text: str) -> int:
    """Units from a decimal number such as 10 or 0.0001. Raises AmountMalformed."""
    match = _AMOUNT.fullmatch(text)
    if not match:
        raise AmountMalformed(text)
    units = int(match[1]) * UNITS + int((match[2] or "").ljust(4, "0"))
    if not 0 < units <= MOST_UNITS:
        raise AmountMalformed(text)
    return units


def format_amount(units: int) -> str:
    """Units as a decimal number with four decimals: `10.0000`."""
    whole, rest = divmod(abs(units), UNITS)
    return f"{'-' if units < 0 else ''}{whole}.{rest:04d}"
