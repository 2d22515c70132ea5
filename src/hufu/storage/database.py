"""The connections of one process to PostgreSQL."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Literal, Self, cast
from uuid import UUID

import asyncpg

from hufu.services.clock import Reading
from hufu.storage.events import Happened
from hufu.storage.gathering import Gatherer, Lane
from hufu.storage.hosts import connect
from hufu.storage.loss import LOST, is_useless, told
from hufu.storage.presented import LastSeen, PresentedSessions
from hufu.storage.replica import Replica
from hufu.storage.rows import Connection
from hufu.storage.schema import Fit, fit_of, version_of
from hufu.storage.work import Work

Pgbouncer = Literal["no", "unprepared", "prepared"]
"""Whether a PgBouncer stands between, and whether it knows which connection has prepared what."""

PREPARED = 200
"""How many statements a connection keeps prepared: more than there are."""

THROUGH_PGBOUNCER = {"application_name": "hufu", "timezone": "UTC"}
"""What PgBouncer passes on; it refuses a client that asks for anything else."""


SILENCE = 0.5
"""Seconds after which a statement that PostgreSQL should have broken off is taken for lost."""


CLOSE_SECONDS = 2.0

READINGS = 3
"""Times that the clock is read at a time."""


def _session(statement: float, lock: float) -> dict[str, str]:
    return {
        "application_name": "hufu",
        "timezone": "UTC",
        "jit": "off",  # No statement runs long enough to be worth compiling.
        "random_page_cost": "1.1",  # Rows are in memory or on a disk without arms.
        "statement_timeout": _milliseconds(statement),
        "lock_timeout": _milliseconds(lock),
        "idle_in_transaction_session_timeout": _milliseconds(2 * statement),
    }


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))  # 0 would be for ever.


BROKEN_OFF = (TimeoutError, asyncio.CancelledError)
"""What is raised while a statement may still be under way."""


async def _read_clock(connection: Connection) -> Reading:
    asked = time.monotonic()
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return Reading(now, asked, time.monotonic())


async def _no_reset(_: Connection) -> None:
    """Every unit of work ends its own transaction and changes no session state."""


POINT_READS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""For statements that follow keys through indexes, whatever the statistics say."""


