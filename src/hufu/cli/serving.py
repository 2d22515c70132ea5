"""Serving: what is made ready for the workers, and what is done beside them."""

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import click
import structlog
from prometheus_client import multiprocess

from hufu.cli import worker
from hufu.cli.options import embedded
from hufu.cli.workers import Workers
from hufu.configuration import COMMAND_LINE, Configuration, SettingsRefused
from hufu.core import app_url, deviations, open_core
from hufu.services.logs import configure
from hufu.services.postgres import EmbeddedPostgres, PostgresUnavailable
from hufu.settings import OUTBOX, Settings
from hufu.storage.schema import is_up_to_date
from hufu.variables import CONFIG_VARIABLE, PREFIX
from hufu.wire.deviations import ALL

BACKLOG = 2048
REVIVE_EVERY = 1.0
ASK_EVERY = 0.05
ANSWER_WITHIN = 30.0
HTTP_OK = 200

FIXED = ("host", "port", "workers")
"""What a server is until it ends; with the embedded database also where that is."""
FIXED_EMBEDDED = ("data_dir", "database_url")

_log = structlog.get_logger()


def serve_apps(
    found: Configuration,
    config: Path | None,
    metrics: str,
    read_again: Callable[[], Configuration],
) -> None:
    """Serve every app until a signal ends it; `metrics` is the folder of the workers' figures, and
    `read_again` reads the settings as they are then."""
    began = time.monotonic()
    with ExitStack() as held:
        listening = held.enter_context(_listening(found.settings))
        postgres = embedded(found)
        if postgres is not None:
            held.callback(postgres.stop)
        died = partial(multiprocess.mark_process_dead, path=metrics)
        environment = _handed_down(found, config, postgres)
        serving = held.enter_context(
            Workers(
                found.settings.workers,
                listening,
                died,
                loaded=worker.main,
                environment=environment,
                replacing=partial(_tell_unchanged, found.settings, read_again),
            )
        )
        asyncio.run(_rehearse(found))
        _announce(found)
        if postgres is not None:
            postgres.join()
            asyncio.run(_bring_up_to_date(postgres.url))
        _run(serving, found.settings, postgres, began)


def _listening(settings: Settings) -> socket.socket:
    """The socket that all workers share. Nobody is answered before the first of them is there."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise click.ClickException(f"cannot listen on {host}, port {port}: {reason}") from error


async def _rehearse(found: Configuration) -> None:
    """Build what every worker will build: what is wrong with it is told here, in one line.

    Raises ProviderMisconfigured, TemplateRefused.
    """
    core = await open_core(found)
    await core.close()


async def _bring_up_to_date(url: str) -> None:
    if await is_up_to_date(url):
        return
    # Half a second goes to loading what migrates, and hardly ever is there anything to migrate.
    from hufu.storage.upgrade import migrate  # noqa: PLC0415

    await migrate(url)


def _handed_down(
    found: Configuration, config: Path | None, postgres: EmbeddedPostgres | None
) -> dict[str, str]:
    """The workers' environment, which tells them what the command line said, and what cannot
    change. All else they read themselves, also those that come later."""
    names = {*FIXED, *(name for name, source in found.sources.items() if source == COMMAND_LINE)}
    given = {name: getattr(found.settings, name) for name in names}
    if postgres is not None:
        given |= {"data_dir": found.settings.data_dir, "database_url": postgres.url}
    said = {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items()}
    if config is not None:
        said[CONFIG_VARIABLE] = str(config.absolute())
    return {**os.environ, **said}


def _tell_unchanged(settings: Settings, read_again: Callable[[], Configuration]) -> None:
    """Say what was changed in the settings and stays as it is until a new start. What is wrong with
    them is told too, and the workers stay."""
    configure(settings.log)
    try:
        now = read_again().settings
    except (SettingsRefused, OSError) as error:
        _log.error("settings_refused", reason=str(error))
        return
    except Exception as error:  # noqa: BLE001  # Its text may hold a secret out of the file.
        _log.error("settings_refused", reason=type(error).__name__)
        return
    fixed = FIXED if settings.database_url else (*FIXED, *FIXED_EMBEDDED)
    changed = [name for name in fixed if getattr(now, name) != getattr(settings, name)]
    if settings.database_url and not now.database_url:
        changed.append("database_url")
    if changed:
        _log.warning("needs_restart", settings=changed)


def _run(
    serving: Workers, settings: Settings, postgres: EmbeddedPostgres | None, began: float
) -> None:
    configure(settings.log)
    ended = threading.Event()
    beside = [threading.Thread(target=_tell_when_ready, args=(settings, began, ended), daemon=True)]
    if postgres is not None:
        beside.append(threading.Thread(target=_revive, args=(postgres, ended), daemon=True))
    for thread in beside:
        thread.start()
    try:
        serving.run()
    finally:
        ended.set()


def _tell_when_ready(settings: Settings, began: float, ended: threading.Event) -> None:
    told: dict[str, str] = {}
    while not ended.wait(ASK_EVERY):
        status, problems = _readiness(settings)
        if status == HTTP_OK:
            click.echo(f"Ready after {time.monotonic() - began:.1f} s.")
            return
        if problems and problems != told:
            told = problems
            for name, problem in problems.items():
                click.echo(f"Not ready: {name}: {problem}", err=True)


def _readiness(settings: Settings) -> tuple[int, dict[str, str]]:
    """What `/ready` answers: the status, or 0, and the problems it names."""
    connection = HTTPConnection(settings.host, settings.port, timeout=ANSWER_WITHIN)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("problems", {})
    except (OSError, HTTPException, ValueError):
        return 0, {}
    finally:
        connection.close()


def _revive(postgres: EmbeddedPostgres, ended: threading.Event) -> None:
    while not ended.wait(REVIVE_EVERY):
        try:
            postgres.revive()
        except PostgresUnavailable as error:
            _log.error("database_not_revived", reason=str(error))
        except Exception as error:  # noqa: BLE001  # Such as no memory for a process, for now.
            _log.error("database_not_revived", reason=type(error).__name__)


def _announce(found: Configuration) -> None:
    settings = found.settings
    mode = "development" if found.development else "production"
    click.echo(f"hufu, {mode}, on http://{settings.host}:{settings.port}")
    for name, app in settings.apps.items():
        hosts = "".join(f", or any path of host {host}" for host in app.hosts)
        click.echo(f"  {name:<10} {app_url(app, settings)}{hosts}")
    if not settings.database_url:
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
    click.echo("\nDeviations in force (docs/deviations.md):")
    of_apps = deviations(found)
    for deviation in ALL:
        names = [name for name, each in of_apps.items() if deviation in each]
        if names:
            apps = ", ".join(names) if len(names) < len(of_apps) else "all apps"
            remedy = f"; {deviation.switch.remedy} stops it" if deviation.switch else ""
            told = f"{deviation.weakness}{remedy}"
            click.echo(f"  {deviation.id} (ASVS {deviation.requirement}), {apps}: {told}")
