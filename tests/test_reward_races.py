"""Many at once at the rewards: each is given once, and the ledger stays true.

Each race is run once; `HUFU_RACE_ROUNDS` makes it more often.
"""

from collections import Counter
from collections.abc import Awaitable, Sequence

import pytest

from dialects.pictures import PNG
from front_door import World, all_at_once
from rewarding import (
    RACE_ROUNDS,
    TEN,
    app_secret,
    audited,
    awards_of,
    balance,
    member,
    members,
    tell,
)

AT_ONCE = 50

pytestmark = pytest.mark.timeout(60 * RACE_ROUNDS)


async def statuses(calls: Sequence[Awaitable[int]]) -> Counter[int]:
    """How often each number was answered."""
    return Counter(await all_at_once(calls))


async def test_one_sign_in_a_day(world: World) -> None:
    for _ in range(RACE_ROUNDS):
        one = await member(world)
        found = await statuses([one.status(world, "sign_in_today") for _ in range(AT_ONCE)])
        assert found == {1: 1, 202: AT_ONCE - 1}
        assert await balance(world, one.account_id) == TEN
        assert await one.awards(world, "get_today_award") == [("sign_in", "0")]
    await audited(world)


@pytest.mark.parametrize("same_age", [False, True])
async def test_two_who_name_each_other_make_one_link(world: World, same_age: bool) -> None:
    half = AT_ONCE // 2
    for _ in range(RACE_ROUNDS):
        older, younger = await members(world, 2)
        if same_age:
            older, younger = sorted((older, younger), key=lambda each: each.account_id)
            await world.sql("UPDATE accounts SET created_at = '2026-01-01Z'")
        calls = [
            who.call(world, "set_invitation", parent_code=whom.code)
            for _ in range(half)
            for who, whom in ((older, younger), (younger, older))
        ]
        answers = await all_at_once(calls)
        of_older = Counter(each["status"] for each in answers[0::2])
        of_younger = Counter(each["status"] for each in answers[1::2])
        assert of_younger == {1: 1, 103: half - 1}
        assert of_older == {102: 10, 0: half - 10}
        both = [older.account_id, younger.account_id]
        links = await world.sql(
            "SELECT account_id, inviter_id FROM invitations WHERE account_id = ANY($1)", both
        )
        assert [tuple(link) for link in links] == [(younger.account_id, older.account_id)]
        assert sorted(await awards_of(world, both)) == sorted(
            [
                (older.account_id, "invite", str(younger.account_id)),
                (younger.account_id, "set_invitation", "0"),
            ]
        )
        assert [await balance(world, each) for each in both] == [TEN, TEN]
    await audited(world)


async def test_one_event_told_often_is_one_award(world: World) -> None:
    secret = await app_secret(world)
    for number in range(RACE_ROUNDS):
        one = await member(world)
        answers = await all_at_once(
            tell(world, secret, f"event-{number}", one.account_id, target_id=7)
            for _ in range(AT_ONCE)
        )
        assert Counter(each.status for each in answers) == {201: 1, 200: AT_ONCE - 1}
        assert len({each.body for each in answers}) == 1
        assert await awards_of(world, [one.account_id]) == [(one.account_id, "join_group", "7")]
        assert await balance(world, one.account_id) == TEN
    await audited(world)


async def test_of_many_events_a_day_three_are_rewarded(world: World) -> None:
    secret = await app_secret(world)
    for number in range(RACE_ROUNDS):
        one = await member(world)
        answers = await all_at_once(
            tell(world, secret, f"{number}-{target}", one.account_id, target_id=target)
            for target in range(AT_ONCE)
        )
        assert Counter(each.status for each in answers) == {201: 3, 409: AT_ONCE - 3}
        told = sorted(each.json()["target_id"] for each in answers if each.status == 201)
        given = sorted(target for _, _, target in await awards_of(world, [one.account_id]))
        assert given == told
        assert await balance(world, one.account_id) == 3 * TEN
    await audited(world)


async def test_one_target_told_under_many_keys_is_one_award(world: World) -> None:
    secret = await app_secret(world)
    for number in range(RACE_ROUNDS):
        one = await member(world)
        answers = await all_at_once(
            tell(world, secret, f"{number}-{key}", one.account_id, target_id=7)
            for key in range(AT_ONCE)
        )
        assert Counter(each.status for each in answers) == {201: 1, 409: AT_ONCE - 1}
        assert await balance(world, one.account_id) == TEN
    await audited(world)


async def test_of_sixty_children_fifty_earn_their_parent_something(world: World) -> None:
    for _ in range(RACE_ROUNDS):
        parent, *children = await members(world, 61)
        found = await statuses(
            [each.status(world, "set_invitation", parent_code=parent.code) for each in children]
        )
        assert found == {1: 60}
        listed = (await parent.call(world, "get_children"))["data"]
        assert listed["count"] == len(listed["children"]) == 60
        assert [item for _, item, _ in await awards_of(world, [parent.account_id])] == (
            ["invite"] * 50
        )
        assert await balance(world, parent.account_id) == 50 * TEN
        assert [await balance(world, each.account_id) for each in children] == [TEN] * 60
    await audited(world)


async def test_everybody_reserves_once(world: World) -> None:
    for number in range(RACE_ROUNDS):
        before = number * (AT_ONCE + 1)
        crowd = await members(world, AT_ONCE)
        answers = await all_at_once(each.call(world, "subscribe_libra") for each in crowd)
        told = [each["data"]["num"] for each in answers]
        assert all(before < each <= before + AT_ONCE for each in told)
        assert {each["status"] for each in answers} == {1}
        one = await member(world)
        assert await reserved(world) == before + AT_ONCE
        answers = await all_at_once(one.call(world, "subscribe_libra") for _ in range(AT_ONCE))
        assert {each["data"]["num"] for each in answers} == {before + AT_ONCE + 1}
        assert await reserved(world) == before + AT_ONCE + 1


async def reserved(world: World) -> int:
    answer = await world.form("/fomo/customer/subscribe_counts", {})
    return int(answer.json()["data"]["num"])


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [("set_info", "city", "上海"), ("set_fomo_id", "fomo_id", "the_one")],
)
async def test_a_newcomers_deed_is_rewarded_once(
    world: World, name: str, field: str, value: str
) -> None:
    for number in range(RACE_ROUNDS):
        one = await member(world)
        sent = {field: f"{value}_{number}"}
        found = await statuses([one.status(world, name, **sent) for _ in range(AT_ONCE)])
        assert found == {1: AT_ONCE}
        assert await one.awards(world) == [(name, "0")]
        assert await balance(world, one.account_id) == TEN
    await audited(world)


async def test_many_pictures_are_rewarded_once_and_one_is_kept(world: World) -> None:
    for _ in range(RACE_ROUNDS):
        one = await member(world)
        answers = await all_at_once(
            one.answer(world, "update_avatar", base64_string=PNG) for _ in range(AT_ONCE)
        )
        # More than can wait to be drawn are told to come again.
        assert {each.status for each in answers} <= {200, 503}
        assert {each.json()["status"] for each in answers if each.status == 200} == {1}
        assert await one.awards(world) == [("update_avatar", "0")]
        assert await balance(world, one.account_id) == TEN
        kept = world.core.configuration.settings.data_dir / "uploads" / "avatar"
        assert len([each for each in kept.rglob(f"{one.account_id}_*") if each.is_file()]) == 1
    await audited(world)
