"""What a client of PostgreSQL sends, message by message (protocol 3.0), as far as it tells when
something is committed."""

import re
import struct
from collections.abc import Iterator
from enum import StrEnum

_HEAD = struct.Struct(">cI")
QUERY, PARSE, BIND = b"Q", b"P", b"B"
BEGIN = re.compile(rb"BEGIN\b", re.IGNORECASE)
ENDS = re.compile(rb"(COMMIT|ROLLBACK)\b", re.IGNORECASE)
WRITES = re.compile(
    rb"\b(INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\w+\s+(AS\s+\w+\s+)?SET)\b", re.IGNORECASE
)
UPKEEP = re.compile(rb"\b(UPDATE outbox|INSERT INTO chores|INSERT INTO heartbeats|WHERE ctid)\b")
"""What no request waits for."""


class Commit(StrEnum):
    """What commits for a request: the end of a transaction, or a statement that writes outside of
    any."""

    TRANSACTION = "COMMIT"
    STATEMENT = "statements that commit by themselves"


class Listener:
    """Hears one connection from its beginning."""

    def __init__(self) -> None:
        self._begun = False
        self._within = False
        self._texts: dict[bytes, bytes] = {}

    def hear(self, data: bytes) -> Commit | None:
        """What is committed by these messages, which are whole."""
        if not self._begun:  # The first message has no type.
            self._begun = True
            return None
        found = [commit for kind, body in _messages(data) if (commit := self._commit(kind, body))]
        return found[0] if found else None

    def _commit(self, kind: bytes, body: bytes) -> Commit | None:
        if kind == PARSE:
            name, text, *_ = body.split(b"\0", 2)
            self._texts[name] = text
        if kind == BIND:
            _, name, *_ = body.split(b"\0", 2)
            return self._of(self._texts.get(name, b""))
        return self._of(body.rstrip(b"\0")) if kind == QUERY else None

    def _of(self, text: bytes) -> Commit | None:
        if BEGIN.match(text):
            self._within = True
        elif ends := ENDS.match(text):
            self._within = False
            return Commit.TRANSACTION if ends[1].upper() == b"COMMIT" else None
        elif not self._within and WRITES.search(text) and not UPKEEP.search(text):
            return Commit.STATEMENT
        return None


def _messages(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + _HEAD.size <= len(data):
        kind, length = _HEAD.unpack_from(data, at)
        yield kind, data[at + _HEAD.size : at + 1 + length]
        at += 1 + length
