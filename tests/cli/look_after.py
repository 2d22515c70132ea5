"""Looks after workers that stand in for those that serve: `look_after.py FOLDER COUNT`."""

import socket
import sys
from pathlib import Path

from hufu.cli.workers import Workers

KILL_AFTER = 0.3


def main() -> None:
    folder = Path(sys.argv[1])
    stand_in = (sys.executable, str(Path(__file__).with_name("stand_in.py")), str(folder))
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        (folder / "died").open("a", buffering=1) as died,
        Workers(
            int(sys.argv[2]),
            listening,
            lambda pid: print(pid, file=died),
            command=stand_in,
            kill_after=KILL_AFTER,
        ) as workers,
    ):
        workers.run()


if __name__ == "__main__":
    main()
