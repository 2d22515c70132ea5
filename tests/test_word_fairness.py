"""Every place in the queue for a word is worth the same, by the randomness that is really used.

That it is so over all cuts is proved in `domain/test_words.py`; here the cuts are drawn.
"""

from collections import Counter
from datetime import timedelta
from itertools import combinations
from math import exp, factorial, sqrt
from typing import Any

import pytest

from front_door import World
from hufu.actions.words import add_word
from hufu.domain.ledger import UNITS, format_amount
from hufu.domain.words import shares
from hufu.services.randomness import different
from rewarding import audited, balance, members

POTS = 20_000
TOLERANCE = 5.0  # Standard errors.


def drawn(amount: int, count: int) -> tuple[int, ...]:
    """A pot divided as a word's pot is."""
    return shares(amount, count, different(amount - 1, count - 1))


def deviation(amount: int, count: int) -> float:
    """The standard deviation of one share, where all divisions are equally likely.

    A share is the smallest of `count - 1` different cuts out of `amount - 1`, whose variance is
    that of a discrete order statistic: (n - k)(n + 1)k / ((k + 1)²(k + 2)).
    """
    n, k = amount - 1, count - 1
    return sqrt((n - k) * (n + 1) * k / ((k + 1) ** 2 * (k + 2)))


@pytest.mark.parametrize("amount", [10 * UNITS, 12])
def test_every_place_is_worth_the_same_on_average(amount: int) -> None:
    """The mean of each of five places over 20,000 pots is within five standard errors of a fifth.

    A fair division fails this with a probability below 5 × 5.8e-7 = 3e-6, once in some 300,000
    runs. Shares of equal chances for the rest in turn would be off by hundreds of standard errors.
    """
    pots = [drawn(amount, 5) for _ in range(POTS)]
    assert all(sum(pot) == amount and min(pot) > 0 and len(pot) == 5 for pot in pots)
    error = deviation(amount, 5) / sqrt(POTS)
    for place in zip(*pots, strict=True):
        assert abs(sum(place) / POTS - amount / 5) < TOLERANCE * error


@pytest.mark.parametrize(("amount", "count"), [(5, 3), (10, 4), (50_000, 5)])
def test_the_deviation_is_the_one_that_is_counted(amount: int, count: int) -> None:
    """Over all divisions where they are few, over drawn ones where they are many."""
    few = amount < 100
    cuts = combinations(range(1, amount), count - 1)
    pots = [shares(amount, count, each) for each in cuts] if few else []
    pots = pots or [drawn(amount, count) for _ in range(POTS)]
    mean = amount / count
    counted = sqrt(sum((pot[0] - mean) ** 2 for pot in pots) / len(pots))
    assert counted == pytest.approx(deviation(amount, count), rel=1e-9 if few else 0.1)


def test_every_way_to_divide_a_small_pot_is_equally_likely() -> None:
    """Pearson's chi-squared over the 15 ways to divide 7 units in 3 shares.

    The bound is where a fair division fails with a probability of 1e-6.
    """
    seen = Counter(drawn(7, 3) for _ in range(POTS))
    expected = POTS / 15
    assert len(seen) == 15
    chi_squared = sum((count - expected) ** 2 / expected for count in seen.values())
    assert tail(chi_squared, 14) > 1e-6


def tail(x: float, degrees: int) -> float:
    """The chance that chi-squared is larger, for an even number of degrees of freedom."""
    return exp(-x / 2) * sum((x / 2) ** i / factorial(i) for i in range(degrees // 2))


def test_the_tail_of_chi_squared() -> None:
    """By a printed table: 5 % at 23.685 with 14 degrees of freedom, 1 % at 29.141."""
    assert tail(23.685, 14) == pytest.approx(0.05, rel=1e-3)
    assert tail(29.141, 14) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    ("amount", "count"), [(1, 1), (5, 5), (6, 5), (10 * UNITS, 1), (10**15, 100)]
)
def test_pots_of_any_size_can_be_divided(amount: int, count: int) -> None:
    pot = drawn(amount, count)
    assert (sum(pot), len(pot), min(pot) > 0) == (amount, count, True)


# Through the front door


@pytest.mark.parametrize(
    ("amount", "count"), [(10 * UNITS, 5), (5, 5), (6, 5), (1, 1), (123_456_789, 7)]
)
async def test_shares_are_taken_in_the_order_in_which_they_were_cut(
    world: World, amount: int, count: int
) -> None:
    deps = world.deps("fomo")
    expires = deps.now() + timedelta(hours=1)
    made = await add_word(deps, "芝麻开门", 1, amount, count, expires)
    rows = await world.sql(
        "SELECT amount FROM word_shares WHERE word_id = $1 ORDER BY place", made.id
    )
    cut = [row["amount"] for row in rows]
    assert (sum(cut), len(cut), min(cut) > 0) == (amount, count, True)
    *takers, late = await members(world, count + 1)
    taken: list[int] = []
    for each in takers:
        answer: Any = await each.call(world, "submit_word", word="芝麻开门")
        assert answer["status"] == 1
        taken.append(round(answer["data"]["award_value"] * UNITS))
        info = answer["data"]["word_info"]
        assert info["used_count"] == str(len(taken))
        assert info["used_amount"] == format_amount(sum(taken))
        assert info["status"] == ("0" if len(taken) == count else "1")
        assert await balance(world, each.account_id) == taken[-1]
    assert taken == cut
    assert await late.status(world, "submit_word", word="芝麻开门") == 203
    assert (await audited(world)).transfers == count + 1


async def test_no_two_pots_are_cut_alike(world: World) -> None:
    """Two pots of 10.0000 in five shares are alike once in 4e18 times."""
    deps = world.deps("fomo")
    expires = deps.now() + timedelta(hours=1)
    for number in range(5):
        await add_word(deps, f"word {number}", 1, 10 * UNITS, 5, expires)
    rows = await world.sql(
        "SELECT array_agg(amount ORDER BY place) AS cut FROM word_shares GROUP BY word_id"
    )
    assert len({tuple(row["cut"]) for row in rows}) == 5
