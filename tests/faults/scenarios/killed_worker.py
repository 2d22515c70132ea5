"""A worker is killed while people register; so is its successor."""

import asyncio
import os
import random
import signal
import time
from functools import partial

import psutil

from cli.serving import Serving
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_so

WORKERS = 2
EVERY = 2.0
BACK_WITHIN = 2.0
LOOK_EVERY = 0.1
"""Seconds between looks, each of which takes this process a while."""


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder, WORKERS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        async with asyncio.TaskGroup() as group:
            killer = group.create_task(_kill(server, database.port, crowd, size))
            group.create_task(crowd.run(Person.all))
        back = killer.result()
        await report.compare(crowd.history, look)
    report.say("people", f"{len(crowd.visited):,}")
    report.at_least("kills", len(back), size.faults)
    report.within("a killed worker is back, median", back, BACK_WITHIN, 0.5)
    report.within("a killed worker is back", back, BACK_WITHIN)
    return report


async def _kill(server: Serving, database: int, crowd: Crowd, size: Size) -> list[float]:
    """Seconds after which each killed worker had a successor that serves."""
    back: list[float] = []
    chance = random.Random(1)
    while len(back) < size.faults or len(crowd.visited) < crowd.least:
        began = time.monotonic()
        victim = chance.choice(sorted(server.workers()))
        os.kill(victim, signal.SIGKILL)
        settled = partial(_settled, server, database, victim)
        back.append(await until_so(settled, look_every=LOOK_EVERY))
        assert not _ended(server), server.printed()
        await asyncio.sleep(max(0.0, began + size.seconds - time.monotonic()))
    crowd.enough.set()
    return back


def _ended(server: Serving) -> bool:
    return server.process.poll() is not None


def _settled(server: Serving, database: int, victim: int) -> bool:
    """Whether there are as many workers as there should be, or none any more."""
    if _ended(server):
        return True
    serving = _serving(server, database)
    return len(serving) == WORKERS and victim not in serving


def _serving(server: Serving, database: int) -> set[int]:
    """The workers that are ready: each asks the database, on that port, for the time before it
    serves."""
    return {pid for pid in server.workers() if _asks(pid, database)}


def _asks(pid: int, port: int) -> bool:
    try:
        found = psutil.Process(pid).net_connections("tcp4")
    except psutil.Error:  # It has just been killed.
        return False
    return any(each.raddr and each.raddr.port == port for each in found)


SCENARIO = Scenario(
    "worker killed",
    lambda size: (
        f"{size.people:,} full registrations, sign-ins, daily rewards and profile writes from "
        f"{size.clients} clients; a random one of two workers is SIGKILLed every {size.seconds:g} s"
    ),
    run,
    small=Size(people=60, clients=16, faults=2, seconds=0.5),
    full=Size(people=10_000, clients=64, faults=10, seconds=EVERY),
)
