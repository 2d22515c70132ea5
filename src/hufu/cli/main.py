"""The `hufu` command and its parts."""

from importlib import import_module

import click

from hufu import __version__
from hufu.cli.complaints import mendable

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
            if (told := mendable(error)) is None:
                raise
            raise click.ClickException(told) from error


@click.group(cls=Hufu, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """One account server that answers old clients in the protocols they already speak."""
