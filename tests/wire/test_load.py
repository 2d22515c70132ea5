"""How busy a process is, as metrics show it."""

import asyncio
from dataclasses import dataclass

import pytest
from prometheus_client import REGISTRY

from front_door import World
from hufu.wire import load


@dataclass
class Counting:
    """A queue that has refused one more whenever it is asked."""

    waiting: int = 3
    asked: int = 0

    @property
    def refused(self) -> int:
        self.asked += 1
        return self.asked


def value(name: str) -> float:
    return REGISTRY.get_sample_value(name) or 0.0


async def test_lag_and_queue_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOOK_EVERY", 0.001)
    looks, queue = value("hufu_event_loop_lag_seconds_count"), Counting()
    refused = value("hufu_hashes_refused_total")
    watching = asyncio.create_task(load.watch_load(queue))
    while queue.asked < 6:  # noqa: ASYNC110
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait([watching])
    assert value("hufu_event_loop_lag_seconds_count") >= looks + 3
    assert value("hufu_hashes_waiting") == 3
    assert value("hufu_hashes_refused_total") - refused == queue.asked


async def test_a_running_server_looks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOOK_EVERY", 0.001)
    looks = value("hufu_event_loop_lag_seconds_count")
    async with world.server.running():
        while value("hufu_event_loop_lag_seconds_count") == looks:  # noqa: ASYNC110
            await asyncio.sleep(0)
