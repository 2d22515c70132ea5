"""A server at midday, and the backend of one of its apps."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from front_door import World
from pages.backend import NOON, Backend, backend_of
from rewarding import StillClock, served


@pytest.fixture
async def midday(empty_database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A server for which it is midday until a test says otherwise."""
    async with served(empty_database, tmp_path, StillClock(NOON)) as world:
        yield world


@pytest.fixture
async def backend(midday: World) -> Backend:
    """The backend of the app `fomo`."""
    return await backend_of(midday)
