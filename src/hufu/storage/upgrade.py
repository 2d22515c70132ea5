"""Bringing the database's schema up to date. Processes that only serve do not load this."""

import asyncio
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from hufu.storage.hosts import connect
from hufu.storage.loss import LOST, DatabaseUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
REACHED_WITHIN = 10.0  # Seconds.
UNPREPARED = {"statement_cache_size": 0, "prepared_statement_name_func": str}
"""Statements named "", which stay on no connection that a PgBouncer would give to others."""

LOCK = 0x68756675  # "hufu": one migration at a time, whoever starts it.


def script() -> Config:
    """Alembic's configuration: where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


async def migrate(url: str) -> None:
    """Apply every migration that the database lacks; waits for another process doing the same.

    Raises DatabaseUnavailable.
    """
    try:
        await (await connect(url, timeout=REACHED_WITHIN)).close()
    except LOST as error:
        raise DatabaseUnavailable(type(error).__name__) from error

    engine = create_async_engine(
        "postgresql+asyncpg://",  # SQLAlchemy reads less in an address than asyncpg does.
        poolclass=NullPool,
        connect_args={**UNPREPARED, "async_creator_fn": partial(connect, url)},
    )

    def upgrade(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%d)" % LOCK)  # noqa: UP031
        config = script()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    try:
        async with asyncio.timeout(600), engine.begin() as connection:
            await connection.run_sync(upgrade)
    finally:
        await engine.dispose()
