"""Load that goes on, with a fault every so often, and nothing that only grows."""

import asyncio
import itertools
import os
import signal
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psutil

from cli.serving import Serving
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.memory import MIB
from faults.people import Person
from faults.postgres import Postgres
from faults.proxy import Proxy
from faults.rolling import replace_workers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true

WORKERS = 2
MINUTE = 60.0
DOWN, SLOWER = 1.5, 0.1
"""Seconds for which the database is away, and by which it is slower for a tenth of the time."""

LONGEST_REST = 1.0
ENOUGH_LOOKS = 10
MOST_MEMORY_A_MINUTE, MOST_DESCRIPTORS_A_MINUTE = 1.0, 1.0
"""MiB, and descriptors, of all processes together."""

SETTINGS = {
    "HUFU_APPS__FOMO__CODE_MINUTES": "1",
    "HUFU_JANITOR__INTERVAL_SECONDS": "5",
    "HUFU_JANITOR__CHALLENGES_DAYS": "0",
}
ENDED = """
SELECT (SELECT count(*) FROM codes WHERE expires_at < now() - interval '15 s')
    + (SELECT count(*) FROM registrations WHERE expires_at < now() - interval '15 s') AS n
"""
KEPT = "SELECT (SELECT count(*) FROM codes) + (SELECT count(*) FROM registrations) AS n"
SWEPT_WITHIN = 60.0


@dataclass
class _Seen:
    """What there was before each fault; `at` in minutes."""

    at: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)

    async def look(self, server: Serving, database: Postgres) -> None:
        rss, descriptors = await asyncio.to_thread(_taken, server)
        self.at.append(time.monotonic() / MINUTE)
        self.memory.append(rss / MIB)
        self.descriptors.append(descriptors)
        self.kept.append((await database.sql(KEPT, database="hufu"))[0]["n"])

    def slope(self, values: Sequence[float]) -> float:
        """By how much it grows in a minute, once everything was used for the first time."""
        warm = len(values) // 4
        return statistics.linear_regression(self.at[warm:], values[warm:]).slope


def _taken(server: Serving) -> tuple[int, int]:
    """Bytes and descriptors of all its processes."""
    rss = descriptors = 0
    for pid in (server.process.pid, *server.workers()):
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            rss, descriptors = rss + process.memory_info().rss, descriptors + process.num_fds()
    return rss, descriptors


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report, seen = Report(), _Seen()
    database = await place.servers.made()
    async with (
        Proxy(database.port) as proxy,
        server_on(database.url_by(proxy.port), place.folder, WORKERS, **SETTINGS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        faults: Sequence[Callable[[], Awaitable[object]]] = (
            partial(_kill_worker, server),
            partial(_kill_database, database),
            partial(replace_workers, server),
            partial(_slow_down, proxy, size.seconds / 10),
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(crowd.run(_at_half_load))
            for fault, _ in zip(itertools.cycle(faults), range(size.faults), strict=False):
                await asyncio.sleep(size.seconds)
                await seen.look(server, database)
                await fault()
            await asyncio.sleep(size.seconds)
            await seen.look(server, database)
            crowd.enough.set()
        report.exactly("server ended", int(server.process.poll() is not None), 0)
        report.exactly("answered 500", len(crowd.history.answered(500)), 0)
        await until_true(lambda: _swept(database), SWEPT_WITHIN)
        await report.compare(crowd.history, look)
    report.say("people", f"{len(crowd.visited):,}")
    report.say("memory of all processes", f"{seen.memory[0]:.0f} to {seen.memory[-1]:.0f} MiB")
    report.say("descriptors", f"{seen.descriptors[0]:.0f} to {seen.descriptors[-1]:.0f}")
    report.say("codes and registrations kept, at most", f"{max(seen.kept):,}")
    if len(seen.at) >= ENOUGH_LOOKS:
        grown = seen.slope(seen.memory)
        report.at_most("memory grows a minute", grown, MOST_MEMORY_A_MINUTE, " MiB")
        opened = seen.slope(seen.descriptors)
        report.at_most("descriptors grow a minute", opened, MOST_DESCRIPTORS_A_MINUTE)
    return report


async def _at_half_load(person: Person) -> None:
    """Rest for as long as it took."""
    began = time.monotonic()
    await person.all()
    await person.check()
    await asyncio.sleep(min(time.monotonic() - began, LONGEST_REST))


async def _kill_worker(server: Serving) -> None:
    os.kill(min(server.workers()), signal.SIGKILL)


async def _kill_database(database: Postgres) -> None:
    await asyncio.to_thread(database.kill)
    await asyncio.sleep(DOWN)
    await asyncio.to_thread(database.start)


async def _slow_down(proxy: Proxy, seconds: float) -> None:
    proxy.delay = SLOWER / 2
    await asyncio.sleep(seconds)
    proxy.delay = 0.0


async def _swept(database: Postgres) -> bool:
    """Whether nothing is kept that ended a while ago."""
    return (await database.sql(ENDED, database="hufu"))[0]["n"] == 0


SCENARIO = Scenario(
    "soak",
    lambda size: (
        f"{size.clients} clients, each resting as long as it works, register people, sign in, take "
        f"the day's reward, write and look for {size.faults} times {size.seconds:g} s; then each "
        "time a worker is SIGKILLed, PostgreSQL SIGKILLed, all workers replaced, or the database "
        f"slower by {SLOWER:g} s for a tenth of that time; what has ended must be gone afterwards"
    ),
    run,
    small=Size(people=10, clients=4, faults=4, seconds=0.5),
    full=Size(people=1_000, clients=16, faults=30, seconds=60.0),
)
