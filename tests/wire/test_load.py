"""How busy a process is, as metrics show it."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from prometheus_client import REGISTRY

from actors import Fomo
from front_door import World
from hufu.http.bounds import Bounds
from hufu.services.breaker import Breaker
from hufu.services.delivery import DeliveryFailed, Letter
from hufu.services.overload import Overloaded
from hufu.wire import load

OF_FOMO = {"app": "fomo", "channel": "sms"}


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, name
    return found


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LOOK_EVERY", 0.001)


def fail(trouble: str | None) -> None:
    raise AssertionError(trouble)


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[None]:
    """The process is looked at meanwhile, and once more afterwards."""
    watching = asyncio.create_task(load.watch_load(world.core.load, fail))
    yield
    looks = value("hufu_event_loop_lag_seconds_count")
    while value("hufu_event_loop_lag_seconds_count") < looks + 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait([watching])


async def test_threads_are_looked_at(world_with) -> None:
    async with world_with({"hash.slots": 1, "hash.queue": 1}) as world:
        begun, end = threading.Event(), threading.Event()

        def hash_slowly() -> None:
            begun.set()
            end.wait(30)

        threads = world.core.hasher.threads
        running = asyncio.create_task(threads.run(hash_slowly))
        await asyncio.to_thread(begun.wait, 10)
        waiting = asyncio.create_task(threads.run(lambda: None))
        await asyncio.sleep(0)
        async with watched(world):
            pass
        refused = value("hufu_work_refused_total", work="hash")
        async with watched(world):
            with pytest.raises(Overloaded):
                await threads.run(lambda: None)
        now = [value(f"hufu_work_{what}", work="hash") for what in ("slots", "running", "waiting")]
        end.set()
        await asyncio.gather(running, waiting)
        async with watched(world):
            pass
        assert now == [1, 1, 1]
        assert value("hufu_work_refused_total", work="hash") >= refused + 1
        assert value("hufu_work_running", work="hash") == 0
        assert value("hufu_work_slots", work="picture") == 1
        assert value("hufu_work_slots", work="captcha") == 1


async def test_connections_are_looked_at(world_with) -> None:
    async with world_with({"database.connections": 2}) as world:
        database, end = world.core.database, asyncio.Event()

        async def hold() -> None:
            async with database.look():
                await end.wait()

        holding = [asyncio.create_task(hold()) for _ in range(5)]
        while database.connections.size - database.connections.idle < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        async with watched(world):
            pass
        assert value("hufu_database_connections", state="busy") == 2
        assert value("hufu_database_connections", state="idle") == 0
        assert value("hufu_database_connections_most") == 2
        assert value("hufu_database_connections_wanted") == 3
        end.set()
        await asyncio.gather(*holding)
        async with watched(world):
            pass
        assert value("hufu_database_connections", state="busy") == 0
        assert value("hufu_database_connections", state="idle") == 2
        assert value("hufu_database_connections_wanted") == 0


class Visited:
    """As much of an HTTP server as is looked at."""

    def __init__(self) -> None:
        self.open, self.left, self.turned_away = 3, 2, 1
        self.answers = Counter({408: 2})
        self.bounds = Bounds()


async def test_what_fails_once_is_looked_at_again(world: World) -> None:
    told: list[str | None] = []
    well = asyncio.Event()

    def tell(trouble: str | None) -> None:
        told.append(trouble)
        if trouble is None:
            well.set()

    looks = iter([OSError(28, "No space left on device")])

    def look() -> load.Load:
        for error in looks:
            raise error
        return world.core.load()

    watching = asyncio.create_task(load.watch_load(look, tell))
    await well.wait()
    watching.cancel()
    assert told == ["OSError", None]


async def test_clients_are_looked_at() -> None:
    """What is counted is counted once."""

    def counted() -> list[float]:
        found = REGISTRY.get_sample_value("hufu_http_answers_total", {"status": "408"}) or 0.0
        return [found, value("hufu_http_turned_away_total")]

    server, before = Visited(), counted()
    watching = asyncio.create_task(load.watch_clients(server, fail))  # type: ignore[arg-type]
    for _ in range(5):
        await asyncio.sleep(0.002)
    server.answers[408], server.open = 3, 7
    while value("hufu_http_connections", state="open") != 7:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert counted() == [before[0] + 3, before[1] + 1]
    assert value("hufu_http_connections", state="left") == 2
    assert value("hufu_http_connections_most") == 10_000
    watching.cancel()
    await asyncio.wait([watching])


class Failing:
    async def send(self, _: Letter) -> None:
        raise DeliveryFailed("refused")

    async def close(self) -> None:
        pass


async def test_breakers_are_looked_at(world: World) -> None:
    clock = [0.0]
    breaker = Breaker(Failing(), failures=2, pause=30, monotonic=lambda: clock[0])
    world.core._breakers["sms"] = breaker
    letter = Letter("1", "sms", "+86", "fomo", "register", "zh", "1", "", "")
    for failures, is_open in ((0, 0), (1, 0), (2, 1)):
        for _ in range(bool(failures)):
            with pytest.raises(DeliveryFailed):
                await breaker.send(letter)
        async with watched(world):
            pass
        assert value("hufu_breakers_open", provider="sms") == is_open


async def test_what_waits_in_the_outbox_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Fomo().call(world, "register", user_name="13390633695", pwd="correct horse 1")
    world.advance(seconds=90)
    await Fomo().call(world, "register", user_name="13390633696", pwd="correct horse 1")
    backlogs = await world.core.courier.backlog()
    assert backlogs["fomo", "sms"].letters == 2
    assert 90 <= backlogs["fomo", "sms"].age < 120
    assert (backlogs["fomo", "email"].letters, backlogs["fomo", "email"].age) == (0, 0.0)
    shown: asyncio.Queue[dict[str, float]] = asyncio.Queue()
    told: list[str | None] = []
    looks: list[object] = []

    async def read() -> object:
        if not told:
            raise asyncpg.InsufficientPrivilegeError
        if looks:  # What the last one came to is shown by now.
            letters = value("hufu_outbox_letters", **OF_FOMO)
            age = value("hufu_outbox_oldest_seconds", **OF_FOMO)
            shown.put_nowait({"letters": letters, "age": age})
        looks.append(await world.core.courier.backlog())
        return looks[-1]

    monkeypatch.setattr(load, "OUTBOX_EVERY", 0)
    monkeypatch.setattr(load, "OUTBOX_AGAIN", 0)
    watching = asyncio.create_task(load.watch_outbox(read, told.append))
    seen = await shown.get()
    watching.cancel()
    await asyncio.wait([watching])
    assert seen["letters"] == 2
    assert seen["age"] >= 90
    assert told == ["InsufficientPrivilegeError", None]
