"""What every class of rows has: the connection of its unit of work."""

from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection | PoolConnectionProxy"


class Rows:
    """Rows of one kind.

    `find` may return None, `get` must find, `lock` holds the row until the transaction ends,
    `claim` is the write that takes a one-time thing, `add`, `save` and `delete` return nothing.
    """

    __slots__ = ("_connection",)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
