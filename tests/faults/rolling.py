"""Replacing workers while they serve."""

import signal

from cli.serving import Serving
from faults.waiting import until_so

TURN = 60.0
"""Seconds that replacing all workers may take."""


async def replace_workers(server: Serving) -> None:
    """Have every worker replaced by one that has read the settings anew."""
    before = server.workers()
    server.process.send_signal(signal.SIGUSR2)
    await until_so(lambda: server.process.poll() is not None or _replaced(server, before), TURN)
    assert server.process.poll() is None, server.printed()


def _replaced(server: Serving, before: set[int]) -> bool:
    now = server.workers()
    return len(now) == len(before) and not now & before
