"""What is counted about requests. A dialect that answers 200 to everything hides nothing here."""

from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from hufu.actions.delivery import GivenUp
from hufu.actions.keys import Resealed
from hufu.actions.sending import AlarmKind


class Tally:
    """A counter for what happens on every request, told to Prometheus now and then.

    Adding to Prometheus's own takes as long as all else that a small answer needs.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._counts: Counts[tuple[str, ...]] = Counts()

    def add(self, *labels: str) -> None:
        """Count one under these labels."""
        self._counts[labels] += 1

    def begin(self, *labels: str) -> None:
        """Show 0 under these labels, so that the first one counted is seen as an increase."""
        self._counts[labels] += 0

    def publish(self) -> None:
        """Tell what was counted since the last time."""
        counts, self._counts = self._counts, Counts()
        for labels, count in counts.items():
            self._counter.labels(*labels).inc(count)


BOUNDS = (0.005, 0.025, 0.1, 0.3, 1.0, 3.0)
"""Of the buckets of answers' times, in seconds."""


class ManyAtOnce(Histogram):
    """A histogram that is told of many at once."""

    def add(self, counts: Sequence[float], total: float) -> None:
        """So many more in each bucket, the last of which has no bound, and their sum."""
        self._sum.inc(total)
        for bucket, count in zip(self._buckets, counts, strict=True):
            bucket.inc(count)


class Times:
    """A histogram for what happens on every request, told to Prometheus now and then.

    A row of it is a plain list: how many were in each bucket, then the sum of them all (s).
    """

    def __init__(self, histogram: ManyAtOnce) -> None:
        self._histogram = histogram
        self._rows: dict[tuple[str, ...], list[float]] = {}

    def row(self, *labels: str) -> list[float]:
        """Where to count under these labels, for as long as the process lives."""
        return self._rows.setdefault(labels, [0.0] * (len(BOUNDS) + 2))

    def publish(self) -> None:
        """Tell what was counted since the last time."""
        for labels, row in self._rows.items():
            *counts, total = row
            if any(counts):
                self._histogram.labels(*labels).add(counts, total)
                row[:] = [0.0] * len(row)


def count_time(row: list[float], seconds: float) -> None:
    """Count a time in a row of `TIMES`. Takes a quarter of a microsecond."""
    row[bisect_left(BOUNDS, seconds)] += 1
    row[-1] += seconds


TIMES = Times(
    ManyAtOnce(
        "hufu_answer_seconds",
        "How long answers took, from the head of the request on",
        ("app", "endpoint"),
        buckets=BOUNDS,
    )
)

ANSWERS = Tally(
    Counter(
        "hufu_answers_total", "Answers by app, endpoint and outcome", ("app", "endpoint", "outcome")
    )
)
OK = "ok"
BROKEN = "broken"
UNAVAILABLE = "unavailable"
NOT_FOUND = "not_found"
WRONG_METHOD = "wrong_method"
UNKNOWN = "unknown"
"""In place of a path that no app has: what a client makes up is no label."""


ALARMS = Counter("hufu_alarms_total", "Alarms raised, each once a day", ("kind",))
BUDGET_LEFT = Gauge(
    "hufu_sending_budget_left",
    "What an app may still spend on messages today, 0 if that is less than one costs; absent where "
    "there is no bound",
    ("app",),
    multiprocess_mode="mostrecent",
)
PREFIXES_STOPPED = Gauge(
    "hufu_sending_prefixes_stopped",
    "Beginnings of phone numbers that nothing is sent to, because too few codes are used there",
    multiprocess_mode="mostrecent",
)

SWEPT = Counter(
    "hufu_janitor_rows_total", "Rows removed because they had ended long ago", ("table",)
)
SWEPT_AT = Gauge(
    "hufu_janitor_done_timestamp_seconds",
    "When the tables were last gone through to the end for such rows; 0 if never or not known",
    multiprocess_mode="max",
)

