"""Making the server send messages that somebody is paid for: each way is stopped by itself."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from actors import Fomo
from attacks.attack import answering, answering_later, attack
from front_door import World
from hufu.domain.limits import Limit, Limits
from hufu.domain.sending import Breaker
from hufu.upkeep import watch_sending

PASSWORD = "open-sesame"
BLOCK = {"limits.sends_per_block_hour": 6, "limits.sends_per_block_day": 8}
WATCHED = {"limits.sends_before_breaker": 10, "limits.least_used_percent": 20}
SPREAD = 7919


def address(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


def neighbour(number: int) -> str:
    """A mainland mobile; all of them differ in the last four digits only."""
    return f"1390000{number:04d}"


def abroad(number: int) -> str:
    """A mobile in a country where a message costs fifty times as much."""
    return f"+23275{number:06d}"


def anywhere(number: int) -> str:
    """A mainland mobile of one network; no two are in one block."""
    return f"1391{number * SPREAD % 10_000_000:07d}"


async def asked(world: World, number: str, peer: str) -> Any:
    sent = {"user_name": number, "pwd": PASSWORD}
    return (await world.form("/fomo/customer/register", sent, peer=peer)).json()


async def pumped(world: World, numbers: Callable[[int], str], count: int, start: int = 0) -> int:
    """How many messages leave when everybody asks from an address of their own, once."""
    before = len(await world.sql("SELECT FROM outbox"))
    for number in range(start, start + count):
        await asked(world, numbers(number), address(number))
    return len(await world.sql("SELECT FROM outbox")) - before


def uncapped(limit: Limit) -> Callable[[pytest.MonkeyPatch], None]:
    """The limit limits nothing."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        caps = Limits.caps
        patch.setattr(
            Limits, "caps", lambda self, asked: () if asked is limit else caps(self, asked)
        )

    return remove


@attack(30, without=uncapped(Limit.SENDS_AROUND), settings=BLOCK, generous=False)
async def test_numbers_of_one_block_are_pumped(world: World) -> bool:
    """More messages than its limit go to numbers that differ in the last four digits only."""
    return await pumped(world, neighbour, 12) > 6


def every_country(patch: pytest.MonkeyPatch) -> None:
    """A number of any country is one of those that messages are sent to."""
    patch.setattr("hufu.actions.outbox.country", answering("+86"))


@attack(30, without=every_country, generous=False)
async def test_numbers_abroad_are_pumped(world: World) -> bool:
    """A message goes to a country that the app does not send to."""
    return await pumped(world, abroad, 3) > 0


def budget_without_bottom(patch: pytest.MonkeyPatch) -> None:
    """The budget of the day is never spent."""
    patch.setattr("hufu.storage.limits.LimitCounters.claim_budget", answering_later(True))


@attack(
    30,
    without=budget_without_bottom,
    settings={"apps.fomo.price_per_message": 0.05, "apps.fomo.budget_per_day": 0.2},
)
async def test_the_budget_of_the_day_is_overdrawn(world: World) -> bool:
    """More messages leave than the app pays for in a day."""
    return await pumped(world, anywhere, 8) > 4


def never_judged(patch: pytest.MonkeyPatch) -> None:
    """It does not matter whether codes are used."""
    patch.setattr(Breaker, "of", classmethod(lambda cls, _: cls(10**6, 0.0)))


@attack(30, without=never_judged, settings=WATCHED)
async def test_codes_that_nobody_uses_go_on_and_on(world: World) -> bool:
    """Numbers of one network, spread over many blocks, are sent codes that never come back."""
    await pumped(world, anywhere, 12)
    world.advance(minutes=11)
    return await pumped(world, anywhere, 5, start=100) > 0


async def test_the_breaker_is_of_the_prefix_and_closes_by_itself(world_with: Any) -> None:
    async with world_with(WATCHED) as world:
        await pumped(world, anywhere, 12)
        world.advance(minutes=11)
        assert (await asked(world, anywhere(50), address(50)))["status"] == 0
        assert (await asked(world, "13800138000", address(51)))["status"] == 1
        world.advance(hours=6)
        assert (await asked(world, anywhere(50), address(50)))["status"] == 1


async def test_codes_that_are_used_open_no_breaker(world_with: Any) -> None:
    async with world_with(WATCHED) as world:
        for number in range(12):
            begun = await asked(world, anywhere(number), address(number))
            if number % 4 == 0:
                code = await world.code(anywhere(number))
                done = await Fomo().call(
                    world, "complete_register", verify_code=code, **begun["data"]
                )
                assert done["status"] == 1
        world.advance(minutes=11)
        assert (await asked(world, anywhere(50), address(50)))["status"] == 1
        assert await world.sql("SELECT sum(sent), sum(used) FROM sending") == [(13, 3)]


async def test_what_is_refused_counts_nowhere(world_with: Any) -> None:
    async with world_with({**WATCHED, **BLOCK}) as world:
        await pumped(world, neighbour, 12)
        assert await world.sql("SELECT sum(sent) FROM sending") == [(6,)]


async def test_alarms_are_raised_once_a_day(world_with: Any) -> None:
    settings = {**WATCHED, "apps.fomo.price_per_message": 0.05, "apps.fomo.budget_per_day": 0.6}
    async with world_with(settings) as world:
        await pumped(world, anywhere, 12)
        world.advance(minutes=11)
        for _ in range(2):
            await watch_sending(world.core)
        rows = await world.sql("SELECT facts FROM events WHERE kind = 'alarm_raised' ORDER BY id")
        assert [json.loads(row["facts"]) for row in rows] == [
            {"alarm": "codes_unused", "subject": "+861391"},
            {"alarm": "budget_spent", "subject": "fomo"},
        ]
        shown = (await world.get("/metrics")).body.decode()
        assert 'hufu_sending_budget_left{app="fomo"} 0.0' in shown
        assert "hufu_sending_prefixes_stopped 1.0" in shown


async def test_a_budget_is_spent_that_pays_for_no_more_message(world_with: Any) -> None:
    settings = {"apps.fomo.price_per_message": 0.05, "apps.fomo.budget_per_day": 0.12}
    async with world_with(settings) as world:
        for sent, left in ((1, 0.07), (2, 0.0)):
            assert (await asked(world, anywhere(sent), address(sent)))["status"] == 1
            await watch_sending(world.core)
            shown = (await world.get("/metrics")).body.decode()
            assert f'hufu_sending_budget_left{{app="fomo"}} {left}\n' in shown
        assert (await asked(world, anywhere(3), address(3)))["status"] != 1
