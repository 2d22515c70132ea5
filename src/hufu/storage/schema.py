"""Seeing whether the database's schema is one that this version can work with."""

from enum import Enum, auto

import asyncpg

from hufu.storage.hosts import connect
from hufu.storage.loss import LOST
from hufu.storage.migrations import HEAD
from hufu.storage.rows import Connection


class MigrationBlocked(Exception):
    """Somebody held a table for so long that a step could not be made; those before it stand."""

    def __init__(self) -> None:
        super().__init__(
            "a table that has to change is in use by a long transaction; try again when that ends"
        )


class Fit(Enum):
    """How the schema stands to this version."""

    FITS = auto()  # It is this version's, or a newer one that says that this version may serve.
    OLDER = auto()  # Migrations are lacking.
    TOO_NEW = auto()  # It has lost what this version needs.


async def fit_of(connection: Connection) -> Fit:
    """Whether this version can work with the schema."""
    version = await version_of(connection)
    if version < HEAD:
        return Fit.OLDER
    if version == HEAD:
        return Fit.FITS
    oldest: str = await connection.fetchval("SELECT min(version) FROM oldest_served")
    return Fit.FITS if oldest <= HEAD else Fit.TOO_NEW


async def version_of(connection: Connection) -> str:
    """The newest migration that was applied; nothing where there are no tables."""
    try:
        return await connection.fetchval("SELECT version_num FROM alembic_version") or ""
    except asyncpg.UndefinedTableError:
        return ""


async def is_up_to_date(url: str) -> bool:
    """Whether this version can work with the database at the address; not, where that cannot be
    reached."""
    try:
        connection = await connect(url)
    except LOST:
        return False
    try:
        return await fit_of(connection) is Fit.FITS
    finally:
        await connection.close()
