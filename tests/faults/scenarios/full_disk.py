"""The disk of the database and of the pictures is full; then there is room again."""

import asyncio
import contextlib
import errno
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from dialects.pictures import PNG
from faults.crowd import Crowd, server_on
from faults.history import HANG
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres, Servers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import LOOK_EVERY

MIB = 1024 * 1024
DISK = 224 * MIB
SMALL_LOG = {"wal_keep_size": "0", "min_wal_size": "32MB", "max_wal_size": "64MB"}
TOLD_WITHIN = 1.0
BACK_WITHIN = 5.0
WRITES = 3
BLOCKS = (bytes(MIB), bytes(4096))


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    with contextlib.ExitStack() as stack:
        try:
            disk = stack.enter_context(_disk(place.folder / "disk"))
        except PermissionError:
            report.not_run("only root may mount a small disk here")
            return report
        servers = Servers(disk, place.servers.template)
        stack.callback(servers.close)
        database = await servers.made(**SMALL_LOG)
        (disk / "uploads").mkdir()
        (place.folder / "data").mkdir()
        (place.folder / "data" / "uploads").symlink_to(disk / "uploads")
        await _filled(place, size, database, disk, report)
    return report


async def _filled(place: Place, size: Size, database: Postgres, disk: Path, report: Report) -> None:
    async with (
        server_on(database.url, place.folder) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        async with asyncio.TaskGroup() as group:
            filling = group.create_task(_fill(database, disk, crowd, size))
            group.create_task(crowd.run(_write_much))
        spans, back, restarts = filling.result()
        report.exactly("server ended", int(server.process.poll() is not None), 0)
        await report.compare(crowd.history, look)
    refused = crowd.history.answered(503)
    full = [each for each in crowd.history.operations if _during(each.began, spans)]
    report.at_least("times that the disk was full", len(spans), size.faults)
    report.say("database started again, as it had ended itself", restarts)
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    report.at_least("answered 503", len(refused), 1)
    report.exactly("never answered", sum(each.took >= HANG for each in full), 0)
    report.within("an answer while it is full", [each.took for each in full], TOLD_WITHIN)
    report.within("service back when there is room", back, BACK_WITHIN)


def _during(moment: float, spans: list[tuple[float, float]]) -> bool:
    return any(began <= moment < ended for began, ended in spans)


async def _write_much(person: Person) -> None:
    if await person.register() and await person.sign_in():
        await person.sign_in_today()
        for _ in range(WRITES):
            await person.write()
            await person.show(PNG)


async def _fill(
    database: Postgres, disk: Path, crowd: Crowd, size: Size
) -> tuple[list[tuple[float, float]], list[float], int]:
    """When the disk was full, after how long there was service again, and how often the database
    had to be started again, which its supervisor does elsewhere."""
    spans, back, restarts = [], [], 0
    for _ in range(size.faults):
        await asyncio.sleep(size.seconds)
        filler = disk / "filler"
        await _until_refused(filler, crowd)
        full = time.monotonic()
        await asyncio.sleep(size.seconds)
        spans.append((full, time.monotonic()))
        filler.unlink()
        if not database.runs:
            restarts += 1
            await asyncio.to_thread(database.start)
        back.append(await crowd.served_since(time.monotonic()))
    crowd.enough.set()
    return spans, back, restarts


async def _until_refused(filler: Path, crowd: Crowd) -> None:
    """Take all the room that there is, again and again, until somebody is refused for it."""
    before = len(crowd.history.answered(503))
    with filler.open("ab", buffering=0) as file:
        while len(crowd.history.answered(503)) == before:
            for block in BLOCKS:
                _take_all(file, block)
            await asyncio.sleep(LOOK_EVERY)


def _take_all(file: FileIO, block: bytes) -> None:
    try:
        while file.write(block):
            pass
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """A disk in memory. Raises PermissionError where that may not be."""
    folder.mkdir(0o755)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0755", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise PermissionError(done.stderr.decode(errors="replace"))
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


SCENARIO = Scenario(
    "disk full",
    lambda size: (
        f"database and pictures on a disk of {DISK // MIB} MiB; {size.clients} clients register, "
        f"write profiles and show pictures, while the disk is filled {size.faults} times until "
        f"something is refused, and emptied {size.seconds:g} s later"
    ),
    run,
    small=Size(people=10, clients=8, faults=1, seconds=0.5),
    full=Size(people=1_000, clients=16, faults=5, seconds=5),
)