@dataclass(frozen=True, slots=True)
class Connections:
    """A pool's connections: how many there are and may be, how many of them do nothing, and how
    many pieces of work wait for one."""

    size: int
    most: int
    idle: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What a connection sees of its database: `host` is None for a local socket, `schema` where
    there is none yet. A standby takes no writes."""

    host: str | None
    standby: bool
    version: str
    schema: str | None
    fit: Fit


class Database:
    """A pool of connections and the two ways of using one: `begin` and `look`. What many requests
    want at once is gathered: `presented` sessions, when they were `last_seen`, and `record`."""

    def __init__(
        self, pool: asyncpg.Pool, lane: Lane, wait: float, replica: tuple[Lane, float] | None
    ) -> None:
        self._pool = pool
        self._lane = lane
        self.replica = Replica(replica[0], self._beat, replica[1]) if replica else None
        self._wait = wait
        self._wanted = 0
        self._events = Gatherer(self._add_events)
        self.presented = PresentedSessions(lane, self.replica)
        self.last_seen = LastSeen(self._save_seen)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int,
        wait: float,
        statement: float,
        lock: float,
        pgbouncer: Pgbouncer = "no",
        replica_url: str = "",
        replica_lag: float = 1.0,
    ) -> Self:
        """Open a pool of `size` connections.

        `wait` (s) bounds the wait for one, `statement` (s) each statement, `lock` (s) how long it
        waits for a row or table. Session reads may come from a replica that is no older than
        `replica_lag` (s). Connecting is lazy, so that a server can start before its database.
        """
        direct = pgbouncer == "no"
        session = _session(statement, lock) if direct else THROUGH_PGBOUNCER
        common: dict[str, Any] = {
            "timeout": wait,
            "command_timeout": statement + SILENCE,
            "statement_cache_size": 0 if pgbouncer == "unprepared" else PREPARED,
        }
        pool = asyncpg.create_pool(
            url,
            connect=cast(Any, connect),  # Its loop and its classes are the pool's.
            min_size=0,
            max_size=size,
            max_inactive_connection_lifetime=300,
            reset=_no_reset,
            server_settings=session,
            **common,
        )
        points = session | POINT_READS if direct else session

        def lane(of: str) -> Lane:
            return Lane(partial(connect, of, server_settings=points, **common), wait)

        replica = (lane(replica_url), replica_lag) if replica_url else None
        return cls(await pool, lane(url), wait, replica)

    async def close(self) -> None:
        """Close every connection; waits for work under way, at most CLOSE_SECONDS."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.last_seen.settled()
                await self._lane.close()
                if self.replica is not None:
                    await self.replica.close()
                await self._pool.close()
        except LOST:
            self._pool.terminate()

    @asynccontextmanager
    async def begin(self, on_letters: Callable[[], None]) -> AsyncIterator[Work]:
        """One transaction. Nothing of it remains unless the body calls `commit`.

        `on_letters` is called after a commit that put letters into the outbox.
        Raises DatabaseUnavailable.
        """
        async with self._connection() as connection:
            await connection.execute("BEGIN")
            work = Work(connection)
            try:
                yield work
            except BROKEN_OFF:
                raise  # The connection is dropped, and with it the transaction.
            except BaseException:
                if not work.committed and not connection.is_closed():
                    await connection.execute("ROLLBACK")
                raise
            if not work.committed:
                await connection.execute("ROLLBACK")
            if work.committed and work.outbox.added:
                on_letters()

    @asynccontextmanager
    async def look(self) -> AsyncIterator[Work]:
        """A connection without a transaction: each statement stands, and commits, by itself.

        Raises DatabaseUnavailable.
        """
        async with self._connection() as connection:
            yield Work(connection)

    async def record(self, happened: Happened) -> None:
        """Put an event that is no part of a transaction into the audit trail.

        Raises DatabaseUnavailable.
        """
        await self._events.put(happened)

    @property
    def connections(self) -> Connections:
        """How busy the pool is."""
        most = self._pool.get_max_size()
        wanted = max(0, self._wanted - most)
        return Connections(self._pool.get_size(), most, self._pool.get_idle_size(), wanted)

    async def fit(self) -> Fit:
        """Whether this version can work with the schema. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            return await fit_of(connection)

    async def look_around(self) -> Sight:
        """What is there, and whether it can be written to. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            (row,) = await connection.fetch(
                "SELECT host(inet_server_addr()) || ':' || inet_server_port(), "
                "pg_is_in_recovery(), current_setting('server_version')"
            )
            schema = await version_of(connection)
            return Sight(row[0], row[1], row[2], schema or None, await fit_of(connection))

    async def now(self) -> datetime:
        """The database's time, in UTC. Raises DatabaseUnavailable."""
        async with self._connection() as connection:
            return (await _read_clock(connection)).time

    async def read_clock(self) -> Reading:
        """The same with the shortest of a few round trips: the first may be that of preparing, and
        behind a PgBouncer each may wait. The wait for a connection is none of it."""
        async with self._connection() as connection:
            readings = [await _read_clock(connection) for _ in range(READINGS)]
        return min(readings, key=attrgetter("took"))

    async def _beat(self, worker: str, sign: str) -> None:
        async with self.look() as work:
            await work.heartbeats.save(worker, sign)

    async def _add_events(self, happened: list[Happened]) -> list[None]:
        async with self.look() as work:
            await work.events.add_all(happened)
        return [None] * len(happened)

    async def _save_seen(self, seen: list[tuple[UUID, datetime]]) -> None:
        async with self.look() as work:
            await work.sessions.save_seen(dict(seen))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        self._wanted += 1
        try:
            async with self._pool.acquire(timeout=self._wait) as connection:
                try:
                    yield connection
                except (*BROKEN_OFF, *LOST) as error:
                    if isinstance(error, BROKEN_OFF) or is_useless(error):
                        connection.terminate()  # Its end might be long in coming.
                    raise
        except LOST as error:
            raise told(error) from error
        finally:
            self._wanted -= 1
