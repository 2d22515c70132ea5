"""What is counted about requests. A dialect that answers 200 to everything hides nothing here."""

from prometheus_client import Counter, Histogram

ANSWERS = Counter(
    "hufu_answers_total", "Answers by app, endpoint and outcome", ("app", "endpoint", "outcome")
)
OK = "ok"
BROKEN = "broken"
UNAVAILABLE = "unavailable"

CLOCK_SKEW = Histogram(
    "hufu_client_clock_skew_seconds",
    "How far the time that a client sent is from the server's",
    ("app",),
    buckets=(1, 10, 60, 300, 3600, 86400, 31536000),
)
