"""Indexes on big tables, built while they are written to."""

from alembic import op
from sqlalchemy import AdaptedConnection, Connection


class NotAlone(Exception):
    """A migration that builds an index so does nothing else before it: what it holds, the building
    would wait for."""


def create_index(name: str, on: str, *, unique: bool = False) -> None:
    """Build the index of that name `on` a table, as in "sessions (seen_at)".

    It cannot be part of a transaction, so it is built by a connection of its own while the
    migration's keeps others from migrating. One that an earlier attempt left unfinished, which
    PostgreSQL marks as invalid, is dropped first; one that it finished stays. Raises NotAlone.
    """
    own = op.get_bind()
    if own.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar():
        raise NotAlone(name)
    _let_go_of_the_past(own)
    config = op.get_context().config
    assert config is not None
    with config.attributes["engine"].connect() as beside:
        connection = beside.execution_options(isolation_level="AUTOCOMMIT")
        valid = _is_valid(connection, name)
        if valid is False:
            connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        if not valid:
            kind = "UNIQUE INDEX" if unique else "INDEX"
            connection.exec_driver_sql(f"CREATE {kind} CONCURRENTLY {name} ON {on}")


def _let_go_of_the_past(connection: Connection) -> None:
    """The newest prepared statement of a transaction keeps what it saw, until a plain one follows;
    and an index is not finished before everybody has let go of what was there before it."""
    adapted = connection.connection.dbapi_connection
    assert isinstance(adapted, AdaptedConnection)
    adapted.run_async(lambda driver: driver.execute("SELECT"))


def _is_valid(connection: Connection, name: str) -> bool | None:
    """Whether the index is; None where there is none."""
    found = connection.exec_driver_sql(
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", (name,)
    )
    valid: bool | None = found.scalar()
    return valid
