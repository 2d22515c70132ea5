"""How much work may wait, in a burst and in an overrun."""

from collections import deque
from dataclasses import dataclass

RECENT = 9
"""So many pieces of work, of those that were done last, tell how long one takes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long work may wait (s), and how many pieces of it at once: as a rule, and in an overrun.

    A burst is worth waiting for, as it passes. Where the queue was never less than half full for as
    long as anything may wait, it will not pass by itself: waiting would only make everybody late.
    """

    waiting: int
    """At most, and no more than can be done within the deadline as fast as it goes just now."""
    deadline: float | None = None
    waiting_in_overrun: int = 0


class Pressure:
    """Tells a burst from an overrun (after controlled delay, RFC 8289, as it is used for requests).

    An overrun is over when for a whole deadline nothing had to be refused. `room` is how many may
    wait in a burst.
    """

    def __init__(self, patience: Patience, threads: int) -> None:
        self._patience = patience
        self._threads = threads
        self._took: deque[float] = deque(maxlen=RECENT)
        self.room = patience.waiting
        self._last_short = 0.0
        self._until = 0.0

    def admits(self, waiting: int, now: float) -> bool:
        """Whether something that comes now may wait behind so many."""
        patience = self._patience
        if patience.deadline is None:
            return waiting < patience.waiting
        if waiting <= self.room // 2:
            self._last_short = now
        elif now - self._last_short > patience.deadline:
            self._until = now + patience.deadline
        overrun = now < self._until
        return waiting < (min(self.room, patience.waiting_in_overrun) if overrun else self.room)

    def took(self, seconds: float) -> None:
        """So long a piece of work took, which tells how many can be done within the deadline."""
        patience = self._patience
        if patience.deadline is None:
            return
        self._took.append(seconds)
        usual = sorted(self._took)[len(self._took) // 2]
        done = int(patience.deadline * self._threads / usual) if usual else patience.waiting
        self.room = min(patience.waiting, max(1, done))

    def refused(self, now: float) -> None:
        """Something was."""
        if now < self._until:
            self._until = now + (self._patience.deadline or 0.0)