SKEWS = (1, 10, 60, 300, 3600, 86400, 31536000)
_AT_MOST = (*map(str, SKEWS), "+Inf")
CLOCK_SKEW = Tally(
    Counter(
        "hufu_client_clock_skew_total",
        "Requests by how far the time that the client sent is from the server's (seconds, at most)",
        ("app", "at_most"),
    )
)

LOOP_LAG = Histogram(
    "hufu_event_loop_lag_seconds",
    "How much later than due the event loop gets to something, looked at four times a second",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
WORK_SLOTS = Gauge(
    "hufu_work_slots",
    "How much work of a kind (hash, picture, captcha) can be done at once",
    ("work",),
    multiprocess_mode="livesum",
)
WORK_RUNNING = Gauge(
    "hufu_work_running", "How much of it is being done", ("work",), multiprocess_mode="livesum"
)
WORK_WAITING = Gauge(
    "hufu_work_waiting", "How much of it waits for a thread", ("work",), multiprocess_mode="livesum"
)
WORK_REFUSED = Counter(
    "hufu_work_refused_total", "How much of it was too much, and answered with 503", ("work",)
)

CONNECTIONS = Gauge(
    "hufu_database_connections",
    "Connections to the database, busy and idle",
    ("state",),
    multiprocess_mode="livesum",
)
CONNECTIONS_MOST = Gauge(
    "hufu_database_connections_most",
    "How many there may be",
    multiprocess_mode="livesum",
)
CONNECTIONS_WANTED = Gauge(
    "hufu_database_connections_wanted",
    "Work that waits for a connection to the database",
    multiprocess_mode="livesum",
)

HTTP_ANSWERS = Counter(
    "hufu_http_answers_total",
    "Answers that no app gave, but the HTTP server itself, by status",
    ("status",),
)
HTTP_TURNED_AWAY = Counter(
    "hufu_http_turned_away_total", "Connections of clients for which there was no place"
)
HTTP_CONNECTIONS = Gauge(
    "hufu_http_connections",
    "Connections of clients that are open, and requests under way whose client has left",
    ("state",),
    multiprocess_mode="livesum",
)
HTTP_CONNECTIONS_MOST = Gauge(
    "hufu_http_connections_most", "How many there may be of both", multiprocess_mode="livesum"
)

BREAKERS_OPEN = Gauge(
    "hufu_breakers_open",
    "How many workers leave a provider of messages alone, because it keeps failing",
    ("provider",),
    multiprocess_mode="livesum",
)
LETTERS_WAITING = Gauge(
    "hufu_outbox_letters",
    "Messages that are neither sent nor given up",
    ("app", "channel"),
    multiprocess_mode="mostrecent",
)
LETTERS_AGE = Gauge(
    "hufu_outbox_oldest_seconds",
    "How long the oldest of them waits",
    ("app", "channel"),
    multiprocess_mode="mostrecent",
)
GIVEN_UP = Counter(
    "hufu_outbox_given_up_total",
    "Messages that are tried no more: they expired, were tried often enough, cannot be read, or "
    "their provider refuses them for good",
    ("why",),
)


RESEALED = Counter(
    "hufu_identity_numbers_resealed_total",
    "Identity numbers under an old key that were sealed anew, or are lost as no key opens them",
    ("outcome",),
)


def begin() -> None:
    """Show 0 of what is rare: Prometheus sees no increase in a series that begins with 1."""
    for kind in AlarmKind:
        ALARMS.labels(kind)
    for why in GivenUp:
        GIVEN_UP.labels(why)
    RESEALED.labels("done")
    RESEALED.labels("lost")


def add_resealed(found: Resealed) -> None:
    """Count what became of a page of identity numbers under old keys."""
    RESEALED.labels("done").inc(found.done)
    RESEALED.labels("lost").inc(found.lost)


def add_clock_skew(app: str, skew: float) -> None:
    """Count a request whose client's clock is off by so many seconds."""
    CLOCK_SKEW.add(app, _AT_MOST[bisect_left(SKEWS, skew)])


def publish() -> None:
    """Tell Prometheus what this process has counted by itself."""
    ANSWERS.publish()
    TIMES.publish()
    CLOCK_SKEW.publish()
