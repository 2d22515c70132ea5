"""Whether recognising somebody, signing in and registering cost more where there are more accounts.

Run it on a quiet machine: `make bench-scale`. It fills a database of each size in a PostgreSQL of
its own, and asks a server over each at its front door, in one process and one request at a time,
with every safety on, in turns: first about few accounts again and again, which are spread over all,
then about any. The hash of a password is made cheap, so that the rest of a sign-in can be seen. It
prints Markdown.
"""

import argparse
import asyncio
import itertools
import os
import random
import shutil
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import fields
from pathlib import Path

import asyncpg
import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from crowd_calls import CALLS, STEERING, Measured, Place, measure
from crowds import FIRST_FRESH, Crowd
from front_door import opened
from hufu.domain.limits import Limits
from hufu.services.postgres import EmbeddedPostgres
from places import Table
from population import MAIN

ROOM = 3_000  # Bytes for each account, with what loading and sorting them takes meanwhile.
BLOCK = 1024 * 1024  # Bytes
PLENTY: Mapping[str, object] = {
    f"limits.{each.name}": 10**6 for each in fields(Limits) if isinstance(each.default, int)
}


def tell_times(sizes: Sequence[int], found: Mapping[tuple[str, int], Measured]) -> None:
    """Each call, and the first statement in it, which looks somebody up."""
    against = f"{sizes[-1]:,} against {sizes[0]:,}"
    heads = [f"{size:,}, ms (p99)" for size in sizes]
    times = Table("call", *heads, against)
    for name in CALLS:
        runs = [found[name, size] for size in sizes]
        shown = [f"{run.median * 1e3:.2f} ({run.slow * 1e3:.1f})" for run in runs]
        times.row(name, *shown, f"{runs[-1].median / runs[0].median:.2f}")
        first = next(each for each in runs[0].statements if each not in STEERING)
        alone = [statistics.median(run.statements[first]) for run in runs]
        shown = [f"{each * 1e3:.2f}" for each in alone]
        times.row(f"— its `{first}` alone", *shown, f"{alone[-1] / alone[0]:.2f}")
    used = Table("call", *(f"{size:,}, CPU ms" for size in sizes), against)
    for name in CALLS:
        medians = [statistics.median(found[name, size].cpu) for size in sizes]
        shown = [f"{each * 1e3:.2f}" for each in medians]
        used.row(name, *shown, f"{medians[-1] / medians[0]:.2f}")


def tell_statements(sizes: Sequence[int], found: Mapping[tuple[str, int], Measured]) -> None:
    """Every statement of every call."""
    table = Table("call", "statement", *(f"{size:,}, µs" for size in sizes), "last against first")
    for name in CALLS:
        for method in found[name, sizes[0]].statements:
            each = [statistics.median(found[name, size].statements[method]) for size in sizes]
            shown = [f"{median * 1e6:.0f}" for median in each]
            table.row(name, f"`{method}`", *shown, f"{each[-1] / each[0]:.2f}")


def tell_bytes(crowds: Sequence[Crowd]) -> None:
    """What an account takes on the disk, by table."""
    heads = [f"{crowd.size:,}: rows + indexes" for crowd in crowds]
    table = Table("bytes per account", "rows of each", *heads)
    for name in sorted(MAIN):
        parts = [crowd.bytes[name] for crowd in crowds]
        shown = [
            f"{rows / crowd.size:.0f} + {indexes / crowd.size:.0f}"
            for crowd, (rows, indexes) in zip(crowds, parts, strict=True)
        ]
        table.row(f"`{name}`", len(MAIN[name]), *shown)
    whole = [sum(sum(each) for each in crowd.bytes.values()) / crowd.size for crowd in crowds]
    table.row("all", "", *(f"**{each:,.0f}**" for each in whole))


def warm(folder: Path) -> int:
    """Read every file of the databases once, so that what fits is in memory; how many bytes."""
    read = 0
    for path in (folder / "postgres" / "cluster" / "base").rglob("[0-9]*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while block := file.read(BLOCK):
                    read += len(block)
    return read


async def run(asked: argparse.Namespace, folder: Path, progress: Progress) -> None:
    """Fill, then measure; the server that is filled gives up safety for speed."""
    with EmbeddedPostgres.start(folder / "postgres", fast=True) as postgres:
        await _configure(postgres, max_wal_size="4GB", autovacuum="off")
        crowds = [
            await Crowd.made(postgres.url, size, folder / "data", progress) for size in asked.sizes
        ]
        await _configure(
            postgres, shared_buffers=asked.shared_buffers, max_wal_size="4GB", autovacuum="on"
        )
    tell_bytes(crowds)
    with EmbeddedPostgres.start(folder / "postgres"):
        print(f"\n{warm(folder) / 1e9:.1f} GB of files; shared_buffers = {asked.shared_buffers}")
        server = psutil.Process(_postmaster(folder))
        async with AsyncExitStack() as stack:
            places = []
            for crowd in crowds:
                world = await stack.enter_async_context(opened(crowd.url, folder / "data", PLENTY))
                fresh = FIRST_FRESH + random.SystemRandom().randrange(10**7)
                places.append(Place(crowd, world, random.Random(), fresh, server))
            for whom, seeds in (
                (f"The same {asked.count} accounts", itertools.repeat(asked.seed)),
                ("Any accounts", itertools.count(asked.seed)),
            ):
                found = await measure(
                    places, progress, asked.count, list(itertools.islice(seeds, asked.rounds + 1))
                )
                print(f"\n{whom}, in {asked.rounds} rounds of {asked.count} calls")
                tell_times(asked.sizes, found)
                if asked.statements:
                    tell_statements(asked.sizes, found)


def _postmaster(folder: Path) -> int:
    status = folder / "postgres" / "cluster" / "postmaster.pid"
    return int(status.read_text().splitlines()[0])


async def _configure(postgres: EmbeddedPostgres, **settings: str) -> None:
    connection = await asyncpg.connect(postgres.url.replace("hufu@", "postgres@"))
    for name, value in settings.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def _quarter() -> str:
    """A quarter of the machine's memory, as PostgreSQL's manual has it."""
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // 4 // 2**20}MB"


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10**4, 10**6, 10**7])
    parser.add_argument("--rounds", type=int, default=7, help="of each call over each size")
    parser.add_argument("--count", type=int, default=300, help="calls of each round")
    parser.add_argument("--shared-buffers", default=_quarter(), help="PostgreSQL's own memory")
    parser.add_argument("--folder", type=Path, help="keep the databases there, for another run")
    parser.add_argument("--statements", action="store_true", help="tell of each by itself")
    parser.add_argument("--seed", type=int, default=1, help="of accounts and order")
    asked = parser.parse_args()
    random.seed(asked.seed)
    shown = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(dir=asked.folder) as temporary,
        Progress(*shown, TimeRemainingColumn(), console=Console(stderr=True)) as progress,
    ):
        folder = asked.folder or Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        free, needed = shutil.disk_usage(folder).free, ROOM * sum(asked.sizes)
        if asked.folder is None and free < needed:
            parser.error(f"{needed / 1e9:.0f} GB are needed, {free / 1e9:.0f} GB are free there")
        asyncio.run(run(asked, folder, progress))


if __name__ == "__main__":
    main()
