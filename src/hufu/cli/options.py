"""What several commands have in common: which settings they work with, and a database to reach."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from hufu.actions.deps import Deps
from hufu.configuration import Configuration, load
from hufu.core import Core, open_core
from hufu.services.clock import DatabaseClock
from hufu.services.keys import Keyring
from hufu.services.postgres import EmbeddedPostgres
from hufu.storage.schema import Fit
from hufu.variables import PREFIX

T = TypeVar("T")

POSTGRES = "postgres"
SECRETS = ("pepper", "identity_key")
LARGEST_ACCOUNT = 2**31 - 1

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def configuration(config: Path | None, data: Path | None, **more: object) -> Configuration:
    """The settings in force for a command. Raises SettingsRefused."""
    overrides = {"data_dir": data, **more}
    given = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in overrides.items()
        if value is not None
    }
    return load(config, os.environ, given)


def described(config: Path | None, data: Path | None) -> Configuration:
    """The settings for a command that only tells of them: no folder and no secrets are made.

    Raises SettingsRefused.
    """
    given = {name for name in SECRETS if f"{PREFIX}{name.upper()}" in os.environ}
    absent = () if config else set(SECRETS) - given
    found = configuration(config, data, **{name: Keyring.fresh() for name in absent})
    sources = {**found.sources, **dict.fromkeys(absent, "development")}
    return replace(found, sources=sources)


def embedded(settings: Configuration) -> EmbeddedPostgres | None:
    """The embedded database, to be joined, where the settings name no other."""
    if settings.settings.database_url:
        return None
    folder = settings.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    return EmbeddedPostgres(folder / POSTGRES)


def with_url(settings: Configuration, url: str) -> Configuration:
    """The same settings with the database's address filled in."""
    filled = msgspec.structs.replace(settings.settings, database_url=url)
    return replace(settings, settings=filled)


@asynccontextmanager
async def _core(settings: Configuration) -> AsyncIterator[Core]:
    core = await open_core(settings)
    try:
        if isinstance(core.clock, DatabaseClock):
            await core.clock.sync()
        match await core.database.fit():
            case Fit.OLDER:
                raise click.ClickException("the database is not up to date: run `hufu migrate`")
            case Fit.TOO_NEW:
                raise click.ClickException("the database was made by a newer version of hufu")
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


def with_database(
    config: Path | None,
    data: Path | None,
    work: Callable[[Core], Awaitable[T]],
    *,
    erasing: bool = False,
) -> T:
    """The result of `work` over a database that is there already. What is `erasing` needs the
    server's data folder as well, for the journal and the pictures.

    Raises SettingsRefused, DatabaseUnavailable, PostgresUnavailable.
    """
    settings = described(config, data).settings
    if erasing and settings.database_url and not settings.data_dir.is_dir():
        raise click.ClickException(
            f"there is no folder {settings.data_dir.absolute()}: data_dir must be the server's "
            "(make it where the server has stored nothing yet)"
        )
    if not settings.database_url and not (settings.data_dir / POSTGRES).exists():
        raise click.ClickException(
            f"there is no database in {settings.data_dir} yet: `hufu serve` makes it"
        )
    return with_core(configuration(config, data), work)


def app_named(core: Core, name: str, hint: str = "--app") -> Deps:
    """The app that the configuration calls so."""
    if name not in core.apps:
        raise click.BadParameter(f"must be one of {', '.join(core.apps)}", param_hint=hint)
    return core.apps[name]


def any_app(core: Core) -> Deps:
    """Some app, for what concerns them all."""
    for deps in core.apps.values():
        return deps
    raise click.ClickException("no app is configured")


def pools_of(core: Core, account_id: int) -> list[Deps]:
    """One app of each pool in which an account may have that id."""
    if not 0 < account_id <= LARGEST_ACCOUNT:
        return []
    return one_app_per_pool(core)


def one_app_per_pool(core: Core) -> list[Deps]:
    """One app of each pool."""
    return list({deps.app.pool: deps for deps in core.apps.values()}.values())
