"""Transfers balance or are refused, say what they are in their digest, and can be taken back."""

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hufu.domain.ledger import (
    ISSUER,
    MOST_UNITS,
    UNITS,
    AmountMalformed,
    Holder,
    HolderKind,
    Irreversible,
    Posting,
    Transfer,
    TransferKind,
    Unbalanced,
    format_amount,
    move,
    parse_amount,
    pot,
    user,
)

NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
ZONES = (timezone(timedelta(hours=8)), timezone(timedelta(hours=-11, minutes=-30)))

holders = st.builds(Holder, st.sampled_from(HolderKind), st.integers(0, 2**31 - 1))
amounts = st.integers(-(2**40), 2**40)
times = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001
postings = st.lists(st.builds(Posting, holders, st.integers(1, 3), amounts), max_size=5)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def transfers(draw: st.DrawFn) -> Transfer:
    """Any transfer: postings in up to three coins, the last of each coin making up for the rest."""
    free = draw(postings)
    sums: Counter[int] = Counter()
    for each in free:
        sums[each.coin_id] += each.amount
    last = [Posting(draw(holders), coin, -rest) for coin, rest in sums.items()]
    whole = [*free, *last]
    assume(len(whole) > 1)
    return Transfer(
        key=draw(texts),
        kind=draw(st.sampled_from(TransferKind)),
        memo=draw(texts),
        at=draw(times),
        postings=tuple(draw(st.permutations(whole))),
        reverses=draw(st.none() | st.integers(1, 2**62)),
    )


def sums(moved: tuple[Posting, ...]) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in moved:
        total[each.coin_id] += each.amount
    return total


@given(postings)
def test_a_transfer_is_balanced_in_each_coin_or_is_none(chosen: list[Posting]) -> None:
    balanced = len(chosen) > 1 and not any(sums(tuple(chosen)).values())
    try:
        Transfer("key", TransferKind.AWARD, "memo", NOW, tuple(chosen))
    except Unbalanced:
        assert not balanced
    else:
        assert balanced


def test_a_transfer_at_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        move("k", TransferKind.AWARD, "", NOW.replace(tzinfo=None), ISSUER, user(7), 1, 1)


def test_coins_do_not_make_up_for_each_other() -> None:
    across = (Posting(ISSUER, 1, -5), Posting(user(7), 2, 5))
    with pytest.raises(Unbalanced):
        Transfer("key", TransferKind.AWARD, "memo", NOW, across)
    both = (*across, Posting(ISSUER, 2, -5), Posting(user(7), 1, 5))
    Transfer("key", TransferKind.AWARD, "memo", NOW, both)


@given(transfers(), st.integers(0, 4), st.integers(-9, 9).filter(bool))
def test_one_posting_more_or_less_is_refused(transfer: Transfer, place: int, off: int) -> None:
    moved = list(transfer.postings)
    place %= len(moved)
    moved[place] = replace(moved[place], amount=moved[place].amount + off)
    with pytest.raises(Unbalanced):
        replace(transfer, postings=tuple(moved))


FINAL = {TransferKind.POT_FILLED, TransferKind.POT_EMPTIED, TransferKind.RESTORAL}


@given(transfers(), st.integers(1, 2**62), times)
def test_a_reversal_takes_back_what_was_moved(transfer: Transfer, id: int, at: datetime) -> None:
    if transfer.kind in FINAL:
        with pytest.raises(Irreversible):
            transfer.reversal(id, "reason", at)
        return
    back = transfer.reversal(id, "reason", at)
    assert back.reverses == id
    restores = transfer.kind is TransferKind.REVERSAL
    assert back.kind is (TransferKind.RESTORAL if restores else TransferKind.REVERSAL)
    assert (back.key, back.memo) == (f"reversal:{id}", "reason")
    assert back.at == at
    assert [(each.holder, each.coin_id) for each in back.postings] == [
        (each.holder, each.coin_id) for each in transfer.postings
    ]
    both = zip(transfer.postings, back.postings, strict=True)
    assert all(there.amount == -again.amount for there, again in both)
    if restores:
        return
    again = back.reversal(id + 1, "reason", at)
    assert again.postings == transfer.postings
    assert again.key != back.key


@given(st.integers(1, MOST_UNITS))
def test_a_plain_move_leaves_one_and_reaches_the_other(amount: int) -> None:
    moved = move("k", TransferKind.AWARD, "memo", NOW, ISSUER, user(7), 2, amount)
    assert moved.postings == (Posting(ISSUER, 2, -amount), Posting(user(7), 2, amount))


def test_holders_differ_by_kind_and_id() -> None:
    assert len({ISSUER, user(0), user(1), pot(0), pot(1)}) == 5
    assert [str(each) for each in (ISSUER, user(7), pot(7))] == ["issuer", "user 7", "pot 7"]


# Digests


@given(transfers(), transfers())
def test_two_transfers_have_one_digest_only_when_they_say_the_same(
    one: Transfer, other: Transfer
) -> None:
    assert (one.digest() == other.digest()) == (one == other)
    assert len(one.digest()) == 32


