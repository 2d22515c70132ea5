"""How commands print: tables for people, JSON for programs, and nothing that a terminal obeys."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 1000  # Columns: what goes into a pipe is not folded.


def printable(text: str) -> str:
    """The text with every character escaped that is not drawn: strangers chose some of it."""
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their columns; None is an empty cell, and only the last column is folded."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        last = column == columns[-1]
        table.add_column(column, overflow="fold", no_wrap=not last)
    for row in rows:
        table.add_row(*(Text(printable("" if cell is None else str(cell))) for cell in row))
    wide = Console(file=sys.stdout, width=PIPE_WIDTH, highlight=False)
    if sys.stdout.isatty():
        least = wide.measure(table).minimum
        wide.width = max(Console(file=sys.stdout).width, least)
    wide.print(table)


def print_json(value: object) -> None:
    """Print the value as JSON, indented."""
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    click.echo("\n".join(printable(line) for line in lines))


def stamp(at: datetime) -> str:
    """The time in UTC, to the second (RFC 3339)."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def progress() -> Progress:
    """A bar on stderr for whoever sits at a terminal, which leaves nothing behind."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
