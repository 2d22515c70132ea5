"""Requests that are made to cost much, many at once."""

import asyncio
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from faults.connection import HOST
from faults.crowd import Crowd, server_on
from faults.flood import Flood
from faults.history import HANG
from faults.hostile import BIGGEST, HARMLESS, KINDS, MIB, Hostile
from faults.looking import looking
from faults.memory import memory_of
from faults.people import Person
from faults.prepared import GOOD, check, in_turn
from faults.scenario import Place, Report, Scenario, Size

WORKERS = 2
CHECKS = 20.0
"""Honest session checks a second."""

REFUSED_WITHIN = 2.0
MOST_MEMORY = 64.0
"""MiB, of all workers together."""

DRAWN_WITHIN = 30.0
DRAWING_PATIENCE = 60.0
MOST_DRAWING = WORKERS * 128.0
"""The same while each worker draws the biggest picture anew: unpacked, it takes 64 MiB itself."""

BOMBS = [name for name in KINDS if name != BIGGEST]

DONE = re.compile(rb"HTTP/1\.1 200 .*" + re.escape(GOOD), re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Told:
    """What came back, and after how many seconds; no bytes where the server just hung up."""

    answer: bytes
    took: float

    @property
    def refused(self) -> bool:
        return self.took < HANG and not self.done

    @property
    def done(self) -> bool:
        return DONE.match(self.answer) is not None

    @property
    def put_off(self) -> bool:
        """Whether there was no room for it just now."""
        return self.answer[9:12] == b"503"

    @property
    def broken(self) -> bool:
        return self.answer[9:12] == b"500"


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder, WORKERS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, clients=4, least=size.people)
        crowd.enough.set()
        await crowd.run(_come_in)
        workers = server.workers()
        checks = Flood(server.port, in_turn(server.port, crowd.visited, check), GOOD)
        with closing(checks):
            # Whatever is loaded when it is first needed is there afterwards.
            await _all(server.port, crowd, 1, BOMBS)
            async with memory_of(server) as memory:
                honest = asyncio.create_task(checks.at(CHECKS, size.seconds))
                told = await _all(server.port, crowd, size.clients, BOMBS)
                checked = await honest
            async with memory_of(server) as drawing:
                honest = asyncio.create_task(checks.at(CHECKS, size.seconds))
                drawn = await _at_once(server.port, crowd, size.clients, BIGGEST, DRAWING_PATIENCE)
                checked = [*checked, *await honest]
        for name, answers in told.items():
            let_in = sum(not each.refused for each in answers if name != HARMLESS)
            report.exactly(f"{name}, not refused", let_in, 0)
            took = [each.took for each in answers]
            report.within(f"{name}, answered", took, REFUSED_WITHIN)
        _biggest(report, drawn)
        broken = sum(each.broken for answers in (*told.values(), drawn) for each in answers)
        report.exactly("answered 500", broken, 0)
        report.exactly("workers that died", len(workers - server.workers()), 0)
        report.exactly("session checks that failed", sum(not each.good for each in checked), 0)
        report.at_most("memory grown by", memory.grown, MOST_MEMORY, " MiB")
        grown = (drawing.most - memory.before) / MIB
        report.at_most(f"memory grown by, {BIGGEST}", grown, MOST_DRAWING, " MiB")
    return report


def _biggest(report: Report, told: Sequence[_Told]) -> None:
    """Of the biggest picture that is accepted some are drawn, and there is no room for others."""
    done = [each.took for each in told if each.done]
    put_off = [each.took for each in told if each.put_off]
    report.at_least(f"{BIGGEST}, done", len(done), 1)
    report.say(f"{BIGGEST}, put off with 503", len(put_off))
    report.exactly(f"{BIGGEST}, neither", len(told) - len(done) - len(put_off), 0)
    report.within(f"{BIGGEST}, done", done, DRAWN_WITHIN)
    report.within(f"{BIGGEST}, put off", put_off, REFUSED_WITHIN)


async def _all(
    port: int, crowd: Crowd, at_once: int, names: Iterable[str]
) -> dict[str, list[_Told]]:
    """Everything hostile of these names, one kind after the other, so many at once."""
    return {name: await _at_once(port, crowd, at_once, name) for name in names}


async def _at_once(
    port: int, crowd: Crowd, at_once: int, name: str, patience: float = HANG
) -> list[_Told]:
    """So many of one kind."""
    sessions = [crowd.visited[n % len(crowd.visited)].session for n in range(at_once)]
    sent = (_tell(port, KINDS[name](session), patience) for session in sessions)
    return list(await asyncio.gather(*sent))


async def _tell(port: int, hostile: Hostile, patience: float) -> _Told:
    """Send it until it is answered or the server hangs up."""
    reader, writer = await asyncio.open_connection(HOST, port)
    began, answer = time.monotonic(), b""
    sending = asyncio.create_task(_send(writer, hostile, f"{HOST}:{port}"))
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(patience):
            answer = await reader.read(65536)
    took = time.monotonic() - began
    sending.cancel()
    writer.transport.abort()
    return _Told(answer, took)


async def _send(writer: asyncio.StreamWriter, hostile: Hostile, host: str) -> None:
    with suppress(OSError):
        for piece in hostile.pieces(host):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)


async def _come_in(person: Person) -> None:
    assert await person.register()
    assert await person.sign_in()


SCENARIO = Scenario(
    "hostile bodies",
    lambda size: (
        f"{size.clients} at once of each, one after the other: {', '.join(BOMBS)}; then as many of "
        f"the biggest picture that is accepted, {BIGGEST}, which unpacks to 64 MiB and is drawn "
        f"anew where there is room; two workers; meanwhile {CHECKS:g} session checks a second"
    ),
    run,
    small=Size(people=4, clients=5, seconds=1.0),
    full=Size(people=50, clients=50, seconds=10.0),
)
