"""Workers that do nothing but begin and end: `stand_in.py FOLDER ORDERS LIFE BOARD`.

Files in the folder say how: `broken` keeps it from beginning, `slow` for as long as it is there,
`deaf` from ending.
"""

import contextlib
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path

from hufu.cli.forking import forked


def work(folder: Path, told: int, life: int) -> None:
    if (folder / "broken").exists():
        sys.exit(1)
    while (folder / "slow").exists():
        time.sleep(0.005)
    for each in (signal.SIGTERM, signal.SIGUSR2):
        deaf = (folder / "deaf").exists()
        signal.signal(each, signal.SIG_IGN if deaf else lambda *_: sys.exit(0))
    with contextlib.suppress(BrokenPipeError):  # Who looked after it has died.
        os.write(told, b".")
    select.select([life], [], [])


def stand_in(folder: Path, orders: int, life: int, _: int) -> None:
    if order := forked(socket.socket(fileno=orders)):
        work(folder, order[1], life)


if __name__ == "__main__":
    stand_in(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
