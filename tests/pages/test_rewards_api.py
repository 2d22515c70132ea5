"""Events that are rewarded, and balances: what an app's backend gets for what it tells."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dialects.fomo.contract import SUCCESS
from front_door import all_at_once
from hufu.actions.rewards import set_rule
from hufu.domain.rewards import Once
from pages.backend import (
    ITEM,
    NOON,
    TODAY,
    YESTERDAY,
    Backend,
    ledger,
    new_rule,
    problem,
)
from rewarding import TEN, audited, balance, member

LIMIT = (409, "limit_reached")
NO_RULE = (422, "item_unknown")
MISTOLD = (422, "event_mistold")


def ago(**span: float) -> str:
    """A time before midday, in UTC."""
    return (NOON - timedelta(**span)).isoformat()


async def test_an_event_is_rewarded(backend: Backend) -> None:
    answer = await backend.tell("k", target_id=19)
    assert answer.status == 201
    award = answer.json()
    assert 0 < award.pop("id") < 2**31
    assert award == {
        "user_id": backend.user.account_id,
        "item": ITEM,
        "type": "daily",
        "amount": "10.0000",
        "coin_id": 1,
        "target_id": "19",
        "day": TODAY,
        "at": "2030-05-15T04:00:00Z",
        "reversed": False,
    }
    assert await balance(backend.world, backend.user.account_id) == TEN
    assert (await audited(backend.world)).transfers == 1


async def test_the_user_sees_what_was_given(backend: Backend) -> None:
    award = await backend.award("k", target_id="room-7")
    shown = await backend.user.call(backend.world, "get_today_award")
    assert shown["status"] == SUCCESS
    [seen] = shown["data"]["award_logs"]
    assert (seen["id"], seen["target_id"]) == (str(award["id"]), "room-7")


@pytest.mark.parametrize(
    ("target_id", "kept"),
    [
        (0, "0"),
        (19, "19"),
        ("19", "19"),
        ("019", "019"),
        (10**18, "1" + 18 * "0"),
        ("x" * 64, "x" * 64),
        ('!"~/{', '!"~/{'),
        (None, "0"),
    ],
    ids=str,
)
async def test_targets(backend: Backend, target_id: object, kept: str) -> None:
    assert (await backend.award("k", target_id=target_id))["target_id"] == kept


async def test_an_event_without_a_target_is_about_target_0(backend: Backend) -> None:
    assert (await backend.award("k"))["target_id"] == "0"
    assert problem(await backend.tell("l", target_id=0)) == LIMIT


# Limits


async def test_one_target_is_rewarded_once_a_day(backend: Backend) -> None:
    await backend.award("k1", target_id=19)
    before = await ledger(backend.world)
    assert problem(await backend.tell("k2", target_id=19)) == LIMIT
    assert problem(await backend.tell("k3", target_id="19")) == LIMIT
    assert await ledger(backend.world) == before
    await backend.award("k4", target_id=20)
    backend.world.advance(days=1)
    await backend.award("k5", target_id=19)


async def test_a_day_has_room_for_so_many(backend: Backend) -> None:
    for target in range(3):
        await backend.award(f"k{target}", target_id=target)
    before = await ledger(backend.world)
    assert problem(await backend.tell("k3", target_id=3)) == LIMIT
    assert await ledger(backend.world) == before
    other = Backend(backend.world, backend.secret, await member(backend.world))
    await other.award("k4", target_id=3)


async def test_a_day_has_room_for_so_many_at_once(backend: Backend) -> None:
    answers = await all_at_once(backend.tell(f"k{n}", target_id=n) for n in range(12))
    assert sorted(answer.status for answer in answers) == [201] * 3 + [409] * 9
    assert await balance(backend.world, backend.user.account_id) == 3 * TEN
    await audited(backend.world)


@pytest.mark.parametrize(
    ("once", "given"),
    [
        (Once.ACCOUNT, [201, 409, 409, 409]),
        (Once.TARGET, [201, 409, 409, 201]),
        (Once.TARGET_AND_DAY, [201, 409, 201, 201]),
        (None, [201, 201, 201, 201]),
    ],
)
async def test_what_an_item_is_given_only_once_for(
    backend: Backend, once: Once | None, given: list[int]
) -> None:
    """One target twice on a day, again on the next, and then another."""
    deps = backend.world.deps("fomo")
    await set_rule(deps, new_rule("read_book", deps.now(), once))
    answers = [
        await backend.tell("k1", item="read_book", target_id=1),
        await backend.tell("k2", item="read_book", target_id=1),
    ]
    backend.world.advance(days=1)
    answers += [
        await backend.tell("k3", item="read_book", target_id=1),
        await backend.tell("k4", item="read_book", target_id=2),
    ]
    assert [answer.status for answer in answers] == given


# When it happened


async def test_an_event_of_yesterday_counts_against_yesterday(backend: Backend) -> None:
    for target in range(3):
        await backend.award(f"today{target}", target_id=target)
    assert problem(await backend.tell("k", target_id=3)) == LIMIT
    for target in range(3):
        award = await backend.award(f"yesterday{target}", target_id=target, at=ago(days=1))
        assert (award["day"], award["at"]) == (YESTERDAY, NOON.isoformat().replace("+00:00", "Z"))
    before = await ledger(backend.world)
    assert problem(await backend.tell("l", target_id=3, at=ago(days=1))) == LIMIT
    assert await ledger(backend.world) == before


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2030-05-14T15:59:59.999Z", YESTERDAY),
        ("2030-05-14T15:59:59.9Z", YESTERDAY),
        ("2030-05-14T15:59:59.999999999Z", YESTERDAY),
        ("2030-05-14T16:00:00Z", TODAY),
        ("2030-05-14T23:59:59+08:00", YESTERDAY),
        ("2030-05-15T00:00:00+08:00", TODAY),
        ("2030-05-14T10:00:00-07:00", TODAY),
        ("2030-05-15 01:00:00+10:00", YESTERDAY),
        ("2030-05-15T04:05:00Z", TODAY),
        ("2030-05-08T04:00:00Z", "2030-05-08"),
        (None, TODAY),
    ],
)
async def test_a_day_is_one_of_the_apps_time_zone(
    backend: Backend, at: str | None, day: str
) -> None:
    assert (await backend.award("k", at=at))["day"] == day


@pytest.mark.parametrize(
    "at", ["2030-05-15T04:05:01Z", "2030-05-16T04:00:00Z", "9998-12-31T23:59:59-23:59"]
)
async def test_what_has_not_happened_yet(backend: Backend, at: str) -> None:
    before = await ledger(backend.world)
    assert problem(await backend.tell("k", at=at)) == MISTOLD
    assert await ledger(backend.world) == before


@pytest.mark.parametrize(
    "at", ["2030-05-08T03:59:59Z", "2030-05-07T04:00:00Z", "0002-01-01T00:00:00+23:59"]
)
async def test_what_happened_too_long_ago(backend: Backend, at: str) -> None:
    before = await ledger(backend.world)
    assert problem(await backend.tell("k", at=at)) == MISTOLD
    assert await ledger(backend.world) == before


async def test_what_a_fast_clock_dates_tomorrow_counts_against_today(backend: Backend) -> None:
    backend.world.advance(hours=11, minutes=58)
    assert (await backend.award("k", at="2030-05-16T00:01:00+08:00"))["day"] == TODAY


async def test_the_rule_is_the_one_of_the_time(backend: Backend) -> None:
    await backend.rule(amount=2 * TEN)
    backend.world.advance(hours=1)
    assert (await backend.award("k1", target_id=1, at=ago(hours=1)))["amount"] == "10.0000"
    assert (await backend.award("k2", target_id=2, at=ago()))["amount"] == "20.0000"
    assert (await backend.award("k3", target_id=3))["amount"] == "20.0000"


# Rules


async def test_a_disabled_rule_gives_nothing(backend: Backend) -> None:
    await backend.rule(enabled=False)
    before = await ledger(backend.world)
    assert problem(await backend.tell("k")) == NO_RULE
    assert await ledger(backend.world) == before
    await backend.award("k", at=ago(seconds=1))


async def test_a_rule_that_has_ended_gives_nothing(backend: Backend) -> None:
    await backend.rule(active_to=NOON + timedelta(hours=1))
    backend.world.advance(hours=1)
    before = await ledger(backend.world)
    assert problem(await backend.tell("k")) == NO_RULE
    assert await ledger(backend.world) == before
    await backend.award("k", at=ago())


@pytest.mark.parametrize("item", ["read_book", "a" * 32, "_", "0"])
async def test_an_item_without_a_rule(backend: Backend, item: str) -> None:
    before = await ledger(backend.world)
    assert problem(await backend.tell("k", item=item)) == NO_RULE
    assert await ledger(backend.world) == before


async def test_a_rule_of_another_app_gives_nothing(backend: Backend) -> None:
    deps = backend.world.deps("fomo")
    await set_rule(deps, replace(new_rule("read_book", deps.now()), app="company"))
    assert problem(await backend.tell("k", item="read_book")) == NO_RULE


@pytest.mark.parametrize(
    "item",
    [
        "bind_email",
        "bind_phone",
        "invite",
        "set_fomo_id",
        "set_info",
        "set_invitation",
        "set_wallet_pwd",
        "sign_in",
        "update_avatar",
    ],
)
async def test_what_the_server_sees_by_itself_is_not_told(backend: Backend, item: str) -> None:
    before = await ledger(backend.world)
    assert problem(await backend.tell("k", item=item)) == MISTOLD
    assert await ledger(backend.world) == before
