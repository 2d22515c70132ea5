"""A real PostgreSQL per test process, emptied before each test, and a server over it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from faults.postgres import make_template, open_folder
from front_door import World, opened
from hufu.services.postgres import EmbeddedPostgres
from hufu.storage.upgrade import migrate

APPEND_ONLY = (
    "word_takers",
    "word_shares",
    "awards",
    "postings",
    "transfers",
    "ledger_anchors",
    "reward_rules",
)
"""Tables that the database itself protects, those that refer to others first."""

GENEROUS = {
    "limits.sends_per_minute": 1000,
    "limits.sends_per_hour": 1000,
    "limits.sends_per_day": 1000,
    "limits.sends_per_block_hour": 1000,
    "limits.sends_per_block_day": 1000,
}
"""Limits that stay out of the way of tests that are about something else."""


settings.register_profile("hufu", deadline=None)  # Other work on the machine is no failure.
settings.load_profile("hufu")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the option that writes the dialects' samples anew."""
    parser.addoption(
        "--record-samples", action="store_true", help="write the dialects' recorded samples anew"
    )


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database of this test process's own."""
    folder = tmp_path_factory.mktemp("database")
    with EmbeddedPostgres.start(folder / "postgres", fast=True) as postgres:
        asyncio.run(migrate(postgres.url))
        yield postgres.url


USED = """
SELECT EXISTS (SELECT FROM transfers) OR EXISTS (SELECT FROM awards)
    OR EXISTS (SELECT FROM reward_rules WHERE active_from > '2000-01-01Z')
    OR EXISTS (SELECT FROM coins WHERE id > 1)
"""

# Tests may forget what the database otherwise never gives up.
FORGET = "; ".join(
    (
        *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in APPEND_ONLY),
        *(f"DELETE FROM {table}" for table in APPEND_ONLY if table != "reward_rules"),
        "DELETE FROM reward_rules WHERE active_from > '2000-01-01Z'",
        *(
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{trigger}"
            for table in APPEND_ONLY
            for trigger in ("stay", "all_stay")
        ),
        "ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_balanced",
        "DELETE FROM words",
        "DELETE FROM coins WHERE id > 1",
        "UPDATE ledger_chains SET length = 0, head = sha256(('hufu ledger ' || chain)::bytea)",
    )
)


class Emptier:
    """Empties the database, always by one connection: to open another costs more than to empty."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection | None = None
        self._delete = ""

    async def empty(self) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url)
            self._delete = await self._deletion(self._connection)
        if await self._connection.fetchval(USED):
            await self._connection.execute(FORGET)
        await self._connection.execute(self._delete)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _deletion(self, connection: asyncpg.Connection) -> str:
        """Deleting the few rows of a test is faster than TRUNCATE."""
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' "
            "AND tablename NOT IN ('alembic_version', 'oldest_served', 'coins', 'ledger_chains')"
        )
        names = {row["tablename"] for row in tables} - {*APPEND_ONLY}
        order = sorted(names, key=lambda name: (name == "accounts", name))
        return "; ".join(f"DELETE FROM {name}" for name in order)


@pytest.fixture(scope="session")
async def emptier(database_url: str) -> AsyncIterator[Emptier]:
    """What empties this test process's database."""
    emptier = Emptier(database_url)
    yield emptier
    await emptier.close()


@pytest.fixture
async def empty_database(database_url: str, emptier: Emptier) -> str:
    """The database with no rows in it."""
    await emptier.empty()
    return database_url


@pytest.fixture
async def world(empty_database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A development server over an empty database, with generous sending limits."""
    async with opened(empty_database, tmp_path, GENEROUS) as world:
        yield world


@pytest.fixture
def world_with(
    empty_database: str, tmp_path: Path
) -> Callable[..., AbstractAsyncContextManager[World]]:
    """Makes a server with settings of the test's own: `world_with({"apps.fomo.pool": "b"})`."""

    def make(
        overrides: dict[str, object], config: Path | None = None, *, generous: bool = True
    ) -> AbstractAsyncContextManager[World]:
        limits = GENEROUS if generous else {}
        return opened(empty_database, tmp_path, {**limits, **overrides}, config)

    return make


@pytest.fixture(scope="session")
async def template() -> AsyncIterator[Path]:
    """The files of an empty, migrated database, for tests that need servers of their own."""
    with open_folder() as folder:
        yield await make_template(folder)
