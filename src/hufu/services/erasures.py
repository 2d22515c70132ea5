"""The journal of erasures: a file outside of the database, so that no older backup undoes one."""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path

from hufu.domain.erasures import Erasure
from hufu.services.overload import Unavailable

ERASED, TAKEN_BACK = "erased", "taken_back"


class JournalUnavailable(Unavailable):
    """The journal cannot be written or read, so nothing is erased."""


class ErasureJournal:
    """A line of JSON per erasure, which is only ever added to; nothing in it names a person. What
    is taken back has another line, which says so."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def add(self, erasure: Erasure) -> None:
        """Write it down; it is on the disk when this returns. Raises JournalUnavailable."""
        await asyncio.to_thread(_append, self._file, line_of(erasure))

    async def take_back(self, erasure: Erasure) -> None:
        """Write down that it was not done after all. Raises JournalUnavailable."""
        await asyncio.to_thread(_append, self._file, _line(erasure, TAKEN_BACK))

    async def read(self) -> list[Erasure]:
        """Every erasure in it, none where it is not there yet. Raises JournalUnavailable."""
        try:
            return await asyncio.to_thread(read_erasures, self._file)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalUnavailable(error.strerror) from error


def line_of(erasure: Erasure) -> str:
    """How an erasure is written down."""
    return _line(erasure, ERASED)


def _line(erasure: Erasure, what: str) -> str:
    facts = {
        "account": erasure.account_id,
        "pool": erasure.pool,
        "since": erasure.created_at.isoformat(),
        what: erasure.erased_at.isoformat(),
    }
    return json.dumps(facts, ensure_ascii=False)


def read_erasures(file: Path) -> list[Erasure]:
    """Every erasure in a file that was not taken back. What was cut short when a disk was full was
    never done."""
    lines = file.read_text("utf-8", errors="replace").split("\n")
    taken_back = {_erasure(line, TAKEN_BACK) for line in lines if TAKEN_BACK in line}
    found = [erasure for line in lines if (erasure := _erasure(line, ERASED)) is not None]
    return [erasure for erasure in found if erasure not in taken_back]


def _erasure(line: str, what: str) -> Erasure | None:
    try:
        facts = json.loads(line)
        times = [datetime.fromisoformat(facts[name]) for name in ("since", what)]
        return Erasure(int(facts["account"]), str(facts["pool"]), *times)
    except (ValueError, KeyError, TypeError):
        return None


def _append(file: Path, line: str) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not file.exists()
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as out:
            # In front as well: what was cut short before stays a line of its own.
            out.write(f"\n{line}\n".encode())
            out.flush()
            os.fsync(out.fileno())
        if new:
            _sync(file.parent)
    except OSError as error:
        raise JournalUnavailable(error.strerror) from error


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
