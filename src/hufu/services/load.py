"""Load on an HTTP/1.1 server, and how it answered: what `hufu bench` and `make bench` speak of."""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE = 30.0
"""Seconds that an answer may take; afterwards it counts as late."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. Its body and its headers may hold secrets."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def prepared(self, host: str) -> bytes:
        """The request as it is written to a connection (RFC 9112)."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}"]
        lines += (f"{name}: {value}" for name, value in self.headers.items())
        if self.body or self.method not in {"GET", "HEAD"}:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join((*lines, "", "")).encode() + self.body


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked, and for how long: whichever ends first, `seconds` or `most` requests.

    Each connection asks again as soon as it was answered; with a `rate` (1/s) requests are due at
    even distances instead, and are late where no connection is free. What comes back in the first
    `warm_up` seconds, which are not among the `seconds`, is not counted; they end early where a
    quarter of the requests is used up.
    """

    connections: int
    seconds: float
    most: int
    warm_up: float = 0.0
    rate: float | None = None


@dataclass(slots=True)
class Outcome:
    """What came back. Latencies are seconds, of the good answers, from when each was due."""

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    statuses: Counter[int] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    @property
    def errors(self) -> int:
        """Answers that were not good, and answers that did not come."""
        return self.troubles.total()

    @property
    def busy(self) -> float:
        """The share of the time for which this process computed: at 1 it was the limit itself."""
        return self.cpu / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """The latency (s) that so large a share of the good answers did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
