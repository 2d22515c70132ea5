"""Which day it is: by the app's own zone and the database's clock, and by nothing else."""

import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Self

import pytest

from front_door import World
from hufu.configuration import SettingsRefused, load
from hufu.services.clock import DatabaseClock
from rewarding import (
    TEN,
    Member,
    StillClock,
    app_secret,
    at,
    audited,
    balance,
    member,
    served,
    tell,
)

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
ZONE = "apps.fomo.reward_timezone"
SHIFTS = [timedelta(days=1), timedelta(days=-1)]


@asynccontextmanager
async def someone(
    url: str, data: Path, start: str, zone: str | None
) -> AsyncIterator[tuple[World, StillClock, Member]]:
    """A server where it is that time and stays so, and somebody who is signed in."""
    clock = StillClock(at(start))
    async with served(url, data, clock, {ZONE: zone} if zone else {}) as world:
        yield world, clock, await member(world)


BORDERS = [
    (None, "2026-07-14 15:59:59", "2026-07-14 16:00:01"),
    (SHANGHAI, "2026-07-14 15:59:59.999999", "2026-07-14 16:00:00"),
    (NEW_YORK, "2026-07-15 03:59:59", "2026-07-15 04:00:01"),
    # The day that spring makes an hour shorter begins and ends.
    (NEW_YORK, "2026-03-08 04:59:59", "2026-03-08 05:00:01"),
    (NEW_YORK, "2026-03-09 03:59:59", "2026-03-09 04:00:01"),
    # The day that autumn makes an hour longer begins and ends.
    (NEW_YORK, "2026-11-01 03:59:59", "2026-11-01 04:00:01"),
    (NEW_YORK, "2026-11-02 04:59:59", "2026-11-02 05:00:01"),
]


@pytest.mark.parametrize(("zone", "before", "after"), BORDERS)
async def test_each_side_of_midnight_has_a_reward_of_its_own(
    empty_database: str, tmp_path: Path, zone: str | None, before: str, after: str
) -> None:
    async with someone(empty_database, tmp_path, before, zone) as (world, clock, one):
        first = await one.call(world, "sign_in_today")
        assert first["status"] == 1
        assert await one.status(world, "sign_in_today") == 202
        clock.set(at(after))
        second = await one.call(world, "sign_in_today")
        assert second["status"] == 1
        assert second["data"]["reward_id"] != first["data"]["reward_id"]
        assert await one.status(world, "sign_in_today") == 202
        assert await balance(world, one.account_id) == 2 * TEN
        await audited(world)


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        (None, "2026-07-14 16:00:00", "2026-07-15 15:59:59"),
        (NEW_YORK, "2026-03-08 05:00:00", "2026-03-09 03:59:59"),
        (NEW_YORK, "2026-11-01 04:00:00", "2026-11-02 04:59:59"),
    ],
)
async def test_a_day_of_whatever_length_has_one_reward(
    empty_database: str, tmp_path: Path, zone: str | None, first: str, last: str
) -> None:
    """The hour that comes twice in autumn and the one that is left out in spring included."""
    async with someone(empty_database, tmp_path, first, zone) as (world, clock, one):
        assert await one.status(world, "sign_in_today") == 1
        while clock.now() < at(last):
            clock.set(min(clock.now() + timedelta(minutes=30), at(last)))
            assert await one.status(world, "sign_in_today") == 202
        assert await balance(world, one.account_id) == TEN


@pytest.mark.parametrize(("zone", "before", "after"), BORDERS)
async def test_todays_list_is_empty_after_midnight(
    empty_database: str, tmp_path: Path, zone: str | None, before: str, after: str
) -> None:
    async with someone(empty_database, tmp_path, before, zone) as (world, clock, one):
        secret = await app_secret(world)
        assert await one.status(world, "sign_in_today") == 1
        assert (await tell(world, secret, "k", one.account_id, target_id=7)).status == 201
        listed = [("sign_in", "0"), ("join_group", "7")]
        assert sorted(await one.awards(world, "get_today_award")) == sorted(listed)
        clock.set(at(after))
        assert await one.awards(world, "get_today_award") == []
        assert await one.status(world, "sign_in_today") == 1
        assert await one.awards(world, "get_today_award") == [("sign_in", "0")]


async def test_rewards_of_a_newcomer_stay_in_their_list(
    empty_database: str, tmp_path: Path
) -> None:
    async with someone(empty_database, tmp_path, "2026-07-14 15:59:59", None) as (w, clock, one):
        assert await one.status(w, "set_info", city="上海") == 1
        assert await one.awards(w, "get_today_award") == []
        clock.set(at("2027-07-14 16:00:01"))
        assert await one.awards(w) == [("set_info", "0")]


