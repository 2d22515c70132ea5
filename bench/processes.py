"""Servers as processes of their own: pinned to cores, started, watched and stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

HOST = "127.0.0.1"
START_LIMIT, STOP_LIMIT = 60.0, 15.0  # Seconds
ASK_EVERY = 0.01
MIB = 1024 * 1024


@dataclass(frozen=True)
class Cores:
    """Which cores what runs on."""

    server: frozenset[int]
    postgres: frozenset[int]
    load: frozenset[int]

    @classmethod
    def chosen(cls, postgres_beside_load: bool) -> "Cores":
        """The server on the first core of this process, the load on the second."""
        first, second, *_ = sorted(os.sched_getaffinity(0))
        one, other = frozenset({first}), frozenset({second})
        return cls(one, other if postgres_beside_load else one, other)

    @property
    def both(self) -> "Cores":
        """Everything wherever there is room."""
        every = self.server | self.load
        return Cores(every, every, every)


@dataclass(frozen=True)
class Program:
    """How a server is started, and the path that it answers once it can serve."""

    command: tuple[str, ...]
    port: int
    folder: Path
    log: Path
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Served:
    """A running server; `started` is how long it took to the first good answer (s)."""

    process: psutil.Popen
    program: Program
    started: float

    def tree(self) -> list[psutil.Process]:
        """Its processes."""
        return [self.process, *self.process.children(recursive=True)]

    def memory(self) -> float:
        """Resident memory of all its processes, MiB; what they share counts for each of them."""
        return sum(_rss(each) for each in self.tree()) / MIB

    def worker(self) -> float:
        """Resident memory of the largest process that serves, MiB."""
        return max(_rss(each) for each in self.workers() or self.tree()) / MIB

    def workers(self) -> list[psutil.Process]:
        """hufu's processes that serve: they are forked by a child of the first."""
        return [each for each in self.tree() if _is_forked(each, self.process)]


def _is_forked(process: psutil.Process, first: psutil.Process) -> bool:
    try:
        same = process.exe() == first.exe()
        return same and first.pid not in {process.pid, process.ppid()}
    except psutil.Error:  # It has just ended.
        return False


def _rss(process: psutil.Process) -> int:
    try:
        rss: int = process.memory_info().rss
    except psutil.Error:  # It has just ended.
        return 0
    return rss


def cpu_of(processes: list[psutil.Process]) -> float:
    """The CPU seconds that they have used, with children that have ended."""
    total = 0.0
    for process in processes:
        try:
            used = process.cpu_times()
        except psutil.Error:
            continue
        total += used.user + used.system + used.children_user + used.children_system
    return total


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def pin(processes: list[psutil.Process], cores: frozenset[int]) -> None:
    """Let them run on these cores only; what they start later too."""
    for process in processes:
        try:
            os.sched_setaffinity(process.pid, cores)
        except ProcessLookupError:
            continue


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without what would change a contestant, and with these."""
    foreign = ("HUFU_", "PG", "DJANGO_", "UVICORN_", "GUNICORN_", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {**kept, **environment}


@contextmanager
def served(program: Program, cores: frozenset[int]) -> Iterator[Served]:
    """The server while it runs. Raises RuntimeError with its last words where it does not."""
    with program.log.open("wb") as log:
        began = time.perf_counter()
        process = psutil.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=program.folder,
            env=clean(program.environment),
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
    try:
        while not _answers(program):
            if process.poll() is not None or time.perf_counter() - began > START_LIMIT:
                raise RuntimeError(program.log.read_text(errors="replace")[-2000:])
            time.sleep(ASK_EVERY)
        yield Served(process, program, time.perf_counter() - began)
    finally:
        _stop(process)


def _answers(program: Program) -> bool:
    connection = HTTPConnection(HOST, program.port, timeout=START_LIMIT)
    try:
        connection.request("GET", program.ready)
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: psutil.Popen) -> None:
    family = process.children(recursive=True) if process.is_running() else []
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()
    for left in psutil.wait_procs(family, STOP_LIMIT)[1]:
        left.kill()
