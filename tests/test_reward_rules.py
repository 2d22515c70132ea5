"""A rule that is changed holds from then on, and what was given before stays as it was."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from front_door import World
from hufu.actions.rewards import RuleRefused, find_rule, set_rule
from hufu.domain.ledger import UNITS
from hufu.domain.rewards import EVERY_APP
from rewarding import TEN, Member, app_secret, audited, balance, member, tell


async def change(world: World, item: str, app: str = "fomo", **changes: Any) -> None:
    """Set a rule that differs from the one that holds now."""
    deps = world.deps("fomo")
    rule = await find_rule(deps, "fomo", item)
    assert rule is not None
    since = {"active_from": deps.now(), "active_to": None}
    await set_rule(deps, replace(rule, app=app, **{**since, **changes}))


class Groups:
    """Somebody who joins one group after the other; each answer's status."""

    def __init__(self, world: World, secret: str, who: Member) -> None:
        self.world, self.secret, self.who = world, secret, who
        self.joined = 0

    async def join(self, times: int, at: datetime | None = None) -> list[int]:
        more = {"at": at.isoformat()} if at else {}
        found = []
        for _ in range(times):
            self.joined += 1
            key = f"{self.who.account_id}-{self.joined}"
            told = await tell(
                self.world, self.secret, key, self.who.account_id, target_id=self.joined, **more
            )
            found.append(int(told.status))
        return found


async def joining(world: World) -> Groups:
    return Groups(world, await app_secret(world), await member(world))


async def test_more_a_day_gives_the_rest_of_them(world: World) -> None:
    groups = await joining(world)
    assert await groups.join(4) == [201, 201, 201, 409]
    await change(world, "join_group", per_day=5)
    assert await groups.join(3) == [201, 201, 409]
    await audited(world)


async def test_fewer_a_day_gives_no_more_where_so_many_were_given(world: World) -> None:
    """Twenty people, as which of the day's places were taken is a matter of chance."""
    for _ in range(20):
        groups = await joining(world)
        await change(world, "join_group", per_day=3)
        assert await groups.join(2) == [201, 201]
        await change(world, "join_group", per_day=2)
        assert await groups.join(1) == [409]


async def test_a_limit_counts_what_was_given_without_one(world: World) -> None:
    groups = await joining(world)
    await change(world, "join_group", per_day=None)
    assert await groups.join(4) == [201] * 4
    await change(world, "join_group", per_day=3)
    assert await groups.join(1) == [409]


async def test_without_a_limit_there_is_none(world: World) -> None:
    groups = await joining(world)
    assert await groups.join(3) == [201] * 3
    await change(world, "join_group", per_day=None)
    assert await groups.join(5) == [201] * 5
    assert await balance(world, groups.who.account_id) == 8 * TEN


async def test_another_amount_is_given_from_then_on(world: World) -> None:
    one, other = await member(world), await member(world)
    assert await one.status(world, "sign_in_today") == 1
    await change(world, "sign_in", amount=25_000)
    assert await one.status(world, "sign_in_today") == 202
    assert await other.status(world, "sign_in_today") == 1
    assert await balance(world, one.account_id) == TEN
    assert await balance(world, other.account_id) == 25_000
    await audited(world)


async def test_what_is_switched_off_gives_nothing_and_refuses_nothing_else(world: World) -> None:
    one, groups = await member(world), await joining(world)
    for item in ("sign_in", "set_info", "join_group"):
        await change(world, item, enabled=False)
    assert await one.status(world, "sign_in_today") == 202
    assert await one.status(world, "set_info", city="上海") == 1
    assert await groups.join(1) == [422]
    assert await balance(world, one.account_id) == 0
    for item in ("sign_in", "set_info", "join_group"):
        await change(world, item, enabled=True)
    assert await one.status(world, "sign_in_today") == 1
    assert await one.status(world, "set_info", city="北京") == 1
    assert await groups.join(1) == [201]
    assert await balance(world, one.account_id) == 2 * TEN
    await audited(world)


async def test_a_rule_holds_from_its_beginning_until_its_end(world: World) -> None:
    deps = world.deps("fomo")
    begins, ends = deps.now() + timedelta(days=3), deps.now() + timedelta(days=5)
    await change(world, "sign_in", amount=3 * UNITS, active_from=begins, active_to=ends)
    one = await member(world)
    found = []
    for _ in range(7):
        before = await balance(world, one.account_id)
        status = await one.status(world, "sign_in_today")
        found.append((status, (await balance(world, one.account_id) - before) // UNITS))
        world.advance(days=1)
    assert found == [(1, 10)] * 3 + [(1, 3)] * 2 + [(202, 0)] * 2


async def test_an_event_is_rewarded_by_the_rule_that_held_when_it_happened(world: World) -> None:
    deps, groups = world.deps("fomo"), await joining(world)
    before = deps.now()
    world.advance(minutes=1)
    await change(world, "join_group", enabled=False)
    assert await groups.join(1) == [422]
    assert await groups.join(1, before) == [201]
    assert await balance(world, groups.who.account_id) == TEN


async def test_an_apps_own_rule_wins_over_everybodys(world: World) -> None:
    one, other = await member(world), await member(world)
    await change(world, "sign_in", amount=UNITS)
    world.advance(seconds=1)
    await change(world, "sign_in", EVERY_APP, amount=2 * UNITS)
    assert await one.status(world, "sign_in_today") == 1
    assert await balance(world, one.account_id) == UNITS
    await change(world, "sign_in", enabled=False)
    assert await other.status(world, "sign_in_today") == 202


async def test_the_past_is_not_changed(world: World) -> None:
    """A rule for a time that is over begins now; one that would be over is refused."""
    deps, groups = world.deps("fomo"), await joining(world)
    hour = timedelta(hours=1)
    await change(world, "join_group", amount=UNITS, active_from=deps.now() - 2 * hour)
    assert await groups.join(1, deps.now() - hour) == [201]
    assert await balance(world, groups.who.account_id) == TEN
    with pytest.raises(RuleRefused):
        await change(world, "join_group", active_to=deps.now() - hour)
    with pytest.raises(RuleRefused):
        await change(world, "join_group", coin_id=99)
