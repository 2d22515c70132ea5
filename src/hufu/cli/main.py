"""The `hufu` command and its parts."""

from importlib import import_module

import click

from hufu import __version__

PARTS = {
    "serve": "hufu.cli.serve",
    "init": "hufu.cli.init",
    "migrate": "hufu.cli.database",
    "routes": "hufu.cli.routes",
    "openapi": "hufu.cli.openapi",
    "outbox": "hufu.cli.outbox",
    "sending": "hufu.cli.sending",
    "accounts": "hufu.cli.accounts",
    "rewards": "hufu.cli.rewards",
    "ledger": "hufu.cli.ledger",
    "keys": "hufu.cli.keys",
    "janitor": "hufu.cli.janitor",
    "apps": "hufu.cli.apps",
    "settings": "hufu.cli.settings",
    "bench": "hufu.cli.bench",
    "docs": "hufu.cli.docs",
}
"""The parts, each a command of its own name in a module; help lists them in this order."""


class Hufu(click.Group):
    """The command; what an operator can mend is told in one line instead of a traceback."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names of the parts."""
        return list(PARTS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """The part of that name. Only that one is loaded: all of them take a second."""
        if name not in PARTS:
            return None
        part = getattr(import_module(PARTS[name]), name)
        assert isinstance(part, click.Command)
        return part

    def invoke(self, context: click.Context) -> object:
        """Run the part that was asked for."""
        try:
            return super().invoke(context)
        except Exception as error:
            if (told := _told(error)) is None:
                raise
            raise click.ClickException(told) from error


def _told(error: Exception) -> str | None:
    """What an operator can mend, in one line; None for what is a mistake of the program's.

    Where one of these was raised, its module is loaded.
    """
    from hufu.configuration import SettingsRefused  # noqa: PLC0415
    from hufu.services.delivery import ProviderMisconfigured  # noqa: PLC0415
    from hufu.services.erasures import JournalUnavailable  # noqa: PLC0415
    from hufu.services.postgres import PostgresUnavailable  # noqa: PLC0415
    from hufu.services.templates import TemplateRefused  # noqa: PLC0415
    from hufu.storage.loss import DatabaseUnavailable  # noqa: PLC0415
    from hufu.storage.schema import MigrationBlocked  # noqa: PLC0415

    match error:
        case SettingsRefused() | ProviderMisconfigured() | TemplateRefused() | MigrationBlocked():
            return str(error)
        case PostgresUnavailable():
            return f"the embedded database: {error}"
        case JournalUnavailable():
            return f"the journal of erasures: {error}"
        case DatabaseUnavailable():
            return f"the database cannot be reached ({error})"
        case _:
            return None


@click.group(cls=Hufu, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """One account server that answers old clients in the protocols they already speak."""
