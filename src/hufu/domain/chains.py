"""The hash chains that a ledger's transfers are links of.

Each link's hash covers the one before it and everything that the transfer says, so that whoever
knows an old hash notices any later change below it. Several chains grow side by side, so that
writers do not wait for each other, and anchors bind them together.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hufu.domain.ledger import Transfer

CHAINS = 64
ANCHOR_EVERY = 256
"""A chain whose length is a multiple of this asks for an anchor."""


def transfer_id(chain: int, length: int) -> int:
    """The id of the transfer that made the chain that long; ids of a chain are `CHAINS` apart."""
    return length * CHAINS + chain


def place_of(id: int) -> tuple[int, int]:
    """The chain of a transfer, and how long that was with it."""
    return id % CHAINS, id // CHAINS


def genesis(chain: int) -> bytes:
    """The hash that a chain begins with."""
    return hashlib.sha256(f"hufu ledger {chain}".encode()).digest()


def link(head: bytes, digest: bytes) -> bytes:
    """The hash of a link, from the one before it and the transfer's digest."""
    return hashlib.sha256(head + digest).digest()


@dataclass(frozen=True, slots=True)
class Anchor:
    """All chains as they were at one moment: how long, and one hash over the anchor before and
    every chain's head."""

    id: int
    at: datetime
    lengths: tuple[int, ...]
    hash: bytes


def anchor_hash(before: bytes, at: datetime, heads: Iterable[bytes]) -> bytes:
    """The hash of an anchor, from that of the one before (empty for the first), its time and the
    heads."""
    return hashlib.sha256(before + at.isoformat().encode() + b"".join(heads)).digest()


@dataclass(slots=True)
class ChainAudit:
    """Follows all chains at once, transfer by transfer in the order of ids, and stops believing at
    the first that does not fit."""

    anchors: Sequence[Anchor] = ()
    lengths: list[int] = field(default_factory=lambda: [0] * CHAINS)
    heads: list[bytes] = field(default_factory=lambda: [genesis(n) for n in range(CHAINS)])
    _wanted: set[tuple[int, int]] = field(default_factory=set)
    _seen: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for anchor in self.anchors:
            self._wanted.update(enumerate(anchor.lengths))
        self._seen = {(n, 0): head for n, head in enumerate(self.heads)}

    def follow(self, id: int, transfer: Transfer, kept: bytes) -> str | None:
        """What is wrong with the next transfer, or None."""
        chain, length = place_of(id)
        if length <= self.lengths[chain]:
            return f"transfer {id} is one too many"
        if length != self.lengths[chain] + 1:
            missing = transfer_id(chain, self.lengths[chain] + 1)
            return f"transfer {missing} is missing"
        head = link(self.heads[chain], transfer.digest())
        if head != kept:
            return f"transfer {id}: its hash does not fit what it says"
        self.lengths[chain], self.heads[chain] = length, head
        if (chain, length) in self._wanted:
            self._seen[chain, length] = head
        return None

    def finish(self, ends: Mapping[int, tuple[int, bytes]]) -> str | None:
        """What is wrong with the ends of the chains, given as length and hash, or the anchors."""
        return self._check_ends(ends) or self._check_anchors()

    def _check_ends(self, ends: Mapping[int, tuple[int, bytes]]) -> str | None:
        if odd := ends.keys() ^ set(range(CHAINS)):
            return f"chain {min(odd)} is {'one too many' if min(odd) in ends else 'missing'}"
        for chain, (length, head) in ends.items():
            if length > self.lengths[chain]:
                return f"transfer {transfer_id(chain, self.lengths[chain] + 1)} is missing"
            if (length, head) != (self.lengths[chain], self.heads[chain]):
                return f"chain {chain} ends with another hash than its last transfer"
        return None

    def _check_anchors(self) -> str | None:
        before = b""
        for number, anchor in enumerate(self.anchors, start=1):
            if anchor.id != number:
                return f"anchor {number} is missing"
            seen = [self._seen.get(place) for place in enumerate(anchor.lengths)]
            if len(seen) != CHAINS or None in seen:
                return f"anchor {number} saw other chains than there are"
            before = anchor_hash(before, anchor.at, filter(None, seen))
            if before != anchor.hash:
                return f"anchor {number} does not fit the chains"
        return None
