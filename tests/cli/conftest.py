"""The command as an operator runs it, over the database of the test process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.people import ANNA, BERT, MAIL, NAME, PHONE, open_account
from front_door import World
from hufu.cli.init import configuration_text
from hufu.cli.main import main

Hufu = Callable[..., Awaitable[Result]]

CHEAP = {"HUFU_HASH__MEMORY_KIB": "8", "HUFU_HASH__PASSES": "1"}


async def run(*arguments: object, **more: Any) -> Result:
    """The result of one command, which has an event loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, main, list(map(str, arguments)), **more)


@pytest.fixture
def hufu(empty_database: str, tmp_path: Path) -> Hufu:
    """Runs a command with the settings and the data of the fixture `world`."""
    environment = {
        **CHEAP,
        "HUFU_DATABASE_URL": empty_database,
        "HUFU_DATA_DIR": str(tmp_path),
    }

    async def invoke(*arguments: object, env: dict[str, str] | None = None, **more: Any) -> Result:
        return await run(*arguments, env={**environment, **(env or {})}, **more)

    return invoke


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """A configuration as `hufu init` writes it, filled in."""
    file = tmp_path / "hufu.toml"
    text = configuration_text()
    file.write_text(text.replace('public_url = ""', 'public_url = "https://id.example.com"'))
    return file


@pytest.fixture
async def anna(world: World) -> World:
    """A running server with Anna's account and Bert's."""
    await open_account(world, ANNA, PHONE, MAIL, NAME)
    await open_account(world, BERT, "13800138000")
    return world
