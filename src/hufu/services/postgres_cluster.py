"""One PostgreSQL cluster and its server: made, started, looked after, shut down.

Callers hold the gate; nothing here is safe against two of them at once.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from hufu.services.postgres_programs import Account, binaries, binaries_for, new_owner, owner_of

START_LIMIT = 120.0  # Seconds; recovery after a crash may replay much of the log.
STOP_LIMIT = 15.0  # Seconds
POLL = 0.01  # Seconds
PORT = 5432  # Only part of the socket's name: nothing listens on TCP.
SOCKET = f".s.PGSQL.{PORT}"
STATUS_LINE = 7  # Of postmaster.pid, counted from 0.
LOG_LIMIT = 16 * 1024 * 1024  # Bytes, above which the log is set aside at the next start.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
OURSELVES = Account()

INITDB = (
    "--username=postgres",
    "--auth-local=trust",  # The cluster is 0700: who reaches its socket could as well read it.
    "--auth-host=reject",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    "--set=max_connections=200",
    "--set=log_checkpoints=off",
)
SETTINGS = (
    "listen_addresses=",
    "unix_socket_directories=.",  # The cluster: a relative name is never too long.
    "unix_socket_permissions=0700",
    f"port={PORT}",
    "cluster_name=hufu",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_error_verbosity=terse",  # The detail of a broken constraint quotes the value.
    "log_min_error_statement=panic",
)
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
CREATE = r"""
SELECT 'CREATE ROLE hufu LOGIN CREATEDB'
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hufu') \gexec
SELECT 'CREATE DATABASE hufu OWNER hufu'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'hufu') \gexec
"""


class PostgresUnavailable(Exception):
    """The embedded PostgreSQL cannot be used; the text says why, mostly in its own last lines."""


class Cluster:
    """The database files in `home/cluster` and the server that may be running on them."""

    def __init__(self, home: Path, *, fast: bool) -> None:
        self.path = home / "cluster"
        self._fresh = home / "cluster.new"
        self._alive = home / "alive.lock"
        self._log = home / "postgres.log"
        self._fast = fast

    def running(self) -> bool:
        """Whether any process of the server lives: each of them holds the lock."""
        with opened(self._alive) as alive:
            return not locked(alive, fcntl.LOCK_SH)

    def ensure_running(self, reachable: Path) -> None:
        """Make the cluster and start the server where that is still to be done."""
        if not (self.path / "PG_VERSION").exists():
            self._initialise()
        self._settle(reachable)
        if self.running():
            return
        self._launch()
        self._settle(reachable)
        if not self.running():
            raise PostgresUnavailable(_last_lines(self._log.read_text(errors="replace")))

    def ensure_database(self, reachable: Path) -> None:
        """Make the role and the database `hufu` where they are missing."""
        options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres")
        where = ("-h", str(reachable), "-p", str(PORT))
        _run(binaries() / "psql", *options, *where, cwd=self.path, script=CREATE)

    def shut_down(self) -> None:
        """End sessions, write everything out, stop; without the writing if that takes too long."""
        if not self.running():
            return
        for request in (signal.SIGINT, signal.SIGQUIT):  # Fast, then immediate shutdown.
            with suppress(FileNotFoundError, ProcessLookupError):  # It is ending already.
                os.kill(int(self._status()[0]), request)
            if _came_true(STOP_LIMIT, lambda: not self.running()):
                return
        raise PostgresUnavailable(f"the server in {self.path} does not stop")

    def _initialise(self) -> None:
        """Work under another name first, so that a half-made cluster is never used."""
        if self._fresh.exists():
            shutil.rmtree(self._fresh)
        self._fresh.mkdir(mode=0o700)
        owner = new_owner()
        if owner.user is not None and owner.group is not None:
            os.chown(self._fresh, owner.user, owner.group)
        options = (
            "-D",
            _seen_by(owner, self._fresh),
            *INITDB,
            *(["--no-sync"] if self._fast else []),
        )
        _run(binaries_for(owner) / "initdb", *options, cwd=self._fresh, account=owner)
        self._fresh.rename(self.path)
        _sync(self.path.parent)

    def _launch(self) -> None:
        """Start the server as a child of nobody here, with `alive.lock` in its hands."""
        for stale in ("postmaster.pid", f"{SOCKET}.lock"):
            # Nobody holds the lock, so whoever has that process id by now is not the server.
            (self.path / stale).unlink(missing_ok=True)
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.rename(self._log.with_suffix(".log.1"))
        owner = owner_of(self.path)
        postgres = (str(binaries_for(owner) / "postgres"), "-D", _seen_by(owner, self.path))
        settings = SETTINGS + FAST if self._fast else SETTINGS
        with opened(self._alive) as alive, opened(self._log) as log:
            within(STOP_LIMIT, lambda: locked(alive, fcntl.LOCK_EX), "alive.lock stays taken")
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *postgres, *(f"--{each}" for each in settings)],
                check=True,
                cwd=self.path,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(alive.fileno(),),
                start_new_session=True,  # Ctrl-C at a terminal is for hufu, which then stops it.
                user=owner.user,
                group=owner.group,
                extra_groups=owner.extra_groups,
            )

    def _settle(self, reachable: Path) -> None:
        """Wait until the server either takes connections or is gone."""

        def settled() -> bool:
            return not self.running() or self._accepts(reachable)

        within(START_LIMIT, settled, f"the server in {self.path} neither starts nor ends")

    def _accepts(self, reachable: Path) -> bool:
        try:
            status = self._status()
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(reachable / SOCKET))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return len(status) > STATUS_LINE and status[STATUS_LINE].strip() == "ready"

    def _status(self) -> list[str]:
        return (self.path / "postmaster.pid").read_text().splitlines()


def opened(path: Path) -> BinaryIO:
    """Open a file for appending that only we may read."""
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def locked(file: BinaryIO, how: int) -> bool:
    """Try to take a lock, `fcntl.LOCK_SH` or `LOCK_EX`, without waiting."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def within(limit: float, condition: Callable[[], bool], complaint: str) -> None:
    """Wait until the condition holds, for `limit` seconds at most.

    Raises:
        PostgresUnavailable: It did not, with the complaint.
    """
    if not _came_true(limit, condition):
        raise PostgresUnavailable(f"{complaint} for {limit:.0f} s")


def _came_true(limit: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def _seen_by(owner: Account, directory: Path) -> str:
    """Return a name for its working directory that the owner may use.

    The path may lead through directories closed to the owner; `/proc/self/cwd` does not walk it.
    """
    other = owner.user is not None and sys.platform == "linux"
    return "/proc/self/cwd" if other else str(directory)


def _run(
    program: Path, *options: str, cwd: Path, account: Account = OURSELVES, script: str = ""
) -> None:
    done = subprocess.run(
        [program, *options],
        check=False,
        capture_output=True,
        text=True,
        input=script,
        cwd=cwd,
        env=ENVIRONMENT,
        user=account.user,
        group=account.group,
        extra_groups=account.extra_groups,
    )
    if done.returncode != 0:
        raise PostgresUnavailable(_last_lines(done.stderr))


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-12:])
