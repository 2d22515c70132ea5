"""What a server does beside requests outlives whatever the database answers."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
import structlog

from front_door import World
from hufu.services.clock import DatabaseClock
from hufu.upkeep import kept_up


class Asked(DatabaseClock):
    """A clock that fails so often before it goes well."""

    def __init__(self, error: Exception, fails: int) -> None:
        self.well = asyncio.Event()
        self._error = error
        self._fails = fails
        self._offset = 0.0

    async def sync(self) -> None:
        self._fails -= 1
        if self._fails >= 0:
            raise self._error
        self.well.set()


class Silent(DatabaseClock):
    """A clock whose database says nothing."""

    def __init__(self) -> None:
        self._offset = 0.0

    async def sync(self) -> None:
        await asyncio.Event().wait()


async def test_a_database_that_says_nothing_keeps_nobody_from_serving(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hufu.upkeep.SYNC_WITHIN", 0.01)
    async with asyncio.timeout(10), kept_up(replace(world.core, clock=Silent())):
        pass


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InsufficientPrivilegeError('permission denied for database "hufu"'),
        asyncpg.ObjectNotInPrerequisiteStateError("not accepting connections"),
        asyncpg.InternalServerError("cache lookup failed"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_clock_is_kept_whatever_the_database_answers(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("hufu.upkeep.SYNC_AGAIN", 0.01)
    clock = Asked(error, fails=4)
    with structlog.testing.capture_logs() as lines:
        async with kept_up(replace(world.core, clock=clock)):
            await asyncio.wait_for(clock.well.wait(), 10)
            await asyncio.sleep(0)
    assert lines == [
        {"event": "clock_broken", "log_level": "error", "error": type(error).__name__},
        {"event": "clock_well", "log_level": "info"},
    ]
