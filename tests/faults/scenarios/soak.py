"""Load that goes on, with a fault every so often, and nothing that only grows."""

import asyncio
import itertools
import math
import os
import signal
import statistics
import time
from bisect import bisect
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
from faults.short_lives import cut_lives, with_gone
from faults.waiting import until_true

WORKERS = 2
MINUTE = 60.0
DOWN, SLOWER = 1.5, 0.1
"""Seconds for which the database is away, and by which it is slower for a tenth of the time."""

LONGEST_REST = 1.0
ENOUGH_LOOKS = 10
MOST_MEMORY_A_MINUTE, MOST_DESCRIPTORS_A_MINUTE = 1.0, 1.0
"""MiB, and descriptors, of all processes together."""

LOOKS_IN_A_LIFE, LEAST_LIFE, REMOVED_WITHIN = 2, 20.0, 10.0
"""A life is as long as two stretches between faults, at least so many seconds; as a rule rows are
gone so long after it."""

GROWN = 1.25
"""At most so many times as many rows for each newcomer are kept in the second half of the run as in
the first; the quarter before, in which tables fill, belongs to neither."""

ENDS = {
    "codes": "expires_at",
    "registrations": "expires_at",
    "grants": "expires_at",
    "captchas": "expires_at",
    "sessions": "least(expires_at, seen_at + idle)",
    "outbox": "coalesce(sent_at, failed_at, greatest(expires_at, due_at)) + {kept}",
    "limits": "(SELECT max(hit) FROM unnest(hits) AS hit) + interval '1 day'",
}
"""The tables that are kept small, and from when on a row is to go; letters stay as long as they are
`kept` behind their end."""

SWEPT_WITHIN = 300.0
DAY = 86_400


def _life(size: Size) -> float:
    return max(LEAST_LIFE, LOOKS_IN_A_LIFE * size.seconds)


def _settings(size: Size) -> dict[str, str]:
    return {
        "HUFU_APPS__FOMO__CODE_MINUTES": "1",
        "HUFU_JANITOR__INTERVAL_SECONDS": "5",
        "HUFU_JANITOR__CHALLENGES_DAYS": "0",
        "HUFU_JANITOR__SESSIONS_DAYS": "0",
        "HUFU_JANITOR__OUTBOX_DAYS": f"{_life(size) / DAY:.9f}",
    }


@dataclass
class _Seen:
    """What there was before each fault, `at` in minutes; `came` is when people came, in seconds.
    Newcomers are those who came within a `life`, or while its rows are not yet removed."""

    life: float
    came: list[float] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    descriptors: list[float] = field(default_factory=list)
    newcomers: list[int] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=lambda: {table: [] for table in ENDS})

    async def look(self, server: Serving, database: Postgres) -> None:
        rss, descriptors = await asyncio.to_thread(_taken, server)
        self.at.append(time.monotonic() / MINUTE)
        self.memory.append(rss / MIB)
        self.descriptors.append(descriptors)
        since = time.monotonic() - self.life - REMOVED_WITHIN
        self.newcomers.append(max(1, len(self.came) - bisect(self.came, since)))
        for table, kept in self.kept.items():
            rows = await database.sql(f"SELECT count(*) AS n FROM {table}", database="hufu")
            kept.append(rows[0]["n"])

    def grown(self, table: str) -> float:
        """How many times as many rows there are for each newcomer in the second half."""
        first, second = (
            statistics.median(self.kept[table][look] / self.newcomers[look] for look in half)
            for half in self.halves()
        )
        return second / first if first else math.inf

    def rows(self, table: str) -> tuple[float, float]:
        """How many rows there are in the first half and in the second, in the median."""
        first, second = (
            statistics.median(self.kept[table][look] for look in half) for half in self.halves()
        )
        return first, second

    def halves(self) -> tuple[range, range]:
        """The looks of each half of the run, but for those of the time before it was warm."""
        warm, end = len(self.at) // 4, len(self.at)
        return range(warm, (warm + end) // 2), range((warm + end) // 2, end)

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
    report, seen = Report(), _Seen(_life(size))
    database = await place.servers.made()
    await cut_lives(database.url, seen.life)
    async with (
        Proxy(database.port) as proxy,
        server_on(database.url_by(proxy.port), place.folder, WORKERS, **_settings(size)) as server,
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
            group.create_task(crowd.run(partial(_at_half_load, seen)))
            for fault, _ in zip(itertools.cycle(faults), range(size.faults), strict=False):
                await asyncio.sleep(size.seconds)
                await seen.look(server, database)
                await fault()
            await asyncio.sleep(size.seconds)
            await seen.look(server, database)
            crowd.enough.set()
        report.exactly("server ended", int(server.process.poll() is not None), 0)
        report.exactly("answered 500", len(crowd.history.answered(500)), 0)
        with suppress(AssertionError):
            await until_true(lambda: _swept(database, seen.life), SWEPT_WITHIN)
        for table in await _unswept(database, seen.life):
            report.exactly(f"`{table}` keeps what has ended", 1, 0)
        report.compare_with(crowd.history, await with_gone(database.url, await look.found()))
    report.say("people", f"{len(crowd.visited):,}")
    report.say("memory of all processes", f"{seen.memory[0]:.0f} to {seen.memory[-1]:.0f} MiB")
    report.say("descriptors", f"{seen.descriptors[0]:.0f} to {seen.descriptors[-1]:.0f}")
    if len(seen.at) >= ENOUGH_LOOKS:
        grown = seen.slope(seen.memory)
        report.at_most("memory grows a minute", grown, MOST_MEMORY_A_MINUTE, " MiB")
        opened = seen.slope(seen.descriptors)
        report.at_most("descriptors grow a minute", opened, MOST_DESCRIPTORS_A_MINUTE)
        for table, kept in seen.kept.items():
            first, second = seen.rows(table)
            sizes = f"{first:,.0f} rows, then {second:,.0f}, at most {max(kept):,}"
            name = f"`{table}` for each newcomer, second half against the first ({sizes})"
            report.at_most(name, seen.grown(table), GROWN)
    return report


async def _at_half_load(seen: _Seen, person: Person) -> None:
    """Rest for as long as it took."""
    began = time.monotonic()
    seen.came.append(began)
    await person.all()
    await person.check()
    await person.recover()
    await person.draw()
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


async def _swept(database: Postgres, life: float) -> bool:
    return not await _unswept(database, life)


async def _unswept(database: Postgres, life: float) -> list[str]:
    """The tables that keep what ended a while ago."""
    found = []
    for table, end in ENDS.items():
        over = end.format(kept=f"interval '{life} s'")
        statement = f"SELECT FROM {table} WHERE {over} < now() - interval '15 s' LIMIT 1"
        if await database.sql(statement, database="hufu"):
            found.append(table)
    return found


SCENARIO = Scenario(
    "soak",
    lambda size: (
        f"{size.clients} clients, each resting as long as it works, register people, sign in, take "
        "the day's reward, write, look, recover a password and have a captcha drawn for "
        f"{size.faults} times {size.seconds:g} s; then each time a worker is SIGKILLed, PostgreSQL "
        "SIGKILLed, all workers replaced, or the database slower by "
        f"{SLOWER:g} s for a tenth of that time; the database cuts the lives of "
        f"{', '.join(ENDS)} short, to {_life(size):g} s, so that each of these tables must level "
        f"off; newcomers are those of a life and {REMOVED_WITHIN:g} s before; what has ended must "
        "be gone afterwards"
    ),
    run,
    small=Size(people=10, clients=4, faults=4, seconds=0.5),
    full=Size(people=1_000, clients=16, faults=30, seconds=60.0),
)
