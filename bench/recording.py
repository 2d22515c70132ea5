"""What hufu says to its database, recorded so that floors can repeat it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from floors import Statement, Transaction

Seen = list[tuple[int, Statement]]


@contextmanager
def statements(undone: bool = False) -> Iterator[Seen]:
    """What is sent to the database meanwhile, each with its connection; where it is `undone`, all
    of it is taken back at the end instead of committed."""
    seen: Seen = []

    def on_connection(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            seen.append((id(self), (query, arguments)))
            really = "ROLLBACK" if undone and query == "COMMIT" else query
            return await original(self, really, *arguments, **more)

        return run

    def prepared(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, *arguments: Any, **more: Any) -> Any:
            seen.append((id(self._connection), (self.get_query(), arguments)))
            return await original(self, *arguments, **more)

        return run

    ways = ("fetchrow", "fetchval", "fetch", "execute")
    kept = {
        (kind, way): getattr(kind, way)
        for kind in (asyncpg.Connection, PreparedStatement)
        for way in ways
        if hasattr(kind, way)
    }
    for (kind, way), original in kept.items():
        wrap = on_connection if kind is asyncpg.Connection else prepared
        setattr(kind, way, wrap(original))
    try:
        yield seen
    finally:
        for (kind, way), original in kept.items():
            setattr(kind, way, original)


def transaction_of(seen: Seen) -> Transaction:
    """The one transaction among the statements, from BEGIN to COMMIT. Raises LookupError."""
    begun = [place for place, (_, (query, _)) in enumerate(seen) if query == "BEGIN"]
    if len(begun) != 1:
        raise LookupError("there is not exactly one transaction")
    connection = seen[begun[0]][0]
    own = [statement for where, statement in seen[begun[0] :] if where == connection]
    committed = [place for place, (query, _) in enumerate(own) if query == "COMMIT"]
    return own[: committed[0] + 1]