@given(transfers(), st.sampled_from(ZONES))
def test_the_digest_is_of_the_moment_in_whatever_zone(transfer: Transfer, zone: timezone) -> None:
    assert replace(transfer, at=transfer.at.astimezone(zone)).digest() == transfer.digest()


@given(transfers(), st.data())
def test_the_digest_changes_with_any_field(transfer: Transfer, data: st.DataObject) -> None:
    changes: dict[str, Any] = {
        "key": transfer.key + "'",
        "kind": next(each for each in TransferKind if each is not transfer.kind),
        "memo": "'" + transfer.memo,
        "at": transfer.at + timedelta(microseconds=1),
        "reverses": (transfer.reverses or 0) + 1,
        "postings": _changed(transfer.postings, data),
    }
    assert changes.keys() == set(Transfer.__dataclass_fields__)
    seen = {transfer.digest(), *(replace(transfer, **{f: v}).digest() for f, v in changes.items())}
    assert len(seen) == len(changes) + 1


def _changed(moved: tuple[Posting, ...], data: st.DataObject) -> tuple[Posting, ...]:
    """The postings, one of them another holder's, or in another order, or further apart."""
    first, *rest = moved
    holder = replace(first.holder, id=first.holder.id + 1)
    kind = replace(
        first.holder, kind=next(each for each in HolderKind if each is not first.holder.kind)
    )
    coins = tuple(replace(each, coin_id=each.coin_id + 10) for each in moved)
    ways = [(replace(first, holder=each), *rest) for each in (holder, kind)]
    more = (Posting(ISSUER, 1, 0), Posting(ISSUER, 1, 0))
    apart = (Posting(ISSUER, 1, -1), Posting(user(1), 1, 1))
    ways += [coins, (*moved, *more), (*moved, *apart)]
    if len(set(moved)) > 1:
        ways.append(next(each for each in _turns(moved) if each != moved))
    return data.draw(st.sampled_from(ways))


def _turns(moved: tuple[Posting, ...]) -> list[tuple[Posting, ...]]:
    return [(*moved[turn:], *moved[:turn]) for turn in range(len(moved))]


def test_no_text_of_a_transfer_reads_as_another_field() -> None:
    moved = (Posting(ISSUER, 1, -1), Posting(user(1), 1, 1))
    texts = ['a","award","b', "a", 'b",1,null,[', '","', "\\", "1", ""]
    digests = {
        Transfer(key, TransferKind.AWARD, memo, NOW, moved).digest()
        for key in texts
        for memo in texts
    }
    assert len(digests) == len(texts) ** 2


def test_the_digest_is_the_one_that_ledgers_in_the_field_hold() -> None:
    """Another spelling of what a transfer says would make every ledger look forged."""
    award = move("award:7:8", TransferKind.AWARD, "fomo sign_in 0 x", NOW, ISSUER, user(7), 1, 10)
    said = (
        '["award:7:8","award","fomo sign_in 0 x",1774751400000000,null,'
        '[["issuer",0,1,-10],["user",7,1,10]]]'
    )
    assert award.digest() == hashlib.sha256(said.encode()).digest()
    said = (
        '["reversal:65","reversal","\\u53e3\\u4ee4",1774751400000000,65,'
        '[["issuer",0,1,10],["user",7,1,-10]]]'
    )
    assert award.reversal(65, "口令", NOW).digest() == hashlib.sha256(said.encode()).digest()


# Amounts


@given(st.integers(1, 10**15 - 1))
def test_an_amount_is_read_as_it_was_written(units: int) -> None:
    text = format_amount(units)
    assert parse_amount(text) == units
    assert parse_amount(text.rstrip("0").rstrip(".")) == units
    assert Decimal(text) * UNITS == units
    assert len(text.rpartition(".")[2]) == 4


@given(st.integers(-(10**17), 10**17))
def test_any_sum_can_be_written(units: int) -> None:
    text = format_amount(units)
    assert Decimal(text) * UNITS == units
    assert text.startswith("-") == (units < 0)


@pytest.mark.parametrize(
    ("text", "units"),
    [("10", 100_000), ("0.0001", 1), ("1.5", 15_000), ("99999999999.9999", 999_999_999_999_999)],
)
def test_amounts(text: str, units: int) -> None:
    assert parse_amount(text) == units


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "0.0000", "-1", "+1", "1.", ".5", "01", "00", "1.00000", "0.00001", "1e3", "1,5",
        "1_000", " 1", "1 ", "1\n", "NaN", "inf", "\u0661\u0660", "\uff11\uff10",
        "999999999999", "0x10", "1.0.0",
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(AmountMalformed):
        parse_amount(text)


@given(st.text(alphabet="0123456789.-+e_ ", max_size=18))
def test_what_is_read_as_an_amount_is_that_decimal_number(text: str) -> None:
    try:
        units = parse_amount(text)
    except AmountMalformed:
        return
    assert 0 < units <= MOST_UNITS
    assert Decimal(text) * UNITS == units
