"""The circuit breaker: when it opens, refuses, tries again and closes."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_stand_ins import sms

from hufu.services.breaker import Breaker
from hufu.services.delivery import DeliveryFailed, Letter

PAUSE = 30.0


class Vendor:
    """A provider that does what it is told next."""

    def __init__(self) -> None:
        self.failure: DeliveryFailed | None = None
        self.calls = 0
        self.closed = False

    async def send(self, letter: Letter) -> None:
        self.calls += 1
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        self.closed = True


class Held:
    """A provider whose letters wait until they are let go, each on its own."""

    def __init__(self) -> None:
        self.arrivals: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def send(self, letter: Letter) -> None:
        outcome = asyncio.get_running_loop().create_future()
        self.arrivals.put_nowait(outcome)
        await outcome

    async def close(self) -> None:
        """Nothing is open."""


class Time:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def down() -> DeliveryFailed:
    return DeliveryFailed("vendor.down")


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(vendor: Vendor, time: Time) -> Breaker:
    return Breaker(vendor, failures=3, pause=PAUSE, monotonic=time)


async def outcome(breaker: Breaker) -> str:
    try:
        await breaker.send(sms())
    except DeliveryFailed as failure:
        return failure.reason
    return "sent"


async def open_up(breaker: Breaker, vendor: Vendor) -> None:
    vendor.failure = down()
    for _ in range(3):
        assert breaker.available
        assert await outcome(breaker) == "vendor.down"
    assert not breaker.available


async def test_it_opens_after_failures_in_a_row_and_refuses_at_once(
    breaker: Breaker, vendor: Vendor
) -> None:
    await open_up(breaker, vendor)
    assert await outcome(breaker) == "breaker.open"
    assert vendor.calls == 3


async def test_what_it_refuses_may_be_sent_later(breaker: Breaker, vendor: Vendor) -> None:
    await open_up(breaker, vendor)
    with pytest.raises(DeliveryFailed) as caught:
        await breaker.send(sms())
    assert not caught.value.permanent


async def test_a_success_in_between_starts_the_count_again(
    breaker: Breaker, vendor: Vendor
) -> None:
    for failure in (down(), down(), None, down(), down()):
        vendor.failure = failure
        await outcome(breaker)
    assert breaker.available


@pytest.mark.parametrize(
    "failure",
    [
        DeliveryFailed("vendor.number", permanent=True),
        DeliveryFailed("vendor.greylisted", about_recipient=True),
    ],
)
async def test_refused_recipients_never_open_it(
    breaker: Breaker, vendor: Vendor, failure: DeliveryFailed
) -> None:
    vendor.failure = failure
    for _ in range(100):
        assert await outcome(breaker) == failure.reason
    assert breaker.available


async def test_refused_recipients_do_not_hide_failures(breaker: Breaker, vendor: Vendor) -> None:
    for failure in (down(), DeliveryFailed("number", permanent=True), down(), down()):
        vendor.failure = failure
        await outcome(breaker)
    assert not breaker.available


async def test_it_stays_open_for_the_pause(breaker: Breaker, vendor: Vendor, time: Time) -> None:
    await open_up(breaker, vendor)
    assert breaker.rest == PAUSE
    time.now += PAUSE - 0.001
    assert breaker.rest == pytest.approx(0.001)
    assert not breaker.available
    time.now += 0.001
    assert breaker.rest == 0
    assert breaker.available


async def test_a_trial_that_succeeds_closes_it(
    breaker: Breaker, vendor: Vendor, time: Time
) -> None:
    await open_up(breaker, vendor)
    time.now += PAUSE
    vendor.failure = None
    assert await outcome(breaker) == "sent"
    vendor.failure = down()
    assert [await outcome(breaker) for _ in range(2)] == ["vendor.down"] * 2
    assert breaker.available


async def test_a_trial_that_fails_opens_it_for_another_pause(
    breaker: Breaker, vendor: Vendor, time: Time
) -> None:
    await open_up(breaker, vendor)
    time.now += PAUSE
    assert await outcome(breaker) == "vendor.down"
    assert not breaker.available
    time.now += PAUSE - 0.001
    assert not breaker.available
    time.now += 0.001
    assert breaker.available


async def test_a_trial_with_a_refused_recipient_is_followed_by_another(
    breaker: Breaker, vendor: Vendor, time: Time
) -> None:
    await open_up(breaker, vendor)
    time.now += PAUSE
    vendor.failure = DeliveryFailed("number", permanent=True)
    assert await outcome(breaker) == "number"
    assert breaker.available
    vendor.failure = down()
    await outcome(breaker)
    assert not breaker.available


async def half_open(time: Time) -> tuple[Breaker, Held]:
    held = Held()
    breaker = Breaker(held, failures=1, pause=PAUSE, monotonic=time)
    sending = asyncio.create_task(breaker.send(sms()))
    (await held.arrivals.get()).set_exception(down())
    await asyncio.wait([sending])
    assert isinstance(sending.exception(), DeliveryFailed)
    time.now += PAUSE
    return breaker, held


async def test_only_one_letter_is_on_trial(time: Time) -> None:
    breaker, held = await half_open(time)
    trial = asyncio.create_task(breaker.send(sms()))
    first = await held.arrivals.get()
    assert not breaker.available
    assert await outcome(breaker) == "breaker.open"
    first.set_result(None)
    await trial
    assert breaker.available


@pytest.mark.parametrize("how", ["cancelled", "broken"])
async def test_a_trial_without_an_outcome_is_followed_by_another(time: Time, how: str) -> None:
    breaker, held = await half_open(time)
    trial = asyncio.create_task(breaker.send(sms()))
    first = await held.arrivals.get()
    if how == "cancelled":
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
    else:
        first.set_exception(RuntimeError("a bug"))
        with pytest.raises(RuntimeError, match="a bug"):
            await trial
    assert breaker.available
    second = asyncio.create_task(breaker.send(sms()))
    another = await held.arrivals.get()
    assert breaker.rest == 1.0  # Still on trial: nothing has closed it.
    another.set_result(None)
    await second


async def test_letters_sent_off_before_it_opened_change_nothing(time: Time) -> None:
    held = Held()
    breaker = Breaker(held, failures=3, pause=PAUSE, monotonic=time)
    sending = [asyncio.create_task(breaker.send(sms())) for _ in range(6)]
    outcomes = [await held.arrivals.get() for _ in sending]
    for failed in outcomes[:3]:
        failed.set_exception(down())
    await asyncio.wait(sending[:3])
    assert not breaker.available
    time.now += 10
    outcomes[3].set_result(None)
    outcomes[4].set_exception(down())
    await asyncio.wait(sending[3:5])
    assert not breaker.available  # The success did not close it,
    time.now += PAUSE - 10
    assert breaker.available  # and the failure did not prolong it.
    sending[5].cancel()
    await asyncio.gather(*sending, return_exceptions=True)


async def test_closing_closes_the_provider(breaker: Breaker, vendor: Vendor) -> None:
    await breaker.close()
    assert vendor.closed


@given(
    st.lists(
        st.tuples(st.sampled_from(["sent", "down", "number"]), st.sampled_from([0.0, 1.0, PAUSE])),
        max_size=60,
    )
)
def test_it_is_open_exactly_when_the_rule_says(steps: list[tuple[str, float]]) -> None:
    """The rule, spelled out over the whole history."""
    asyncio.run(follow(steps))


async def follow(steps: list[tuple[str, float]]) -> None:
    vendor, time = Vendor(), Time()
    breaker = Breaker(vendor, failures=3, pause=PAUSE, monotonic=time)
    failures = {"down": down(), "number": DeliveryFailed("number", permanent=True)}
    in_a_row, opened_at = 0, None
    for told, waited in steps:
        time.now += waited
        tried = opened_at is None or time.now - opened_at >= PAUSE
        assert breaker.available == tried
        vendor.failure = failures.get(told)
        before = vendor.calls
        await outcome(breaker)
        assert (vendor.calls > before) == tried
        if not tried or told == "number":
            continue
        in_a_row = in_a_row + 1 if told == "down" else 0
        if told == "sent":
            opened_at = None
        elif in_a_row >= 3:
            opened_at = time.now
