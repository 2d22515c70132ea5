"""Many clients send next to nothing, and keep their connections for it."""

import asyncio
import time
from contextlib import closing

import psutil

from cli.serving import Serving
from faults.crowd import Crowd, server_on
from faults.flood import Flood
from faults.looking import looking
from faults.memory import memory_of
from faults.people import Person
from faults.prepared import GOOD, check, in_turn, sign_in
from faults.scenario import Place, Report, Scenario, Size, quantile
from faults.trickle import make_room, trickle

WORKERS = 2
CHECKS, SIGN_INS = 50.0, 10.0
"""Honest requests a second."""

LEAST_GOOD = 99.0
GRACE = 5.0
"""Seconds after a bound until a socket is reclaimed: a look a second, and two to hang up."""

RECLAIMED_WITHIN = 15.0
AT_A_TIME = 3
"""As many connections as are open, are left half open when the server hung up, and two times."""


def _every(size: Size) -> float:
    """Seconds from one byte to the next, as long as a head or a body may take."""
    return size.seconds / 6


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report, every = Report(), _every(size)
    database = await place.servers.made()
    bounds = {"HUFU_HTTP__HEAD_SECONDS": str(every), "HUFU_HTTP__BODY_SECONDS": str(every)}
    async with (
        server_on(database.url, place.folder, WORKERS, **bounds) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, clients=4, least=size.people)
        crowd.enough.set()
        await crowd.run(_come_in)
        checks = Flood(server.port, in_turn(server.port, crowd.visited, check), GOOD)
        sign_ins = Flood(server.port, in_turn(server.port, crowd.visited, sign_in), GOOD)
        with closing(checks), closing(sign_ins):
            async with memory_of(server) as memory:
                slow, checked, signed_in = await asyncio.gather(
                    trickle(server.port, _room(size), every, size.seconds),
                    checks.at(CHECKS, size.seconds),
                    sign_ins.at(SIGN_INS, size.seconds),
                )
                lasted = [each.lasted for each in slow]
        reclaimed = await _reclaimed(server)
    for each in slow:
        each.close()
    honest = [*checked, *signed_in]
    done = 100 * sum(each.good for each in honest) / len(honest)
    report.at_least("slow connections", len(slow), size.clients)
    report.at_least("hung up on", sum(not each.open for each in slow), size.clients)
    report.within("a slow connection's life", lasted, every + GRACE)
    report.within("no socket held, though no client has hung up", [reclaimed], RECLAIMED_WITHIN)
    report.at_least("honest requests done, of 100", done, LEAST_GOOD)
    report.say(
        "honest request, p99", f"{1000 * quantile([each.took for each in honest], 0.99):.1f} ms"
    )
    report.say("memory grown by", f"{memory.grown:.1f} MiB")
    return report


def _room(size: Size) -> int:
    """How many there may be at a time, for which the system allows files."""
    return min(size.clients, make_room(AT_A_TIME * size.clients) // AT_A_TIME)


async def _reclaimed(server: Serving) -> float:
    """Seconds until the server holds no connection of a client any more."""
    began = time.monotonic()
    while _held(server) and time.monotonic() < began + 2 * RECLAIMED_WITHIN:  # noqa: ASYNC110
        await asyncio.sleep(0.25)
    return time.monotonic() - began


def _held(server: Serving) -> int:
    connections = [
        each
        for pid in server.workers()
        for each in psutil.Process(pid).net_connections("tcp")
        if each.status != psutil.CONN_LISTEN and each.laddr.port == server.port
    ]
    return len(connections)


async def _come_in(person: Person) -> None:
    assert await person.register()
    assert await person.sign_in()


SCENARIO = Scenario(
    "slow clients",
    lambda size: (
        f"{size.clients:,} connections at a time that send a byte in {_every(size):g} s, half of "
        f"them of a head and half of a body, for {size.seconds:g} s, a head and a body having as "
        f"long as that; meanwhile {CHECKS:g} session checks and {SIGN_INS:g} sign-ins a second"
    ),
    run,
    small=Size(people=4, clients=100, seconds=6.0),
    full=Size(people=16, clients=5_000, seconds=60.0),
)
