"""The process that serves: what keeps its life from beginning ends it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hufu.cli.worker import Worker
from hufu.configuration import SettingsRefused

LIFESPAN = {"type": "lifespan"}
READY = {"type": "http", "method": "GET", "path": "/ready", "headers": [], "query_string": b""}


class Asked:
    """Both ends of an ASGI conversation."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[Any] = asyncio.Queue()
        self.questions: asyncio.Queue[Any] = asyncio.Queue()
        self.receive = self.questions.get
        self.send = self.answers.put

    async def ask(self, kind: str) -> Any:
        await self.questions.put({"type": kind})
        return await asyncio.wait_for(self.answers.get(), 20)


@pytest.fixture(autouse=True)
def _logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hufu.cli.worker.configure", lambda _: None)


async def test_a_life_that_cannot_begin_has_failed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUFU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUFU_PROT", "8000")
    asked = Asked()
    with pytest.raises(SettingsRefused):
        await Worker()(LIFESPAN, asked.receive, asked.send)
    assert asked.answers.get_nowait() == {"type": "lifespan.startup.failed"}
    assert asked.answers.empty()


async def test_a_life_begins_serves_and_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    monkeypatch.setenv("HUFU_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HUFU_DATABASE_URL", database_url)
    worker, life, asked = Worker(), Asked(), Asked()
    living = asyncio.create_task(worker(LIFESPAN, life.receive, life.send))
    assert await life.ask("lifespan.startup") == {"type": "lifespan.startup.complete"}
    await worker(READY, asked.receive, asked.send)
    assert asked.answers.get_nowait()["status"] == 200
    assert await life.ask("lifespan.shutdown") == {"type": "lifespan.shutdown.complete"}
    await living
