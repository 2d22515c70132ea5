"""An index on a big table is built while people write to it, whatever became of earlier tries."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from actors import ACTORS
from faults.waiting import until_true
from front_door import opened
from hufu.storage import upgrade
from hufu.storage.migrations import HEAD
from hufu.storage.migrations.concurrently import NotAlone
from hufu.storage.upgrade import migrate
from wires import GENEROUS

PASSWORD = "correct horse 1"
NEXT = f"{int(HEAD) + 1:04}"
INDEX = "made_up_index"
MIGRATION = f'''"""Made up."""

from alembic import op

from hufu.storage.migrations.concurrently import create_index

revision = "{NEXT}"
down_revision = "{HEAD}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build."""
    op.execute("{{first}}")
    create_index("{INDEX}", "{{on}}", unique={{unique}})
'''
WAITS = """
SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE%INDEX CONCURRENTLY%'
AND wait_event_type = 'Lock' AND datname = current_database()
"""
BUILDS = """
SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database of the test's own, with a schema that is up to date."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE DATABASE indexed")
    url = database_url.replace("/hufu?", "/indexed?")
    await migrate(url)
    connection = await asyncpg.connect(url)
    yield connection
    await connection.close()
    await owner.execute("DROP DATABASE indexed WITH (FORCE)")
    await owner.close()


@pytest.fixture
def url(database_url: str) -> str:
    return database_url.replace("/hufu?", "/indexed?")


def make_up(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    first: str = "SELECT 1",
    on: str = "accounts (created_at)",
    unique: bool = False,
) -> None:
    """There is one more migration, which builds an index."""
    migrations = folder / "migrations"
    shutil.copytree(upgrade.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    text = MIGRATION.format(first=first, on=on, unique=unique)
    (migrations / "versions" / f"v{NEXT}_made_up.py").write_text(text)
    monkeypatch.setattr(upgrade, "MIGRATIONS", migrations)
    monkeypatch.setattr(upgrade, "HEAD", NEXT)


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that has written to the accounts, and does not end."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN; UPDATE accounts SET state = state WHERE false")
        yield connection
    finally:
        await connection.close()


async def until(connection: asyncpg.Connection, query: str, count: int) -> None:
    async def so() -> bool:
        return bool(await connection.fetchval(query) == count)

    await until_true(so)


async def version(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval("SELECT version_num FROM alembic_version"))


async def test_nobody_waits_for_an_index_that_is_built(
    url: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_up(tmp_path, monkeypatch)
    async with opened(url, tmp_path / "data", GENEROUS) as world:  # noqa: SIM117
        async with writing(url) as long:
            building = asyncio.create_task(migrate(url))
            await until(connection, WAITS, 1)
            beside = asyncio.create_task(migrate(url))  # Somebody starts it once more.
            for number, actor in enumerate(ACTORS):
                phone = f"1390000000{number}"
                await actor.register(world, phone, PASSWORD)
                assert await actor.sign_in(world, phone, PASSWORD)
            assert await connection.fetchval(WAITS) == 1
            assert not building.done()
            await long.execute("COMMIT")
            await asyncio.gather(building, beside)
    assert await connection.fetchval(VALID, INDEX) is True
    assert await version(connection) == NEXT


async def test_what_was_broken_off_is_built_anew(
    url: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_up(tmp_path, monkeypatch)
    async with asyncio.timeout(20):
        async with writing(url):
            building = asyncio.create_task(migrate(url))
            await until(connection, WAITS, 1)
            building.cancel()
            await asyncio.gather(building, return_exceptions=True)
            assert building.cancelled()
            await until(connection, BUILDS, 0)
            assert await connection.fetchval(VALID, INDEX) is False
            assert await version(connection) == HEAD
        await migrate(url)
    assert await connection.fetchval(VALID, INDEX) is True
    assert await version(connection) == NEXT


async def test_what_was_finished_is_not_built_again(
    url: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_up(tmp_path, monkeypatch)
    await connection.execute(f"CREATE INDEX {INDEX} ON accounts (created_at)")
    before = await connection.fetchval("SELECT $1::regclass::oid", INDEX)
    await migrate(url)
    assert await connection.fetchval("SELECT $1::regclass::oid", INDEX) == before
    assert await version(connection) == NEXT


async def test_a_unique_one_that_cannot_be_is_built_when_it_can(
    url: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_up(tmp_path, monkeypatch, on="coins (made_up)", unique=True)
    await connection.execute(
        "ALTER TABLE coins ADD COLUMN made_up int DEFAULT 1; "
        "INSERT INTO coins (name) VALUES ('two')"
    )
    with pytest.raises(Exception, match="made_up_index"):
        await migrate(url)
    assert await connection.fetchval(VALID, INDEX) is False
    await connection.execute("UPDATE coins SET made_up = id")
    await migrate(url)
    assert await connection.fetchval(VALID, INDEX) is True


async def test_it_would_wait_for_its_own_migration(
    url: str, connection: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_up(tmp_path, monkeypatch, first="ALTER TABLE accounts ADD COLUMN made_up int")
    with pytest.raises(NotAlone):
        await migrate(url)
    assert await version(connection) == HEAD
