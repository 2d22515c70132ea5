"""The options that say which settings a command works with. Loads none of what they are for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hufu.variables import CONFIG_VARIABLE

Command = TypeVar("Command", bound=Callable[..., Any])


def configured(command: Command) -> Command:
    """The options that say which settings a command works with."""
    config = click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=CONFIG_VARIABLE,
        help="Configuration file; without one, development mode.",
    )
    data = click.option(
        "--data",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of uploads and of the embedded database.",
    )
    return config(data(command))
