"""`hufu migrate`."""

import asyncio
from pathlib import Path

import click

from hufu.cli.configured import configured
from hufu.cli.options import configuration, embedded
from hufu.storage.upgrade import ATTEMPTS
from hufu.storage.upgrade import migrate as apply_migrations


@click.command()
@configured
@click.option(
    "--attempts",
    type=click.IntRange(1),
    default=ATTEMPTS,
    show_default=True,
    help="How often to try a step whose tables are in use, every 3 seconds.",
)
def migrate(config: Path | None, data: Path | None, attempts: int) -> None:
    """Bring the database's schema up to date."""
    settings = configuration(config, data)
    postgres = embedded(settings)
    if postgres is None:
        asyncio.run(apply_migrations(settings.settings.database_url, attempts=attempts))
    else:
        with postgres:
            asyncio.run(apply_migrations(postgres.url, attempts=attempts))
    click.echo("The database is up to date.")
