"""The process that serves: what keeps its life from beginning ends it."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from hufu.cli.worker import DRAIN_SECONDS, LETTERS_SECONDS, serve
from hufu.cli.workers import KILL_AFTER, READY
from hufu.configuration import SettingsRefused
from hufu.storage.database import CLOSE_SECONDS


@pytest.fixture(autouse=True)
def _logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hufu.cli.worker.configure", lambda _: None)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def asked(listening: socket.socket, path: str) -> int:
    connection = HTTPConnection(*listening.getsockname(), timeout=20)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("variable", "text", "refused"),
    [("HUFU_PROT", "8000", "prot: "), ("HUFU_DATABASE_URL", "", "database_url: ")],
)
async def test_a_life_that_cannot_begin_ends_the_process(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    listening: socket.socket,
    variable: str,
    text: str,
    refused: str,
) -> None:
    monkeypatch.setenv("HUFU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(variable, text)
    life, _held = os.pipe()
    heard, told = os.pipe()
    try:
        with pytest.raises(SettingsRefused, match=refused):
            await serve(listening, told, life)
    finally:
        os.close(told)
    assert os.read(heard, 1) == b""


@pytest.mark.parametrize("how", [signal.SIGTERM, None])
async def test_a_life_begins_serves_and_ends(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    database_url: str,
    listening: socket.socket,
    how: signal.Signals | None,
) -> None:
    monkeypatch.setenv("HUFU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUFU_DATABASE_URL", database_url)
    life, held = os.pipe()
    heard, told = os.pipe()
    living = asyncio.create_task(serve(listening.dup(), told, life))
    assert await asyncio.to_thread(os.read, heard, 1) == READY
    assert await asyncio.to_thread(asked, listening, "/ready") == 200
    if how is None:
        os.close(held)  # As if its parent had died.
    else:
        os.kill(os.getpid(), how)
    await asyncio.wait_for(living, 20)


def test_a_worker_ends_before_it_is_killed() -> None:
    assert DRAIN_SECONDS < LETTERS_SECONDS
    assert LETTERS_SECONDS + CLOSE_SECONDS < KILL_AFTER
