"""`hufu serve`: its options, and the order in which it loads the rest."""

import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType

import click

from hufu.cli.configured import configured
from hufu.variables import MULTIPROCESS

MEMORY = Path("/dev/shm")  # noqa: S108  # What is made there has a name that nobody can guess.
FIGURES = "hufu-metrics-"
YOUNG = 60.0
"""Seconds for which a folder is left alone that nobody holds: its server may be about to."""


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
    """The folder of the workers' figures, as the environment names it meanwhile.

    It is in memory, where the system has such a place: on a disk that is full, writing a figure
    that was not there before would kill the worker (mmap(2), SIGBUS).
    """
    parent = MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=FIGURES, dir=parent) as folder, _held(folder):
        _remove_left(parent)
        before = os.environ.get(MULTIPROCESS)
        os.environ[MULTIPROCESS] = folder
        try:
            yield folder
        finally:
            del os.environ[MULTIPROCESS]
            if before is not None:
                os.environ[MULTIPROCESS] = before


@contextmanager
def _held(folder: str) -> Iterator[None]:
    """The folder is somebody's: this process's and, until they have ended, its workers'."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def _remove_left(parent: Path) -> None:
    """Remove the figures of servers that were killed, which nobody else would."""
    for each in parent.glob(f"{FIGURES}*"):
        with suppress(OSError):  # Another account's, or gone by now.
            handle = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(handle).st_mtime > YOUNG:
                    shutil.rmtree(each)
            finally:
                os.close(handle)


def _unwind(_: int, __: FrameType | None) -> None:
    """End as if done, so that what is open is closed; once workers serve, they are waited for."""
    raise SystemExit(0)
