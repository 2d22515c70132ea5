"""`hufu serve`: its options, and the order in which it loads the rest."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import click

from hufu.cli.configured import configured
from hufu.variables import MULTIPROCESS


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
    signal.signal(signal.SIGTERM, _unwind)
    with _figures() as metrics:
        # Now, as the first workers are forked from what is loaded here.
        from hufu.cli.options import configuration  # noqa: PLC0415
        from hufu.cli.serving import serve_apps  # noqa: PLC0415

        read = partial(
            configuration, config, data, host=host, port=port, only_app=only_app, workers=workers
        )
        serve_apps(read(), config, metrics, read)


@contextmanager
def _figures() -> Iterator[str]:
    """The folder of the workers' figures, as the environment names it meanwhile."""
    with tempfile.TemporaryDirectory(prefix="hufu-metrics-") as folder:
        before = os.environ.get(MULTIPROCESS)
        os.environ[MULTIPROCESS] = folder
        try:
            yield folder
        finally:
            del os.environ[MULTIPROCESS]
            if before is not None:
                os.environ[MULTIPROCESS] = before


def _unwind(_: int, __: FrameType | None) -> None:
    """End as if done, so that what is open is closed; once workers serve, they are waited for."""
    raise SystemExit(0)
