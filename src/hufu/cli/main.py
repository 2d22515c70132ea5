"""The `hufu` command and its parts."""

import click

from hufu import __version__
from hufu.cli.accounts import accounts
from hufu.cli.apps import apps
from hufu.cli.bench import bench
from hufu.cli.database import migrate
from hufu.cli.docs import docs
from hufu.cli.init import init
from hufu.cli.janitor import janitor
from hufu.cli.ledger import ledger
from hufu.cli.openapi import openapi
from hufu.cli.outbox import outbox
from hufu.cli.rewards import rewards
from hufu.cli.routes import routes
from hufu.cli.sending import sending
from hufu.cli.serve import serve
from hufu.cli.settings import settings
from hufu.configuration import SettingsRefused
from hufu.services.delivery import ProviderMisconfigured
from hufu.services.postgres import PostgresUnavailable
from hufu.services.templates import TemplateRefused
from hufu.storage.loss import DatabaseUnavailable
from hufu.storage.upgrade import MigrationBlocked


class Hufu(click.Group):
    """The command; what an operator can mend is told in one line instead of a traceback."""

    def invoke(self, context: click.Context) -> object:
        """Run the part that was asked for."""
        try:
            return super().invoke(context)
        except (
            SettingsRefused,
            ProviderMisconfigured,
            TemplateRefused,
            MigrationBlocked,
        ) as error:
            raise click.ClickException(str(error)) from error
        except PostgresUnavailable as error:
            raise click.ClickException(f"the embedded database: {error}") from error
        except DatabaseUnavailable as error:
            raise click.ClickException(f"the database cannot be reached ({error})") from error


@click.group(cls=Hufu, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """One account server that answers old clients in the protocols they already speak."""


for part in (
    serve,
    init,
    migrate,
    routes,
    openapi,
    outbox,
    sending,
    accounts,
    rewards,
    ledger,
    janitor,
    apps,
    settings,
    bench,
    docs,
):
    main.add_command(part)
