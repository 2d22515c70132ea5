"""How fast rewards are given, where the time goes, and whether that depends on what is there.

Run it on a quiet machine: `make bench-ledger`. It starts a PostgreSQL of its own in a temporary
folder, with every safety on, and prints Markdown. What is compared is measured in one run, in
turns.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from hufu.actions.invitations import ReadInvited, read_invited
from hufu.actions.ledger import audit_ledger
from hufu.actions.reservations import Reserve, reserve
from hufu.actions.rewards import SignInForToday, sign_in_for_today
from hufu.domain.chains import CHAINS
from hufu.services.postgres import EmbeddedPostgres
from hufu.storage import ledger as ledger_statements
from hufu.storage import reservations as reservation_rows
from places import APP, Place, Table, caller, opened, rate

AT_ONCE = 16
STATEMENTS = {
    "BEGIN": "BEGIN",
    "COMMIT": "COMMIT: the log reaches the disk",
    "SELECT * FROM reward_rul": "the rule in force",
    "WITH room AS ( SELECT NU": "claim of the award, by its unique keys",
    "INSERT INTO balances AS ": "balance of the account",
    "WITH free AS ( SELECT ch": "chain, transfer, postings, issuer's balance",
}
COUNTED = """
INSERT INTO invitation_counts
SELECT inviter_id, account_id % 16, count(*) FROM invitations GROUP BY 1, 2
"""
SEEN = """
INSERT INTO profiles (account_id, app, name, sex, created_at, updated_at, signed_in_at)
SELECT account_id, app, '用户' || account_id, 2, set_at, set_at, set_at FROM invitations
"""


@contextmanager
def instead(module: Any, name: str, value: object) -> Iterator[None]:
    """The module with another value under the name."""
    kept = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, kept)


async def awards(place: Place, count: int, at_once: int) -> tuple[float, float]:
    """The rate of daily awards to so many accounts, one each."""
    ids = await place.add_accounts(count)
    jobs = (lambda id=id: sign_in_for_today(place.deps, caller(id), SignInForToday()) for id in ids)
    return await rate(jobs, at_once)


async def where_time_goes(place: Place, count: int) -> None:
    """The time of an award statement by statement, one award at a time."""
    spent: dict[str, float] = defaultdict(float)

    def timed(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return await original(self, query, *arguments, **more)
            finally:
                step = STATEMENTS.get(" ".join(query.split())[:24], "anchors")
                spent[step] += time.perf_counter() - began

        return run

    ways = ("fetchrow", "fetchval", "fetch", "execute")
    kept = {way: getattr(asyncpg.Connection, way) for way in ways}
    ids = await place.add_accounts(count)
    for way, original in kept.items():
        setattr(asyncpg.Connection, way, timed(original))
    try:
        began = time.perf_counter()
        for id in ids:
            await sign_in_for_today(place.deps, caller(id), SignInForToday())
        whole = time.perf_counter() - began
    finally:
        for way, original in kept.items():
            setattr(asyncpg.Connection, way, original)
    spent["everything else: Python, the pool"] = whole - sum(spent.values())
    spent["one award, alone"] = whole
    table = Table("step of an award", "ms", "share")
    for step, seconds in spent.items():
        table.row(step, f"{seconds / count * 1e3:.2f}", f"{seconds / whole:.0%}")


async def growth(short: Place, long: Place, rounds: int, count: int) -> None:
    """The same awards where there are few transfers and where there are many."""
    table = Table("transfers at the start", "at once", "awards/s", "against the short ledger")
    for at_once in (1, AT_ONCE):
        lengths = {place: await place.length() for place in (short, long)}
        measured: dict[Place, list[float]] = {short: [], long: []}
        for _ in range(rounds):
            for place, rates in measured.items():
                rates.append((await awards(place, count, at_once))[0])
        base = statistics.median(measured[short])
        for place, rates in measured.items():
            median = statistics.median(rates)
            table.row(f"{lengths[place]:,}", at_once, f"{median:.0f}", f"{median / base:.2f}")


async def chains(place: Place, rounds: int, count: int) -> None:
    """The same awards over one chain and over all."""
    add = ledger_statements._ADD
    free = "ORDER BY chain FOR UPDATE SKIP LOCKED LIMIT 1"
    one = add.replace(free, "WHERE chain = 0 FOR UPDATE")
    assert one != add
    table = Table("chains", "at once", "awards/s", "CPU of the server per award, ms")
    for at_once in (1, AT_ONCE):
        runs: dict[int, list[tuple[float, float]]] = {1: [], CHAINS: []}
        for _ in range(rounds):
            for number, statement in ((1, one), (CHAINS, add)):
                with instead(ledger_statements, "_ADD", statement):
                    runs[number].append(await awards(place, count, at_once))
        for number, measured in runs.items():
            per_second, cpu = map(statistics.median, zip(*measured, strict=True))
            table.row(number, at_once, f"{per_second:.0f}", f"{cpu * 1e3:.2f}")


async def reservations(place: Place, rounds: int, count: int) -> None:
    """Reservations by many at once, counted in one row and in slots."""
    runs: dict[int, list[float]] = {1: [], reservation_rows.SLOTS: []}
    for _ in range(rounds):
        for slots, rates in runs.items():
            with instead(reservation_rows, "SLOTS", slots):
                ids = await place.add_accounts(count)
                jobs = (lambda id=id: reserve(place.deps, caller(id), Reserve()) for id in ids)
                rates.append((await rate(jobs, AT_ONCE))[0])
    table = Table("rows that count an app's reservations", "at once", "reservations/s")
    for slots, rates in runs.items():
        table.row(slots, AT_ONCE, f"{statistics.median(rates):.0f}")


async def children(place: Place, count: int) -> None:
    """The list of a parent with many children."""
    [parent] = await place.add_accounts(1)
    ids = await place.add_accounts(count)
    now = datetime.now(UTC)
    connection = await place.connect()
    await connection.copy_records_to_table(
        "invitations",
        records=((id, parent, APP, now - timedelta(seconds=id % 10_000)) for id in ids),
        columns=["account_id", "inviter_id", "app", "set_at"],
    )
    await connection.execute(COUNTED)
    await connection.execute(SEEN)
    await connection.execute("ANALYZE")
    await connection.close()
    table = Table(f"get_children of a parent with {count:,} children", "median ms", "worst of 100")
    for name, command in (
        ("page 1 of 20, and the count", ReadInvited(1, 20)),
        ("page 2,500 of 20, and the count", ReadInvited(2500, 20)),
        ("the newest 1,000, and the count", ReadInvited(None, 20)),
    ):
        times = []
        for _ in range(100):
            began = time.perf_counter()
            listed = await read_invited(place.deps, caller(parent), command)
            times.append((time.perf_counter() - began) * 1e3)
            assert listed.count == count
        table.row(name, f"{statistics.median(times):.1f}", f"{max(times):.1f}")


async def audit(place: Place) -> None:
    """How long it takes to show that the ledger is as it was written."""
    began = time.perf_counter()
    audited = await audit_ledger(place.deps, lambda _, __: None, None)
    took = time.perf_counter() - began
    assert audited.wrong is None, audited.wrong
    per_second = audited.transfers / took
    print(f"\n`hufu ledger verify`: {audited.transfers:,} transfers in {took:.0f} s, ", end="")
    print(f"{per_second:,.0f} per second")


async def measure(asked: argparse.Namespace, folder: Path, postgres: EmbeddedPostgres) -> None:
    """Everything, one after the other."""
    warm, short, long = [await opened(folder, postgres, name) for name in ("warm", "short", "long")]
    await awards(warm, asked.count, AT_ONCE)
    await short.fill(min(1000, asked.length))
    await long.fill(asked.length)
    await where_time_goes(warm, asked.count)
    await growth(short, long, asked.rounds, asked.count)
    await chains(warm, asked.rounds, asked.count)
    await reservations(warm, asked.rounds, asked.count)
    await children(warm, 100_000)
    await audit(long)
    for place in (warm, short, long):
        await place.core.close()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=1_000_000, help="of the long ledger")
    parser.add_argument("--rounds", type=int, default=5, help="of each comparison")
    parser.add_argument("--count", type=int, default=1000, help="awards of each round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        with EmbeddedPostgres.start(folder / "postgres") as postgres:
            asyncio.run(measure(asked, folder, postgres))


if __name__ == "__main__":
    main()
