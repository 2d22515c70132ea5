"""Which database a command reaches, and what it says when it reaches none."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from hufu.cli.main import main
from hufu.services.postgres import EmbeddedPostgres

COMMANDS = (("outbox",), ("accounts", "find", "13390633695"), ("accounts", "show", "1"))


@pytest.fixture
async def unmigrated(database_url: str) -> AsyncIterator[str]:
    """The address of a database without tables."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE DATABASE unmigrated")
    yield database_url.replace("/hufu?", "/unmigrated?")
    await connection.execute("DROP DATABASE unmigrated")
    await connection.close()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, command) -> None:
    result = CliRunner().invoke(main, [*command, "--data", str(tmp_path / "data")])
    assert result.exit_code == 1
    assert "there is no database in" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_database_without_tables_is_told(hufu, unmigrated: str, command) -> None:
    result = await hufu(*command, env={"HUFU_DATABASE_URL": unmigrated})
    assert result.exit_code == 1
    assert result.stderr == "Error: the database is not up to date: run `hufu migrate`\n"


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_database_out_of_reach_is_told(hufu, command) -> None:
    nowhere = "postgresql://hufu:secret-word@127.0.0.1:1/hufu"
    result = await hufu(*command, env={"HUFU_DATABASE_URL": nowhere})
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the database cannot be reached")
    assert "secret-word" not in result.output


def test_the_embedded_database_is_shared_with_a_running_server(tmp_path: Path) -> None:
    data = ["--data", str(tmp_path)]
    with EmbeddedPostgres.start(tmp_path / "postgres", fast=True) as server:
        for command in (["migrate"], ["outbox"]):
            result = CliRunner().invoke(main, [*command, *data])
            assert result.exit_code == 0, result.output
            assert server.running()
    assert result.stdout == "Nothing was sent.\n"
    assert not server.running()
