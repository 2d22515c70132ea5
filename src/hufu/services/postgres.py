"""The embedded PostgreSQL, shared by every process that works on its directory.

The directory holds `cluster/` (the database, 0700, with its socket), `postgres.log` and three
locks, which the kernel gives back when their holder dies: `gate.lock` is held while starting or
stopping, `users.lock` is shared by all users of the server, `alive.lock` is held by the server.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self
from urllib.parse import urlencode

from hufu.services.postgres_cluster import (
    PORT,
    SOCKET,
    START_LIMIT,
    STOP_LIMIT,
    Cluster,
    PostgresUnavailable,
    locked,
    opened,
    within,
)
from hufu.services.postgres_programs import binaries

__all__ = ["EmbeddedPostgres", "PostgresUnavailable", "binaries"]

SOCKET_PATH_LIMIT = 103  # Bytes: sockaddr_un holds 108 on Linux, 104 on macOS, with a final NUL.


class EmbeddedPostgres:
    """One user's share of the server on a directory; the last user to leave stops the server."""

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        self._home = data_dir.absolute()
        self._cluster = Cluster(self._home, fast=fast)
        self._users: BinaryIO | None = None
        self._link: Path | None = None

    @classmethod
    def start(cls, data_dir: Path, *, fast: bool = False) -> Self:
        """Join the server on `data_dir`, or create and start it; `fast` gives up durability.

        Raises:
            PostgresUnavailable: It did not start.
        """
        server = cls(data_dir, fast=fast)
        server.join()
        return server

    def join(self) -> None:
        """Create and start the server, where it does not run, and use it from now on.

        Raises:
            PostgresUnavailable: It did not start.
        """
        try:
            with ExitStack() as undo:
                undo.callback(self.stop)
                self._join()
                undo.pop_all()
        except OSError as error:
            raise PostgresUnavailable(str(error)) from error

    @property
    def url(self) -> str:
        """The DSN of the database `hufu`, for its owner `hufu`, running or not."""
        return f"postgresql://hufu@/hufu?{urlencode({'host': self._reachable(), 'port': PORT})}"

    def running(self) -> bool:
        """Whether any process of the server lives."""
        return self._cluster.running()

    def revive(self) -> None:
        """Start the server again if it has died; one that runs is left alone.

        Raises:
            PostgresUnavailable: It did not start.
        """
        with self._gate():
            self._cluster.ensure_running(self._reachable())

    def stop(self) -> None:
        """Leave the server, and stop it if nobody else uses it; a second call does nothing.

        Raises:
            PostgresUnavailable: It did not stop.
        """
        users, self._users = self._users, None
        if users is not None:
            with users, self._gate():
                if locked(users, fcntl.LOCK_EX):
                    self._cluster.shut_down()
                fcntl.flock(users, fcntl.LOCK_UN)  # Closing would not do: a forked child shares it.
        link, self._link = self._link, None
        if link is not None:
            shutil.rmtree(link.parent, ignore_errors=True)  # /tmp is swept by others too.

    def __enter__(self) -> Self:
        """Return the running server, which is joined if it was not before."""
        if self._users is None:
            self.join()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop as `stop` does."""
        self.stop()

    def _join(self) -> None:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._gate():
            self._users = users = opened(self._home / "users.lock")
            within(STOP_LIMIT, lambda: locked(users, fcntl.LOCK_SH), "users.lock stays taken")
            self._cluster.ensure_running(self._reachable())
            self._cluster.ensure_database(self._reachable())

    @contextmanager
    def _gate(self) -> Iterator[None]:
        with opened(self._home / "gate.lock") as gate:
            within(START_LIMIT, lambda: locked(gate, fcntl.LOCK_EX), "gate.lock stays taken")
            yield

    def _reachable(self) -> Path:
        """Return the cluster by a name that fits into a socket address and a DSN."""
        path = self._cluster.path
        if len(os.fsencode(path / SOCKET)) <= SOCKET_PATH_LIMIT and "," not in str(path):
            return path
        if self._link is None:
            self._link = Path(tempfile.mkdtemp(prefix="hufu-")) / "cluster"
            self._link.symlink_to(path)
        return self._link
