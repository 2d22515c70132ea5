"""Bounded threads: what does not fit is refused at once, and nothing waits for ever."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Iterator

import pytest

from hufu.services.overload import BoundedThreads, Overloaded


class Gate:
    """Work that says when it has begun and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(10)
        return "done"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def make() -> Iterator[Callable[..., BoundedThreads]]:
    made: list[BoundedThreads] = []

    def build(waiting: int) -> BoundedThreads:
        made.append(BoundedThreads("test", threads=1, waiting=waiting, retry_after=7))
        return made[-1]

    yield build
    for threads in made:
        threads.close()


async def occupied(threads: BoundedThreads, gate: Gate) -> asyncio.Task[str]:
    """The task whose work now runs in the only thread."""
    task = asyncio.create_task(threads.run(gate))
    await asyncio.to_thread(gate.begun.wait, 10)
    return task


async def test_work_runs_in_another_thread(make: Callable[..., BoundedThreads]) -> None:
    assert await make(0).run(threading.get_ident) != threading.get_ident()


async def test_its_failure_is_the_callers(make: Callable[..., BoundedThreads]) -> None:
    with pytest.raises(ZeroDivisionError):
        await make(0).run(lambda: 1 // 0)


async def test_refuses_what_finds_no_place(make: Callable[..., BoundedThreads], gate: Gate) -> None:
    threads = make(waiting=1)
    first = await occupied(threads, gate)
    second = asyncio.create_task(threads.run(lambda: "second"))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        await threads.run(lambda: "third")
    assert refused.value.retry_after == 7
    gate.open.set()
    assert await asyncio.gather(first, second) == ["done", "second"]


async def test_places_come_back_after_success_and_failure(
    make: Callable[..., BoundedThreads],
) -> None:
    threads = make(waiting=0)
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        assert await threads.run(lambda: 1) == 1


async def test_work_of_a_client_that_left_is_dropped_but_keeps_its_place(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    class Upload:
        pass

    threads, ran, upload = make(waiting=1), [], Upload()
    held = weakref.ref(upload)
    first = await occupied(threads, gate)
    gone = asyncio.create_task(threads.run(lambda upload=upload: ran.append(upload)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    with pytest.raises(Overloaded):
        await threads.run(lambda: "another")
    del upload, gone
    await asyncio.sleep(0)
    gc.collect()
    assert held() is None  # The queue does not hold on to what was sent.
    gate.open.set()
    await first
    threads.close()
    assert ran == []
