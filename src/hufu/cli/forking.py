"""Processes that begin at once, because all they need was loaded before they were wanted.

A fork server loads the program and then does nothing but fork. It has no threads and no event loop,
and opens nothing, so that a fork of it is as good as a process that has just been started.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

PID_BYTES = 4


class ForkServer:
    """A process that forks on demand: `command`, to which the number of a socket is added, and of
    those files that it and all its children have. There, `forked` takes the orders.

    What is to be closed everywhere at one moment, such as a socket that listens, is no such file.

    It has a process group of its own, and so has each of its children: a terminal's signals are not
    for them.
    """

    def __init__(
        self,
        command: Sequence[str],
        files: Sequence[int],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._asked = False
        self._orders, theirs = socket.socketpair()
        with theirs:
            passed = (theirs.fileno(), *files)
            try:
                self._process = subprocess.Popen(  # noqa: S603  # Nothing comes from outside.
                    [*command, *map(str, passed)],
                    pass_fds=passed,
                    process_group=0,
                    env=environment,
                )
            except OSError:
                self._orders.close()
                raise

    @property
    def gone(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def fork(self, number: int, told: int, own: int) -> None:
        """Have a child forked, which is told its number (0 to 255) and has the pipe `told` and the
        file `own`.

        On the pipe it first says its process id, in PID_BYTES. When the pipe ends before that,
        there was none. Raises OSError where the process has ended.
        """
        self._asked = True
        socket.send_fds(self._orders, [bytes([number])], [told, own])

    def close(self) -> None:
        """It forks no more, and ends when all its children have."""
        self._orders.close()

    def kill(self) -> None:
        """End it at once. Its children live on."""
        self._process.kill()

    def end(self, patience: float) -> None:
        """Return when it has ended, after all its children, if they take no longer than so many
        seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience if self._asked else 0)
        self._process.kill()
        self._process.wait()


def forked(orders: socket.socket) -> tuple[int, int, int] | None:
    """Fork on demand. Returns in each child its number, its pipe and its own file; in the fork
    server None, when no more are wanted and all have ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Who asked for it sees its end by the pipe.
    while True:
        number, files, _, _ = socket.recv_fds(orders, 1, 2)
        if not number:
            break
        try:
            child = os.fork()
        except OSError:  # Too many processes, or no memory. The end of the pipe tells it.
            child = -1
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            orders.close()
            os.setpgid(0, 0)
            told, own = files
            os.write(told, os.getpid().to_bytes(PID_BYTES))
            return number[0], told, own
        for each in files:
            os.close(each)
    with suppress(ChildProcessError):
        os.waitpid(-1, 0)  # It returns for none of them, as SIGCHLD is ignored.
    return None
