"""An audit follows what was written, and notices whatever was changed since."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hufu.domain.chains import (
    CHAINS,
    Anchor,
    ChainAudit,
    anchor_hash,
    genesis,
    link,
    place_of,
    transfer_id,
)
from hufu.domain.ledger import ISSUER, Posting, Transfer, TransferKind, move, user

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Kept:
    """What a database holds of a ledger: transfers by id with their hashes, ends, anchors."""

    links: tuple[tuple[int, Transfer, bytes], ...]
    ends: tuple[tuple[int, bytes], ...]
    anchors: tuple[Anchor, ...]

    def audited(self) -> str | None:
        """What an audit finds wrong, transfers in the order of ids."""
        audit = ChainAudit(self.anchors)
        for id, transfer, kept in sorted(self.links, key=lambda each: each[0]):
            if wrong := audit.follow(id, transfer, kept):
                return wrong
        return audit.finish(dict(enumerate(self.ends)))


class Ledger:
    """A true ledger as it grows."""

    def __init__(self) -> None:
        self.links: list[tuple[int, Transfer, bytes]] = []
        self.ends = [(0, genesis(chain)) for chain in range(CHAINS)]
        self.anchors: list[Anchor] = []

    def add(self, chain: int, transfer: Transfer) -> None:
        length, head = self.ends[chain]
        self.ends[chain] = (length + 1, link(head, transfer.digest()))
        self.links.append((transfer_id(chain, length + 1), transfer, self.ends[chain][1]))

    def anchor(self) -> None:
        before = self.anchors[-1].hash if self.anchors else b""
        lengths = tuple(length for length, _ in self.ends)
        at = NOW + timedelta(minutes=len(self.anchors))
        bound = anchor_hash(before, at, (head for _, head in self.ends))
        self.anchors.append(Anchor(len(self.anchors) + 1, at, lengths, bound))

    def kept(self) -> Kept:
        return Kept(tuple(self.links), tuple(self.ends), tuple(self.anchors))


def transfer(number: int, amount: int = 1) -> Transfer:
    """A transfer that is like no other number's."""
    return move(f"key {number}", TransferKind.AWARD, "memo", NOW, ISSUER, user(7), 1, amount)


def built(steps: Sequence[int | None]) -> Kept:
    """The ledger that grows in these chains, with an anchor at every None."""
    ledger = Ledger()
    for number, chain in enumerate(steps):
        if chain is None:
            ledger.anchor()
        else:
            ledger.add(chain, transfer(number))
    return ledger.kept()


growth = st.lists(
    st.sampled_from([0, 0, 1, 2, CHAINS - 1, None, None]), min_size=1, max_size=25
).filter(lambda steps: any(chain is not None for chain in steps))
pick = st.integers(0, 1000)


@given(st.integers(0, CHAINS - 1), st.integers(1, 2**50))
def test_an_id_tells_its_place(chain: int, length: int) -> None:
    assert place_of(transfer_id(chain, length)) == (chain, length)


def test_no_two_chains_begin_alike() -> None:
    assert len({genesis(chain) for chain in range(CHAINS)}) == CHAINS


@given(growth)
def test_a_true_ledger_is_believed(steps: list[int | None]) -> None:
    assert built(steps).audited() is None


def test_an_empty_ledger_is_believed() -> None:
    assert Ledger().kept().audited() is None


@given(growth, pick, st.sampled_from(["key", "kind", "memo", "at", "postings", "reverses"]))
def test_a_changed_transfer_is_noticed(steps: list[int | None], where: int, field: str) -> None:
    kept = built(steps)
    where %= len(kept.links)
    id, old, head = kept.links[where]
    new = {
        "key": "another",
        "kind": TransferKind.REVERSAL,
        "memo": "",
        "at": NOW + timedelta(microseconds=1),
        "postings": (Posting(ISSUER, 1, -2), Posting(user(7), 1, 2)),
        "reverses": 64,
    }[field]
    changed = (id, replace(old, **{field: new}), head)
    links = (*kept.links[:where], changed, *kept.links[where + 1 :])
    wrong = replace(kept, links=links).audited()
    assert wrong == f"transfer {id}: its hash does not fit what it says"


