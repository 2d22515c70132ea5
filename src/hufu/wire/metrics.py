"""What is counted about requests. A dialect that answers 200 to everything hides nothing here."""

from prometheus_client import Counter, Gauge, Histogram

ANSWERS = Counter(
    "hufu_answers_total", "Answers by app, endpoint and outcome", ("app", "endpoint", "outcome")
)
OK = "ok"
BROKEN = "broken"
UNAVAILABLE = "unavailable"

ALARMS = Counter("hufu_alarms_total", "Alarms raised, each once a day", ("kind",))
BUDGET_LEFT = Gauge(
    "hufu_sending_budget_left",
    "What an app may still spend on messages today; absent where there is no bound",
    ("app",),
    multiprocess_mode="mostrecent",
)
PREFIXES_STOPPED = Gauge(
    "hufu_sending_prefixes_stopped",
    "Beginnings of phone numbers that nothing is sent to, because too few codes are used there",
    multiprocess_mode="mostrecent",
)

CLOCK_SKEW = Histogram(
    "hufu_client_clock_skew_seconds",
    "How far the time that a client sent is from the server's",
    ("app",),
    buckets=(1, 10, 60, 300, 3600, 86400, 31536000),
)
