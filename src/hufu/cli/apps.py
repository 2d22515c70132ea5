"""`hufu apps`: the secrets with which the apps' own backends call."""

from datetime import datetime
from pathlib import Path

import click

from hufu.actions.app_secrets import make_app_secret, read_app_secrets, retire_app_secrets
from hufu.cli.configured import configured
from hufu.cli.options import JSON, app_named, with_database
from hufu.cli.output import print_json, print_table, stamp
from hufu.core import Core


@click.group()
def apps() -> None:
    """Make and retire the secrets with which the apps' own backends call."""


NAME = click.argument("name")


@apps.command()
@configured
@NAME
def secret(config: Path | None, data: Path | None, name: str) -> None:
    """Make a secret for an app's own backend, and print it."""

    async def work(core: Core) -> str:
        return await make_app_secret(app_named(core, name, "NAME"))

    made = with_database(config, data, work)
    click.echo(
        f"A secret of {name}, which cannot be shown again. Of an app's secrets the newest two are\n"
        f"good. Once the backend has this one, let the older go: hufu apps retire {name}",
        err=True,
    )
    click.echo(made)


@apps.command()
@configured
@NAME
@JSON
def secrets(config: Path | None, data: Path | None, name: str, as_json: bool) -> None:
    """List when each secret of an app was made, newest first."""

    async def work(core: Core) -> list[datetime]:
        return await read_app_secrets(app_named(core, name, "NAME"))

    times = [stamp(at) for at in with_database(config, data, work)]
    if as_json:
        print_json([{"created": each} for each in times])
    elif times:
        print_table(("created",), [(each,) for each in times])
    else:
        click.echo(f"{name} has no secrets.")


@apps.command()
@configured
@NAME
@click.option("--all", "everything", is_flag=True, help="The newest too.")
def retire(config: Path | None, data: Path | None, name: str, everything: bool) -> None:
    """Let an app's secrets open nothing any more, all but the newest."""

    async def work(core: Core) -> int:
        keep = 0 if everything else 1
        return await retire_app_secrets(app_named(core, name, "NAME"), keep=keep)

    match with_database(config, data, work):
        case 0:
            click.echo("There was nothing to retire.")
        case 1:
            click.echo(f"1 secret of {name} is retired.")
        case retired:
            click.echo(f"{retired} secrets of {name} are retired.")
