"""Looks after workers that stand in for those that serve: `look_after.py FOLDER COUNT [loaded]`."""

import socket
import sys
from functools import partial
from pathlib import Path

import stand_in

from hufu.cli.workers import START_WITHIN, Workers

KILL_AFTER = 0.3


def main() -> None:
    folder = Path(sys.argv[1])
    loaded = partial(stand_in.stand_in, folder) if sys.argv[3:] else None
    patience = folder / "patience"  # Seconds.
    start_within = float(patience.read_text()) if patience.exists() else START_WITHIN
    command = (sys.executable, stand_in.__file__, str(folder))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        (folder / "died").open("a", buffering=1) as died,
        Workers(
            int(sys.argv[2]),
            listening,
            lambda pid: print(pid, file=died),
            command=command,
            loaded=loaded,
            start_within=start_within,
            kill_after=KILL_AFTER,
        ) as workers,
    ):
        workers.run()


if __name__ == "__main__":
    main()
