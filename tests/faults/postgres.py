"""PostgreSQL servers to be hurt: from the wheel's own programs, each on a port of its own."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from cli.serving import HOST, free_port, until
from hufu.services.postgres_cluster import ENVIRONMENT, STATUS_LINE
from hufu.services.postgres_programs import Account, binaries_for, new_owner
from hufu.storage.upgrade import migrate

LIMIT = 60.0
"""Seconds that a server may take to start, and to stop."""

INITDB = (
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    "--no-sync",
)
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_min_error_statement": "panic",
    "max_connections": "200",
    "wal_keep_size": "512MB",
    "hot_standby_feedback": "on",
    "wal_receiver_status_interval": "1s",
}
READY = {"ready", "standby"}


@dataclass
class Postgres:
    """One server; `settings` hold from its next start on."""

    home: Path
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def url(self) -> str:
        """The database `hufu`, for its owner."""
        return self.url_by(self.port)

    def url_by(self, *ports: int, parameters: str = "sslmode=disable") -> str:
        """The same by way of other ports: of proxies, or of several servers."""
        hosts = ",".join(f"{HOST}:{port}" for port in ports)
        return f"postgresql://hufu@{hosts}/hufu?{parameters}"

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with suppress(FileNotFoundError):
            (self.data / "postmaster.pid").unlink()
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **self.settings}.items()]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self.data), f"--port={self.port}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data,
                env=ENVIRONMENT,
                **started_as(new_owner()),
            )
        until(self._ready, LIMIT)
        assert self.runs, (self.home / "log").read_text(errors="replace")[-2000:]

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL every process of it at once, as if the machine had gone."""
        assert self._process is not None
        for each in self._family():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        self._process.wait(LIMIT)

    def freeze(self, request: signal.Signals = signal.SIGSTOP) -> None:
        """Let it neither work nor answer, until it is told to go on by SIGCONT."""
        for each in self._family():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(request)

    def stop(self, request: signal.Signals = signal.SIGINT) -> None:
        """End sessions and stop; SIGINT writes everything out first, SIGQUIT does not."""
        if self._process is not None and self.runs:
            self.freeze(signal.SIGCONT)
            self._process.send_signal(request)
            self._process.wait(LIMIT)

    def promote(self) -> None:
        """Make a standby the primary."""
        _run(program("pg_ctl"), "promote", "-D", str(self.data), "--wait", cwd=self.home)

    def follow(self, primary: "Postgres", name: str, by: int | None = None) -> None:
        """Become a copy of the primary, and start as its standby of that name; `by` is the port of
        a proxy to it."""
        shutil.rmtree(self.data, ignore_errors=True)
        where = f"host={HOST} port={primary.port} user=postgres application_name={name}"
        options = ("-D", str(self.data), "-d", where, "-R", "-c", "fast", "--no-sync")
        _run(program("pg_basebackup"), *options, cwd=self.home)
        if by is not None:
            with (self.data / "postgresql.auto.conf").open("a") as settings:
                settings.write(f"primary_conninfo = 'host={HOST} port={by} user=postgres'\n")
        self.start()

    async def sql(self, statement: str, *arguments: Any, database: str = "postgres") -> list[Any]:
        """What its superuser is told."""
        url = f"postgresql://postgres@{HOST}:{self.port}/{database}?sslmode=disable"
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(statement, *arguments))
        finally:
            await connection.close()

    async def set(self, **settings: str) -> None:
        """Change settings of the running server."""
        for name, value in settings.items():
            await self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        await self.sql("SELECT pg_reload_conf()")

    def _family(self) -> list[psutil.Process]:
        assert self._process is not None
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._process.pid)
            return [postmaster, *postmaster.children(recursive=True)]
        return []

    def _ready(self) -> bool:
        if not self.runs:
            return True
        with suppress(FileNotFoundError):
            status = (self.data / "postmaster.pid").read_text().splitlines()
            return len(status) > STATUS_LINE and status[STATUS_LINE].strip() in READY
        return False


def program(name: str) -> str:
    return str(binaries_for(new_owner()) / name)


def started_as(owner: Account) -> dict[str, Any]:
    return {"user": owner.user, "group": owner.group, "extra_groups": owner.extra_groups}


def _run(*command: str, cwd: Path) -> None:
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        cwd=cwd,
        env=ENVIRONMENT,
        **started_as(new_owner()),
    )
    assert done.returncode == 0, done.stderr[-2000:]


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach, which a test's own need not be."""
    with tempfile.TemporaryDirectory(prefix="hufu-faults-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def make_template(folder: Path) -> Path:
    """The files of a server with an empty database, migrated; it does not run."""
    server = Postgres(place_for(folder / "template"), settings={"fsync": "off"})
    _run(program("initdb"), "-D", str(server.data), *INITDB, cwd=server.home)
    server.start()
    await server.sql("CREATE ROLE hufu LOGIN CREATEDB")
    await server.sql("CREATE DATABASE hufu OWNER hufu")
    await migrate(server.url)
    server.stop()
    return server.data


class Servers:
    """Makes servers from a template, and stops them at the end."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self.template = template
        self._made: list[Postgres] = []

    async def made(self, **settings: str) -> Postgres:
        """A running server with an empty database."""
        server = self.empty(**settings)
        await asyncio.to_thread(shutil.copytree, self.template, server.data, symlinks=True)
        await asyncio.to_thread(_give_away, server.data)
        await asyncio.to_thread(server.start)
        return server

    def empty(self, **settings: str) -> Postgres:
        """The place for a server."""
        home = place_for(self._folder / f"server{len(self._made)}")
        self._made.append(Postgres(home, settings=settings))
        return self._made[-1]

    def close(self) -> None:
        """Stop them all."""
        for server in self._made:
            if server.runs:
                server.freeze(signal.SIGCONT)
                server.kill()


def place_for(home: Path) -> Path:
    home.mkdir()
    _give_away(home)
    return home


def _give_away(folder: Path) -> None:
    """PostgreSQL refuses to run as root, and works on what it owns only."""
    owner = new_owner()
    if owner.user is None or owner.group is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.user, owner.group, follow_symlinks=False)
