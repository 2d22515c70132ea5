"""The embedded PostgreSQL: shared, private, and back after every kind of death."""

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from hufu.services import postgres_programs
from hufu.services.postgres import EmbeddedPostgres, PostgresUnavailable, binaries
from hufu.services.postgres_cluster import Cluster, within

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

USE = """
import asyncio, os, signal, sys
from pathlib import Path
import asyncpg
from hufu.services.postgres import EmbeddedPostgres

async def count(url):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = 'hufu'")
    finally:
        await connection.close()
"""
JOIN = (
    USE
    + """
with EmbeddedPostgres.start(Path(sys.argv[1]), fast=True) as server:
    print(asyncio.run(count(server.url)))
"""
)
ABANDON = (
    USE
    + """
EmbeddedPostgres.start(Path(sys.argv[1]), fast=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
)
AS_NOBODY = (
    USE
    + """
import pwd
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
with EmbeddedPostgres.start(Path(sys.argv[1])) as server:
    print(asyncio.run(count(server.url)))
"""
)


def run(script: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, data_dir],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def postmaster(data_dir: Path) -> psutil.Process:
    pid = (data_dir / "cluster" / "postmaster.pid").read_text().splitlines()[0]
    return psutil.Process(int(pid))


def kill(*processes: psutil.Process) -> None:
    """Kill them and wait until the kernel has taken back what they held."""

    def gone(process: psutil.Process) -> bool:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

    for process in processes:
        process.kill()
    within(10, lambda: all(gone(process) for process in processes), "killed processes live")


async def ask(server: EmbeddedPostgres, question: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A directory whose server, if a test leaves one behind, is stopped."""
    path = tmp_path / "postgres"
    yield path
    if path.exists():
        Cluster(path, fast=True).shut_down()


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres.start(data_dir, fast=True) as started:
        yield started


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A directory that every account may enter."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def test_owner_is_no_superuser(server: EmbeddedPostgres) -> None:
    assert await ask(server, "SELECT current_database() || ' ' || current_user") == "hufu hufu"
    assert await ask(server, "SELECT current_setting('is_superuser')") == "off"


async def test_durable_unless_told_otherwise(data_dir: Path) -> None:
    durability = """
        SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings
        WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"""
    with EmbeddedPostgres.start(data_dir) as server:
        assert await ask(server, durability) == "on on on"
        assert await ask(server, "SHOW max_connections") == "200"
        assert await ask(server, "SHOW data_checksums") == "on"
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        assert await ask(server, durability) == "off off off"


async def test_log_never_quotes_a_value(server: EmbeddedPostgres, data_dir: Path) -> None:
    await ask(server, "CREATE TABLE people (phone text UNIQUE)")
    with pytest.raises(asyncpg.UniqueViolationError):
        await ask(server, "INSERT INTO people VALUES ('1390013'), ('1390013')")
    log = (data_dir / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "1390013" not in log


async def test_second_user_joins_and_the_last_one_stops(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    first = postmaster(data_dir).pid
    second = EmbeddedPostgres.start(data_dir, fast=True)
    assert postmaster(data_dir).pid == first
    server.stop()
    assert await ask(second, "SELECT 1") == 1
    second.stop()
    assert not second.running()


def test_stopping_twice_is_stopping_once(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir, fast=True)
    with EmbeddedPostgres.start(data_dir, fast=True) as other:
        server.stop()
        server.stop()
        assert other.running()


async def test_other_process_joins_and_leaves(server: EmbeddedPostgres, data_dir: Path) -> None:
    assert run(JOIN, data_dir).stdout == "1\n"
    assert await ask(server, "SELECT 1") == 1


async def test_starts_again_with_its_data(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS value")
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        assert await ask(server, "SELECT value FROM kept") == 7


async def test_database_that_was_dropped_is_made_again(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        connection = await asyncpg.connect(server.url, database="postgres")
        await connection.execute("DROP DATABASE hufu")
        await connection.close()
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        assert await ask(server, "SELECT 1") == 1


def test_server_of_a_killed_process_is_taken_over(data_dir: Path) -> None:
    assert run(ABANDON, data_dir).returncode == -signal.SIGKILL
    orphan = postmaster(data_dir).pid
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        assert postmaster(data_dir).pid == orphan
    assert not server.running()


async def test_recovers_from_a_kill_though_the_process_id_is_taken_again(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    await ask(server, "CREATE TABLE kept AS SELECT 7 AS value")
    leader = postmaster(data_dir)
    kill(leader, *leader.children())
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        stale = data_dir / "cluster" / name
        stale.write_text(re.sub(r"^\d+", str(os.getpid()), stale.read_text()))
    server.revive()
    assert await ask(server, "SELECT value FROM kept") == 7
    server.stop()
    assert not server.running()


async def test_recovers_when_only_the_postmaster_is_killed(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server:
        await ask(server, "CREATE TABLE kept AS SELECT 7 AS value")
        kill(postmaster(data_dir))
        server.revive()
        assert await ask(server, "SELECT value FROM kept") == 7


def test_reviving_the_living_changes_nothing(server: EmbeddedPostgres, data_dir: Path) -> None:
    before = postmaster(data_dir).pid
    server.revive()
    assert postmaster(data_dir).pid == before


def test_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    (data_dir / "cluster.new" / "base").mkdir(parents=True)
    with EmbeddedPostgres.start(data_dir, fast=True) as server:
        assert server.running()


def test_large_log_is_set_aside(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hufu.services.postgres_cluster.LOG_LIMIT", 3)
    data_dir.mkdir()
    (data_dir / "postgres.log").write_text("full")
    with EmbeddedPostgres.start(data_dir, fast=True):
        assert (data_dir / "postgres.log.1").read_text() == "full"


@pytest.mark.parametrize("name", ["with a space", "a,comma", "q'uo\"te$HOME", "虎符", "long" * 40])
async def test_any_path_will_do(data_dir: Path, name: str) -> None:
    awkward = data_dir / name
    with EmbeddedPostgres.start(awkward, fast=True) as server:
        assert await ask(server, "SELECT 1") == 1
    assert not server.running()


def test_failure_tells_the_last_lines(data_dir: Path) -> None:
    EmbeddedPostgres.start(data_dir, fast=True).stop()
    with (data_dir / "cluster" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(PostgresUnavailable, match="no_such_setting"):
        EmbeddedPostgres.start(data_dir, fast=True)


def test_directory_that_cannot_be_made_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PostgresUnavailable, match="file"):
        EmbeddedPostgres.start(tmp_path / "file" / "postgres")


def test_failed_initdb_tells_the_last_lines(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hufu.services.postgres_cluster.INITDB", ("--encoding=EBCDIC",))
    with pytest.raises(PostgresUnavailable, match="EBCDIC"):
        EmbeddedPostgres.start(data_dir, fast=True)
    assert not (data_dir / "cluster").exists()


def test_home_is_not_needed(data_dir: Path) -> None:
    assert run(JOIN, data_dir, HOME="/nonexistent", XDG_RUNTIME_DIR="/nonexistent").stdout == "1\n"


def test_settings_of_other_clients_are_ignored(data_dir: Path) -> None:
    elsewhere = {"PGPORT": "1", "PGUSER": "x", "PGDATABASE": "x", "PGHOST": "x", "PGDATA": "x"}
    assert run(JOIN, data_dir, **elsewhere).stdout == "1\n"


def test_nothing_is_open_to_other_accounts(server: EmbeddedPostgres, data_dir: Path) -> None:
    for path in (data_dir, data_dir / "cluster", *data_dir.glob("*.lo*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert postmaster(data_dir).net_connections(kind="inet") == []


@as_root
def test_root_runs_it_as_somebody_else_in_a_closed_directory(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    owner = (data_dir / "cluster").stat().st_uid
    assert owner != 0
    assert set(postmaster(data_dir).uids()) == {owner}
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert data_dir.stat().st_uid == 0


@as_root
def test_programs_in_a_closed_directory_are_copied(
    tmp_path: Path, open_dir: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = binaries().parent.parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for source in (binaries().parent, package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, closed / source.relative_to(package.parent))
    hidden = closed / binaries().relative_to(package.parent)
    monkeypatch.setattr(postgres_programs, "binaries", lambda: hidden)
    monkeypatch.setattr(postgres_programs, "COPIES", open_dir / "copies")
    with EmbeddedPostgres.start(data_dir, fast=True):
        assert Path(postmaster(data_dir).exe()).is_relative_to(open_dir / "copies")
    assert len(list((open_dir / "copies").iterdir())) == 1


@as_root
def test_ordinary_user_runs_it_alone(open_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(open_dir, nobody.pw_uid, nobody.pw_gid)
    if not postgres_programs._runs(
        binaries() / "postgres", postgres_programs.Account(nobody.pw_uid, nobody.pw_gid, ())
    ):
        pytest.skip("this checkout is closed to other accounts")
    done = run(AS_NOBODY, open_dir / "postgres", HOME="/nonexistent")
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert (open_dir / "postgres" / "cluster").stat().st_uid == nobody.pw_uid


@as_root
def test_root_leaves_an_ordinary_users_cluster_to_that_user(open_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(open_dir, nobody.pw_uid, nobody.pw_gid)
    with EmbeddedPostgres.start(open_dir, fast=True):
        pass
    for path in (open_dir / "cluster").rglob("*"):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    os.chown(open_dir / "cluster", nobody.pw_uid, nobody.pw_gid)
    with EmbeddedPostgres.start(open_dir, fast=True):
        assert postmaster(open_dir).username() == "nobody"


def test_processes_that_start_at_once_share_one_server(data_dir: Path) -> None:
    command: list[str | Path] = [sys.executable, "-c", JOIN, data_dir]
    together = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert [process.communicate(timeout=50) for process in together] == [("1\n", "")] * 4
    assert not Cluster(data_dir, fast=True).running()
