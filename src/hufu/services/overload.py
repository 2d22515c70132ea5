"""Work in threads that is refused, rather than kept waiting, when there is too much of it."""

import asyncio
import contextlib
import math
import os
import sys
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from hufu.services.pressure import Patience, Pressure

Result = TypeVar("Result")

ASKER: ContextVar[str] = ContextVar("asker", default="")
"""The network of the client for whom something is done, where that is known."""


class Overloaded(Exception):
    """Too much work is waiting already; `retry_after` (seconds) is when to ask again."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class Abandoned(Overloaded):
    """Nobody waits for the answer any more, so that the work was not done."""


class Unavailable(Exception):
    """The machine cannot do this now, for example because its disk is full."""


class _Job(Generic[Result]):
    """A piece of work, and who waits for it on which event loop."""

    __slots__ = ("_future", "_loop", "_settle", "_work", "asker", "task")

    def __init__(
        self,
        work: Callable[[], Result],
        loop: asyncio.AbstractEventLoop,
        task: asyncio.Task[Any] | None,
    ) -> None:
        self.asker = ASKER.get()
        self.task = task
        self._work = work
        self._loop = loop
        self._future: asyncio.Future[Result] = loop.create_future()
        self._settle: Callable[[], object] = self._future.cancel

    async def result(self) -> Result:
        """What the work comes to."""
        return await self._future

    def do(self) -> None:
        """Do the work, in a thread."""
        try:
            self._settle = partial(self._future.set_result, self._work())
        except BaseException as error:  # noqa: BLE001  # It is the waiting task's.
            self._settle = partial(self._future.set_exception, error)

    def refuse(self, error: Exception) -> None:
        """The work is not done, and that is why."""
        if not self._future.done():
            self._future.set_exception(error)

    def tell(self) -> None:
        """Tell who waits what came of it; from any thread."""
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        if not self._future.done():
            self._settle()


class BoundedThreads:
    """A few threads and a short queue in front of them, which is served in order. Who is let in is
    served, as a rule: in an overrun the queue is so short that nobody waits for long.

    Where none is free, who has the most places gives one to who would have fewer even with it
    (longest queue drop, Suter et al., 1998): others share the places with a greedy one as equals.
    Where more than half of what is coming, waits or is done is for one asker, everybody else comes
    before that one.

    Who is refused may ask again after `retry_after` seconds, by default after the deadline: by then
    all that waits now was done or refused.

    With `niceness` (Linux) the threads give way to whatever else wants to run, such as the thread
    of the event loop.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        patience: Patience,
        retry_after: int | None = None,
        niceness: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refused = 0
        self.retry_after = retry_after or math.ceil(patience.deadline or 1)
        self._name = name
        self._most = threads
        self._patience = patience
        self._pressure = Pressure(patience, threads)
        self._niceness = niceness
        self._clock = clock
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._closed = False
        self._queue: OrderedDict[_Job[Any], None] = OrderedDict()
        self._promised: dict[asyncio.Task[Any] | None, bool] = {}  # Whether it is still to come.
        self._coming = 0
        self._asked: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._abandoned: WeakSet[asyncio.Task[Any]] = WeakSet()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait for a thread."""
        return len(self._queue)

    @property
    def busy(self) -> int:
        """How many pieces of work are being done."""
        return self._busy

    @property
    def most(self) -> int:
        """How many can be done at once."""
        return self._most

    def turns_away(self, asker: str) -> bool:
        """Whether work for the asker is refused that comes now; else it has no place yet."""
        with self._changed:
            return not self._room(asker)[0]

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """A place for the task that enters, which has something to prepare before its work: what
        it has done meanwhile is not refused for want of a place. Raises `Overloaded`."""
        task, asker = asyncio.current_task(), ASKER.get()
        with self._changed:
            self._make_room(asker)
            self._promised[task] = True
            self._coming += 1
            self._asked[asker] += 1
        try:
            yield
        finally:
            with self._changed:
                self._come(task, asker)
                del self._promised[task]

    async def run(self, work: Callable[[], Result]) -> Result:
        """The result of `work`, done in a thread.

        Raises `Overloaded`: at once when every thread and every place in the queue is taken, later
        when no thread took the work in time. What nobody waits for any more is not done.
        """
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task in self._abandoned:
            raise Abandoned(self.retry_after)
        job = _Job(work, loop, task)
        with self._changed:
            if task in self._promised:
                self._come(task, job.asker)
            else:
                self._make_room(job.asker)
            self._queue[job] = None
            self._asked[job.asker] += 1
            if self._busy + len(self._queue) > len(self._threads) < self._most:
                self._start(job)
            self._changed.notify()
        deadline = self._patience.deadline
        # Also where a thread is free: others may come before it, one after the other.
        expiry = loop.call_later(deadline, self._expire, job) if deadline else None
        try:
            return await job.result()
        except asyncio.CancelledError:
            with self._changed:
                self._take_out(job)
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    def abandon(self, task: asyncio.Task[Any]) -> None:
        """Nobody waits for the task's answer any more: work of it that has not begun is not done.

        The task is told so by `Abandoned`. To cancel it could break off something else.
        """
        self._abandoned.add(task)
        with self._changed:
            job = next((each for each in self._queue if each.task is task), None)
            if job is None or not self._take_out(job):
                return
        job.refuse(Abandoned(self.retry_after))

    def close(self) -> None:
        """Drop what waits and wait for what runs."""
        with self._changed:
            self._closed = True
            dropped = list(self._queue)
            self._queue.clear()
            self._changed.notify_all()
        for job in dropped:
            job.tell()
        for thread in self._threads:
            thread.join()

    @property
    def _behind(self) -> int:
        """How many would be before what comes now, apart from those that threads are for."""
        return self._coming + len(self._queue) + self._busy - self._most

    def _make_room(self, asker: str) -> None:
        """Let work in that comes now; it may be that another gives way. Raises `Overloaded`."""
        has_room, giving_way = self._room(asker)
        if not has_room:
            raise Overloaded(self.retry_after)
        if giving_way is not None:
            self._give_up(giving_way)

    def _room(self, asker: str) -> tuple[bool, _Job[Any] | None]:
        """Whether there is room for work that comes now, and which has to give way for it, if any;
        where there is none, it is refused."""
        now, behind = self._clock(), self._behind
        admitted = self._pressure.admits(max(behind, 0), now) or behind < 0
        giving_way = None
        if not admitted and self._asked:
            most, places = self._asked.most_common(1)[0]
            if self._asked[asker] + 1 < places:
                giving_way = next((job for job in reversed(self._queue) if job.asker == most), None)
                # Those who only come do not wait yet, and may never: of them none has to give way.
                others = self._asked.total() - places
                admitted = giving_way is not None or others - self._most < self._pressure.room
        has_room = not self._closed and admitted
        if not has_room:
            self._refuse(now)
        return has_room, giving_way

    def _come(self, task: asyncio.Task[Any] | None, asker: str) -> None:
        """What was promised a place takes it, or never will."""
        if self._promised[task]:
            self._promised[task] = False
            self._coming -= 1
            self._asked -= Counter((asker,))

    def _greedy(self) -> str | None:
        """Who has more than half of what is coming, waits or is done, if anybody."""
        for asker, has in self._asked.most_common(1):
            if has > 1 and 2 * has > self._asked.total():
                return asker
        return None

    def _refuse(self, now: float) -> None:
        self.refused += 1
        self._pressure.refused(now)

    def _take_out(self, job: _Job[Any]) -> bool:
        """Whether it still waited."""
        waited = job in self._queue
        if waited:
            del self._queue[job]
            self._asked -= Counter((job.asker,))
        return waited

    def _expire(self, job: _Job[Any]) -> None:
        with self._changed:
            self._give_up(job)

    def _give_up(self, job: _Job[Any]) -> None:
        if self._take_out(job):  # Or else a thread has it.
            self._refuse(self._clock())
            job.refuse(Overloaded(self.retry_after))

    def _start(self, job: _Job[Any]) -> None:
        """One more thread. Where the system gives none, the job waits for those that there are."""
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._serve, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError:
            if not self._threads:
                self._give_up(job)
        else:
            self._threads.append(thread)

    def _serve(self) -> None:
        if self._niceness and sys.platform == "linux":  # Elsewhere it would be the process's.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._niceness)
        while (job := self._next()) is not None:
            began = self._clock()
            job.do()
            with self._changed:
                self._pressure.took(self._clock() - began)
                self._asked -= Counter((job.asker,))
                self._busy -= 1  # Before the answer: who has it may come again at once.
            job.tell()
            del job  # Idle, a thread holds on to nothing.

    def _next(self) -> _Job[Any] | None:
        with self._changed:
            while not self._queue:
                if self._closed:
                    return None
                self._changed.wait()
            job = self._first()
            del self._queue[job]
            self._busy += 1
        return job

    def _first(self) -> _Job[Any]:
        first, greedy = next(iter(self._queue)), self._greedy()
        if first.asker != greedy:
            return first
        return next((job for job in self._queue if job.asker != greedy), first)
