"""Bringing the database's schema up to date. Processes that only serve do not load this."""

import asyncio
from functools import partial
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from hufu.storage.hosts import connect
from hufu.storage.loss import LOST, told
from hufu.storage.migrations import HEAD
from hufu.storage.schema import MigrationBlocked, version_of

MIGRATIONS = Path(__file__).parent / "migrations"
REACHED_WITHIN = 10.0  # Seconds.
ENDED_WITHIN = 600.0
UNPREPARED = {"statement_cache_size": 0, "prepared_statement_name_func": str}
"""Statements named "", which stay on no connection that a PgBouncer would give to others."""

LOCK = 0x68756675  # "hufu": one migration at a time, whoever starts it.
TURN = 0.2
"""Seconds between looks whether that other process is done."""

LOCK_SECONDS = 1.0
"""How long a step waits for a table. Whatever wants the table meanwhile waits behind it, so it is
less than what requests wait for a lock."""

ATTEMPTS = 60
PAUSE = 2.0
"""Seconds between attempts, in which those who waited get their turn."""

STAY = (
    "SELECT set_config(name, '0', true) FROM pg_settings "
    "WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)
"""A transaction that waits while an index is built beside it is not ended for that."""

LOCK_NOT_AVAILABLE = asyncpg.LockNotAvailableError.sqlstate


def script() -> Config:
    """Alembic's configuration: where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(
    url: str, *, lock: float = LOCK_SECONDS, attempts: int = ATTEMPTS, pause: float = PAUSE
) -> None:
    """Apply every migration that the database lacks, each in a transaction of its own; waits for
    another process doing the same. A newer schema is left as it is.

    A step that does not get its tables within `lock` (s) is tried again after the `pause` (s).
    Raises DatabaseUnavailable, MigrationBlocked.
    """
    if await _version(url) >= HEAD:
        return
    engine = create_async_engine(
        "postgresql+asyncpg://",  # SQLAlchemy reads less in an address than asyncpg does.
        poolclass=NullPool,
        connect_args={**UNPREPARED, "async_creator_fn": partial(connect, url)},
    )
    try:
        async with asyncio.timeout(ENDED_WITHIN):
            while await _version(url) < HEAD:
                if not await _step(engine, lock, attempts, pause):
                    await asyncio.sleep(TURN)
    finally:
        await engine.dispose()


async def _step(engine: AsyncEngine, lock: float, attempts: int, pause: float) -> bool:
    """Whether it was this process's turn."""

    def upgrade(connection: Connection) -> bool:
        # Whoever waits for it would see the past meanwhile, and an index be built for ever.
        mine = connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%d)" % LOCK)  # noqa: UP031
        if not mine.scalar():
            return False
        connection.exec_driver_sql("SET LOCAL lock_timeout = %d" % (lock * 1000))  # noqa: UP031
        connection.exec_driver_sql(STAY)
        if _applied(connection) < HEAD:  # Another process may have been quicker.
            config = script()
            config.attributes.update(connection=connection, engine=engine.sync_engine)
            command.upgrade(config, "+1")
        return True

    for left in reversed(range(attempts)):
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(upgrade)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            if not left:
                raise MigrationBlocked from error
            await asyncio.sleep(pause)
    return False


def _applied(connection: Connection) -> str:
    made = connection.exec_driver_sql("SELECT to_regclass('alembic_version') IS NOT NULL")
    if not made.scalar():
        return ""
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
    return str(version.scalar() or "")


async def _version(url: str) -> str:
    try:
        connection = await connect(url, timeout=REACHED_WITHIN, statement_cache_size=0)
    except LOST as error:
        raise told(error) from error
    try:
        return await version_of(connection)
    finally:
        await connection.close()
