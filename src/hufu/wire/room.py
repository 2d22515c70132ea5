"""How much memory large bodies may take while they arrive and are worked on."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from hufu.services.overload import ASKER, Overloaded

RETRY_AFTER = 1

Grow = Callable[[int], None]
"""Told how many bytes of a body have come, it may raise Overloaded."""


def no_matter(_: int) -> None:
    """There is always room for a small body."""


ROOM_ENOUGH = nullcontext[Grow](no_matter)


class Room:
    """So many bytes of a worker; one client network has at most half of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lent: Counter[str] = Counter()

    @contextmanager
    def lent(self) -> Iterator[Grow]:
        """Room for one body, which grows as the body does, and is given back at the end."""
        asker, own = ASKER.get(), 0
        largest = self._most // 2 if asker else self._most

        def grow(more: int) -> None:
            nonlocal own
            if self._lent.total() + more > self._most or self._lent[asker] + more > largest:
                raise Overloaded(RETRY_AFTER)
            self._lent[asker] += more
            own += more

        try:
            yield grow
        finally:
            self._lent -= Counter({asker: own})
