"""How processes that listen on one socket share out its connections.

Whoever is awake first would take all that come at once, and a few connections with much to do would
keep one process busy and the others idle. Each process writes down how many it has, where all can
read it.
"""

import mmap
import os
import tempfile

PLACES = 256
NOBODY = 2**32 - 1

_SIZE = 4 * PLACES


class Board:
    """The numbers of all processes, for whoever starts them."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # Closed by `close`.
        os.ftruncate(self._file.fileno(), _SIZE)
        self._numbers = _mapped(self._file.fileno())
        self._taken: set[int] = set()
        for place in range(PLACES):
            self._numbers[place] = NOBODY

    def fileno(self) -> int:
        """The file that a process needs to take part."""
        return self._file.fileno()

    def take(self) -> int:
        """A place for one more process; those beyond all places share the last."""
        place = next((each for each in range(PLACES) if each not in self._taken), PLACES - 1)
        self._taken.add(place)
        return place

    def free(self, place: int) -> None:
        """The process is gone."""
        self._taken.discard(place)
        self._numbers[place] = NOBODY

    def close(self) -> None:
        """Forget them all."""
        self._numbers.release()
        self._file.close()


class Share:
    """One process's place on the board that `number` is the file of."""

    def __init__(self, number: int, place: int) -> None:
        self._numbers = _mapped(number)
        self._place = place

    def tell(self, connections: int) -> None:
        """So many are open."""
        self._numbers[self._place] = connections

    def leave(self) -> None:
        """Take no part any more."""
        self._numbers[self._place] = NOBODY

    @property
    def large(self) -> bool:
        """Whether another process has fewer."""
        return min(self._numbers) < self._numbers[self._place]


def _mapped(number: int) -> "memoryview[int]":
    return memoryview(mmap.mmap(number, _SIZE)).cast("I")
