"""Who looks after the workers, with workers that do nothing but begin and end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil
import pytest

from cli.serving import until
from hufu.cli.forking import ForkServer
from hufu.cli.workers import Workers

LOOK_AFTER = Path(__file__).with_name("look_after.py")


@dataclass(frozen=True)
class Looking:
    """Who looks after workers, as its operator sees it."""

    process: psutil.Process
    started: subprocess.Popen[bytes]
    folder: Path

    def workers(self) -> list[int]:
        """Those that live, the oldest first."""
        found = []
        for each in self.process.children(recursive=True):
            try:
                if each.ppid() == self.process.pid:
                    continue  # What they are forked from.
                if each.status() != psutil.STATUS_ZOMBIE:
                    found.append((each.create_time(), each.pid))
            except psutil.NoSuchProcess:
                continue
        return [pid for _, pid in sorted(found)]

    def fork_servers(self) -> list[int]:
        """What they are forked from."""
        return [each.pid for each in self.process.children()]

    def ready(self) -> list[int]:
        """Those of them that have begun: they have a handler of their own, or none at all."""
        return [pid for pid in self.workers() if catches(pid)]

    def died(self) -> list[int]:
        return [int(each) for each in (self.folder / "died").read_text().split()]

    def tell(self, which: signal.Signals) -> None:
        self.started.send_signal(which)

    def says(self, name: str) -> Path:
        (self.folder / name).touch()
        return self.folder / name

    def end(self, which: signal.Signals = signal.SIGTERM) -> int:
        self.tell(which)
        return self.started.wait(20)


def catches(pid: int) -> bool:
    """Whether SIGUSR2 has stopped to be what ends the process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    masks = dict(each.split(":\t") for each in lines if each.startswith(("SigCgt", "SigIgn")))
    mask = int(masks["SigCgt"], 16) | int(masks["SigIgn"], 16)
    return bool(mask >> (signal.SIGUSR2 - 1) & 1)


@contextmanager
def looking_after(folder: Path, count: int, *said: str, loaded: bool = False) -> Iterator[Looking]:
    for each in said:
        (folder / each).touch()
    (folder / "died").touch()
    more = ["loaded"] * loaded
    started = subprocess.Popen([sys.executable, str(LOOK_AFTER), str(folder), str(count), *more])
    looking = Looking(psutil.Process(started.pid), started, folder)
    try:
        until(lambda: len(looking.workers()) == count or "broken" in said)
        yield looking
    finally:
        for each in looking.workers() if started.poll() is None else ():
            psutil.Process(each).kill()
        started.kill()
        started.wait(20)


@pytest.fixture(params=[False, True], ids=["started", "split off"])
def looking(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Looking]:
    """However what they are forked from began."""
    with looking_after(tmp_path, 3, loaded=request.param) as looking:
        until(lambda: len(looking.ready()) == 3)
        yield looking


def gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(psutil.pid_exists(pid) for pid in pids)


def test_a_killed_worker_is_replaced_and_told_of(looking: Looking) -> None:
    first, *others = looking.workers()
    psutil.Process(first).kill()
    until(lambda: len(looking.ready()) == 3 and first not in looking.workers())
    assert looking.workers()[:2] == others
    assert looking.died() == [first]


def test_one_that_cannot_begin_is_tried_again_and_the_others_stay(looking: Looking) -> None:
    first, *others = looking.workers()
    broken = looking.says("broken")
    psutil.Process(first).kill()
    until(lambda: len(looking.died()) >= 3)
    assert looking.ready() == others
    broken.unlink()
    until(lambda: len(looking.ready()) == 3)
    assert looking.workers()[:2] == others


def test_none_is_replaced_where_none_can_begin(looking: Looking) -> None:
    """Asked before it is known, and while it waits to try again."""
    before = looking.workers()
    looking.says("broken")
    for count in (1, 2, 3):
        looking.tell(signal.SIGUSR2)
        until(lambda count=count: len(looking.died()) >= count)  # type: ignore[misc]
        looking.tell(signal.SIGUSR2)
        assert looking.ready() == before
    assert not set(before) & set(looking.died())


@pytest.mark.parametrize("loaded", [False, True])
def test_one_that_takes_for_ever_to_begin_is_killed(tmp_path: Path, *, loaded: bool) -> None:
    (tmp_path / "patience").write_text("2")
    with looking_after(tmp_path, 1, loaded=loaded) as looking:
        until(lambda: len(looking.ready()) == 1)
        before = looking.workers()
        looking.says("slow")
        looking.tell(signal.SIGUSR2)
        until(lambda: len(looking.workers()) == 2)
        successor = looking.workers()[-1]
        until(lambda: successor in looking.died())
        assert looking.ready() == before


def test_all_are_replaced_one_by_one(looking: Looking) -> None:
    before = looking.workers()
    slow = looking.says("slow")
    looking.tell(signal.SIGUSR2)
    until(lambda: len(looking.workers()) == 4)
    assert looking.ready() == before  # Nobody has ended for one that is not ready.
    slow.unlink()
    until(lambda: not set(before) & set(looking.workers()) and len(looking.ready()) == 3)
    until(lambda: looking.died() == before)


