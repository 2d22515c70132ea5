"""Work in threads that is refused, rather than kept waiting, when there is too much of it."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Overloaded(Exception):
    """Too much work is waiting already; `retry_after` (seconds) is when to ask again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Unavailable(Exception):
    """The machine cannot do this now, for example because its disk is full."""


class _Job(Generic[Result]):
    """A piece of work that can be given up, with all it refers to, until a thread takes it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work: Callable[[], Result] | None = work

    def give_up(self) -> None:
        self._work = None

    def __call__(self) -> Result | None:
        work, self._work = self._work, None
        return work() if work else None


class BoundedThreads:
    """A few threads and a short queue in front of them."""

    def __init__(self, name: str, *, threads: int, waiting: int, retry_after: int = 1) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._places = threading.Semaphore(threads + waiting)
        self._retry_after = retry_after

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a thread.

        Raises `Overloaded` at once when every thread and every place in the queue is taken.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded(self._retry_after)
        job = _Job(work)
        future = self._pool.submit(job)
        # The place is free when a thread is done with the job, not when its client is gone.
        future.add_done_callback(lambda _: self._places.release())
        try:
            result = await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            job.give_up()
            raise
        return result  # type: ignore[return-value]  # None only for a job given up above

    def close(self) -> None:
        """Drop what waits and wait for what runs."""
        self._pool.shutdown(wait=True, cancel_futures=True)
