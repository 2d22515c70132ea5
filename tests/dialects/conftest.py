"""Servers that any number of tests can share, because they can keep nothing."""

import socket
from collections.abc import AsyncIterator

import pytest

from dialects.rewired import Rewired, admit_anybody, rewire
from front_door import World, opened


@pytest.fixture(scope="session")
async def unreachable(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A server whose database refuses connections: whatever is malformed is told so all the same,
    and whatever gets past that is told that the server is broken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Nobody listens, and nobody else can.
        host, port = taken.getsockname()
        url = f"postgresql://hufu@{host}:{port}/hufu"
        async with opened(url, tmp_path_factory.mktemp("unreachable"), {}) as world:
            yield world


@pytest.fixture(scope="session")
def _rewired_once(unreachable: World) -> Rewired:
    return rewire(unreachable)


@pytest.fixture
def rewired(_rewired_once: Rewired, monkeypatch: pytest.MonkeyPatch) -> Rewired:
    """A server on which a test may say what the rows do; it needs no database."""
    admit_anybody(monkeypatch)
    return _rewired_once
