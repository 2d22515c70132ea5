"""Recorded samples, as `hufu docs` finds them; `tests/dialects/sample_files.py` says how they are
written."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hufu.wire.answers import STANDING_HEADERS
from hufu.wire.dialect import Dialect, Endpoint

SAMPLES = "tests/dialects/{dialect}/samples"
SEPARATOR = "=" * 60 + "\n"
OF_NO_CALL = "any"
STANDING = ("content-length:", *(f"{name.decode()}:" for name, _ in STANDING_HEADERS))
LONGEST_LINE = 1000
LONGEST_CELL = 160

_NUMBER = re.compile("[0-9]*")


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded request and its answer."""

    row: str
    name: str
    request: str
    answer: str

    @property
    def number(self) -> int | None:
        """The number of its answer; None for a success."""
        found = _NUMBER.match(self.name)
        return int(found[0]) if found and found[0] else None

    @property
    def reason(self) -> str:
        """What its name says, in words."""
        first, _, rest = self.name.partition("-")
        return (rest or first).replace("-", " ")

    @property
    def outcome(self) -> str:
        """The answer in one line: its body, after the HTTP status where that is not 200."""
        head, _, body = self.answer.partition("\n\n")
        status = head.split("\n", 1)[0].split(" ")[1]
        shown = f"`{_short(body.strip(), LONGEST_CELL)}`" if body else ""
        return shown if status == "200" else f"HTTP {status} {shown}".strip()

    @property
    def shown(self) -> str:
        """The pair, without what every answer has and without the length of long lines."""
        lines = (f"{self.request}\n{self.answer}").strip().split("\n")
        return "\n".join(
            _short(line, LONGEST_LINE) for line in lines if not line.startswith(STANDING)
        )


def rows(dialect: Dialect[Any]) -> Iterator[tuple[str, Endpoint[Any]]]:
    """The dialect's endpoints by the name of their samples' folder."""
    methods = Counter(endpoint.path for endpoint in dialect.endpoints)
    for endpoint in dialect.endpoints:
        named = endpoint.path
        if methods[endpoint.path] > 1:
            named = f"{endpoint.method} {endpoint.path}"
        yield re.sub("[ /]", ".", re.sub("[<>]", "", named)), endpoint


def samples_of(folder: Path, row: str) -> list[Sample]:
    """The row's samples, successes first, then by number; none where none were recorded."""
    found = [_read(row, file) for file in (folder / row).glob("*.http")]
    return sorted(found, key=lambda each: (-1 if each.number is None else each.number, each.name))


def _read(row: str, file: Path) -> Sample:
    request, _, answer = file.read_text("utf-8").partition(SEPARATOR)
    return Sample(row, file.stem, request, answer)


def _short(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[:longest]}…"
