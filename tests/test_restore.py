"""What docs/operations.md says of backups: after a restore into an empty place all is as it was,
and whoever was erased since then is erased again."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from actors import Fomo, Session
from attacks.attack import production
from attacks.canaries import Watched
from attacks.canary_places import SETTINGS
from attacks.canary_tour import PNG, Tour, walk
from front_door import opened
from hufu.actions.administration import close_account
from hufu.actions.ledger import audit_ledger
from hufu.core import ERASURES
from hufu.core import UPLOADS as PICTURES
from hufu.services.postgres import EmbeddedPostgres, binaries
from hufu.services.postgres_cluster import within
from hufu.services.postgres_programs import owner_of
from hufu.storage.upgrade import migrate

PATIENCE = 30.0
UPLOADS = "uploads"
PASSWORD = "correct horse 1"
OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"
UNSENT = "SELECT FROM outbox WHERE sent_at IS NULL AND failed_at IS NULL"


@dataclass
class Place:
    """A machine with a database of its own; `home` holds uploads and the journal of erasures."""

    home: Path
    postgres: EmbeddedPostgres

    @property
    def url(self) -> str:
        return self.postgres.url

    @property
    def as_superuser(self) -> str:
        return self.url.replace("hufu@/hufu", "postgres@/postgres")

    @property
    def cluster(self) -> Path:
        return self.home / "postgres" / "cluster"

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Watched]:
        config = self.home / "hufu.toml"
        async with opened(self.url, self.home, SETTINGS, config) as world:
            yield Watched(world.core, world.server, world.clock, world.url)


@pytest.fixture(scope="module")
def configuration() -> str:
    """A configuration with keys: it is kept apart from the backups, and is there after a loss."""
    return production()


def _furnish(home: Path, configuration: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "hufu.toml").write_text(configuration)


@asynccontextmanager
async def place(home: Path, configuration: str) -> AsyncIterator[Place]:
    await asyncio.to_thread(_furnish, home, configuration)
    with EmbeddedPostgres.start(home / "postgres", fast=True) as postgres:
        yield Place(home, postgres)


@pytest.fixture(scope="module")
async def lived(
    tmp_path_factory: pytest.TempPathFactory, configuration: str
) -> AsyncIterator[tuple[Place, Tour]]:
    """A server on which somebody made every call there is."""
    async with place(tmp_path_factory.mktemp("lived"), configuration) as here:
        await migrate(here.url)
        async with here.served() as world:
            tour = await walk(world)
            yield here, tour


def run(program: str, *arguments: object) -> None:
    subprocess.run([binaries() / program, *map(str, arguments)], check=True, timeout=PATIENCE)


@contextmanager
def beside(program: str, *arguments: object) -> Iterator[None]:
    """The program runs meanwhile."""
    process = subprocess.Popen([binaries() / program, *map(str, arguments)])
    try:
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


async def contents(url: str) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a digest of them all."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        )
        return {
            table: tuple(
                await connection.fetchrow(
                    "SELECT count(*), md5(string_agg(row::text, ',' ORDER BY row::text)) "
                    f"FROM {table} AS row"
                )
            )
            for (table,) in tables
        }
    finally:
        await connection.close()


async def asked_about(world: Watched, session: Session) -> int:
    """What a backend is told that asks whose session it is."""
    shown = ":".join(session.fields.values()) or [*session.cookies.values()][-1]
    head = [("authorization", f"Bearer {shown}")]
    return (await world.get("/v1/session", headers=head)).status


async def still_works(world: Watched, tour: Tour) -> None:
    """Sessions from before the loss count, the ledger is whole, and a right password opens."""
    for actor_name, session in tour.sessions.items():
        assert await asked_about(world, session) == 200, actor_name
    audited = await audit_ledger(world.deps("fomo"), lambda *_: None, None)
    assert audited.wrong is None
    assert audited.transfers > 0


@dataclass
class Leaver:
    """Somebody who has a picture and will have the account closed; `others` are the pictures of
    everybody else."""

    session: Session
    picture: str
    others: set[str]


def pictures(at: Place) -> set[str]:
    return {each.name for each in (at.home / PICTURES).iterdir()}


async def registered(here: Place, world: Watched, phone: str) -> Leaver:
    await Fomo().register(world, phone, PASSWORD)
    session = await Fomo().sign_in(world, phone, PASSWORD)
    assert session is not None
    others = pictures(here)
    shown = {**session.fields, "base64_string": PNG}
    await world.form("/fomo/customer/update_avatar", shown)
    [own] = pictures(here) - others
    return Leaver(session, own, others)


def put_back(here: Place, uploads: Path, there: Place) -> None:
    """The pictures of then; the journal is not of the backup: it is what was written last."""
    shutil.copytree(uploads, there.home / UPLOADS)
    shutil.copy(here.home / ERASURES, there.home / ERASURES)


async def is_erased_again(
    there: Place, world: Watched, leaver: Leaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the server that starts, before it is ready, and nobody else is."""
    assert leaver.picture in pictures(there)
    erased_again: asyncio.Queue[int] = asyncio.Queue()
    monkeypatch.setattr("hufu.upkeep._tell_erased_again", erased_again.put_nowait)
    async with asyncio.timeout(PATIENCE), world.server.running():
        assert await erased_again.get() == 1
        assert pictures(there) == leaver.others
        assert not await Fomo().signed_in(world, leaver.session)
        answer = await Fomo().try_to_sign_in(world, leaver.session.identifier, PASSWORD)
        assert answer.status == 200
        assert answer.json()["status"] != 1


