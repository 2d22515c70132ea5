"""Standing still behind refusals, so that they come together."""

import asyncio

import pytest

from hufu.wire import doors
from hufu.wire.doors import Lull


@pytest.fixture
def stood(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long (s) the event loop stood still, each time."""
    found: list[float] = []
    monkeypatch.setattr(doors, "sleep", found.append)
    monkeypatch.setattr(doors, "thread_time", lambda: 0.0)
    return found


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_refusals_of_one_turn_make_it_stand_still_once(stood: list[float]) -> None:
    """After the turn in which they were answered, as what was written leaves at its end."""
    lull = Lull()
    for _ in range(3):
        lull.begin()
    await turns(1)
    assert stood == []
    await turns(2)
    assert stood == [doors.STILL]
    lull.begin()
    await turns(3)
    assert stood == [doors.STILL] * 2


async def test_an_event_loop_with_enough_to_do_does_not(
    stood: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    used = iter([0.0, 0.6, 0.7])
    looked_at = iter([0.0, 1.0, 2.0])
    monkeypatch.setattr(doors, "thread_time", lambda: next(used))
    monkeypatch.setattr(doors, "monotonic", lambda: next(looked_at))
    lull = Lull()
    lull.begin()
    await turns(3)
    assert stood == []
    lull.begin()
    await turns(3)
    assert stood == [doors.STILL]
