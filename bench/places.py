"""Databases to measure on, and how fast things go there."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from hufu.actions.deps import Deps
from hufu.configuration import load
from hufu.core import Core, open_core
from hufu.domain.chains import CHAINS, genesis, link, transfer_id
from hufu.domain.instants import instant_of
from hufu.domain.permissions import Caller, Role
from hufu.domain.rewards import Award, RewardType
from hufu.services.clock import DatabaseClock
from hufu.services.postgres import EmbeddedPostgres
from hufu.storage.upgrade import migrate

APP = "fomo"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
AMOUNT = 100_000

Job = Callable[[], Awaitable[Any]]


class Table:
    """A Markdown table, printed row by row."""

    def __init__(self, *columns: str) -> None:
        print()
        self.row(*columns)
        self.row(*("---" for _ in columns))

    def row(self, *cells: object) -> None:
        """One more row."""
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


class Place:
    """A database with accounts that no run has used yet."""

    def __init__(self, url: str, core: Core) -> None:
        self.url = url
        self.core = core
        self.fresh = 1

    @property
    def deps(self) -> Deps:
        """What the app's actions are given here."""
        return self.core.apps[APP]

    async def connect(self) -> asyncpg.Connection:
        """A connection beside the server's."""
        return await asyncpg.connect(self.url)

    async def length(self) -> int:
        """How many transfers there are."""
        connection = await self.connect()
        length: int = await connection.fetchval("SELECT sum(length)::bigint FROM ledger_chains")
        await connection.close()
        return length

    async def add_accounts(self, count: int) -> range:
        """Accounts with the next ids."""
        ids = range(self.fresh, self.fresh + count)
        self.fresh += count
        connection = await self.connect()
        await connection.copy_records_to_table(
            "accounts",
            records=((id, "main", "active", caller(id).account_since) for id in ids),
            columns=["id", "pool", "state", "created_at"],
        )
        await connection.close()
        return ids

    async def fill(self, count: int) -> None:
        """So many awards with their transfers, as if they had been given one by one."""
        tables = _awards(await self.add_accounts(count))
        connection = await self.connect()
        ends = tables.pop("ledger_chains")
        for table, records in tables.items():
            await connection.copy_records_to_table(table, records=records, timeout=600)
        await connection.executemany(
            "UPDATE ledger_chains SET length = $2, head = $3 WHERE chain = $1", ends
        )
        await connection.execute("ANALYZE")
        await connection.close()


def _awards(ids: range) -> dict[str, list[tuple[object, ...]]]:
    """The rows of one award for each account, by table."""
    ends = [(genesis(chain), 0) for chain in range(CHAINS)]
    tables: dict[str, list[tuple[object, ...]]] = {
        name: [] for name in ("transfers", "postings", "awards", "balances")
    }
    for number, account_id in enumerate(ids):
        at = LONG_AGO + timedelta(seconds=number)
        award = Award(
            account_id=account_id,
            id=number + 1,
            app=APP,
            item="sign_in",
            type=RewardType.DAILY,
            amount=AMOUNT,
            coin_id=1,
            target="0",
            day=at.date(),
            at=at,
            place=1,
        )
        transfer, chain = award.transfer(), number % CHAINS
        head, length = ends[chain]
        ends[chain] = head, length = link(head, transfer.digest()), length + 1
        id = transfer_id(chain, length)
        tables["transfers"].append((id, transfer.key, transfer.kind, transfer.memo, at, None, head))
        tables["postings"] += (
            (id, place, each.holder.kind, each.holder.id, each.coin_id, each.amount)
            for place, each in enumerate(transfer.postings, start=1)
        )
        shown = (award.item, award.type, award.amount, award.coin_id, award.target, award.day)
        tables["awards"].append((account_id, award.id, APP, *shown, None, award.place, None, at))
        tables["balances"].append(("user", account_id, 1, 0, AMOUNT))
    tables["balances"] += (
        ("issuer", 0, 1, chain, -AMOUNT * length)
        for chain, (_, length) in enumerate(ends)
        if length
    )
    tables["ledger_chains"] = [(chain, length, head) for chain, (head, length) in enumerate(ends)]
    return tables


def caller(id: int) -> Caller:
    """Somebody who is signed in."""
    return Caller(id, None, instant_of(LONG_AGO), Role.MEMBER)


async def rate(jobs: Iterator[Job], at_once: int) -> tuple[float, float]:
    """Jobs per second, and the CPU seconds of this process per job, with so many at a time."""
    done = 0

    async def work() -> None:
        nonlocal done
        for job in jobs:
            await job()
            done += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return done / (time.perf_counter() - began), (time.process_time() - cpu) / done


async def opened(folder: Path, postgres: EmbeddedPostgres, name: str) -> Place:
    """A new database of that name, and a server's inside over it."""
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = postgres.url.replace("/hufu?", f"/{name}?")
    await migrate(url)
    core = await open_core(load(None, {}, {"data_dir": str(folder / name), "database_url": url}))
    assert isinstance(core.clock, DatabaseClock)
    await core.clock.sync()
    return Place(url, core)
