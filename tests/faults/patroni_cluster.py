"""Three PostgreSQL servers that Patroni looks after, as deploy/patroni/patroni.yml has it."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import yaml

from cli.serving import HOST, free_port
from faults.patroni_tools import REPOSITORY, tool
from faults.postgres import place_for, program, started_as
from faults.waiting import until_true
from hufu.services.postgres_cluster import ENVIRONMENT
from hufu.services.postgres_programs import new_owner
from hufu.storage.upgrade import migrate

EXAMPLE = REPOSITORY / "deploy" / "patroni" / "patroni.yml"
MEMBERS = 3
LIMIT = 90.0
"""Seconds after which a cluster should be whole again, and a switch-over be done."""

EXAMPLE_NETWORK, NETWORK = "192.0.2.0/24", "127.0.0.1/32"
PASSWORD = "correct-horse-1"
"""Of hufu's role."""

READS_ALL = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
WELL = {"running", "streaming"}


@dataclass
class Member:
    """One server with its Patroni."""

    home: Path
    name: str
    etcd: int
    port: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL when it has found its part."""
        (self.home / "patroni.yml").write_text(yaml.safe_dump(self._settings()), "utf-8")
        command = (tool("python"), tool("patroni"), "patroni.yml")
        self._process = _begun(self.home, command)

    def kill(self) -> None:
        """SIGKILL every process of it at once, as if the machine had gone."""
        assert self._process is not None
        for each in self._family():
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGKILL)
        self._process.wait(LIMIT)

    def printed(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    def _settings(self) -> dict[str, Any]:
        """The example's, but for addresses and folders."""
        settings: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
        api = f"{HOST}:{self.api}"
        settings["name"] = self.name
        settings["restapi"] = {"listen": api, "connect_address": api}
        settings["etcd3"] = {"hosts": f"{HOST}:{self.etcd}"}
        settings["watchdog"] = {"mode": "off"}
        postgresql = settings["postgresql"]
        postgresql |= {
            "listen": self.address,
            "connect_address": self.address,
            "data_dir": str(self.data),
            "bin_dir": str(Path(program("postgres")).parent),
            "pgpass": str(self.home / "pgpass"),
            "pg_hba": [each.replace(EXAMPLE_NETWORK, NETWORK) for each in postgresql["pg_hba"]],
        }
        postgresql["parameters"]["unix_socket_directories"] = ""
        return settings

    async def make_database(self) -> None:
        """What is done once, at the first primary."""
        login = yaml.safe_load(EXAMPLE.read_text("utf-8"))["postgresql"]["authentication"]
        superuser = login["superuser"]
        where = f"{superuser['username']}:{superuser['password']}@{self.address}"
        connection = await asyncpg.connect(f"postgresql://{where}/postgres?sslmode=disable")
        try:
            await connection.execute(f"CREATE ROLE hufu LOGIN PASSWORD '{PASSWORD}'")
            await connection.execute("CREATE DATABASE hufu OWNER hufu")
        finally:
            await connection.close()

    def _family(self) -> list[psutil.Process]:
        """Patroni's processes, and PostgreSQL's, which are no children of them."""
        assert self._process is not None
        found = list(_with_children(self._process.pid))
        with suppress(FileNotFoundError, ValueError, IndexError):
            postmaster = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            with suppress(psutil.NoSuchProcess):
                if psutil.Process(postmaster).cwd() == str(self.data):
                    found += _with_children(postmaster)
        return found


def _with_children(pid: int) -> Iterable[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        yield from (process, *process.children(recursive=True))


def _begun(home: Path, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a program as PostgreSQL's account, which root lets read its own Python."""
    account: dict[str, Any] = started_as(new_owner())
    owner = new_owner()
    if owner.user is not None:
        command = (
            *("setpriv", f"--reuid={owner.user}", f"--regid={owner.group}", "--clear-groups"),
            *READS_ALL,
            *command,
        )
        account = {}
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env=ENVIRONMENT,
            **account,
        )


@dataclass
class Cluster:
    """The members, of which one is the leader."""

    members: list[Member]

    @property
    def url(self) -> str:
        """hufu's database, at whichever of them can be written to."""
        return self._url("read-write")

    @property
    def replica_url(self) -> str:
        """The same, at one of them that only reads."""
        return self._url("standby")

    def _url(self, attributes: str) -> str:
        hosts = ",".join(each.address for each in self.members)
        parameters = f"sslmode=disable&target_session_attrs={attributes}"
        return f"postgresql://hufu:{PASSWORD}@{hosts}/hufu?{parameters}"

    async def leader(self) -> Member | None:
        """Who says that it is the primary."""
        for each in self.members:
            if await _ask("GET", each, "primary") is not None:
                return each
        return None

    async def until_led(self, other_than: Member | None = None) -> Member:
        """Wait for a leader that is another one."""
        found: list[Member] = []

        async def led() -> bool:
            leader = await self.leader()
            if leader is not None and leader is not other_than:
                found.append(leader)
            return bool(found)

        await until_true(led, LIMIT)
        return found[0]

    async def until_whole(self) -> None:
        """Wait until all are there and commits wait for one of the standbys."""
        await until_true(self._whole, LIMIT)

    async def switch_over(self) -> Member:
        """Have Patroni make a standby the primary, as `patronictl switchover` does; the new one."""
        leader = await self.until_led()
        done = await _ask("POST", leader, "switchover", leader=leader.name)
        assert done is not None, leader.printed()[-2000:]
        return await self.until_led(other_than=leader)

    async def _whole(self) -> bool:
        leader = await self.leader()
        answer = await _ask("GET", leader, "cluster") if leader is not None else None
        if answer is None:
            return False
        members = answer.json()["members"]
        roles = sorted(each["role"] for each in members if each["state"] in WELL)
        return roles == ["leader", "replica", "sync_standby"]


async def _ask(method: str, member: Member, path: str, **body: str) -> httpx.Response | None:
    """What a member answers; None where it does not, or says no."""
    try:
        async with httpx.AsyncClient(timeout=LIMIT, trust_env=False) as client:
            url = f"http://{HOST}:{member.api}/{path}"
            answer = await client.request(method, url, json=body or None)
    except httpx.HTTPError:
        return None
    return answer if answer.is_success else None


@asynccontextmanager
async def patroni_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """A whole cluster with an empty database, migrated; killed at the end."""
    etcd_home = place_for(folder / "etcd")
    client, peer = (f"http://{HOST}:{free_port()}" for _ in range(2))
    etcd = _begun(
        etcd_home,
        (
            *(tool("python"), tool("etcd"), "--data-dir", str(etcd_home / "data")),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
            *("--initial-cluster", f"default={peer}", "--log-level", "warn"),
        ),
    )
    port = int(client.rpartition(":")[2])
    names = [f"db{number + 1}" for number in range(MEMBERS)]
    cluster = Cluster([Member(place_for(folder / name), name, port) for name in names])
    try:
        await _begin(cluster)
        yield cluster
    finally:
        for each in cluster.members:
            if each._process is not None:
                each.kill()
        _end(etcd)


async def _begin(cluster: Cluster) -> None:
    for each in cluster.members:
        await asyncio.to_thread(each.start)
    leader = await cluster.until_led()
    await leader.make_database()
    await cluster.until_whole()
    await migrate(cluster.url)


def _end(process: subprocess.Popen[bytes]) -> None:
    for each in list(_with_children(process.pid)):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait(LIMIT)
