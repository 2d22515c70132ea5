"""Times as numbers are the same times."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.instants import SECOND, instant_of, instant_of_unix, span, time_of, unix

TIMES = st.timedeltas(timedelta(0), timedelta(days=80_000)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since
)


@given(TIMES)
def test_a_time_is_the_same_after_it_was_a_number(time: datetime) -> None:
    assert time_of(instant_of(time)) == time
    assert unix(instant_of(time)) == int(time.timestamp())


@given(TIMES, st.timedeltas(timedelta(days=-9999), timedelta(days=9999)))
def test_numbers_are_as_far_apart_as_times(time: datetime, length: timedelta) -> None:
    assert instant_of(time + length) - instant_of(time) == span(length)


@given(TIMES)
def test_seconds_since_1970_lead_to_the_same_number(time: datetime) -> None:
    assert abs(instant_of_unix(time.timestamp()) - instant_of(time)) <= 1
    assert instant_of_unix(0) == -span(timedelta(days=10957)) == -946684800 * SECOND
