"""`hufu settings`."""

import re
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from hufu.cli.configured import configured
from hufu.cli.options import described
from hufu.cli.output import print_json, print_table
from hufu.configuration import Configuration
from hufu.domain.limits import Limits
from hufu.http.bounds import Bounds
from hufu.services.providers import ProviderSettings
from hufu.settings import (
    DIALECTS,
    AppSettings,
    DatabaseSettings,
    HashSettings,
    JanitorSettings,
    Settings,
    fields_of,
)

TABLES: Mapping[str, type] = {
    "limits": Limits,
    "hash": HashSettings,
    "database": DatabaseSettings,
    "http": Bounds,
    "janitor": JanitorSettings,
}
COLUMNS = ("path", "value", "default", "source", "meaning")
KIND = "kind"

HIDDEN = r"\1***"
_SECRET = re.compile(r".*(?:pepper|password|secret|token|key)")
# Up to the last @ of all: what stands in a password unencoded must not end it.
_SIGNED_IN = re.compile(r"(//[^:/?#@]*:).*(?=@)")
_WITH_SECRET = re.compile(r"([?&][^=&]*(?:password|secret|token|key)=)[^&]*")
_QUERY = re.compile(r"([?#]).*")


@click.command()
@configured
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def settings(config: Path | None, data: Path | None, as_json: bool) -> None:
    """List every setting: its value, its default, where the value comes from, what it means."""
    rows = list(setting_rows(described(config, data)))
    if as_json:
        print_json(rows)
    else:
        print_table(COLUMNS, [[_cell(row[name]) for name in COLUMNS] for row in rows])


def setting_rows(found: Configuration) -> Iterator[dict[str, object]]:
    """Every setting in force, secrets hidden, in the order in which a file holds them."""
    whole = found.settings
    yield from _rows(found, (), Settings, whole, skip={*TABLES, "providers", "apps"})
    for name, kind in TABLES.items():
        yield from _rows(found, (name,), kind, getattr(whole, name))
    for name, app in whole.apps.items():
        where = ("apps", name)
        yield from _rows(found, where, AppSettings, app)
        yield from _rows(found, where, DIALECTS[app.dialect].options, found.options[name])
    for name, provider in whole.providers.items():
        yield from _provider_rows(found, ("providers", name), provider)


def _provider_rows(
    found: Configuration, where: tuple[str, ...], provider: ProviderSettings
) -> Iterator[dict[str, object]]:
    yield {
        "path": ".".join((*where, KIND)),
        "value": provider.__struct_config__.tag,
        "default": None,
        "source": _source(found, ".".join((*where, KIND))),
        "meaning": "which provider it is",
    }
    yield from _rows(found, where, type(provider), provider)


def _rows(
    found: Configuration,
    where: tuple[str, ...],
    kind: type,
    holder: Any,
    skip: Container[str] = (),
) -> Iterator[dict[str, object]]:
    for name, each in fields_of(kind).items():
        if name in skip:
            continue
        path = ".".join((*where, name))
        source = _source(found, path)
        value = safe(name, getattr(holder, name))
        # Of the apps, some are there by default with values of their own.
        default = value if source == "default" else _plain(each.default)
        yield {
            "path": path,
            "value": value,
            "default": default,
            "source": source,
            "meaning": each.meaning,
        }


def _source(found: Configuration, path: str) -> str:
    """Where the setting, or the first entry of a table that is one setting, comes from."""
    inside = (said for at, said in found.sources.items() if at.startswith(f"{path}."))
    return found.sources.get(path) or next(inside, "default")


def safe(name: str, value: object) -> object:
    """The value as it may be shown; of a secret, whether it is set."""
    if _SECRET.fullmatch(name):
        return "(set)" if value else ""
    if name in {"database_url", "replica_url"}:
        return _WITH_SECRET.sub(HIDDEN, _SIGNED_IN.sub(HIDDEN, str(value)))
    if name == "url":
        return _QUERY.sub(HIDDEN, str(value))
    return _plain(value)


def _plain(value: object) -> object:
    return msgspec.to_builtins(value, enc_hook=str)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return ", ".join(map(str, value))
        case dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
