"""`hufu routes`."""

import ast
import importlib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from hufu.cli.configured import configured
from hufu.cli.options import described
from hufu.cli.output import print_json, print_table
from hufu.core import app_url
from hufu.settings import DIALECTS
from hufu.wire.dialect import Anyone, Dialect, Member

ROWS = frozenset((Anyone.__name__, Member.__name__))


@click.command()
@configured
@click.argument("dialect", required=False, type=click.Choice(list(DIALECTS)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def routes(config: Path | None, data: Path | None, dialect: str | None, as_json: bool) -> None:
    """List the endpoints: who may call, what is decoded, what is done, where the row stands."""
    settings = described(config, data).settings
    places = {
        name: [app_url(app, settings) for app in settings.apps.values() if app.dialect == name]
        for name in DIALECTS
    }
    chosen = [DIALECTS[dialect]] if dialect else list(DIALECTS.values())
    if as_json:
        print_json(
            [
                row | {"urls": [f"{place}/{row['path']}" for place in places[each.name]]}
                for each in chosen
                for row in endpoint_rows(each)
            ]
        )
        return
    for each in chosen:
        click.echo(f"{each.name}, at {' and '.join(places[each.name]) or 'no place'}")
        print_table(
            ("method", "path", "who", "request", "action", "row"),
            [
                (
                    *(row[name] for name in ("method", "path", "who", "request", "action")),
                    f"{_near(Path(row['file']))}:{row['line']}",
                )
                for row in endpoint_rows(each)
            ],
        )
        click.echo()


def endpoint_rows(dialect: Dialect[Any]) -> list[dict[str, Any]]:
    """The dialect's table in its own order, each row with the file and line where it stands."""
    module = importlib.import_module(f"hufu.dialects.{dialect.name}.endpoints")
    file = Path(str(module.__file__))
    lines = dict(_lines(module, file))
    return [
        {
            "dialect": dialect.name,
            "method": row.method,
            "path": row.path,
            "who": type(row).__name__,
            "request": row.request.__name__,
            "action": row.action.__name__,
            "file": str(file),
            "line": lines[row.method, row.path],
        }
        for row in dialect.endpoints
    ]


def _lines(module: ModuleType, file: Path) -> Iterator[tuple[tuple[str, str], int]]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ROWS:
            method, path = (_value(module, argument) for argument in node.args[:2])
            yield (method, path), node.lineno


def _value(module: ModuleType, node: ast.expr) -> str:
    """What a literal says, or a name that the module knows: `m.AVATAR_PATH`."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return str(attrgetter(ast.unparse(node))(module))


def _near(file: Path) -> Path:
    """The file as seen from here, or else from where hufu is installed."""
    here = Path.cwd()
    return file.relative_to(here if file.is_relative_to(here) else file.parents[3])
