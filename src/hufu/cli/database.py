"""`hufu migrate`."""

import asyncio
from pathlib import Path

import click

from hufu.cli.options import configuration, configured, embedded
from hufu.storage.upgrade import migrate as apply_migrations


@click.command()
@configured
def migrate(config: Path | None, data: Path | None) -> None:
    """Bring the database's schema up to date."""
    settings = configuration(config, data)
    postgres = embedded(settings)
    if postgres is None:
        asyncio.run(apply_migrations(settings.settings.database_url))
    else:
        with postgres:
            asyncio.run(apply_migrations(postgres.url))
    click.echo("The database is up to date.")
