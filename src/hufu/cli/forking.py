"""Processes that begin at once, because all they need was loaded before they were wanted.

A fork server has the program loaded and does nothing but fork. It has no threads and no event loop,
and opens nothing, so that a fork of it is as good as a process that has just been started.
"""

import gc
import multiprocessing
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol, Self

PID_BYTES = 4


class ForkServer:
    """A process that forks on demand. It is told the number of a socket, on which `forked` takes
    the orders, and of those files that it and all its children have.

    What is to be closed everywhere at one moment, such as a socket that listens, is no such file.

    It has a process group of its own, and so has each of its children: a terminal's signals are not
    for them.
    """

    def __init__(self, files: Sequence[int], begin: "_Begin") -> None:
        self._asked = False
        self._orders, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = begin((theirs.fileno(), *files), self._orders.fileno())
            except OSError:
                self._orders.close()
                raise

    @classmethod
    def started(
        cls,
        command: Sequence[str],
        files: Sequence[int],
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """A program of its own, which loads anew: `command`, to which the numbers are added. Raises
        OSError."""

        def begin(passed: tuple[int, ...], _: int) -> _Process:
            return subprocess.Popen(  # noqa: S603  # Nothing comes from outside.
                [*command, *map(str, passed)], pass_fds=passed, process_group=0, env=environment
            )

        return cls(files, begin)

    @classmethod
    def split_off(
        cls,
        program: Callable[..., object],
        files: Sequence[int],
        own: Sequence[int],
        environment: Mapping[str, str] | None = None,
    ) -> Self:
        """A fork of this process, which has loaded `program` and has neither threads nor an event
        loop yet; it is called with the numbers. Files that are this process's `own` are closed
        there, and whatever holds them must live as long. Raises OSError."""

        def begin(passed: tuple[int, ...], orders: int) -> _Process:
            return _Split(partial(_become, program, passed, (orders, *own), environment))

        return cls(files, begin)

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


_Begin = Callable[[tuple[int, ...], int], "_Process"]
"""Starts a process that is to have these files, and not that one."""


class _Process(Protocol):
    """A child of this process."""

    def poll(self) -> int | None:
        """How it ended; None while it lives."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """The same when it has ended. Raises TimeoutExpired."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


class _Split:
    """A fork of this process, which becomes something else."""

    def __init__(self, become: Callable[[], None]) -> None:
        gc.collect()
        gc.freeze()  # Or else the collector would make each have a copy of what they share.
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=become, daemon=True)
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired("a fork", timeout or 0)
        return code

    def kill(self) -> None:
        self._process.kill()


def _become(
    program: Callable[..., object],
    passed: Sequence[int],
    own: Sequence[int],
    environment: Mapping[str, str] | None,
) -> None:
    """Be the program, without what this process was, or has that the program must not have."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if environment is not None:
        os.environ.clear()
        os.environ.update(environment)
    for each in own:
        os.close(each)
    program(*passed)


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
