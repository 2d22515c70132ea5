"""A wall clock that is wrong, in every Python process that is started with it.

It stands in for a library that changes what the kernel says, and reaches what Python's own `time`
and `datetime` tell. The monotonic clock, which no operator can set, goes on.
"""

import os
from dataclasses import dataclass
from pathlib import Path

PROGRAM = """
import datetime
import email.utils
import os
import time

_time, _time_ns = time.time, time.time_ns
_gmtime, _localtime, _Datetime = time.gmtime, time.localtime, datetime.datetime


def _shift():
    with open(os.environ["FAULTS_CLOCK"]) as file:
        return float(file.read() or 0)


class _Meta(type(_Datetime)):
    def __instancecheck__(cls, value):
        return isinstance(value, _Datetime)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, _Datetime)


class _Shifted(_Datetime, metaclass=_Meta):
    @classmethod
    def now(cls, tz=None):
        return _Datetime.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):
        return _Datetime.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)


time.time = lambda: _time() + _shift()
time.time_ns = lambda: _time_ns() + int(_shift() * 10**9)
time.gmtime = lambda seconds=None: _gmtime(time.time() if seconds is None else seconds)
time.localtime = lambda seconds=None: _localtime(time.time() if seconds is None else seconds)
datetime.datetime = _Shifted
"""


@dataclass(frozen=True)
class WallClock:
    """It is ahead by what the file says (s), which may be changed at any time."""

    file: Path

    @classmethod
    def made(cls, folder: Path) -> "WallClock":
        """One that is right as yet."""
        place = folder / "clock"
        place.mkdir()
        (place / "sitecustomize.py").write_text(PROGRAM)
        clock = cls(place / "shift")
        clock.set(0)
        return clock

    def set(self, seconds: float) -> None:
        """Let it be ahead by so much."""
        draft = self.file.with_suffix(".draft")
        draft.write_text(str(seconds))
        draft.replace(self.file)

    def settings(self) -> dict[str, str]:
        """Variables of a process that has it."""
        before = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(self.file.parent), *([before] if before else [])])
        return {"PYTHONPATH": path, "FAULTS_CLOCK": str(self.file)}
