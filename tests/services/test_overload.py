"""Bounded threads: what does not fit is refused at once, and nothing waits for ever."""

import asyncio
import gc
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from hufu.services.overload import ASKER, Abandoned, BoundedThreads, Overloaded
from hufu.services.pressure import Patience


class Gate:
    """Work that says when it has begun and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(10)
        return "done"


class HandMoved:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open.set()


@pytest.fixture
def clock() -> HandMoved:
    return HandMoved()


@pytest.fixture
def make(clock: HandMoved) -> Iterator[Callable[..., BoundedThreads]]:
    made: list[BoundedThreads] = []

    def build(waiting: int, *more: float, niceness: int = 0) -> BoundedThreads:
        patience = Patience(waiting, *more)
        threads = BoundedThreads(
            "test", threads=1, patience=patience, retry_after=7, niceness=niceness, clock=clock
        )
        made.append(threads)
        return threads

    yield build
    for threads in made:
        threads.close()


async def occupied(threads: BoundedThreads, gate: Gate) -> asyncio.Task[str]:
    """The task whose work now runs in the only thread."""
    task = asyncio.create_task(threads.run(gate))
    await asyncio.to_thread(gate.begun.wait, 10)
    return task


async def put(threads: BoundedThreads, work: Callable[[], object]) -> asyncio.Task[object]:
    """The task whose work has been put into the queue."""
    task = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    return task


async def test_work_runs_in_another_thread(make: Callable[..., BoundedThreads]) -> None:
    assert await make(0).run(threading.get_ident) != threading.get_ident()


async def test_its_failure_is_the_callers(make: Callable[..., BoundedThreads]) -> None:
    with pytest.raises(ZeroDivisionError):
        await make(0).run(lambda: 1 // 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is the process that is nice")
async def test_its_threads_give_way(make: Callable[..., BoundedThreads]) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = niceness()
    assert await make(0, niceness=own + 3).run(niceness) == own + 3
    assert niceness() == own


async def test_refuses_what_finds_no_place(make: Callable[..., BoundedThreads], gate: Gate) -> None:
    threads = make(1)
    first = await occupied(threads, gate)
    second = await put(threads, lambda: "second")
    assert threads.waiting == 1
    with pytest.raises(Overloaded), threads.place():
        pytest.fail("there was a place")
    with pytest.raises(Overloaded) as refused:
        await threads.run(lambda: "third")
    assert refused.value.retry_after == 7
    gate.open.set()
    assert await asyncio.gather(first, second) == ["done", "second"]
    assert (threads.waiting, threads.refused) == (0, 2)


async def test_places_come_back_after_success_and_failure(
    make: Callable[..., BoundedThreads],
) -> None:
    threads = make(0)
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        assert await threads.run(lambda: 1) == 1


async def test_work_of_a_client_that_left_is_dropped_and_leaves_its_place(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    class Upload:
        pass

    threads, ran, upload = make(1), [], Upload()
    held = weakref.ref(upload)
    first = await occupied(threads, gate)
    gone = await put(threads, lambda upload=upload: ran.append(upload))
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    another = await put(threads, lambda: "another")
    del upload, gone
    await asyncio.sleep(0)
    gc.collect()
    assert held() is None  # The queue does not hold on to what was sent.
    gate.open.set()
    assert await asyncio.gather(first, another) == ["done", "another"]
    assert ran == []


async def test_a_client_that_leaves_while_it_is_served_harms_nobody(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads = make(1)
    gone = await occupied(threads, gate)
    gone.cancel()
    another = await put(threads, lambda: "another")
    gate.open.set()
    assert await another == "another"
    assert gone.cancelled()


async def test_what_an_abandoned_task_waits_for_is_not_done(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    """Nor what it would wait for later; what a thread has already, is."""
    threads = make(waiting=2)
    busy = await occupied(threads, gate)
    done: list[str] = []
    left = await put(threads, lambda: done.append("left"))
    stayed = await put(threads, lambda: done.append("stayed"))

    async def late() -> None:
        threads.abandon(busy)
        task = asyncio.current_task()
        assert task is not None
        threads.abandon(task)
        await threads.run(lambda: done.append("late"))

    threads.abandon(left)
    with pytest.raises(Abandoned):
        await left
    with pytest.raises(Abandoned):
        await asyncio.create_task(late())
    gate.open.set()
    await asyncio.gather(busy, stayed)
    assert done == ["stayed"]
    assert threads.refused == 0


async def test_what_waits_past_its_deadline_is_refused_and_never_done(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads, ran = make(2, 0.01), []
    first = await occupied(threads, gate)
    late = [await put(threads, lambda: ran.append(1)) for _ in range(2)]
    for each in await asyncio.gather(*late, return_exceptions=True):
        assert isinstance(each, Overloaded)
    assert (threads.waiting, threads.refused) == (0, 2)
    gate.open.set()
    assert await first == "done"
    assert await threads.run(lambda: "next") == "next"
    assert ran == []


async def order(threads: BoundedThreads, gate: Gate, clock: HandMoved, *after: float) -> list[int]:
    """In which order work is done that came so long one after another, behind the gate."""
    done: list[int] = []
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    for number, seconds in enumerate(after):
        clock.time += seconds
        tasks.append(await put(threads, lambda number=number: done.append(number)))
    gate.open.set()
    await asyncio.gather(*tasks)
    return done


async def test_a_burst_is_served_in_order(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    assert await order(make(9, 60.0, 9), gate, clock, 0, 20, 20, 19) == [0, 1, 2, 3]


async def test_no_more_wait_than_can_be_done_in_time_as_it_goes_just_now(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    """Whoever would be late hears so at once; what is slow for once changes nothing."""
    threads = make(9, 60.0, 9)

    def work(seconds: float) -> Callable[[], None]:
        def pass_time() -> None:
            clock.time += seconds

        return pass_time

    for seconds in (20, 20, 1000, 20):
        await threads.run(work(seconds))
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    tasks += [await put(threads, lambda: None) for _ in range(3)]
    with pytest.raises(Overloaded):
        await threads.run(lambda: None)
    assert threads.waiting == 3
    gate.open.set()
    await asyncio.gather(*tasks)


async def test_who_is_let_in_in_an_overrun_is_served_in_order_too(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    """The queue was more than half full for longer than anything may wait."""
    threads = make(6, 60.0, 9)
    assert await order(threads, gate, clock, 0, 0, 0, 0, 61) == [0, 1, 2, 3, 4]


async def test_a_short_queue_is_no_overrun_however_long_it_lasts(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    threads = make(6, 60.0, 0)
    assert await order(threads, gate, clock, 0, 20, 20, 21) == [0, 1, 2, 3]


async def test_in_an_overrun_fewer_wait(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    threads = make(9, 60.0, 2)
    tasks = [await occupied(threads, gate)]
    for _ in range(5):
        tasks.append(await put(threads, lambda: "done"))  # noqa: PERF401
    clock.time += 61
    for _ in range(3):
        with pytest.raises(Overloaded):
            await threads.run(lambda: "not done")
        clock.time += 59  # Each refusal says that it is not over yet.
    gate.open.set()
    assert set(await asyncio.gather(*tasks)) == {"done"}


async def test_an_overrun_is_over_when_nothing_was_refused_for_a_deadline(
    make: Callable[..., BoundedThreads], clock: HandMoved
) -> None:
    threads, gates = make(9, 60.0, 1), [Gate(), Gate()]
    tasks = [await occupied(threads, gates[0])]
    tasks += [await put(threads, lambda: "done") for _ in range(5)]
    clock.time += 61
    with pytest.raises(Overloaded), threads.place():
        pytest.fail("there was a place")
    gates[0].open.set()
    await asyncio.gather(*tasks)
    clock.time += 60
    tasks = [await occupied(threads, gates[1])]
    tasks += [await put(threads, lambda: "done") for _ in range(9)]
    gates[1].open.set()
    assert set(await asyncio.gather(*tasks)) == {"done"}


async def test_closing_drops_what_waits_and_refuses_what_comes(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads = make(1)
    first = await occupied(threads, gate)
    waiting = await put(threads, lambda: "never")
    closing = asyncio.create_task(asyncio.to_thread(threads.close))
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(Overloaded):
        await threads.run(lambda: "too late")
    gate.open.set()
    await closing
    assert await first == "done"


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on no thread can be started; until it is called again."""
    start, started = threading.Thread.start, [True]

    def start_or_not(thread: threading.Thread) -> None:
        if not started[0] and thread.name.startswith("test-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_not)

    def turn() -> None:
        started[0] = not started[0]

    return turn


async def test_without_any_thread_work_is_refused_and_done_when_there_is_one(
    make: Callable[..., BoundedThreads], no_threads: Callable[[], None]
) -> None:
    threads = make(9)
    no_threads()
    for _ in range(2):
        with pytest.raises(Overloaded):
            await threads.run(lambda: "nobody does it")
    assert (threads.waiting, threads.refused) == (0, 2)
    no_threads()
    assert await threads.run(lambda: "done") == "done"


async def test_those_that_could_be_started_do_the_work(
    gate: Gate, no_threads: Callable[[], None]
) -> None:
    threads = BoundedThreads("test", threads=2, patience=Patience(9))
    first = await occupied(threads, gate)
    no_threads()
    second = await put(threads, lambda: "second")
    assert threads.waiting == 1
    no_threads()
    assert await threads.run(lambda: "third") == "third"
    gate.open.set()
    assert await asyncio.gather(first, second) == ["done", "second"]
    threads.close()


async def test_what_never_began_does_not_keep_the_rest_from_ending(
    make: Callable[..., BoundedThreads], no_threads: Callable[[], None]
) -> None:
    threads = make(9)
    no_threads()
    with pytest.raises(Overloaded):
        await threads.run(lambda: "nobody does it")
    threads.close()


async def test_what_came_while_a_thread_was_free_does_not_wait_for_ever_either(
    make: Callable[..., BoundedThreads], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others may have come before it."""
    threads, ran = make(9, 0.05), []
    first = await occupied(threads, gate)
    with monkeypatch.context() as patch:
        patch.setattr(threads, "_busy", 0)  # It had done its work, and took the next just now.
        late = await put(threads, lambda: ran.append(1))
    with pytest.raises(Overloaded):
        await asyncio.wait_for(late, 5)
    gate.open.set()
    assert await first == "done"
    assert ran == []


async def put_by(
    asker: str, threads: BoundedThreads, work: Callable[[], object]
) -> asyncio.Task[object]:
    """The same for a client of that network."""
    before = ASKER.set(asker)
    try:
        return await put(threads, work)
    finally:
        ASKER.reset(before)


async def test_others_come_before_one_who_asks_for_more_than_all_of_them(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads, done = make(9, 60.0), []
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    for number, asker in enumerate(("greedy", "greedy", "greedy", "a", "greedy", "greedy", "b")):
        work = lambda number=number: done.append(number)  # noqa: E731
        tasks.append(await put_by(asker, threads, work))
    gate.open.set()
    await asyncio.gather(*tasks)
    assert done == [3, 6, 0, 1, 2, 4, 5]


async def test_others_take_the_places_of_one_until_that_one_has_no_more_than_they(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads = make(3, 60.0)
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    tasks += [await put_by("greedy", threads, lambda: "greedy") for _ in range(4)]
    tasks.append(await put_by("a", threads, lambda: "a"))
    tasks.append(await put_by("b", threads, lambda: "b"))
    tasks.append(await put_by("c", threads, lambda: "c"))
    gate.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each if isinstance(each, str) else type(each) for each in told] == [
        *("done", "greedy", Overloaded, Overloaded, Overloaded),
        *("a", "b", Overloaded),
    ]
    assert threads.refused == 4


async def test_who_has_as_much_as_another_takes_no_place(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads = make(4, 60.0)
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    tasks += [await put_by(each, threads, lambda: "done") for each in "aabb"]
    for each in "ab":
        with pytest.raises(Overloaded):
            await (await put_by(each, threads, lambda: "one more than another"))
    gate.open.set()
    assert await asyncio.gather(*tasks) == ["done"] * 5


async def test_who_takes_a_place_has_it_before_the_work_begins(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads = make(3, 60.0)
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    tasks += [await put_by("greedy", threads, lambda: "greedy") for _ in range(3)]
    with threads.place():
        assert threads.waiting == 2
        ASKER.set("greedy")
        with pytest.raises(Overloaded):
            await asyncio.create_task(threads.run(lambda: "one more"))
    gate.open.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert told[:3] == ["done", "greedy", "greedy"]
    assert isinstance(told[3], Overloaded)


async def prepared(
    threads: BoundedThreads, asked: asyncio.Event, works: Sequence[Callable[[], object]]
) -> list[object]:
    """What the works come to, for a task that has a place and something to do first."""
    with threads.place():
        await asked.wait()
        return [await threads.run(each) for each in works]


async def test_who_prepares_has_a_place_until_the_end(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    """For all the work that it has; nobody is let in meanwhile who would be refused afterwards."""
    threads, asked = make(1), asyncio.Event()
    first = await occupied(threads, gate)
    let_in = asyncio.create_task(prepared(threads, asked, [lambda: 1, lambda: 2]))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await prepared(threads, asked, [])
    with pytest.raises(Overloaded):
        await threads.run(lambda: "no place")
    asked.set()
    gate.open.set()
    assert (await first, await let_in) == ("done", [1, 2])
    assert threads.refused == 2


async def test_a_place_that_was_not_used_is_free_again(
    make: Callable[..., BoundedThreads], gate: Gate
) -> None:
    threads, asked = make(1), asyncio.Event()
    first = await occupied(threads, gate)
    asked.set()
    for _ in range(3):
        assert await prepared(threads, asked, []) == []
    left = asyncio.create_task(prepared(threads, asyncio.Event(), []))
    await asyncio.sleep(0)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    second = await put(threads, lambda: "second")
    gate.open.set()
    assert await asyncio.gather(first, second) == ["done", "second"]


async def test_an_overrun_of_one_is_not_the_others(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved
) -> None:
    """Who comes now takes the place of one who waits."""
    threads = make(6, 60.0, 1)
    tasks: list[asyncio.Task[object]] = [await occupied(threads, gate)]
    tasks += [await put_by("greedy", threads, lambda: "greedy") for _ in range(4)]
    last = await put_by("greedy", threads, lambda: "last")
    clock.time += 61
    with pytest.raises(Overloaded):
        await (await put_by("greedy", threads, lambda: "late"))
    tasks.append(await put_by("a", threads, lambda: "a"))
    with pytest.raises(Overloaded):
        await last
    gate.open.set()
    assert (await asyncio.gather(*tasks))[-1] == "a"


@pytest.mark.parametrize("overrun", [False, True])
async def test_places_that_one_only_asked_for_keep_nobody_out(
    make: Callable[..., BoundedThreads], gate: Gate, clock: HandMoved, overrun: bool
) -> None:
    """It may be that none of them is ever used, as where that one may guess no more."""
    threads, asked = make(4, 60.0, 1), asyncio.Event()
    first = await occupied(threads, gate)
    with ExitStack() as held:
        before = ASKER.set("greedy")
        coming = [asyncio.create_task(prepared(threads, asked, [])) for _ in range(4)]
        await asyncio.sleep(0)
        if overrun:
            clock.time += 61
        with pytest.raises(Overloaded):
            held.enter_context(threads.place())
        ASKER.reset(before)
        assert threads.turns_away("greedy")
        assert not threads.turns_away("a")
        others = [await put_by(each, threads, lambda: "done") for each in "abcd"]
        with pytest.raises(Overloaded):
            await (await put_by("e", threads, lambda: "the others' places are taken"))
    gate.open.set()
    asked.set()
    assert await asyncio.gather(first, *others) == ["done"] * 5
    assert await asyncio.gather(*coming) == [[]] * 4
