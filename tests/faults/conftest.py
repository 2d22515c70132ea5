"""What the databases of all scenarios are copied from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from faults.postgres import make_template, open_folder


@pytest.fixture(scope="session")
async def template() -> AsyncIterator[Path]:
    """The files of an empty, migrated database."""
    with open_folder() as folder:
        yield await make_template(folder)
