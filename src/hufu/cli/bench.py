"""`hufu bench`."""

import os
from collections.abc import Iterable
from http.client import HTTPException
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from hufu.cli.bench_calls import CLIENTS, Client, Door, Person, Refused
from hufu.cli.bench_operations import Measured, measure, operations, registered
from hufu.cli.configured import configured
from hufu.cli.options import JSON, described
from hufu.cli.output import print_json, print_table
from hufu.services.load import Load, Sent
from hufu.settings import AppSettings, Settings

# Not HUFU_…: those are settings.
IDENTIFIER, PASSWORD = "BENCH_IDENTIFIER", "BENCH_PASSWORD"
MOST_SECONDS, MOST_CONNECTIONS, MOST_REQUESTS, MOST_ACCOUNTS = 60.0, 256, 1_000_000, 64
WARM_UP = 0.2
BUSY = 0.9
OK = 200
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


@click.command()
@configured
@click.option("--url", help="The server; by default where the settings say it listens.")
@click.option("--app", "names", multiple=True, help="Only this app; may be repeated.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, MOST_SECONDS),
    default=2.0,
    show_default=True,
    help="How long each operation is asked for.",
)
@click.option(
    "--requests",
    type=click.IntRange(1, MOST_REQUESTS),
    default=50_000,
    show_default=True,
    help="How often each operation is asked at most.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, MOST_CONNECTIONS),
    default=16,
    show_default=True,
    help="How many clients ask at once.",
)
@click.option(
    "--accounts",
    type=click.IntRange(1, MOST_ACCOUNTS),
    default=8,
    show_default=True,
    help="How many accounts are made to ask with, in development.",
)
@click.option("--i-run-this-server", is_flag=True, help="Allow a target that is not loopback.")
@JSON
def bench(
    config: Path | None,
    data: Path | None,
    url: str | None,
    names: tuple[str, ...],
    seconds: float,
    requests: int,
    connections: int,
    accounts: int,
    i_run_this_server: bool,
    as_json: bool,
) -> None:
    """Measure a running server: session checks, sign-ins, registrations, profile writes.

    In development it makes accounts of its own, which stay. A production server is asked with one
    account that exists: its identifier and password are prompted for, or taken from the environment
    variables BENCH_IDENTIFIER and BENCH_PASSWORD. Every sign-in opens a session, which stays until
    it runs out.
    """
    settings = described(config, data).settings
    server, port = _target(settings, url, i_run_this_server)
    clients = _clients(settings, names, server, port)
    plan = Load(connections, seconds, requests, min(WARM_UP, seconds))
    pools = {name: app.pool for name, app in settings.apps.items()}
    home = Door(server, port, _authority(server, port))
    try:
        development = home.ask(Sent("GET", "/_dev/outbox")).status == OK
        people = (
            registered(pools, clients, home, accounts)
            if development
            else _everywhere(clients, _asked_for())
        )
        asked = list(operations(clients, people, home, development))
        measured = measure(asked, clients, home, plan)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise click.ClickException(f"http://{home.host} does not answer: {reason}") from error
    except Refused as error:
        raise click.ClickException(f"the server refused {error}") from error
    _print(home, measured, people if development else {}, as_json)


# Where


def _target(settings: Settings, url: str | None, allowed: bool) -> tuple[str, int]:
    """The address to ask. Refuses one that is not this machine's own, unless that is allowed."""
    if url is None:
        server, port = EVERY_ADDRESS.get(settings.host, settings.host), settings.port
    else:
        try:
            parts = urlsplit(url)
            server, port = parts.hostname or "", parts.port or 80
        except ValueError:
            raise click.BadParameter("is not an address", param_hint="--url") from None
        if parts.scheme != "http" or not server:
            raise click.BadParameter(
                "must be http://…: TLS ends in front of hufu, and would be measured with it",
                param_hint="--url",
            )
    if not (allowed or _is_loopback(server)):
        raise click.UsageError(
            f"{server} is not this machine. Load is for servers that you run yourself: "
            "say so with --i-run-this-server"
        )
    return server, port


def _is_loopback(server: str) -> bool:
    try:
        return ip_address(server).is_loopback
    except ValueError:
        return server == "localhost"


def _authority(server: str, port: int) -> str:
    return f"[{server}]:{port}" if ":" in server else f"{server}:{port}"


def _clients(
    settings: Settings, names: tuple[str, ...], server: str, port: int
) -> dict[str, Client]:
    """A client of each app that is to be asked."""
    for name in names:
        if name not in settings.apps:
            raise click.BadParameter(
                f"must be one of {', '.join(settings.apps)}", param_hint="--app"
            )
    return {
        name: CLIENTS[app.dialect](_door(app, server, port))
        for name, app in settings.apps.items()
        if not names or name in names
    }


def _door(app: AppSettings, server: str, port: int) -> Door:
    by_host = app.hosts and not app.prefix
    host = f"{app.hosts[0]}:{port}" if by_host else _authority(server, port)
    return Door(server, port, host, app.prefix)


# Who


def _everywhere(clients: Iterable[str], person: Person) -> dict[str, list[Person]]:
    return {name: [person] for name in clients}


def _asked_for() -> Person:
    """Somebody with an account, as the operator or the environment says."""
    identifier = os.environ.get(IDENTIFIER) or click.prompt("Identifier of an account", err=True)
    password = os.environ.get(PASSWORD) or click.prompt("Its password", hide_input=True, err=True)
    return Person(identifier, password)


# Telling


def _print(
    home: Door, measured: list[Measured], people: dict[str, list[Person]], as_json: bool
) -> None:
    rows = [each.row() for each in measured]
    made = sorted({person.identifier for several in people.values() for person in several})
    if as_json:
        behind = {
            "accounts": made,
            "accounts_registered_under_load": _left(measured, "accounts"),
            "sessions_at_least": _left(measured, "sessions"),
        }
        print_json({"server": f"http://{home.host}", "rows": rows, "left_behind": behind})
        return
    print_table(
        ("app", "operation", "answers/s", "p50 ms", "p99 ms", "answers", "errors"),
        [list(row.values())[:-1] for row in rows],
    )
    click.echo()
    if max(each.outcome.busy for each in measured) > BUSY:
        click.echo("The load generator itself was at its limit: the server may be faster.")
    if made:
        click.echo(f"Left behind: the accounts {', '.join(made)}; their passwords are forgotten,")
        click.echo(f"{_left(measured, 'accounts')} or more accounts named bench-…, and ", nl=False)
    else:
        click.echo("Left behind: ", nl=False)
    click.echo(f"{_left(measured, 'sessions')} or more sessions, until they run out.")


def _left(measured: Iterable[Measured], kind: str) -> int:
    """How many of them the answers that were counted left behind; those of the warm-up were not."""
    return sum(
        sum(each.outcome.statuses.values()) for each in measured if each.operation.opens == kind
    )
