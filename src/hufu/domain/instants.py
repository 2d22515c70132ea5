"""Times as numbers: microseconds since 2000 (UTC), which is how PostgreSQL sends them.

What is compared on every request is a number, for a datetime takes 0.7 µs to make of what the
database sends, ten times as long as any other value. A session check has four of them, the whole
profile three more.
"""

from datetime import UTC, datetime, timedelta

Instant = int

SECOND: Instant = 10**6

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = int(_EPOCH.timestamp())
_MICROSECOND = timedelta(microseconds=1)


def instant_of(time: datetime) -> Instant:
    """The same as a number."""
    return span(time - _EPOCH)


def time_of(instant: Instant) -> datetime:
    """The same as a datetime, in UTC."""
    return _EPOCH + _MICROSECOND * instant


def span(length: timedelta) -> Instant:
    """How much is added to go that far."""
    return length // _MICROSECOND


def instant_of_unix(seconds: float) -> Instant:
    """So many seconds after 1970 (UTC)."""
    return int((seconds - _UNIX_EPOCH) * SECOND)


def unix(instant: Instant) -> int:
    """Whole seconds since 1970 (UTC)."""
    return instant // SECOND + _UNIX_EPOCH
