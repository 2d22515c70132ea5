"""The checker sees what a database forgot that says "done" before it is on the disk."""

import asyncio
import signal
from pathlib import Path

import psutil

from faults.checker import Wrong
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.scenario import Place, Report, a_place

PEOPLE = 4

LATE = {
    "synchronous_commit": "off",
    "wal_writer_delay": "10s",
    "wal_writer_flush_after": "1GB",
    "bgwriter_lru_maxpages": "0",
    "checkpoint_timeout": "1d",
}


async def forgotten(place: Place, settings: dict[str, str]) -> Report:
    """What the checker says of people who were told "done" by a database with these settings,
    whose machine fails then before its log writer has come to it."""
    report = Report()
    database = await place.servers.made(**settings)
    async with looking(database.url, place.folder / "data") as look:
        async with server_on(database.url, place.folder, workers=1) as server:
            await stop_log_writer(database)
            crowd = Crowd(server.port, look, clients=PEOPLE, least=PEOPLE)
            crowd.enough.set()
            await crowd.run(Person.all)
            await asyncio.to_thread(database.kill)
        await asyncio.to_thread(database.start)
    async with looking(database.url, place.folder / "data") as look:
        await report.compare(crowd.history, look)
    return report


async def stop_log_writer(database: Postgres) -> None:
    [writer] = await database.sql(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'"
    )
    psutil.Process(writer["pid"]).send_signal(signal.SIGSTOP)


async def test_a_commit_that_does_not_wait_for_the_disk_is_seen_to_be_lost(template: Path) -> None:
    async with a_place(template) as place:
        report = await forgotten(place, LATE)
    lost = {each.what.split(":")[0] for each in report.findings if each.wrong is Wrong.LOST}
    assert len(lost) == PEOPLE


async def test_one_that_waits_is_not(template: Path) -> None:
    async with a_place(template) as place:
        report = await forgotten(place, {**LATE, "synchronous_commit": "on"})
    assert report.findings == []
    assert report.holds