@given(growth, pick)
def test_a_transfer_rewritten_with_its_own_hash_is_noticed(
    steps: list[int | None], where: int
) -> None:
    """By the next link, or by the chain's end."""
    kept = built(steps)
    where %= len(kept.links)
    id, old, _ = kept.links[where]
    chain, length = place_of(id)
    before = {each[0]: each[2] for each in kept.links}
    new = replace(old, memo="another")
    head = link(before.get(transfer_id(chain, length - 1), genesis(chain)), new.digest())
    links = (*kept.links[:where], (id, new, head), *kept.links[where + 1 :])
    assert replace(kept, links=links).audited()


@given(growth, pick)
def test_a_missing_transfer_is_noticed_and_named(steps: list[int | None], where: int) -> None:
    kept = built(steps)
    where %= len(kept.links)
    links = (*kept.links[:where], *kept.links[where + 1 :])
    wrong = replace(kept, links=links).audited()
    assert wrong == f"transfer {kept.links[where][0]} is missing"


@given(growth, pick, pick)
def test_transfers_in_one_anothers_place_are_noticed(
    steps: list[int | None], one: int, other: int
) -> None:
    """With their hashes or without them."""
    kept = built(steps)
    one, other = one % len(kept.links), other % len(kept.links)
    assume(one != other)
    for parts in (slice(1, 3), slice(1, 2)):
        links = [list(each) for each in kept.links]
        links[one][parts], links[other][parts] = links[other][parts], links[one][parts]
        changed = tuple((id, said, head) for id, said, head in links)
        assert replace(kept, links=changed).audited()


@given(growth, pick)
def test_a_transfer_that_was_never_written_is_noticed(steps: list[int | None], chain: int) -> None:
    kept = built(steps)
    chain %= CHAINS
    length, head = kept.ends[chain]
    new = transfer(1000)
    more = (transfer_id(chain, length + 1), new, link(head, new.digest()))
    assert replace(kept, links=(*kept.links, more)).audited()
    twice = replace(kept, links=(*kept.links, kept.links[-1])).audited()
    assert twice == f"transfer {kept.links[-1][0]} is one too many"


@given(growth, pick)
def test_a_hash_that_was_changed_is_noticed(steps: list[int | None], where: int) -> None:
    kept = built(steps)
    where %= len(kept.links)
    id, said, head = kept.links[where]
    links = (*kept.links[:where], (id, said, bytes(32)), *kept.links[where + 1 :])
    assert head != bytes(32)
    assert replace(kept, links=links).audited()


@given(growth, st.integers(0, CHAINS - 1), st.booleans())
def test_another_end_is_noticed(steps: list[int | None], chain: int, longer: bool) -> None:
    kept = built(steps)
    length, head = kept.ends[chain]
    ends = list(kept.ends)
    ends[chain] = (length + 1, head) if longer else (length, bytes(32))
    assert replace(kept, ends=tuple(ends)).audited()


@given(growth, st.integers(0, CHAINS - 1))
def test_a_chain_too_few_or_too_many_is_noticed(steps: list[int | None], chain: int) -> None:
    kept = built(steps)
    audit = ChainAudit(kept.anchors)
    for id, said, head in sorted(kept.links, key=lambda each: each[0]):
        assert audit.follow(id, said, head) is None
    ends = dict(enumerate(kept.ends))
    assert audit.finish({**ends, CHAINS: (0, genesis(CHAINS))}) == f"chain {CHAINS} is one too many"
    del ends[chain]
    assert audit.finish(ends) == f"chain {chain} is missing"


