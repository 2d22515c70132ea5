"""Seeing whether the database's schema is the one that this version was written for."""

import asyncpg

from hufu.storage.loss import LOST
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


async def is_up_to_date(url: str) -> bool:
    """The same of the database at the address; False too where it cannot be reached."""
    try:
        connection = await asyncpg.connect(url)
    except LOST:
        return False
    try:
        return await is_current(connection)
    finally:
        await connection.close()