@pytest.mark.parametrize(("zone", "before", "after"), BORDERS[:3])
async def test_a_day_has_three_groups_and_the_next_one_three_more(
    empty_database: str, tmp_path: Path, zone: str | None, before: str, after: str
) -> None:
    async with someone(empty_database, tmp_path, before, zone) as (world, clock, one):
        secret = await app_secret(world)
        days = []
        for moment in (before, after):
            clock.set(at(moment))
            told = [
                await tell(
                    world, secret, f"{target}-{moment[-2:]}", one.account_id, target_id=target
                )
                for target in range(4)
            ]
            assert [each.status for each in told] == [201, 201, 201, 409]
            days.append(date.fromisoformat(told[0].json()["day"]))
        assert days[1] - days[0] == timedelta(days=1)


async def test_an_event_counts_for_the_day_on_which_it_happened(
    empty_database: str, tmp_path: Path
) -> None:
    start = "2026-07-14 16:00:01"
    async with someone(empty_database, tmp_path, start, None) as (world, _, one):
        secret = await app_secret(world)
        yesterday = {"target_id": 7, "at": "2026-07-14T15:59:59Z"}
        told = await tell(world, secret, "a", one.account_id, **yesterday)
        assert (told.status, told.json()["day"]) == (201, "2026-07-14")
        assert await one.awards(world, "get_today_award") == []
        told = await tell(world, secret, "b", one.account_id, target_id=7)
        assert (told.status, told.json()["day"]) == (201, "2026-07-15")
        assert (await tell(world, secret, "c", one.account_id, **yesterday)).status == 409


@pytest.mark.parametrize(
    "zone",
    ["Asia/Nowhere", "", "Asia", "UTC+8", "+08:00", "../zone", "/etc/localtime", "Asia/Shanghai\0"],
)
def test_a_zone_that_is_none_stops_the_start(tmp_path: Path, zone: str) -> None:
    with pytest.raises(SettingsRefused, match=r"apps\.fomo\.reward_timezone"):
        load(None, {}, {"data_dir": str(tmp_path), ZONE: zone})


# Whose clock it is


def lying(by: timedelta) -> type[datetime]:
    """A `datetime` that is wrong about the present."""

    class Lying(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + by

    return Lying


def mislead(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Let the process believe that its wall clock is off."""
    true = time.time
    wrong: dict[str, Callable[[], Any]] = {
        "time": lambda: true() + by.total_seconds(),
        "time_ns": lambda: int((true() + by.total_seconds()) * 1e9),
    }
    for name, function in wrong.items():
        monkeypatch.setattr(time, name, function)
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "hufu" and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", lying(by))


def noon() -> str:
    """A zone in which midnight is hours away."""
    east = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-east:+d}"


@asynccontextmanager
async def kept_by_the_database(url: str, data: Path) -> AsyncIterator[tuple[World, DatabaseClock]]:
    """A server as it runs in the field, with nobody's clock but the database's."""
    async with served(url, data, None, {ZONE: noon()}) as world:
        clock = world.core.clock
        assert isinstance(clock, DatabaseClock)
        await clock.sync()
        yield world, clock


@pytest.mark.parametrize("by", SHIFTS)
async def test_a_wall_clock_that_goes_wrong_gives_no_second_reward(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    """Whether the clock is set before the reward, after it, or before the next look at the
    database's."""
    async with kept_by_the_database(empty_database, tmp_path) as (world, clock):
        one = await member(world)
        assert await one.status(world, "sign_in_today") == 1
        mislead(monkeypatch, by)
        assert await one.status(world, "sign_in_today") == 202
        await clock.sync()
        assert await one.status(world, "sign_in_today") == 202
        assert await one.awards(world, "get_today_award") == [("sign_in", "0")]
        monkeypatch.undo()
        assert await one.status(world, "sign_in_today") == 202
        assert await balance(world, one.account_id) == TEN


@pytest.mark.parametrize("by", SHIFTS)
async def test_a_server_whose_wall_clock_is_wrong_from_the_start_gives_the_same_day(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: timedelta
) -> None:
    mislead(monkeypatch, by)
    async with kept_by_the_database(empty_database, tmp_path) as (world, _):
        one = await member(world)
        secret = await app_secret(world)
        assert await one.status(world, "sign_in_today") == 1
        told = (await tell(world, secret, "k", one.account_id)).json()
        [row] = await world.sql("SELECT now() AS now")
        assert abs(datetime.fromisoformat(told["at"]) - row["now"]) < timedelta(hours=1)
    monkeypatch.undo()
    async with kept_by_the_database(empty_database, tmp_path) as (world, _):
        assert await one.status(world, "sign_in_today") == 202
        assert await balance(world, one.account_id) == 2 * TEN
        await audited(world)


async def test_two_servers_whose_wall_clocks_differ_by_days_give_one_reward(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with kept_by_the_database(empty_database, tmp_path) as (world, _):
        one = await member(world)
        found = [await one.status(world, "sign_in_today")]
        for by in SHIFTS:
            with monkeypatch.context() as patched:
                mislead(patched, by)
                async with kept_by_the_database(empty_database, tmp_path) as (other, _):
                    found.append(await one.status(other, "sign_in_today"))
        assert found == [1, 202, 202]
