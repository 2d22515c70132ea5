"""PostgreSQL is killed, and comes back; the server stays."""

import asyncio
import time
from dataclasses import dataclass, field

from faults.crowd import Crowd, server_on
from faults.history import HANG, Operation
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.scenario import Place, Report, Scenario, Size

DOWN = 1.5
BACK_WITHIN = 5.0
TOLD_WITHIN = 1.0


@dataclass
class _Outages:
    """When the database was away, and how long the server took to be back afterwards."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    back: list[float] = field(default_factory=list)

    def hold(self, operation: Operation) -> bool:
        """Whether it was asked while the database was away."""
        return any(began <= operation.began < ended for began, ended in self.spans)


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        async with asyncio.TaskGroup() as group:
            killer = group.create_task(_kill(database, crowd, size))
            group.create_task(crowd.run(Person.all))
        outages = killer.result()
        report.exactly("server ended", int(server.process.poll() is not None), 0)
        await report.compare(crowd.history, look)
    asked = [each for each in crowd.history.operations if outages.hold(each)]
    hanging = [each for each in crowd.history.operations if each.took >= HANG]
    report.say("people", f"{len(crowd.visited):,}")
    report.at_least("kills", len(outages.spans), size.faults)
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    report.exactly("never answered", len(hanging), 0)
    report.say("answered 503", f"{len(crowd.history.answered(503)):,}")
    report.within("an answer without a database", [each.took for each in asked], TOLD_WITHIN)
    report.within("service back after the database", outages.back, BACK_WITHIN)
    return report


async def _kill(database: Postgres, crowd: Crowd, size: Size) -> _Outages:
    outages = _Outages()
    while len(outages.spans) < size.faults:
        await asyncio.sleep(size.seconds)
        began = time.monotonic()
        await asyncio.to_thread(database.kill)
        await asyncio.sleep(size.seconds)
        outages.spans.append((began, time.monotonic()))
        await asyncio.to_thread(database.start)
        outages.back.append(await crowd.served_since(time.monotonic()))
    crowd.enough.set()
    return outages


SCENARIO = Scenario(
    "database killed",
    lambda size: (
        f"{size.people:,} registrations, each with a sign-in, a daily reward and a profile write, "
        f"from {size.clients} clients; every process of PostgreSQL is SIGKILLed {size.faults} "
        f"times, and started again {size.seconds:g} s later"
    ),
    run,
    small=Size(people=60, clients=16, faults=2, seconds=0.3),
    full=Size(people=10_000, clients=64, faults=20, seconds=DOWN),
)
