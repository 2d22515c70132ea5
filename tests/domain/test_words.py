"""The shares of a word's pot are fair, exactly, and a word is over when it is."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import WordExpired, WordUnknown
from hufu.domain.ledger import ISSUER, Posting, TransferKind, pot, user
from hufu.domain.words import Word, shares

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
WORD = Word(
    id=3,
    app="fomo",
    word="open sesame",
    coin_id=2,
    amount=1000,
    shares=5,
    taken=0,
    taken_amount=0,
    expires_at=NOW + timedelta(hours=1),
    created_at=NOW,
    updated_at=NOW,
    closed_at=None,
)
POTS = [(amount, count) for amount in range(1, 13) for count in range(1, amount + 1)]


@pytest.mark.parametrize(("amount", "count"), POTS)
def test_over_all_cuts_every_place_is_worth_exactly_the_same(amount: int, count: int) -> None:
    """Each set of cuts is as likely as any other, so these means are no estimates: the sums over
    all sets are the proof, for pots of this size."""
    every = [shares(amount, count, cuts) for cuts in combinations(range(1, amount), count - 1)]
    assert len(set(every)) == len(every) == comb(amount - 1, count - 1)
    assert all(sum(each) == amount and min(each) > 0 for each in every)
    totals = [sum(place) for place in zip(*every, strict=True)]
    assert [total * count for total in totals] == [amount * len(every)] * count


@pytest.mark.parametrize(("amount", "count"), [(7, 3), (8, 4), (9, 2)])
def test_over_all_cuts_every_place_has_the_same_chances(amount: int, count: int) -> None:
    """Not only the mean: each amount is as likely first as last, and so is each pair of them."""
    every = [shares(amount, count, cuts) for cuts in combinations(range(1, amount), count - 1)]
    places = [Counter(place) for place in zip(*every, strict=True)]
    assert all(place == places[0] for place in places)
    for one, other in permutations(range(count), 2):
        pairs = Counter((each[one], each[other]) for each in every)
        assert pairs == Counter((each[0], each[1]) for each in every)


@st.composite
def divisions(draw: st.DrawFn) -> tuple[int, list[int]]:
    """An amount and different cuts in it, in any order."""
    amount = draw(st.integers(1, 10**15))
    cuts = st.lists(st.integers(1, max(1, amount - 1)), max_size=min(50, amount - 1), unique=True)
    return amount, draw(cuts)


@given(divisions())
def test_shares_are_positive_and_lose_nothing(division: tuple[int, list[int]]) -> None:
    amount, cuts = division
    divided = shares(amount, len(cuts) + 1, cuts)
    assert sum(divided) == amount
    assert min(divided) > 0
    assert shares(amount, len(cuts) + 1, sorted(cuts)) == divided


@pytest.mark.parametrize(
    ("amount", "count", "cuts"),
    [
        (10, 3, [4]),
        (10, 2, [4, 5]),
        (10, 3, [4, 4]),
        (10, 2, [0]),
        (10, 2, [10]),
        (10, 2, [11]),
        (10, 2, [-1]),
        (0, 1, []),
        (1, 2, [1]),
    ],
)
def test_other_cuts_are_refused(amount: int, count: int, cuts: list[int]) -> None:
    with pytest.raises(ValueError, match="positive shares"):
        shares(amount, count, cuts)


# When a word is over


@pytest.mark.parametrize(
    ("word", "at", "refusal"),
    [
        (WORD, NOW, None),
        (replace(WORD, taken=4), WORD.expires_at - MOMENT, None),
        (WORD, WORD.expires_at, WordExpired),
        (WORD, WORD.expires_at + timedelta(days=1), WordExpired),
        (replace(WORD, taken=5), NOW, WordUnknown),
        (replace(WORD, taken=5), WORD.expires_at, WordUnknown),
        (replace(WORD, closed_at=NOW), NOW, WordUnknown),
        (replace(WORD, closed_at=NOW), WORD.expires_at, WordUnknown),
    ],
)
def test_a_word_is_over(word: Word, at: datetime, refusal: type | None) -> None:
    found = word.refuse(at)
    assert (found and type(found)) == refusal
    assert word.open(at) == (refusal is None)


# What moves


def test_a_pot_is_filled_shared_and_emptied() -> None:
    filled = WORD.filled()
    assert filled.postings == (Posting(ISSUER, 2, -1000), Posting(pot(3), 2, 1000))
    assert (filled.kind, filled.at) == (TransferKind.POT_FILLED, NOW)
    later = NOW + timedelta(minutes=1)
    share = WORD.share(7, 250, later)
    assert share.postings == (Posting(pot(3), 2, -250), Posting(user(7), 2, 250))
    assert (share.kind, share.at) == (TransferKind.POT_SHARED, later)
    rest = WORD.emptied(750, later)
    assert rest.postings == (Posting(pot(3), 2, -750), Posting(ISSUER, 2, 750))
    assert (rest.kind, rest.at) == (TransferKind.POT_EMPTIED, later)


def test_each_of_a_pots_transfers_has_a_key_of_its_own() -> None:
    other = replace(WORD, id=37)
    moved = [
        each
        for word in (WORD, other)
        for each in (
            word.filled(),
            word.share(7, 1, NOW),
            word.share(77, 1, NOW),
            word.emptied(1, NOW),
        )
    ]
    assert len({each.key for each in moved}) == len(moved)


def test_what_a_ledger_keeps_for_ever_does_not_hold_the_word() -> None:
    moved = (WORD.filled(), WORD.share(7, 1, NOW), WORD.emptied(1, NOW))
    assert all("sesame" not in each.memo + each.key for each in moved)
