"""`hufu serve`."""

import asyncio
import multiprocessing
import os
import tempfile
import threading
from pathlib import Path

import click
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from hufu.cli.options import configuration, configured, embedded
from hufu.configuration import CONFIG_VARIABLE, Configuration
from hufu.core import app_url, deviations
from hufu.pages.metrics import MULTIPROCESS
from hufu.services.postgres import EmbeddedPostgres, PostgresUnavailable
from hufu.settings import OUTBOX
from hufu.storage.schema import migrate

APPLICATION = "hufu.app:application"
BACKLOG = 2048
DRAIN_SECONDS = 10
REVIVE_EVERY = 1.0


@click.command()
@configured
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--app", "only_app", help="Mount this one app, at /.")
@click.option("--workers", type=int, help="Processes that serve.")
def serve(
    config: Path | None,
    data: Path | None,
    host: str | None,
    port: int | None,
    only_app: str | None,
    workers: int | None,
) -> None:
    """Serve every app of the configuration; without one, development mode."""
    found = configuration(config, data, host=host, port=port, only_app=only_app, workers=workers)
    postgres = embedded(found)
    try:
        if postgres is not None:
            asyncio.run(migrate(postgres.url))
        _announce(found, postgres)
        with tempfile.TemporaryDirectory(prefix="hufu-metrics-") as metrics:
            _hand_down(found, config, postgres, metrics)
            _run(found, postgres)
    finally:
        if postgres is not None:
            postgres.stop()


def _hand_down(
    found: Configuration, config: Path | None, postgres: EmbeddedPostgres | None, metrics: str
) -> None:
    """Tell the workers, through their environment, what the command line said."""
    settings = found.settings
    given: dict[str, object] = {
        "DATA_DIR": settings.data_dir,
        "HOST": settings.host,
        "PORT": settings.port,
        "WORKERS": settings.workers,
        "ONLY_APP": settings.only_app,
        "DATABASE_URL": postgres.url if postgres else settings.database_url,
    }
    os.environ.update({f"HUFU_{name}": str(value) for name, value in given.items() if value})
    os.environ[MULTIPROCESS] = metrics
    if config is not None:
        os.environ[CONFIG_VARIABLE] = str(config.resolve())


def _run(found: Configuration, postgres: EmbeddedPostgres | None) -> None:
    settings = found.settings
    # A forked worker would share what was imported and opened here, metrics and threads included.
    multiprocessing.set_start_method("spawn")
    server = Granian(
        APPLICATION,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )
    ended = threading.Event()
    if postgres is not None:
        threading.Thread(target=_revive, args=(postgres, ended), daemon=True).start()
    try:
        server.serve()
    finally:
        ended.set()


def _revive(postgres: EmbeddedPostgres, ended: threading.Event) -> None:
    while not ended.wait(REVIVE_EVERY):
        try:
            postgres.revive()
        except PostgresUnavailable as error:
            click.echo(f"the embedded database: {error}", err=True)


def _announce(found: Configuration, postgres: EmbeddedPostgres | None) -> None:
    settings = found.settings
    mode = "development" if found.development else "production"
    click.echo(f"hufu, {mode}, on http://{settings.host}:{settings.port}")
    for name, app in settings.apps.items():
        hosts = "".join(f", or any path of host {host}" for host in app.hosts)
        click.echo(f"  {name:<10} {app_url(app, settings)}{hosts}")
    if postgres is not None:
        click.echo(f"  database   embedded, in {settings.data_dir}")
    (_announce_development if found.development else _announce_production)(found)


def _announce_development(found: Configuration) -> None:
    url = found.settings.public_url
    click.echo(
        f"\nTry first:\n"
        f"  open {url}/_dev to see every code that is sent\n"
        f"  curl {url}/ready\n"
        f"  the walks in README.md, one per app\n"
        f"\nUnlike production: it listens on loopback only, nothing is ever sent, codes and\n"
        f"captchas can be read at /_dev, keys were made up and are kept in the data folder,\n"
        f"loopback is no client network for limits, new identifiers can recover at once,\n"
        f"and http is allowed.\n"
        f"For production: hufu init\n"
    )


def _announce_production(found: Configuration) -> None:
    for name, app in found.settings.apps.items():
        kept = [
            channel
            for channel, provider in (("SMS", app.sms_provider), ("e-mail", app.email_provider))
            if provider == OUTBOX
        ]
        if kept:
            click.echo(f"  WARNING    {name}: {' and '.join(kept)} stay in the outbox, unsent")
    click.echo("\nDeviations in force:")
    for name, each in deviations(found).items():
        for deviation in each:
            click.echo(
                f"  {name:<10} {deviation.id} (ASVS {deviation.requirement}): {deviation.weakness}"
            )
