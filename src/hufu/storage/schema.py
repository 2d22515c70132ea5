"""Seeing whether the database's schema is the one that this version was written for."""

import asyncpg

from hufu.storage.migrations import HEAD
from hufu.storage.rows import Connection


async def is_current(connection: Connection) -> bool:
    """Whether the schema is the one that this version was written for."""
    try:
        version = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        return False
    return bool(version == HEAD)
