"""Rules of rewards: when they hold, what they give once, and which day it is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.ledger import ISSUER, Posting, TransferKind, user
from hufu.domain.rewards import Award, Once, RewardType, Rule, reward_day

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
NOW = datetime(2026, 3, 29, 2, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
RULE = Rule(
    app="",
    item="join_group",
    type=RewardType.DAILY,
    amount=100_000,
    coin_id=1,
    once=Once.TARGET_AND_DAY,
    per_day=3,
    enabled=True,
    active_from=NOW,
    active_to=NOW + timedelta(days=1),
)
AWARD = Award(
    account_id=7,
    id=8,
    app="fomo",
    item="sign_in",
    type=RewardType.DAILY,
    amount=100_000,
    coin_id=2,
    target="0",
    day=date(2026, 3, 29),
    at=NOW,
)

days = st.dates(date(2020, 1, 1), date(2040, 1, 1))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Days


@pytest.mark.parametrize(
    ("at", "zone", "day"),
    [
        ("2026-07-14 15:59:59", SHANGHAI, "2026-07-14"),
        ("2026-07-14 15:59:59.999999", SHANGHAI, "2026-07-14"),
        ("2026-07-14 16:00:00", SHANGHAI, "2026-07-15"),
        ("2026-07-14 16:00:01", SHANGHAI, "2026-07-15"),
        ("2026-12-31 16:00:01", SHANGHAI, "2027-01-01"),
        ("2028-02-28 16:00:01", SHANGHAI, "2028-02-29"),
        ("2026-07-14 18:29:59", ZoneInfo("Asia/Kolkata"), "2026-07-14"),
        ("2026-07-14 18:30:00", ZoneInfo("Asia/Kolkata"), "2026-07-15"),
        ("2026-07-14 09:59:59", ZoneInfo("Pacific/Kiritimati"), "2026-07-14"),
        ("2026-07-14 10:00:00", ZoneInfo("Pacific/Kiritimati"), "2026-07-15"),
        ("2026-07-14 23:59:59", ZoneInfo("UTC"), "2026-07-14"),
        # The day that spring makes short: at 02:00 it is 03:00.
        ("2026-03-08 04:59:59", NEW_YORK, "2026-03-07"),
        ("2026-03-08 05:00:00", NEW_YORK, "2026-03-08"),
        ("2026-03-09 03:59:59", NEW_YORK, "2026-03-08"),
        ("2026-03-09 04:00:00", NEW_YORK, "2026-03-09"),
        # The day that autumn makes long: at 02:00 it is 01:00 again.
        ("2026-11-01 03:59:59", NEW_YORK, "2026-10-31"),
        ("2026-11-01 04:00:00", NEW_YORK, "2026-11-01"),
        ("2026-11-02 04:59:59", NEW_YORK, "2026-11-01"),
        ("2026-11-02 05:00:00", NEW_YORK, "2026-11-02"),
    ],
)
def test_the_day_begins_at_midnight_there(at: str, zone: ZoneInfo, day: str) -> None:
    assert reward_day(utc(at), zone) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-08", 23), ("2026-11-01", 25), ("2026-07-14", 24)]
)
def test_a_day_of_daylight_saving_is_one_day(day: str, hours: int) -> None:
    """Every minute of it, whichever way the clocks are changed, and not one more."""
    minutes = [utc(day) + timedelta(minutes=n) for n in range(-24 * 60, 60 * 60)]
    within = [each for each in minutes if reward_day(each, NEW_YORK).isoformat() == day]
    assert len(within) == hours * 60
    assert within[-1] - within[0] == timedelta(hours=hours, minutes=-1)


@given(moments, st.sampled_from([SHANGHAI, NEW_YORK, ZoneInfo("Australia/Lord_Howe")]))
def test_days_never_go_back_or_skip_one(at: datetime, zone: ZoneInfo) -> None:
    later = reward_day(at + timedelta(hours=1), zone)
    assert later - reward_day(at, zone) in {timedelta(0), timedelta(days=1)}


@given(moments)
def test_it_matters_not_in_which_zone_the_time_is_told(at: datetime) -> None:
    assert reward_day(at.astimezone(NEW_YORK), SHANGHAI) == reward_day(at, SHANGHAI)


# Rules


@pytest.mark.parametrize(
    ("since", "holds"),
    [
        (-MOMENT, False),
        (timedelta(0), True),
        (timedelta(days=1) - MOMENT, True),
        (timedelta(days=1), False),
    ],
)
def test_a_rule_holds_from_its_beginning_until_its_end(since: timedelta, holds: bool) -> None:
    assert RULE.in_force(NOW + since) is holds
    assert not replace(RULE, enabled=False).in_force(NOW + since)


def test_a_rule_without_an_end_holds_for_ever() -> None:
    endless = replace(RULE, active_to=None)
    assert endless.in_force(NOW + timedelta(days=10_000))
    assert not endless.in_force(NOW - MOMENT)


keys = st.tuples(st.sampled_from(["0", "7", "77", "7 on 2026-03-29"]), days)


@given(st.sampled_from([*Once, None]), keys, keys)
def test_what_is_given_once(
    once: Once | None, one: tuple[str, date], other: tuple[str, date]
) -> None:
    rule = replace(RULE, once=once)
    same = {
        None: False,
        Once.ACCOUNT: True,
        Once.TARGET: one[0] == other[0],
        Once.TARGET_AND_DAY: one == other,
    }[once]
    found = rule.once_key(*one), rule.once_key(*other)
    assert (None not in found and found[0] == found[1]) == same


@given(st.sampled_from(Once), st.sampled_from(Once), keys)
def test_rules_of_different_kinds_do_not_meet_in_a_key(
    one: Once, other: Once, key: tuple[str, date]
) -> None:
    found = {replace(RULE, once=each).once_key(*key) for each in (one, other)}
    assert len(found) == len({one, other})


# Awards


def test_an_award_moves_its_amount_from_the_issuer_to_the_account() -> None:
    transfer = AWARD.transfer()
    assert transfer.kind is TransferKind.AWARD
    assert transfer.postings == (Posting(ISSUER, 2, -100_000), Posting(user(7), 2, 100_000))
    assert transfer.at == NOW


def test_the_ledger_says_all_of_an_award() -> None:
    """So that whoever changes the list of awards is found out by the chains."""
    changes: dict[str, Any] = {
        "account_id": 78,
        "id": 81,
        "app": "other",
        "item": "join_group",
        "type": RewardType.NEWBIE,
        "amount": 1,
        "coin_id": 3,
        "target": "9",
        "day": date(2026, 3, 30),
        "at": NOW + MOMENT,
        "once": "ever",
        "place": 1,
        "key": "key",
    }
    # When it was taken back is another transfer's to say.
    assert changes.keys() == Award.__dataclass_fields__.keys() - {"reversed_at"}
    others = [replace(AWARD, **{name: value}) for name, value in changes.items()]
    digests = {each.transfer().digest() for each in (AWARD, *others)}
    assert len(digests) == len(changes) + 1


def test_two_awards_have_two_keys() -> None:
    others = (replace(AWARD, account_id=78, id=1), replace(AWARD, account_id=7, id=81), AWARD)
    assert len({each.transfer_key for each in others}) == 3


def test_what_a_backend_calls_an_award_is_not_shown() -> None:
    assert "secret-key" not in repr(replace(AWARD, key="secret-key"))
