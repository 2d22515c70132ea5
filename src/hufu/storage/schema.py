"""Seeing whether the database's schema is the one that this version was written for."""

import asyncpg

from hufu.storage.migrations import HEAD
from hufu.storage.rows import Connection


async def is_current(connection: Connection) -> bool:
    """Whether the schema is the one that this version was written for."""
    return await schema_of(connection) == HEAD


async def schema_of(connection: Connection) -> str | None:
    """The version of the schema, None where there is none yet."""
    try:
        version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return None
    return version
