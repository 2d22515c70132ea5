"""Patroni makes another server the primary, because it is asked to, or because one is lost."""

import asyncio
import itertools
import time
from dataclasses import dataclass, field

from cli.serving import Serving
from faults.crowd import Crowd, server_on
from faults.history import History
from faults.looking import looking
from faults.patroni_cluster import LIMIT, Cluster, Member, patroni_cluster
from faults.people import Person
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true

KILLED_EVERY = 5
"""So many switch-overs are followed by a loss."""

BACK_WITHIN = 5.0
SWITCHED_WITHIN = 15.0
REPLACED_WITHIN = 40.0
"""Seconds: `ttl` until the lost one's lease ends, `loop_wait`, a look around, and the promotion."""


@dataclass
class Pauses:
    """Seconds: for how long nothing was done around a switch-over and around a loss, and how soon
    something was once there was a new primary."""

    switched: list[float] = field(default_factory=list)
    lost: list[float] = field(default_factory=list)
    back: list[float] = field(default_factory=list)
    named: int = 0


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    async with (
        patroni_cluster(place.folder) as cluster,
        server_on(cluster.url, place.folder, HUFU_REPLICA_URL=cluster.replica_url) as server,
        looking(cluster.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        async with asyncio.TaskGroup() as group:
            switching = group.create_task(_switch(cluster, crowd, server, size))
            group.create_task(crowd.run(Person.all))
        await report.compare(crowd.history, look)
        report.exactly("server ended", int(server.process.poll() is not None), 0)
    pauses = switching.result()
    report.say("people", f"{len(crowd.visited):,}")
    report.at_least("switch-overs", len(pauses.switched), size.faults)
    report.at_least("primaries lost", len(pauses.lost), 1)
    report.exactly(
        "new primary and a fresh standby shown by `/ready`",
        pauses.named,
        len(pauses.switched) + len(pauses.lost),
    )
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    unsaid = sum(each.retry_after is None for each in crowd.history.answered(503))
    report.exactly("503 without `Retry-After`", unsaid, 0)
    report.within("nothing done around a switch-over", pauses.switched, SWITCHED_WITHIN)
    report.within("the same, median", pauses.switched, SWITCHED_WITHIN, 0.5)
    report.within("nothing done around a loss", pauses.lost, REPLACED_WITHIN)
    report.within("service back after there is a new primary", pauses.back, BACK_WITHIN)
    return report


async def _switch(cluster: Cluster, crowd: Crowd, server: Serving, size: Size) -> Pauses:
    pauses = Pauses()
    for number in range(size.faults):
        await asyncio.sleep(size.seconds)
        began = time.monotonic()
        leader = await cluster.switch_over()
        pauses.switched.append(await _served(crowd, pauses, began))
        await _named(server, leader, pauses)
        if number % KILLED_EVERY == KILLED_EVERY - 1 or number == size.faults - 1:
            await cluster.until_whole()
            await asyncio.sleep(size.seconds)
            began = time.monotonic()
            await asyncio.to_thread(leader.kill)
            successor = await cluster.until_led(other_than=leader)
            pauses.lost.append(await _served(crowd, pauses, began))
            await _named(server, successor, pauses)
            await asyncio.to_thread(leader.start)
        await cluster.until_whole()
    crowd.enough.set()
    return pauses


async def _served(crowd: Crowd, pauses: Pauses, began: float) -> float:
    """Wait until something is done at the new primary; the longest pause since it began."""
    led = time.monotonic()
    pauses.back.append(await crowd.served_since(led))
    return _longest_pause(crowd.history, began, led + pauses.back[-1])


def _longest_pause(history: History, since: float, until: float) -> float:
    """The longest time within this one in which nobody was told that anything was done."""
    done = sorted(
        each.ended for each in history.operations if each.told and since < each.ended <= until
    )
    times = [since, *done, until]
    return max(after - before for before, after in itertools.pairwise(times))


async def _named(server: Serving, leader: Member, pauses: Pauses) -> None:
    """Wait until `/ready` tells that it sees the new primary, and a standby that is fresh."""

    async def names_it() -> bool:
        said = await asyncio.to_thread(server.get, "/ready")
        database = said.json().get("database", {})
        seen = database.get("host"), database.get("replica")
        return said.status == 200 and seen == (leader.address, "fresh")

    await until_true(names_it, LIMIT)
    pauses.named += 1


SCENARIO = Scenario(
    "patroni switches over",
    lambda size: (
        "three servers that Patroni looks after as in `deploy/patroni/patroni.yml`, one of them a "
        "synchronous standby, found by `target_session_attrs=read-write`, and standbys that answer "
        "session checks, by `standby`; "
        f"{size.faults} times another one is made the primary, and after every {KILLED_EVERY}th "
        "the primary and its Patroni are SIGKILLed and come back later, while "
        f"{size.clients} clients register {size.people:,} people and more"
    ),
    run,
    small=None,
    full=Size(people=4_000, clients=32, faults=10, seconds=3.0),
)
