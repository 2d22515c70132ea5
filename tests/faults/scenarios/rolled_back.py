"""The schema is changed under servers of the older version; a newer version takes over, and the
older one again."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from cli.serving import Serving
from faults.checks import RATE, ask_evenly, lost
from faults.crowd import Crowd, server_on
from faults.history import Outcome
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.programs import NEXT, migrate, newer
from faults.proxy import Proxy
from faults.scenario import Place, Report, Scenario, Size
from hufu.storage.migrations import HEAD

OLDER: Mapping[str, str] = {}
LOCK = 2.0
"""Seconds that a request waits for a lock at most, by default."""

BLOCKED = "in use by a long transaction"
FAILED = (Outcome.INTENDED, Outcome.UNSENT, Outcome.UNKNOWN, Outcome.REFUSED)


class _Front:
    """What is in front of the servers, and sends requests to one of them."""

    def __init__(self, url: str, folder: Path, line: Proxy) -> None:
        self._url = url
        self._folder = folder
        self._line = line
        self._former = AsyncExitStack()

    async def change(self, program: Mapping[str, str]) -> Serving:
        """Start a server of that version, send requests to it, and end the one before."""
        stack = AsyncExitStack()
        server = await stack.enter_async_context(server_on(self._url, self._folder, 1, **program))
        self._line.target = server.port
        former, self._former = self._former, stack
        await former.aclose()
        return server

    async def close(self) -> None:
        """End the last one."""
        await self._former.aclose()


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    program = await newer(place.folder / "newer")
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Proxy(0))
        front = _Front(database.url, place.folder, line)
        stack.push_async_callback(front.close)
        server = await front.change(OLDER)
        look = await stack.enter_async_context(looking(database.url, place.folder / "data"))
        crowd = Crowd(line.port, look, size.clients, size.people, kept=False)
        crowd.enough.set()
        await crowd.run(Person.all)
        async with _asking(crowd, report):
            await _migrate(database, program, crowd, report)
            report.exactly("not ready after the migration", int(server.answers() != 200), 0)
            await _change(front, program, crowd, report, size.faults)
        report.exactly("lost sessions", await lost(crowd.port, crowd.visited), 0)
        await report.compare(crowd.history, look)
    return report


@asynccontextmanager
async def _asking(crowd: Crowd, report: Report) -> AsyncIterator[None]:
    """Meanwhile sessions are checked, and people register and sign in."""
    asked: Counter[str] = Counter()
    over = asyncio.Event()
    crowd.enough.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(ask_evenly(crowd.port, [*crowd.visited], asked, over))
        group.create_task(crowd.run(Person.all))
        yield
        over.set()
        crowd.enough.set()
    report.at_least("session checks", asked.total(), 1)
    report.say("people", f"{len(crowd.visited):,}")
    failed = asked.total() - asked["done"] + sum(map(crowd.history.count, FAILED))
    report.exactly("failed requests", failed, 0)


async def _migrate(
    database: Postgres, program: Mapping[str, str], crowd: Crowd, report: Report
) -> None:
    began = time.monotonic()
    async with _reading(database.url):
        status, said = await migrate(database.url, program, "--attempts", "2")
        held = await crowd.served_since(time.monotonic())
    waited = [each.took for each in crowd.history.operations if each.began >= began]
    report.exactly("blocked, and told so", int(status == 1 and BLOCKED in said), 1)
    report.within("an answer while it was blocked", [held, *waited], LOCK)
    status, said = await migrate(database.url, program)
    report.exactly("then migrated", int(status == 0), 1)
    status, said = await migrate(database.url, OLDER)
    [version] = await database.sql("SELECT version_num FROM alembic_version", database="hufu")
    left = status == 0 and version[0] == NEXT
    report.exactly("left alone by the older version", int(left), 1)


async def _change(
    front: _Front, program: Mapping[str, str], crowd: Crowd, report: Report, times: int
) -> None:
    """To the newer version and back; somebody is served by each."""
    rolled_back = 0
    for _ in range(times):
        for wanted, version in ((NEXT, program), (HEAD, OLDER)):
            server = await front.change(version)
            seen = server.get("/ready").json()["database"]
            assert seen["schema_wanted"] == wanted, seen
            assert seen["schema"] == NEXT, seen
            await crowd.served_since(time.monotonic())
        rolled_back += 1
    report.at_least("rolled back", rolled_back, times)


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[None]:
    """A transaction that has looked at the sessions, and does not end."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN; SELECT FROM sessions LIMIT 1")
        yield
    finally:
        await connection.close()


SCENARIO = Scenario(
    "upgrade and roll-back",
    lambda size: (
        f"{size.people} people sign in, then a newer version's migrations (columns of five busy "
        "tables, an index, a table) are tried while a long transaction holds a table, and made "
        "when that has ended, while the older version serves; then the newer version takes over "
        f"from the older one, and the older one from it, {size.faults} times; meanwhile {RATE:g} "
        f"session checks a second and {size.clients} clients who register, sign in and write, "
        "each time on a new connection"
    ),
    run,
    small=Size(people=4, clients=2, faults=1),
    full=Size(people=50, clients=8, faults=10),
)
