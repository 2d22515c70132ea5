"""Workers are replaced one by one while clients ask; then the server is told to end."""

import asyncio
import signal
from collections import Counter

from cli.serving import Serving
from faults.checks import RATE, ask_evenly, lost
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.rolling import replace_workers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_so

WORKERS = 2
DRAINED_WITHIN = 10.0


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder, WORKERS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        crowd.enough.set()
        await crowd.run(Person.all)
        asked: Counter[str] = Counter()
        asking = asyncio.create_task(ask_evenly(crowd.port, crowd.visited, asked, asyncio.Event()))
        for _ in range(size.faults):
            await replace_workers(server)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        report.at_least("requests", asked.total(), 1)
        report.exactly("failed requests", asked.total() - asked["done"], 0)
        report.exactly("lost sessions", await lost(crowd.port, crowd.visited), 0)
        ended, after = await _end(server, crowd)
        report.exactly("unanswered at SIGTERM", after["unanswered"], 0)
        report.within("drained after SIGTERM", [ended], DRAINED_WITHIN)
        await report.compare(crowd.history, look)
    return report


async def _end(server: Serving, crowd: Crowd) -> tuple[float, Counter[str]]:
    """How long it takes to end while it is asked (s), and what came of what it was asked."""
    asked: Counter[str] = Counter()
    over = asyncio.Event()
    asking = asyncio.create_task(ask_evenly(crowd.port, crowd.visited, asked, over))
    await until_so(lambda: asked.total() > 0)
    server.process.send_signal(signal.SIGTERM)
    took = await until_so(lambda: server.process.poll() is not None)
    over.set()
    await asking
    return took, asked


SCENARIO = Scenario(
    "restart",
    lambda size: (
        f"{size.faults} times all workers are replaced by SIGUSR2 while {size.people} people check "
        f"their sessions, {RATE:g} times a second, each time on a new connection; then SIGTERM"
    ),
    run,
    small=Size(people=4, clients=4, faults=1),
    full=Size(people=50, clients=16, faults=20),
)
