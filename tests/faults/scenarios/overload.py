"""Ten times as many sign-ins as can be done, while others check their sessions."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from cli.serving import Serving
from faults.crowd import MANY, Crowd, server_on
from faults.flood import Flood, Seen
from faults.looking import looking
from faults.memory import memory_of
from faults.people import Person
from faults.prepared import GOOD, check, in_turn, sign_in
from faults.scenario import Place, Report, Scenario, Size
from hufu.services.cores import share_of_cores

TIMES = 10
CHECKS = 50.0
"""Session checks a second."""

MEMORY_KIB, PASSES = 19 * 1024, 2
SETTINGS = {
    "HUFU_HASH__MEMORY_KIB": str(MEMORY_KIB),
    "HUFU_HASH__PASSES": str(PASSES),
    "HUFU_HASH__DEADLINE_SECONDS": "0.8",
    "HUFU_LIMITS__PASSWORD_GUESSES_PER_QUARTER_HOUR": MANY,
    "HUFU_LIMITS__PASSWORD_GUESSES_PER_DAY": MANY,
}
LEAST_GOODPUT = 0.9
ACCEPTED_WITHIN, REFUSED_WITHIN, CHECKED_WITHIN, NORMAL_WITHIN = 1.0, 0.05, 0.1, 5.0
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVERS, CLIENTS = set(CORES[: len(CORES) // 2]), set(CORES[len(CORES) // 2 :])
"""Who floods a server from its own cores takes from it what they use; so each has half of them."""

SLOTS = max(1, len(SERVERS) or share_of_cores(1))
MOST_MEMORY = SLOTS * MEMORY_KIB // 1024 + 64
"""MiB: what the hashes need that are computed at once, and what the requests do."""

TURN = 10.0
"""Seconds for which the peak is measured, and then the flood sent, in turns: for some ten seconds
even bare hashes go by a fifth faster or slower, where others have the memory of the machine."""

IN_A_ROW = 10


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        _on_its_cores(database.url, place.folder) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        crowd.enough.set()
        await crowd.run(_come_in)
        sign_ins = Flood(server.port, in_turn(server.port, crowd.visited, sign_in), GOOD)
        checks = Flood(server.port, in_turn(server.port, crowd.visited, check), GOOD)
        with closing(sign_ins), closing(checks):
            ended = await _overload(report, server, sign_ins, checks, size)
            report.within("normal again after", [await _normal(sign_ins, ended)], NORMAL_WITHIN)
    return report


@asynccontextmanager
async def _on_its_cores(url: str, folder: Path) -> AsyncIterator[Serving]:
    """The server, which counts the cores that it was started on."""
    _stay_on(SERVERS)
    try:
        async with server_on(url, folder, workers=1, **SETTINGS) as server:
            _stay_on(CLIENTS)
            yield server
    finally:
        _stay_on({*CORES})


def _stay_on(cores: set[int]) -> None:
    """All threads of this process, whichever of them starts another."""
    if SERVERS and CLIENTS:
        for thread in threading.enumerate():
            os.sched_setaffinity(thread.native_id or 0, cores)


async def _overload(
    report: Report, server: Serving, sign_ins: Flood, checks: Flood, size: Size
) -> float:
    """When the last of all was due."""
    turns = _turns(size)
    seconds = size.seconds / turns
    asked: list[Seen] = []
    checked: list[Seen] = []
    capacity = goodput = 0.0
    async with memory_of(server) as memory:
        for _ in range(turns):
            peak, _ = await asyncio.gather(
                sign_ins.by(2 * SLOTS, seconds), checks.at(CHECKS, seconds)
            )
            at_peak = _goodput(peak, seconds)
            flood, beside = await asyncio.gather(
                sign_ins.at(TIMES * at_peak, seconds), checks.at(CHECKS, seconds)
            )
            capacity, goodput = capacity + at_peak, goodput + _goodput(flood, seconds)
            asked, checked = [*asked, *flood], [*checked, *beside]
    accepted = [each for each in asked if each.good]
    refused = [each for each in asked if each.status == 503]
    report.say("sign-ins at the peak", f"{capacity / turns:.1f}/s")
    report.say("sign-ins asked for", f"{len(asked):,}")
    report.at_least("of the peak done", 100 * goodput / capacity, 100 * LEAST_GOODPUT, " %")
    report.within("accepted, p99", [each.took for each in accepted], ACCEPTED_WITHIN, 0.99)
    report.at_least("refused", len(refused), 1)
    report.within("refused, p99", [each.took for each in refused], REFUSED_WITHIN, 0.99)
    untold = sum(not each.retry_after for each in refused)
    report.exactly("refused without Retry-After", untold, 0)
    report.exactly("neither done nor refused", len(asked) - len(accepted) - len(refused), 0)
    report.exactly("session checks that failed", sum(not each.good for each in checked), 0)
    report.within("session check, p99", [each.took for each in checked], CHECKED_WITHIN, 0.99)
    report.at_most("memory grown by", memory.grown, MOST_MEMORY, " MiB")
    return max(each.due for each in asked)


def _turns(size: Size) -> int:
    return max(1, round(size.seconds / TURN))


def _goodput(seen: Sequence[Seen], seconds: float) -> float:
    """Sign-ins a second; what is done afterwards does not count."""
    end = min(each.due for each in seen) + seconds
    return sum(each.good and each.ended <= end for each in seen) / seconds


async def _normal(sign_ins: Flood, ended: float) -> float:
    """Seconds from then until sign-ins are done one after the other, without a refusal; all that
    was asked before is answered by now."""
    last, row = time.monotonic(), 0
    while row < IN_A_ROW and last < ended + 4 * NORMAL_WITHIN:
        [*_, seen] = await sign_ins.at(1.0, 0.001)
        if seen.good:
            row += 1
        else:
            last, row = time.monotonic(), 0
    return last - ended


async def _come_in(person: Person) -> None:
    assert await person.register()
    assert await person.sign_in()


SCENARIO = Scenario(
    "overload",
    lambda size: (
        f"one worker, Argon2id with {MEMORY_KIB // 1024} MiB and {PASSES} passes; sign-ins of "
        f"{size.people} people, as many as can be done, then {TIMES} times as many in an open "
        f"loop, {size.seconds:g} s of each in {_turns(size)} turns; meanwhile {CHECKS:g} session "
        "checks a second; the server has half of the cores, the clients have the others"
    ),
    run,
    small=Size(people=8, clients=4, seconds=1.0),
    full=Size(people=64, clients=16, seconds=60.0),
)
