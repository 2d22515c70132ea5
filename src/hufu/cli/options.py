"""What several commands have in common: which settings they work with, and a database to reach."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from hufu.configuration import CONFIG_VARIABLE, Configuration, load
from hufu.core import Core, open_core
from hufu.services.clock import DatabaseClock
from hufu.services.postgres import EmbeddedPostgres

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

POSTGRES = "postgres"


def configured(command: Command) -> Command:
    """The options that say which settings a command works with."""
    config = click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=CONFIG_VARIABLE,
        help="Configuration file; without one, development mode.",
    )
    data = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of uploads and of the embedded database.",
    )
    return config(data(command))


def configuration(config: Path | None, data: Path | None, **more: object) -> Configuration:
    """The settings in force for a command. Raises SettingsRefused."""
    overrides = {"data_dir": data, **more}
    given = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in overrides.items()
        if value is not None
    }
    return load(config, os.environ, given)


def embedded(settings: Configuration) -> EmbeddedPostgres | None:
    """The embedded database, started or joined, where the settings name no other."""
    if settings.settings.database_url:
        return None
    folder = settings.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return EmbeddedPostgres.start(folder / POSTGRES)


def with_url(settings: Configuration, url: str) -> Configuration:
    """The same settings with the database's address filled in."""
    filled = msgspec.structs.replace(settings.settings, database_url=url)
    return Configuration(filled, settings.options, settings.sources, settings.development)


@asynccontextmanager
async def _core(settings: Configuration) -> AsyncIterator[Core]:
    core = await open_core(settings)
    try:
        if isinstance(core.clock, DatabaseClock):
            await core.clock.sync()
        yield core
    finally:
        await core.close()


def with_core(settings: Configuration, work: Callable[[Core], Awaitable[T]]) -> T:
    """The result of `work`, done with the core of these settings, beside a running server or not.

    Raises DatabaseUnavailable, PostgresUnavailable.
    """

    async def run(filled: Configuration) -> T:
        async with _core(filled) as core:
            return await work(core)

    postgres = embedded(settings)
    if postgres is None:
        return asyncio.run(run(settings))
    with postgres:
        return asyncio.run(run(with_url(settings, postgres.url)))
