"""The process that serves, and what it is forked from: `python -m hufu.cli.worker ORDERS LIFE
BOARD`.

It is started by `hufu serve` with three file descriptors: a socket on which workers are ordered, a
pipe that ends when the process that looks after the workers has died, and the file in which they
tell each other how many connections they have. The socket that listens comes with an order.
"""

import asyncio
import gc
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import uvloop

from hufu.app import Server
from hufu.cli.complaints import mendable
from hufu.cli.forking import forked
from hufu.cli.workers import READY
from hufu.configuration import SettingsRefused, load
from hufu.core import open_core
from hufu.http.server import HttpServer
from hufu.http.share import Share
from hufu.services.logs import configure
from hufu.settings import Settings
from hufu.upkeep import teller
from hufu.variables import CONFIG_VARIABLE, MULTIPROCESS
from hufu.wire.answers import STANDING_HEADERS
from hufu.wire.load import watch_clients

COLLECT_AFTER = 50_000
"""Objects made and not yet gone before the collector looks for cycles; Python's own is 700."""
DRAIN_SECONDS = 7.0
LETTERS_SECONDS = 7.5
"""After the signal, in which letters under way may end; closing the database takes the rest of the
time that a worker has."""
IDLE_SECONDS = 1.0
"""How long a connection without a request may bring one more."""


_log = structlog.get_logger()


def main(orders: int, life: int, board: int) -> None:
    """Fork workers, each of which serves until told to end."""
    gc.collect()
    gc.freeze()  # Or else the collector would make each worker have a copy of what they share.
    if (order := forked(socket.socket(fileno=orders))) is None:
        return
    place, told, listening = order
    share = Share(board, place)
    if figures := os.environ.get(MULTIPROCESS):
        # Some systems clear such places of what belongs to an account that has just logged out.
        Path(figures).mkdir(mode=0o700, exist_ok=True)
    try:
        uvloop.run(serve(socket.socket(fileno=listening), told, life, share))
    except Exception as error:  # noqa: BLE001  # A traceback would show its text, whatever is in it.
        _complain(error)
        sys.exit(1)


async def serve(listening: socket.socket, told: int, life: int, share: Share | None = None) -> None:
    """Serve on the socket until SIGTERM, and give clients time to turn away.

    Whatever keeps the life from beginning ends the process.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    loop.add_reader(life, _orphaned, loop, life, ending)
    async with opened() as server:
        http = HttpServer(server, server.bounds, STANDING_HEADERS, _report, server.abandoned)
        await http.start(listening, share)
        watching = asyncio.create_task(watch_clients(http, teller("clients_watch")))
        os.write(told, READY)
        await ending.wait()
        server.send_until(loop.time() + LETTERS_SECONDS)
        await http.stop(DRAIN_SECONDS, IDLE_SECONDS)
        watching.cancel()


@asynccontextmanager
async def opened() -> AsyncIterator[Server]:
    """The server with all that runs beside requests.

    Its settings come from the environment that `hufu serve` prepared. Raises SettingsRefused, and
    what `open_core` raises.
    """
    config = os.environ.get(CONFIG_VARIABLE)
    configuration = load(Path(config) if config else None, os.environ)
    if not configuration.settings.database_url:
        raise SettingsRefused("database_url: the embedded database needs a new start")
    configure(configuration.settings.log)
    server = Server(await open_core(configuration))
    _raise_file_limit()
    # What lives as long as the process is no work for the collector, and requests leave no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    async with server.running():
        yield server


def _raise_file_limit() -> None:
    """Every connection is a file, and many systems allow 1,024 until asked for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _orphaned(loop: asyncio.AbstractEventLoop, life: int, ending: asyncio.Event) -> None:
    """Drain when the process that looks after this one has died, for nobody else would end it."""
    loop.remove_reader(life)
    ending.set()


def _report(error: Exception) -> None:
    _log.error(
        "broken",
        error=type(error).__name__,  # Its text may hold what the client sent.
        at=_at(error),
    )


def _complain(error: Exception) -> None:
    """Say what has ended the process, or kept it from beginning."""
    if not structlog.is_configured():  # It has not even read the settings.
        configure(Settings().log)
    reason = mendable(error)
    why = {"at": _at(error)} if reason is None else {"reason": reason}
    _log.error("worker_broken", error=type(error).__name__, **why)


def _at(error: Exception) -> str:
    return "".join(traceback.format_tb(error.__traceback__))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
