"""Point reads and small writes that are gathered into one statement per batch."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

import asyncpg

from hufu.storage.loss import LOST, told

MOST = 1000
"""Items of one batch; more than can wait at once on a healthy server."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Result_contra = TypeVar("Result_contra", contravariant=True)


class Sink(Protocol[Result_contra]):
    """Where one item's result goes; a future is one."""

    def done(self) -> bool:
        """Whether nobody waits any more."""
        ...

    def set_result(self, result: Result_contra, /) -> None:
        """Take the result."""
        ...

    def set_exception(self, exception: Exception, /) -> None:
        """Take what the batch has raised."""
        ...


class Gatherer(Generic[Item, Result]):
    """Does at once all that waits at one moment; while that is under way the next gathers.

    A single item waits for nobody: its batch begins in the next turn of the event loop.
    """

    def __init__(self, run: Callable[[list[Item]], Awaitable[Sequence[Result]]]) -> None:
        self._run = run
        self._waiting: list[tuple[Item, Sink[Result]]] = []
        self._work: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop

    def put(self, item: Item) -> asyncio.Future[Result]:
        """What becomes of the item. The future raises what the batch raises."""
        if self._work is None:
            self._begin()
        future: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append((item, future))
        return future

    def tell(self, item: Item, sink: Sink[Result]) -> None:
        """Have the item's result told to the sink."""
        if self._work is None:
            self._begin()
        self._waiting.append((item, sink))

    async def settled(self) -> None:
        """Return when nothing waits any more."""
        while self._work is not None:
            await asyncio.wait([self._work])

    def _begin(self) -> None:
        # Which loop it is is asked for once a batch: Python 3.11 is slow at it.
        self._loop = asyncio.get_running_loop()
        self._work = self._loop.create_task(self._empty())

    async def _empty(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._do(batch)
        finally:
            self._work = None

    async def _do(self, batch: list[tuple[Item, Sink[Result]]]) -> None:
        try:
            results = await self._run([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001  # It is raised where it is waited for.
            for _, sink in batch:
                _fail(sink, error)
            return
        for (_, sink), result in zip(batch, results, strict=True):
            try:
                if not sink.done():  # Whoever asked may be gone.
                    sink.set_result(result)
            except Exception as error:  # noqa: BLE001  # It is that one's alone.
                _fail(sink, error)


def _fail(sink: Sink[Any], error: Exception) -> None:
    """Tell the error to whoever still waits; the others of its batch do not wait for that."""
    with suppress(Exception):
        if not sink.done():
            sink.set_exception(error)


class Lane:
    """A connection of its own for statements that only read, made anew when it was lost."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], wait: float) -> None:
        self._connect = connect
        self._wait = wait
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        """The rows. A statement whose connection is lost is sent once more, on another.

        Raises DatabaseUnavailable.
        """
        async with self._turn:
            try:
                return await self._fetch(statement, arguments)
            except TimeoutError as error:
                self._drop()
                raise told(error) from error
            except LOST:
                self._drop()
            try:
                return await self._fetch(statement, arguments)
            except LOST as error:
                self._drop()
                raise told(error) from error

    @property
    def connection(self) -> asyncpg.Connection | None:
        """What it would ask now, where that is made already."""
        return self._connection

    async def fetch_if(
        self, holds: Callable[[], bool], statement: str, *arguments: Any
    ) -> list[asyncpg.Record] | None:
        """The rows, or None where it does not hold any more when it is this one's turn. What fails
        is not sent again. Raises whatever keeps it from being answered."""
        async with self._turn:
            if not holds():
                return None
            try:
                return await self._fetch(statement, arguments)
            except LOST:
                self._drop()
                raise

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            if self._connection is not None and not self._connection.is_closed():
                try:
                    await self._connection.close()
                except LOST:
                    self._drop()

    async def _fetch(self, statement: str, arguments: tuple[Any, ...]) -> list[asyncpg.Record]:
        if self._connection is None:
            async with asyncio.timeout(self._wait):
                self._connection = await self._connect()
        return await self._connection.fetch(statement, *arguments)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