@given(growth)
def test_a_chain_cut_short_is_noticed_by_an_anchor_that_saw_more(steps: list[int | None]) -> None:
    """Its end was taken back with it, so that nothing but the anchor knows."""
    kept = built([*steps, None])
    id, _, _ = kept.links[-1]
    chain, length = place_of(id)
    before = {each[0]: each[2] for each in kept.links}
    ends = list(kept.ends)
    ends[chain] = (length - 1, before.get(transfer_id(chain, length - 1), genesis(chain)))
    short = replace(kept, links=kept.links[:-1], ends=tuple(ends))
    assert replace(short, anchors=()).audited() is None
    assert "saw other chains than there are" in str(short.audited())


@given(growth, pick)
def test_a_chain_written_anew_is_noticed_by_its_anchors(
    steps: list[int | None], where: int
) -> None:
    """Every hash after the change was made anew, so that nothing but the anchors knows."""
    kept = built([*steps, None])
    where %= len(kept.links)
    forged, number = Ledger(), 0
    for number, (id, said, _) in enumerate(kept.links):
        new = replace(said, memo="another") if number == where else said
        forged.add(place_of(id)[0], new)
    anew = replace(forged.kept(), anchors=kept.anchors)
    assert replace(anew, anchors=()).audited() is None
    assert "does not fit the chains" in str(anew.audited())


@given(growth, pick, st.sampled_from(["hash", "shorter", "longer", "fewer", "more", "at"]))
def test_a_changed_anchor_is_noticed(steps: list[int | None], where: int, way: str) -> None:
    kept = built([0, *steps, None])
    where %= len(kept.anchors)
    anchor = kept.anchors[where]
    first, *rest = anchor.lengths
    changed = {
        "hash": replace(anchor, hash=bytes(32)),
        "shorter": replace(anchor, lengths=(first - 1, *rest)),
        "longer": replace(anchor, lengths=(first + 1, *rest)),
        "fewer": replace(anchor, lengths=anchor.lengths[:-1]),
        "more": replace(anchor, lengths=(*anchor.lengths, 0)),
        "at": replace(anchor, at=anchor.at + timedelta(microseconds=1)),
    }[way]
    anchors = (*kept.anchors[:where], changed, *kept.anchors[where + 1 :])
    assert replace(kept, anchors=anchors).audited()


@given(growth, pick)
def test_a_missing_anchor_is_noticed(steps: list[int | None], where: int) -> None:
    kept = built([None, *steps, None])
    where %= len(kept.anchors) - 1
    anchors = (*kept.anchors[:where], *kept.anchors[where + 1 :])
    assert replace(kept, anchors=anchors).audited() == f"anchor {where + 1} is missing"
    numbered = tuple(replace(each, id=n) for n, each in enumerate(anchors, start=1))
    assert replace(kept, anchors=numbered).audited()


@given(growth, pick, pick)
def test_anchors_in_one_anothers_place_are_noticed(
    steps: list[int | None], one: int, other: int
) -> None:
    kept = built([None, 0, *steps, None])
    one, other = one % len(kept.anchors), other % len(kept.anchors)
    anchors = list(kept.anchors)
    assume(anchors[one].lengths != anchors[other].lengths)
    anchors[one], anchors[other] = (
        replace(anchors[other], id=one + 1),
        replace(anchors[one], id=other + 1),
    )
    assert replace(kept, anchors=tuple(anchors)).audited()


@pytest.mark.parametrize("chain", [0, CHAINS - 1])
def test_the_first_of_a_chain_cannot_move_to_another(chain: int) -> None:
    ledger = Ledger()
    ledger.add(chain, transfer(1))
    [(_, said, head)] = ledger.links
    elsewhere = (chain + 1) % CHAINS
    ends = list(ledger.ends)
    ends[chain], ends[elsewhere] = (0, genesis(chain)), (1, head)
    moved = Kept(((transfer_id(elsewhere, 1), said, head),), tuple(ends), ())
    assert "its hash does not fit" in str(moved.audited())
