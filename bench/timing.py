"""Whether the time of an answer tells that an account exists, where its words do not.

Run it on a quiet machine: `make timing`. It starts a PostgreSQL of its own in a temporary folder,
with every safety on, and asks a server with `hardening = "strict"` at its front door, in one
process and one request at a time, about people who have an account and people who have none, in
turns and in random order. It prints Markdown, and ends with status 1 where an answer tells.
"""

import argparse
import asyncio
import gc
import random
import statistics
import sys
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import asyncpg

from asking import DOORS, FREE, PASSWORD, SQUATTED, Door, statements
from front_door import Answer, World, opened
from hufu.cli.init import configuration_text
from hufu.domain.limits import Limits
from hufu.domain.passwords import Password
from hufu.services.postgres import EmbeddedPostgres
from hufu.settings import DIALECTS, HashSettings
from hufu.storage.upgrade import migrate
from places import Table

FARTHEST, LIKELIEST = 2.0, 0.55
"""The difference of medians (ms) and the AUC from which on an answer tells."""

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
WARM_UP = 20
PLENTY = 10**6
SETTINGS: Mapping[str, object] = {
    "public_url": "https://id.example.com",
    "hash.memory_kib": HashSettings().memory_kib,
    "hash.passes": HashSettings().passes,
    **{f"apps.{name}.hardening": "strict" for name in DIALECTS},
    **{f"limits.{each.name}": PLENTY for each in fields(Limits) if isinstance(each.default, int)},
}
"""Production as it is by default, but strict, and with the limits out of the way."""


@dataclass(frozen=True)
class Pair:
    """Two numbers that are asked about from one address; the first has an account."""

    known: str
    unknown: str
    peer: str


def pairs_of(count: int, chance: random.Random) -> list[Pair]:
    """So many pairs."""
    numbers = [f"138{number:08d}" for number in chance.sample(range(10**8), 2 * count)]
    return [
        Pair(numbers[2 * place], numbers[2 * place + 1], f"2001:db8:{place // 256:x}:{place:x}::1")
        for place in range(count)
    ]


async def add_accounts(world: World, pairs: list[Pair]) -> None:
    """An account for the first number of each pair and its addresses, and one for each address
    that the asker registered; all have one password."""
    deps = world.deps("fomo")
    kept = await deps.hasher.make(Password.typed(PASSWORD), deps.app.scheme)
    bound: list[tuple[int, str, str, bool]] = []
    for pair in pairs:
        owner = len(bound) + 1
        bound.append((owner, f"+86{pair.known}", "", True))
        bound += ((owner, f"{pair.known}@{domain}", "", True) for domain in (SQUATTED, FREE))
        for phone in (pair.known, pair.unknown):
            bound.append((len(bound) + 1, f"{phone}@{SQUATTED}", "creator", False))
    ids = {id for id, *_ in bound}
    secret = ("sign_in", kept.scheme, kept.pepper_version, kept.argon2, LONG_AGO)
    tables: dict[str, Iterable[tuple[object, ...]]] = {
        "accounts": ((id, "main", "active", LONG_AGO) for id in ids),
        "passwords": ((id, *secret) for id in ids),
        "identifiers": (
            ("main", "email" if "@" in key else "phone", key, scope, key, id, verified, LONG_AGO)
            for id, key, scope, verified in bound
        ),
    }
    connection = await asyncpg.connect(world.url)
    for table, records in tables.items():
        await connection.copy_records_to_table(table, records=records)
    await connection.execute("ANALYZE")
    await connection.close()


@dataclass(frozen=True)
class Measured:
    """What one door answered, in ms and in statements to the database."""

    known: list[float]
    unknown: list[float]
    statements: tuple[int, int]

    @property
    def apart(self) -> float:
        """How much later an answer about an account comes, by the medians (ms)."""
        return statistics.median(self.known) - statistics.median(self.unknown)

    @property
    def auc(self) -> float:
        """How often an answer about an account is the later of two (Mann-Whitney)."""
        others = sorted(self.unknown)
        wins = sum(bisect_left(others, each) + bisect_right(others, each) for each in self.known)
        return wins / 2 / len(self.known) / len(others)

    @property
    def tells(self) -> bool:
        return abs(self.apart) > FARTHEST or not 1 - LIKELIEST <= self.auc <= LIKELIEST


def _said(answer: Answer) -> tuple[int, object]:
    """An answer without the references in it, which are never the same twice."""
    body = answer.json()
    return answer.status, {**body, "data": sorted(body.get("data") or ())}


async def measure(
    world: World, door: Door, pairs: list[Pair], warm: list[Pair], chance: random.Random
) -> Measured:
    """The door's answers about every pair, after those that only warm up."""
    said, counts = [], []
    for pair in warm:
        for phone in (pair.known, pair.unknown):
            with statements() as sent:
                said.append(_said(await door.ask(world, phone, pair.peer)))
            counts.append(len(sent))
    times: dict[bool, list[float]] = {True: [], False: []}
    gc.collect()
    gc.disable()
    for pair in pairs:
        for known in chance.sample((True, False), 2):
            began = time.perf_counter()
            answer = await door.ask(world, pair.known if known else pair.unknown, pair.peer)
            times[known].append((time.perf_counter() - began) * 1e3)
            said.append(_said(answer))
    gc.enable()
    assert all(each == said[0] for each in said), f"{door}: {said[0]} and others"
    return Measured(times[True], times[False], (counts[-2], counts[-1]))


async def run(asked: argparse.Namespace, url: str, data: Path) -> bool:
    """Measure the doors; whether one of them tells."""
    chance = random.Random(asked.seed)
    config = data / "hufu.toml"
    config.write_text(configuration_text())
    await migrate(url)
    pairs = pairs_of(WARM_UP + asked.count, chance)
    told = False
    async with opened(url, data, SETTINGS, config) as world:
        await add_accounts(world, pairs)
        table = Table(
            "call", "account, median ms", "no account, median ms", "apart, ms", "AUC",
            "statements", "tells",
        )  # fmt: skip
        for door in DOORS:
            if asked.door in str(door):
                warm, measured = pairs[:WARM_UP], pairs[WARM_UP:]
                found = await measure(world, door, measured, warm, chance)
                table.row(
                    door,
                    f"{statistics.median(found.known):.2f}",
                    f"{statistics.median(found.unknown):.2f}",
                    f"{found.apart:+.2f}",
                    f"{found.auc:.3f}",
                    "{} / {}".format(*found.statements),
                    "yes" if found.tells else "no",
                )
                told |= found.tells
    deviation = sqrt((2 * asked.count + 1) / 12) / asked.count
    print(
        f"\n{asked.count:,} samples of each kind per call. An answer tells where the medians are "
        f"more than {FARTHEST:.0f} ms apart, or the AUC is more than {LIKELIEST - 0.5:.2f} from "
        f"0.5; by chance alone it is within {2 * deviation:.3f} of it 19 times out of 20."
    )
    return told


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="samples of each kind per call")
    parser.add_argument("--door", default="", help="only the calls whose name has this in it")
    parser.add_argument("--seed", type=int, default=1, help="of numbers and order")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        with EmbeddedPostgres.start(folder / "postgres") as postgres:
            sys.exit(asyncio.run(run(asked, postgres.url, folder)))


if __name__ == "__main__":
    main()
