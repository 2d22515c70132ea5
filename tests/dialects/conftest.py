"""A server that any number of tests can share, because it can keep nothing."""

import socket
from collections.abc import AsyncIterator

import pytest

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
