"""The database is slow, and then says nothing: nobody waits for long, and nothing is leaked."""

import asyncio
import contextlib
import time
from collections.abc import Sequence

from faults.connection import Connection, Unanswered, Unsent
from faults.crowd import Crowd, server_on
from faults.history import HANG, Kind, Operation
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.proxy import Proxy
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true

WORKERS, CONNECTIONS = 2, 5
WAIT = 1.0
WAIT_WITHIN = 1.2
REQUEST = 15.0
SLOWEST = 2.0
PROBE_EVERY = 0.02
LAG_WITHIN = 0.05
BACK_WITHIN = 5.0
OURS = "SELECT state FROM pg_stat_activity WHERE application_name = 'hufu'"
LANES = 1
"""Connections of a worker besides its pool's."""


def _latency(size: Size) -> float:
    """By how much the database is slower (s); less where there is little time."""
    return min(SLOWEST, size.seconds / 6)


def _statement(size: Size) -> float:
    """How long a statement may take (s): as slow as it is, one that is prepared succeeds."""
    return 1.5 * _latency(size)


def _settings(size: Size) -> dict[str, str]:
    return {
        "HUFU_DATABASE__CONNECTIONS": str(CONNECTIONS),
        "HUFU_DATABASE__WAIT_SECONDS": str(WAIT),
        "HUFU_HTTP__REQUEST_SECONDS": str(REQUEST),
        "HUFU_DATABASE__STATEMENT_SECONDS": str(_statement(size)),
    }


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        Proxy(database.port) as proxy,
        server_on(database.url_by(proxy.port), place.folder, WORKERS, **_settings(size)) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people, patience=2 * REQUEST)
        lags: list[float] = []
        async with asyncio.TaskGroup() as group:
            probing = group.create_task(_probe(server.port, lags))
            fault = group.create_task(_hurt(proxy, crowd, size))
            group.create_task(crowd.run(Person.all))
            slow, silent, well = await fault
            probing.cancel()
        await until_true(lambda: _rests(database))
        connections = proxy.links
        await report.compare(crowd.history, look)
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    _tell(report, "while it is slow", _between(crowd, slow, silent))
    _tell(report, "while it is silent", _between(crowd, silent, well))
    # By then every connection was given up, and a request for a code needs nothing else.
    later = _between(crowd, silent + _statement(size) + 2 * WAIT, well)
    waits = [each.took for each in later if each.kind is Kind.REGISTER]
    report.within("503 for want of a connection", waits, WAIT_WITHIN)
    most = WORKERS * (CONNECTIONS + LANES)
    report.exactly("connections beyond the pool's afterwards", max(0, connections - most), 0)
    report.within("service back after the database", [_back(crowd, well)], BACK_WITHIN)
    report.within("event loop lag, p99", lags, LAG_WITHIN, 0.99)
    return report


def _tell(report: Report, when: str, asked: Sequence[Operation]) -> None:
    report.say(f"done {when}", sum(bool(each.told) for each in asked))
    report.at_least(f"503 {when}", sum(each.status == 503 for each in asked), 1)
    report.within(f"any answer {when}", [each.took for each in asked], REQUEST + WAIT)


def _between(crowd: Crowd, began: float, ended: float) -> list[Operation]:
    return [each for each in crowd.history.operations if began <= each.ended < ended]


def _back(crowd: Crowd, well: float) -> float:
    """Seconds from the database's being well to the first thing that was done."""
    done = [each.ended for each in crowd.history.operations if each.told and each.ended >= well]
    return min(done, default=well + HANG) - well


async def _hurt(proxy: Proxy, crowd: Crowd, size: Size) -> tuple[float, float, float]:
    """When it became slow, silent, and well again."""
    await asyncio.sleep(size.seconds / 4)
    slow = time.monotonic()
    proxy.delay = _latency(size) / 2
    await asyncio.sleep(size.seconds)
    silent = time.monotonic()
    proxy.delay, proxy.silent = 0.0, True
    await asyncio.sleep(size.seconds)
    well = time.monotonic()
    proxy.silent = False
    await crowd.served_since(well)
    crowd.enough.set()
    return slow, silent, well


async def _probe(port: int, lags: list[float]) -> None:
    """How long an answer takes for which nothing has to be waited for."""
    with contextlib.closing(Connection(port)) as connection:
        while True:
            began = time.monotonic()
            with contextlib.suppress(Unsent, Unanswered):
                await connection.get("/health")
            lags.append(time.monotonic() - began)
            await asyncio.sleep(PROBE_EVERY)


async def _rests(database: Postgres) -> bool:
    """Whether no connection is in the middle of anything."""
    return all(row["state"] == "idle" for row in await database.sql(OURS))


SCENARIO = Scenario(
    "pool empty, database slow",
    lambda size: (
        f"{size.clients} clients, {WORKERS} workers with {CONNECTIONS} connections each, which may "
        f"be waited for {WAIT:g} s, a statement {_statement(size):g} s; the database takes "
        f"{_latency(size):g} s longer for {size.seconds:g} s, then says nothing for as long; "
        f"`/health` is asked every {PROBE_EVERY * 1000:g} ms"
    ),
    run,
    small=Size(people=10, clients=24, seconds=4.0),
    full=Size(people=100, clients=64, seconds=60),
)