async def as_documented(world: Watched, tour: Tour) -> None:
    """What is done in the database after going back in time: nobody is signed in any more, and
    nothing is sent again."""
    statements = re.findall("`((?:DELETE|UPDATE) [^`]*)`", OPERATIONS.read_text("utf-8"))
    assert len(statements) == 2
    assert await world.sql(UNSENT)
    for each in "".join(statements).split(";"):
        await world.sql(each)
    assert not await world.sql(UNSENT)
    for session in tour.sessions.values():
        assert await asked_about(world, session) == 401


async def test_a_dump_brings_everything_back_but_whom_it_must_not(
    lived: tuple[Place, Tour],
    tmp_path: Path,
    configuration: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, tour = lived
    async with here.served() as world:
        leaver = await registered(here, world, "13390630001")
        run("pg_dump", "--format=custom", f"--file={tmp_path / 'hufu.dump'}", here.url)
        shutil.copytree(here.home / UPLOADS, tmp_path / UPLOADS)
        before = await contents(here.url)
        await close_account(world.deps("fomo"), leaver.session.account_id, "asked for it")
    assert await contents(here.url) != before

    async with place(tmp_path / "there", configuration) as there:
        run("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={there.url}",
            tmp_path / "hufu.dump")  # fmt: skip
        assert await contents(there.url) == before
        assert all(before[table][0] for table in ("accounts", "sessions", "transfers", "outbox"))
        put_back(here, tmp_path / UPLOADS, there)
        async with there.served() as world:
            await still_works(world, tour)
            assert await Fomo().signed_in(world, leaver.session)
            await is_erased_again(there, world, leaver, monkeypatch)
        after = await contents(there.url)
        assert after["transfers"] == before["transfers"]


async def test_a_base_backup_and_the_log_lead_to_any_moment(
    lived: tuple[Place, Tour],
    tmp_path: Path,
    configuration: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here, tour = lived
    log, base = tmp_path / "log", tmp_path / "base"
    log.mkdir()
    receiving = ["--slot=hufu", f"--directory={log}", f"--dbname={here.as_superuser}"]
    run("pg_receivewal", *receiving, "--create-slot", "--if-not-exists")
    with beside("pg_receivewal", *receiving):
        run("pg_basebackup", "--checkpoint=fast", "--wal-method=none", "--no-sync",
            f"--pgdata={base}", f"--dbname={here.as_superuser}")  # fmt: skip
        async with here.served() as world:
            await Fomo().register(world, "13390630002", PASSWORD)
            leaver = await registered(here, world, "13390630003")
            shutil.copytree(here.home / UPLOADS, tmp_path / UPLOADS)
            before = await contents(here.url)
            moment = await accident(here)
            await close_account(world.deps("fomo"), leaver.session.account_id, "asked for it")
        assert await contents(here.url) != before
        await received(here, log)

    home = tmp_path / "there"
    home.mkdir()
    recover(base, log, home / "postgres" / "cluster", moment, owner=here.cluster)
    async with place(home, configuration) as there:
        assert await contents(there.url) == before
        put_back(here, tmp_path / UPLOADS, there)
        async with there.served() as world:
            await still_works(world, tour)
            assert await Fomo().sign_in(world, "13390630002", PASSWORD)
            assert await Fomo().signed_in(world, leaver.session)
            await as_documented(world, tour)
            await is_erased_again(there, world, leaver, monkeypatch)


async def accident(here: Place) -> str:
    """Somebody deletes all devices; the moment before that."""
    connection = await asyncpg.connect(here.url)
    moment = await connection.fetchval("SELECT clock_timestamp()::text")
    await connection.execute("DELETE FROM devices")
    await connection.close()
    return str(moment)


async def received(here: Place, log: Path) -> None:
    """Wait until the log that was written so far has arrived."""
    connection = await asyncpg.connect(here.as_superuser)
    segment = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
    await connection.execute("SELECT pg_switch_wal()")
    await connection.close()
    await asyncio.to_thread(within, PATIENCE, (log / segment).exists, "the log is late")


def recover(base: Path, log: Path, cluster: Path, moment: str, *, owner: Path) -> None:
    """Put base and log together, and say up to when."""
    cluster.parent.mkdir(parents=True)
    shutil.move(base, cluster)
    shutil.copytree(log, cluster / "received")
    (cluster / "recovery.signal").touch()
    with (cluster / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            "restore_command = 'cp received/%f %p'\n"
            f"recovery_target_time = '{moment}'\nrecovery_target_action = 'promote'\n"
        )
    account = owner_of(owner)
    if account.user is not None:
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, account.user, account.group or -1)
