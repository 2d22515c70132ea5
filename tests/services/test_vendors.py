"""The pool in which blocking SDKs run."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator

import pytest

from hufu.services.delivery import DeliveryFailed
from hufu.services.vendors import SdkThreads, vendor_failure


@pytest.fixture
async def threads() -> AsyncIterator[SdkThreads]:
    pool = SdkThreads("vendor", deadline=0.05, size=1)
    yield pool
    pool.close()


async def test_the_loop_runs_on_while_a_call_blocks() -> None:
    pool = SdkThreads("vendor", deadline=5)
    go_on = threading.Event()
    calling = asyncio.create_task(pool.run(lambda: None if go_on.wait(5) else DeliveryFailed("x")))
    await asyncio.sleep(0)
    go_on.set()
    await calling
    pool.close()


async def test_what_a_call_returns_is_raised(threads: SdkThreads) -> None:
    with pytest.raises(DeliveryFailed, match=r"^vendor\.no$") as caught:
        await threads.run(lambda: DeliveryFailed("vendor.no", permanent=True))
    assert caught.value.permanent
    assert caught.value.__context__ is None


async def test_a_call_is_given_up_on_but_keeps_its_thread(threads: SdkThreads) -> None:
    go_on, ended = threading.Event(), threading.Event()
    second_ran = threading.Event()

    def block() -> None:
        go_on.wait(5)
        ended.set()

    with pytest.raises(DeliveryFailed, match=r"^vendor\.timeout$"):
        await threads.run(block)
    # The only thread is still busy, so the second call is never started.
    with pytest.raises(DeliveryFailed, match=r"^vendor\.timeout$") as caught:
        await threads.run(second_ran.set)
    assert caught.value.provider_at_fault
    assert threads._pool._work_queue.empty()  # Nor does it wait where nothing bounds the queue.
    go_on.set()
    await asyncio.to_thread(ended.wait, 5)
    await has_a_free_thread(threads)
    assert not second_ran.is_set()


async def test_a_cancelled_call_gives_its_thread_back_when_it_ends(threads: SdkThreads) -> None:
    go_on, started = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def block() -> None:
        loop.call_soon_threadsafe(started.set)
        go_on.wait(5)

    calling = asyncio.create_task(threads.run(block))
    await started.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    go_on.set()
    await has_a_free_thread(threads)


async def has_a_free_thread(threads: SdkThreads) -> None:
    async with asyncio.timeout(5):
        while True:
            with contextlib.suppress(DeliveryFailed):
                await threads.run(lambda: None)
                return


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("isv.OUT_OF_SERVICE", "v.isv.OUT_OF_SERVICE"),
        ("VALVE:M_MC", "v.VALVE:M_MC"),
        ("482915", "v.unrecognised"),
        ("isv.482915", "v.unrecognised"),
        ("li@example.cn", "v.unrecognised"),
        ("two words", "v.unrecognised"),
        ("A" * 81, "v.unrecognised"),
        ("isv.OK\n", "v.unrecognised"),
        ("", "v.unrecognised"),
        (None, "v.unrecognised"),
        (7, "v.unrecognised"),
        ([], "v.unrecognised"),
    ],
)
def test_only_an_error_code_becomes_a_reason(code: object, reason: str) -> None:
    assert vendor_failure("v", code, frozenset()).reason == reason
