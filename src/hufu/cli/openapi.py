"""`hufu openapi`."""

from pathlib import Path
from typing import Any

import click
import msgspec

from hufu import __version__
from hufu.cli import openapi_backend, openapi_calls, openapi_sessions
from hufu.cli.configured import configured
from hufu.cli.options import described
from hufu.cli.output import print_json
from hufu.core import app_url
from hufu.settings import DIALECTS, AppSettings, Settings
from hufu.wire.cookies import cookie_name

OPENAPI = "3.1.0"


@click.command()
@configured
@click.argument("app")
def openapi(config: Path | None, data: Path | None, app: str) -> None:
    """Print an app's API as an OpenAPI document."""
    settings = described(config, data).settings
    if app not in settings.apps:
        raise click.BadParameter(f"must be one of {', '.join(settings.apps)}", param_hint="APP")
    print_json(document(settings.apps[app], settings))


def document(app: AppSettings, settings: Settings) -> dict[str, Any]:
    """The calls of the app's clients, and those of its own backend."""
    dialect = DIALECTS[app.dialect]
    clients = openapi_calls.calls(dialect, _session_cookies(app, settings))
    backend = openapi_backend.calls(settings.public_url)
    sessions = openapi_sessions.calls(settings.public_url)
    parts = [each.components for each in (clients, backend, sessions)]
    return {
        "openapi": OPENAPI,
        "info": {"title": app.title or dialect.title, "version": __version__},
        "servers": [{"url": url} for url in _places(app, settings)],
        "tags": [clients.tag, backend.tag],
        "paths": clients.paths | backend.paths | sessions.paths,
        "components": {
            kind: {name: each for part in parts for name, each in part.get(kind, {}).items()}
            for kind in sorted({kind for part in parts for kind in part})
        },
    }


def _places(app: AppSettings, settings: Settings) -> dict[str, str]:
    """Every address at which clients find the app, with the path that its cookies have there."""
    places = {}
    if app.prefix or not app.hosts:
        places[app_url(app, settings)] = app.prefix or "/"
    for host in app.hosts:
        alone = msgspec.structs.replace(app, prefix="", hosts=(host,))
        places[app_url(alone, settings)] = "/"
    return places


def _session_cookies(app: AppSettings, settings: Settings) -> list[str]:
    """The names that the session cookie has in one place or another."""
    base = DIALECTS[app.dialect].session_cookie
    if base is None:
        return []
    secure = settings.public_url.startswith("https:")
    paths = _places(app, settings).values()
    return list(dict.fromkeys(cookie_name(base, path, secure) for path in paths))
