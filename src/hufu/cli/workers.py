"""Looking after the processes that serve: as many as there should be, anew when one has died."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Self

import structlog

from hufu.cli.forking import PID_BYTES, ForkServer
from hufu.http.share import Board

READY = b"."
"""What a worker says when it serves."""
RETIRE = signal.SIGUSR2
"""What has all workers replaced."""

AGAIN_AFTER = 0.5
AGAIN_AT_MOST = 8.0
LOOK_EVERY = 0.25
START_WITHIN = 120.0
"""Seconds in which a worker must serve, for which it needs no database; or it is killed."""
KILL_AFTER = 10.0
"""Seconds from the signal that ends a worker to the one that it cannot survive."""
COMMAND = (sys.executable, "-m", "hufu.cli.worker")

_log = structlog.get_logger()


@dataclass(slots=True)
class _Worker:
    told: int
    place: int
    begun_at: float
    pid: int | None = None
    ready: bool = False
    ending_at: float | None = None


class Workers:
    """Runs `count` workers on one socket until a signal ends them.

    SIGTERM and SIGINT end, and so does SIGHUP unless it is ignored; RETIRE replaces the workers
    one by one, each when its successor is ready, and with them the program as it is loaded. `died`
    is told of every process that has ended; `command` is what they are forked from, which loads
    from when this is entered, in that environment or in this process's own; `replacing` is called
    when the workers are about to be replaced; `start_within` seconds are what a worker has to begin
    to serve, `kill_after` seconds to end.

    Where this process has `loaded` the program that the command would load, and has neither threads
    nor an event loop when this is entered, the first workers are forked from a fork of it: loading
    once is half of a start.
    """

    def __init__(
        self,
        count: int,
        listening: socket.socket,
        died: Callable[[int], None],
        *,
        command: Sequence[str] = COMMAND,
        loaded: Callable[[int, int, int], object] | None = None,
        environment: Mapping[str, str] | None = None,
        replacing: Callable[[], None] | None = None,
        start_within: float = START_WITHIN,
        kill_after: float = KILL_AFTER,
    ) -> None:
        self._count = count
        self._listening = listening
        self._died = died
        self._command = command
        self._loaded = loaded
        self._environment = environment
        self._replacing = replacing
        self._start_within = start_within
        self._kill_after = kill_after
        self._fork_server: ForkServer | None = None
        self._leaving: list[ForkServer] = []
        self._workers: dict[int, _Worker] = {}  # By the pipe on which they tell.
        self._to_replace: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._board = Board()
        self._ending = self._retiring = False
        self._wait = AGAIN_AFTER
        self._again_at = 0.0

    def __enter__(self) -> Self:
        """Begin to load what the workers need."""
        self._life, self._held = os.pipe()
        self._forking()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of everything; workers that live end by themselves."""
        self._leave()
        os.close(self._held)  # By its end they know, and what they are forked from waits for them.
        for each in self._leaving:
            each.end(self._kill_after)
        os.close(self._life)
        self._selector.close()
        self._board.close()

    def run(self) -> None:
        """Return when all have ended."""
        with self._signals():
            while not self._ending:
                self._fill()
                self._look()
            self._end()

    # Signals

    @contextmanager
    def _signals(self) -> Iterator[None]:
        wake, woken = socket.socketpair()
        wake.setblocking(False)  # noqa: FBT003  # As the module has it.
        woken.setblocking(False)  # noqa: FBT003
        self._selector.register(woken, selectors.EVENT_READ)
        handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]] = {
            signal.SIGTERM: self._on_end,
            signal.SIGINT: self._on_end,
            signal.SIGHUP: self._on_end,
            RETIRE: self._on_retire,
        }
        before = {each: signal.getsignal(each) for each in handlers}
        before_wake = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        for each, handler in handlers.items():
            if before[each] is not signal.SIG_IGN:  # By nohup.
                signal.signal(each, handler)
        self._woken = woken
        try:
            yield
        finally:
            signal.set_wakeup_fd(before_wake)
            for each, old in before.items():
                signal.signal(each, old)
            wake.close()
            woken.close()

    def _on_end(self, _: int, __: FrameType | None) -> None:
        self._ending = True

    def _on_retire(self, _: int, __: FrameType | None) -> None:
        self._retiring = True

    # Beginning

    def _fill(self) -> None:
        """Start what is missing, and the successor of one that is to be replaced.

        Who is to be replaced ends when the successor, like all others, is ready.
        """
        current = [each for each in self._workers.values() if each.ending_at is None]
        if self._retiring:
            self._retiring, self._to_replace = False, current
            self._leave()
            if self._replacing is not None:
                self._replacing()
        self._to_replace = [each for each in self._to_replace if each in current]
        wanted = self._count + bool(self._to_replace)
        if len(current) < wanted:
            if time.monotonic() >= self._again_at:
                for _ in range(wanted - len(current)):
                    self._start()
        elif len(current) > self._count and all(each.ready for each in current):
            self._retire(self._to_replace.pop(0) if self._to_replace else current[0])

    def _start(self) -> None:
        try:
            told, tells = os.pipe()
        except OSError as error:  # Too many files.
            self._give_up(error)
            return
        place = self._board.take()
        try:
            self._forking().fork(place, tells, self._listening.fileno())
        except OSError as error:  # No memory, too many processes; or the fork server has just died.
            os.close(told)
            self._board.free(place)
            self._give_up(error)
            return
        finally:
            os.close(tells)
        self._workers[told] = _Worker(told, place, time.monotonic())
        self._selector.register(told, selectors.EVENT_READ)

    def _forking(self) -> ForkServer:
        """What the workers are forked from. Raises OSError where it cannot be started."""
        if self._fork_server is None or self._fork_server.gone:
            files = (self._life, self._board.fileno())
            if (loaded := self._loaded) is not None:
                self._loaded = None  # For once: by the next time there is more in this process.
                self._fork_server = ForkServer.split_off(
                    loaded, files, (self._held, self._listening.fileno()), self._environment
                )
            else:
                self._fork_server = ForkServer.started(self._command, files, self._environment)
        return self._fork_server

    def _leave(self) -> None:
        """Fork no more from what is loaded."""
        if self._fork_server is not None:
            self._fork_server.close()
            self._leaving.append(self._fork_server)
            self._fork_server = None

    # Watching

    def _look(self) -> None:
        """Wait a while for something to happen, and see to it."""
        for key, _ in self._selector.select(LOOK_EVERY):
            if key.fileobj is self._woken:
                self._woken.recv(1024)
            else:
                self._hear(self._workers[key.fd])
        now = time.monotonic()
        for worker in self._workers.values():
            if (due := self._due(worker)) is not None and now > due:
                self._kill(worker)
        self._leaving = [each for each in self._leaving if not each.gone]

    def _due(self, worker: _Worker) -> float | None:
        """When it must have ended, or begun to serve; None while nothing is due."""
        if worker.ending_at is not None:
            return worker.ending_at
        return None if worker.ready else worker.begun_at + self._start_within

    def _hear(self, worker: _Worker) -> None:
        if worker.pid is None:
            if said := os.read(worker.told, PID_BYTES):
                worker.pid = int.from_bytes(said)
                if worker.ending_at is not None:
                    self._signal(worker, signal.SIGTERM)
                return
        elif os.read(worker.told, len(READY)):
            worker.ready = True
            self._wait = AGAIN_AFTER
            return
        self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        del self._workers[worker.told]
        self._selector.unregister(worker.told)
        os.close(worker.told)
        self._board.free(worker.place)
        if worker.pid is not None:
            self._died(worker.pid)
        if worker.ending_at is None:
            _log.error("worker_ended", pid=worker.pid, served=worker.ready)
            if not worker.ready:
                self._give_up()

    def _give_up(self, error: OSError | None = None) -> None:
        """What keeps one from beginning keeps the next; and nobody is replaced by it."""
        if error is not None:
            _log.error("worker_not_started", error=type(error).__name__, reason=error.strerror)
        if self._to_replace:
            _log.error("replacing_given_up", left=len(self._to_replace))
        self._to_replace = []
        self._again_at = time.monotonic() + self._wait
        self._wait = min(2 * self._wait, AGAIN_AT_MOST)

    # Ending

    def _retire(self, worker: _Worker) -> None:
        worker.ending_at = time.monotonic() + self._kill_after
        self._signal(worker, signal.SIGTERM)

    @staticmethod
    def _signal(worker: _Worker, which: signal.Signals) -> None:
        """Its process is there until the end of its pipe was seen, or has ended just now."""
        if worker.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, which)

    def _kill(self, worker: _Worker) -> None:
        self._signal(worker, signal.SIGKILL)
        if worker.pid is None:  # What it should be forked from does not come to it.
            for each in (*self._leaving, self._fork_server):
                if each is not None:
                    each.kill()

    def _end(self) -> None:
        self._listening.close()
        self._leave()
        for worker in self._workers.values():
            if worker.ending_at is None:
                self._retire(worker)
        while self._workers:
            self._look()
