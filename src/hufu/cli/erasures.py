"""`hufu accounts erasures` and `replay-erasures`: closed accounts stay closed after a restore."""

from pathlib import Path

import click

from hufu.actions import erasures as actions
from hufu.cli.configured import configured
from hufu.cli.options import one_app_per_pool, with_database
from hufu.core import Core
from hufu.domain.erasures import Erasure
from hufu.services.erasures import line_of, read_erasures


@click.command()
@configured
def erasures(config: Path | None, data: Path | None) -> None:
    """Print every closed account as a line of the journal, to be kept outside of backups."""

    async def work(core: Core) -> list[Erasure]:
        return await actions.list_erasures(one_app_per_pool(core))

    for each in with_database(config, data, work):
        click.echo(line_of(each))


@click.command("replay-erasures")
@configured
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
def replay_erasures(config: Path | None, data: Path | None, files: tuple[Path, ...]) -> None:
    """Close again what a restore has brought back, by the journals of all servers."""
    found = [each for file in files for each in read_erasures(file)]

    async def work(core: Core) -> int:
        return await actions.replay_erasures(one_app_per_pool(core), found)

    again = with_database(config, data, work, erasing=True)
    click.echo(f"{len(found)} erasures read, {again} accounts closed again.")
