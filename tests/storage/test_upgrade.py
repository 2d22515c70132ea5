"""The schema changes while the server serves, and a server of an older version serves on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actors import ACTORS
from cli.conftest import run
from front_door import World, all_at_once, opened
from hufu.storage.migrations import HEAD
from hufu.storage.upgrade import MigrationBlocked, migrate, script
from wires import GENEROUS

PHONE, PASSWORD = "13390633695", "correct horse 1"
EARLIER = "0003"
"""The schema from before a step that needs busy tables to itself."""

NEWER = "9999"


@pytest.fixture
async def url(database_url: str) -> AsyncIterator[str]:
    """A database of the test's own, with a schema that is up to date."""
    owner = await asyncpg.connect(database_url)
    await owner.execute("CREATE DATABASE upgraded")
    url = database_url.replace("/hufu?", "/upgraded?")
    await migrate(url)
    yield url
    await owner.execute("DROP DATABASE upgraded WITH (FORCE)")
    await owner.close()


async def step_back(url: str) -> None:
    def downgrade(connection: Connection) -> None:
        config = script()
        config.attributes["connection"] = connection
        command.downgrade(config, EARLIER)

    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:"), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(downgrade)
    await engine.dispose()


async def applied(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return str(await connection.fetchval("SELECT version_num FROM alembic_version"))
    finally:
        await connection.close()


@asynccontextmanager
async def reading(url: str, table: str) -> AsyncIterator[asyncpg.Connection]:
    """A transaction that has looked at a table and does not end."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"BEGIN; SELECT FROM {table} LIMIT 1")
        yield connection
    finally:
        await connection.close()


def test_versions_follow_each_other() -> None:
    """They are compared as texts."""
    newest_first = [
        each.revision for each in ScriptDirectory.from_config(script()).walk_revisions()
    ]
    assert newest_first == sorted(newest_first, reverse=True)
    assert newest_first[0] == HEAD
    assert {len(each) for each in newest_first} == {4}


async def test_people_are_served_while_it_changes_and_something_long_goes_on(
    url: str, tmp_path: Path
) -> None:
    """Requests wait at most as long as a step waits for its tables: none is refused."""
    await step_back(url)
    async with opened(url, tmp_path, GENEROUS) as world:
        served = 0
        for number, actor in enumerate(ACTORS):
            await actor.register(world, f"1390000000{number}", PASSWORD)

        async def live(number: int) -> None:
            nonlocal served
            while await applied(url) < HEAD:
                session = await ACTORS[number].sign_in(world, f"1390000000{number}", PASSWORD)
                assert session is not None
                assert await ACTORS[number].signed_in(world, session)
                served += 1

        async with reading(url, "sessions") as long:
            living = [asyncio.create_task(live(number)) for number in range(4)]
            migrating = asyncio.create_task(migrate(url, lock=0.1, attempts=1000, pause=0.01))
            while served < 20:
                await asyncio.sleep(0)
                assert not any(task.done() for task in (*living, migrating))
            assert await applied(url) == EARLIER
            await long.execute("COMMIT")
            await migrating
        await all_at_once(living)
        assert await applied(url) == HEAD
        assert (await world.get("/ready")).status == 200


async def test_what_does_not_come_about_is_told_and_leaves_nothing(url: str) -> None:
    await step_back(url)
    async with reading(url, "sessions"):
        with pytest.raises(MigrationBlocked):
            await migrate(url, lock=0.05, attempts=2, pause=0)
        assert await applied(url) == EARLIER
    await all_at_once(migrate(url, lock=10) for _ in range(3))
    assert await applied(url) == HEAD


@pytest.mark.parametrize(("oldest", "status"), [(HEAD, 200), ("0001", 200), (NEWER, 503)])
async def test_an_older_version_serves_on_if_the_schema_says_so(
    url: str, tmp_path: Path, oldest: str, status: int
) -> None:
    async with opened(url, tmp_path, GENEROUS) as world:
        await world.sql("UPDATE alembic_version SET version_num = $1", NEWER)
        await world.sql("UPDATE oldest_served SET version = $1", oldest)
        ready = await world.get("/ready")
        assert ready.status == status
        if status != 200:
            assert "newer version" in ready.json()["problems"]["migrations"]
        told = await run("sending", "status", env=environment(world, tmp_path))
        assert (told.exit_code == 0) == (status == 200), told.output
        await migrate(url)
        assert await applied(url) == NEWER
        if status == 200:
            await ACTORS[0].register(world, PHONE, PASSWORD)
            assert await ACTORS[0].sign_in(world, PHONE, PASSWORD)


def environment(world: World, data: Path) -> dict[str, str]:
    return {"HUFU_DATABASE_URL": world.url, "HUFU_DATA_DIR": str(data)}


@pytest.mark.parametrize("parameters", ["sslmode=disable", "target_session_attrs=read-write"])
async def test_an_address_may_say_all_that_asyncpg_knows(
    database_url: str, parameters: str
) -> None:
    await migrate(f"{database_url}&{parameters}")


async def test_an_address_may_name_several_hosts(database_url: str) -> None:
    nobody = "127.0.0.1:1"
    first, second = database_url.split("host=", 1)[1].split("&port=")
    await migrate(f"postgresql://hufu@/hufu?host={nobody[:9]},{first}&port=1,{second}")
