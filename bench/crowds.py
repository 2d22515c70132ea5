"""Databases full of accounts, filled by PostgreSQL itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg
from rich.progress import Progress

from hufu.configuration import load
from hufu.core import open_core
from hufu.domain.passwords import Password
from hufu.storage.upgrade import migrate
from population import MAIN, add

PASSWORD = "correct horse 1"
APPS = ("fomo", "rental")  # In turns: accounts of even numbers are of the first.
CHUNK = 250_000  # Accounts for which one statement adds rows.
PATIENCE = 7200.0  # Seconds
FIRST_FRESH = 5 * 10**7  # Nobody has such a number.

_CONSTRAINTS = """
SELECT c.conrelid::regclass::text AS table, c.conname AS name,
    pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c
WHERE c.contype = 'f' AND c.confrelid = ANY($1::regclass[])
    OR c.contype IN ('p', 'u', 'f') AND c.conrelid = ANY($1::regclass[])
ORDER BY c.contype = 'f', 1, 2
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
FROM pg_index WHERE indrelid = ANY($1::regclass[])
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
"""
_BYTES = """
SELECT relname, pg_table_size(oid) AS rows, pg_indexes_size(oid) AS indexes
FROM pg_class WHERE oid = ANY($1::regclass[]) ORDER BY relname
"""

_THERE = "SELECT true FROM pg_database WHERE datname = $1"
_COMMENT = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = $1"


@dataclass(frozen=True)
class Crowd:
    """A database with so many accounts, those of the numbers from 1; the bytes of rows and of
    indexes by table, as they were when it was filled."""

    size: int
    url: str
    bytes: dict[str, tuple[int, int]]

    @classmethod
    async def made(cls, url: str, size: int, data: Path, progress: Progress) -> Self:
        """The database of that size on the server, filled unless it was before."""
        name = f"accounts_{size}"
        own = url.replace("/hufu?", f"/{name}?")
        server = await asyncpg.connect(url)
        if not await server.fetchval(_THERE, name):
            unfilled = f"{name}_unfilled"
            await server.execute(f"DROP DATABASE IF EXISTS {unfilled}")
            await server.execute(f"CREATE DATABASE {unfilled}")
            taken = await _fill(own.replace(name, unfilled), size, data, progress)
            await server.execute(f"COMMENT ON DATABASE {unfilled} IS '{json.dumps(taken)}'")
            await server.execute(f"ALTER DATABASE {unfilled} RENAME TO {name}")
        await migrate(own)  # It may be older than the newest schema.
        taken = json.loads(await server.fetchval(_COMMENT, name))
        await server.close()
        return cls(size, own, taken)


async def _verifier(url: str, data: Path) -> tuple[str, str]:
    """What PASSWORD is checked against; it costs next to nothing, and is as long as any."""
    given = {"data_dir": str(data), "database_url": url, "hash.memory_kib": 8, "hash.passes": 1}
    core = await open_core(load(None, {}, given))
    deps = core.apps[APPS[0]]
    kept = await deps.hasher.make(Password.typed(PASSWORD), deps.app.scheme)
    await core.close()
    return kept.scheme, kept.argon2


async def _fill(url: str, size: int, data: Path, progress: Progress) -> dict[str, tuple[int, int]]:
    """The rows first, then keys and indexes, then what the planner has to know; the bytes."""
    await migrate(url)
    verifier = await _verifier(url, data)
    tables = list(MAIN)
    connection = await asyncpg.connect(url, command_timeout=PATIENCE)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    constraints = await connection.fetch(_CONSTRAINTS, tables)
    indexes = await connection.fetch(_INDEXES, tables)
    chunks = [range(at, min(at + CHUNK, size + 1)) for at in range(1, size + 1, CHUNK)]
    steps = len(tables) * (len(chunks) + 1) + len(constraints) + len(indexes)
    task = progress.add_task(f"{size:,} accounts", total=steps)
    for each in reversed(constraints):
        await connection.execute(f"ALTER TABLE {each['table']} DROP CONSTRAINT {each['name']}")
    for each in indexes:
        await connection.execute(f"DROP INDEX {each['name']}")
    for table, rows in MAIN.items():
        for numbers in chunks:
            await add(connection, table, rows, numbers, APPS, verifier)
            progress.advance(task)
    for statement in _rebuilding(constraints, indexes):
        await connection.execute(statement)
        progress.advance(task)
    for table in tables:
        await connection.execute(f"VACUUM ANALYZE {table}")
        progress.advance(task)
    taken = await connection.fetch(_BYTES, tables)
    await connection.close()
    return {row["relname"]: (row["rows"], row["indexes"]) for row in taken}


def _rebuilding(
    constraints: Sequence[asyncpg.Record], indexes: Sequence[asyncpg.Record]
) -> list[str]:
    keys = [
        f"ALTER TABLE {each['table']} ADD CONSTRAINT {each['name']} {each['definition']}"
        for each in constraints
    ]
    return [*(each["definition"] for each in indexes), *keys]
