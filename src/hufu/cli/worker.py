"""The application as a process that serves runs it."""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import Awaitable, MutableMapping
from pathlib import Path
from typing import Any

from hufu.app import Scope, Server
from hufu.configuration import CONFIG_VARIABLE, load
from hufu.core import open_core
from hufu.services.logs import configure
from hufu.wire.body import Receive
from hufu.wire.serve import Send

COLLECT_AFTER = 50_000
"""Objects made and not yet gone before the collector looks for cycles; Python's own is 700."""


class Worker:
    """The server, built when the process's life begins.

    Its settings come from the environment that `hufu serve` prepared.
    """

    def __init__(self) -> None:
        self._server: Server | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request, or the process's life, which begins before any request."""
        if self._server is not None:
            return self._server(scope, receive, send)
        return self._live(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whatever keeps the life from beginning ends the process.

        Granian has to be told so: it takes an exception for an application without lifespan, and
        would serve on without what runs beside requests.
        """
        begun = False

        async def tell(message: MutableMapping[str, Any]) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            self._server = await _built()
            _end_with_parent()
            await self._server(scope, receive, tell)
        finally:
            if not begun:
                await send({"type": "lifespan.startup.failed"})


async def _built() -> Server:
    config = os.environ.get(CONFIG_VARIABLE)
    configuration = load(Path(config) if config else None, os.environ)
    configure(configuration.settings.log)
    server = Server(await open_core(configuration))
    # What lives as long as the process is no work for the collector, and requests leave no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    return server


def _end_with_parent() -> None:
    """Drain when the process that looks after this one has died, for nobody else would end it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    loop, sentinel = asyncio.get_running_loop(), parent.sentinel

    def end() -> None:
        loop.remove_reader(sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(sentinel, end)


application = Worker()
