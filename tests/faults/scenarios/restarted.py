"""Workers are replaced one by one while clients ask; then the server is told to end."""

import asyncio
import signal
import time
from collections import Counter

from cli.serving import Serving
from faults.connection import Connection, Unanswered, Unsent
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.rolling import replace_workers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_so

RATE = 100.0
"""Requests a second, each on a connection of its own."""

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
        asking = asyncio.create_task(_ask(crowd, asked, asyncio.Event()))
        for _ in range(size.faults):
            await replace_workers(server)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        report.at_least("requests", asked.total(), 1)
        report.exactly("failed requests", asked.total() - asked["done"], 0)
        report.exactly("lost sessions", await _lost(crowd), 0)
        ended, after = await _end(server, crowd)
        report.exactly("unanswered at SIGTERM", after["unanswered"], 0)
        report.within("drained after SIGTERM", [ended], DRAINED_WITHIN)
        await report.compare(crowd.history, look)
    return report


async def _ask(crowd: Crowd, asked: Counter[str], over: asyncio.Event) -> None:
    """Session checks at an even pace, whether the one before was answered or not."""
    began, number = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while not over.is_set():
            person = crowd.visited[number % len(crowd.visited)]
            group.create_task(_check(crowd.port, person, asked))
            number += 1
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))


async def _check(port: int, person: Person, asked: Counter[str]) -> None:
    connection = Connection(port, kept=False)
    try:
        answer = await connection.form("/fomo/customer/get_user_info", session_key=person.session)
    except Unsent:
        asked["unsent"] += 1
    except Unanswered:
        asked["unanswered"] += 1
    else:
        good = answer.status == 200 and answer.json()["status"] == 1
        asked["done" if good else f"answered {answer.status}"] += 1


async def _lost(crowd: Crowd) -> int:
    asked: Counter[str] = Counter()
    for person in crowd.visited:
        await _check(crowd.port, person, asked)
    return asked.total() - asked["done"]


async def _end(server: Serving, crowd: Crowd) -> tuple[float, Counter[str]]:
    """How long it takes to end while it is asked (s), and what came of what it was asked."""
    asked: Counter[str] = Counter()
    over = asyncio.Event()
    asking = asyncio.create_task(_ask(crowd, asked, over))
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
