"""What is about to be committed is told from what a client sends."""

import struct

import pytest

from faults.postgres_wire import Commit, Listener

STARTUP = struct.pack(">II", 8, 3 << 16)


def message(kind: bytes, *texts: bytes) -> bytes:
    body = b"".join(text + b"\0" for text in texts)
    return kind + struct.pack(">I", 4 + len(body)) + body


def query(text: bytes) -> bytes:
    return message(b"Q", text)


def prepared(text: bytes) -> list[bytes]:
    return [message(b"P", b"one", text), message(b"B", b"", b"one") + message(b"S")]


@pytest.mark.parametrize(
    ("sent", "last"),
    [
        ([query(b"BEGIN"), query(b"COMMIT")], Commit.TRANSACTION),
        ([query(b"BEGIN"), query(b"ROLLBACK")], None),
        (prepared(b"INSERT INTO events VALUES ($1)"), Commit.STATEMENT),
        (prepared(b"WITH gone AS (UPDATE codes AS c SET spent_at = $1) SELECT"), Commit.STATEMENT),
        ([query(b"BEGIN"), *prepared(b"INSERT INTO events VALUES ($1)")], None),
        ([query(b"BEGIN"), query(b"ROLLBACK"), *prepared(b"DELETE FROM x")], Commit.STATEMENT),
        (prepared(b"SELECT FROM codes FOR UPDATE"), None),
        (prepared(b"UPDATE outbox SET sent_at = $1"), None),
        ([message(b"B", b"", b"another")], None),
    ],
)
def test_a_commit_is_heard(sent: list[bytes], last: Commit | None) -> None:
    listener = Listener()
    assert listener.hear(STARTUP) is None
    assert [listener.hear(data) for data in sent][-1] == last