def test_successors_have_the_program_as_it_is_then(looking: Looking) -> None:
    """They are forked from what is loaded when they are asked for."""
    (before,) = looking.fork_servers()
    looking.tell(signal.SIGUSR2)
    until(lambda: len(looking.died()) == 3)
    until(lambda: before not in looking.fork_servers())
    (now,) = looking.fork_servers()
    assert {psutil.Process(each).ppid() for each in looking.workers()} == {now}


def test_the_fork_server_may_be_killed(looking: Looking) -> None:
    """Workers that it has forked live on and are looked after; the next come from another."""
    (fork_server,) = looking.fork_servers()
    first, *others = workers = looking.workers()
    psutil.Process(fork_server).kill()
    until(lambda: psutil.Process(fork_server).status() == psutil.STATUS_ZOMBIE)
    psutil.Process(first).kill()
    until(lambda: looking.died() == [first])
    until(lambda: len(looking.ready()) == 1)
    assert all(psutil.pid_exists(each) for each in others)
    assert looking.end() == 0
    until(gone(workers))
    assert set(others) < set(looking.died())


def test_who_may_open_no_more_files_tries_again(looking: Looking) -> None:
    first, *others = looking.workers()
    _, most = looking.process.rlimit(psutil.RLIMIT_NOFILE)
    looking.process.rlimit(psutil.RLIMIT_NOFILE, (1, most))
    psutil.Process(first).kill()
    until(lambda: looking.died() == [first])
    time.sleep(1)  # Time enough to try.
    assert looking.workers() == others
    looking.process.rlimit(psutil.RLIMIT_NOFILE, (1024, most))
    until(lambda: len(looking.ready()) == 3)
    assert looking.workers()[:2] == others


def test_workers_are_told_before_anybody_waits_for_their_end() -> None:
    told: list[bytes] = []

    class Waiting:
        def end(self, _: float) -> None:
            told.append(os.read(life, 1))

    with socket.create_server(("127.0.0.1", 0)) as listening:
        workers = Workers(1, listening, lambda _: None, command=("true",))
        with workers:
            life = os.dup(workers._life)
            os.set_blocking(life, False)
            workers._leaving.append(cast(ForkServer, Waiting()))
    os.close(life)
    assert told == [b""]


def test_it_may_be_asked_again_and_again(looking: Looking) -> None:
    before = looking.workers()
    for _ in range(5):
        looking.tell(signal.SIGUSR2)
    until(lambda: not set(before) & set(looking.workers()))
    seen = looking.workers()
    looking.tell(signal.SIGUSR2)
    looking.tell(signal.SIGUSR2)
    until(lambda: not set(seen) & set(looking.workers()))
    until(lambda: len(looking.workers()) == len(looking.ready()) == 3)


def test_a_successor_that_is_killed_replaces_nobody(looking: Looking) -> None:
    before = looking.workers()
    slow = looking.says("slow")
    looking.tell(signal.SIGUSR2)
    until(lambda: len(looking.workers()) == 4)
    successor = looking.workers()[-1]
    psutil.Process(successor).kill()
    until(lambda: looking.died() == [successor])
    slow.unlink()
    assert looking.workers() == before
    looking.tell(signal.SIGUSR2)
    until(lambda: not set(before) & set(looking.workers()) and len(looking.ready()) == 3)


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("when", ["serving", "replacing", "beginning"])
def test_it_ends_them_all(tmp_path: Path, which: signal.Signals, when: str) -> None:
    with looking_after(tmp_path, 3, *(["slow"] if when == "beginning" else [])) as looking:
        if when != "beginning":
            until(lambda: len(looking.ready()) == 3)
        if when == "replacing":
            looking.says("slow")
            looking.tell(signal.SIGUSR2)
            until(lambda: len(looking.workers()) == 4)
        workers = looking.workers()
        assert looking.end(which) == 0
        assert gone(workers)()
        assert sorted(looking.died()) == sorted(workers)


def test_a_worker_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with looking_after(tmp_path, 2, "deaf") as looking:
        until(lambda: len(looking.ready()) == 2)
        workers = looking.workers()
        looking.tell(signal.SIGUSR2)
        until(lambda: not set(workers) & set(looking.workers()))
        workers = looking.workers()
        assert looking.end() == 0
        assert gone(workers)()


def test_workers_of_one_that_died_end_by_themselves(looking: Looking) -> None:
    workers = looking.workers()
    looking.started.kill()
    until(gone(workers))


def test_a_terminals_signals_reach_no_worker(looking: Looking) -> None:
    assert all(os.getpgid(pid) == pid for pid in looking.workers())


def test_nothing_is_left_of_those_that_ended(looking: Looking) -> None:
    def files() -> int:
        return int(looking.process.num_fds())

    until(lambda: len(looking.ready()) == 3)
    before = files()
    for _ in range(20):
        workers = looking.workers()
        looking.tell(signal.SIGUSR2)
        until(lambda workers=workers: not set(workers) & set(looking.workers()))  # type: ignore[misc]
        until(lambda: len(looking.workers()) == len(looking.ready()) == 3)
    assert len(looking.died()) == 60
    until(lambda: files() == before)
