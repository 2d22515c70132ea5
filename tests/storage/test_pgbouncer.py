"""Behind a PgBouncer in transaction mode, where each transaction may run on another connection."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from actors import ACTORS, Actor
from front_door import World, WorldWith, all_at_once
from hufu.services.postgres_programs import owner_of
from hufu.storage.upgrade import migrate

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PORT = 6432
PEOPLE = 12
TRACKS_STATEMENTS = (1, 21)

# The cluster is closed to others, so PgBouncer is started in it as its owner.
CONFIGURATION = f"""
[databases]
* = host=/proc/self/cwd port=5432
[pgbouncer]
listen_port = {PORT}
unix_socket_dir = /proc/self/cwd
auth_type = trust
auth_file = {{users}}
pool_mode = transaction
default_pool_size = 2
{{more}}
"""

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")


def version() -> tuple[int, ...]:
    assert PROGRAM
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)\.(\d+)", said.stdout)
    assert found, said.stdout
    return tuple(map(int, found.groups()))


@contextmanager
def bouncing(url: str, *more: str) -> Iterator[str]:
    """A PgBouncer before the database; its URL."""
    assert PROGRAM
    [cluster] = parse_qs(urlsplit(url).query)["host"]
    owner = owner_of(Path(cluster))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        (folder / "users.txt").write_text('"hufu" ""\n')
        text = CONFIGURATION.format(users=folder / "users.txt", more="\n".join(more))
        (folder / "pgbouncer.ini").write_text(text)
        process = subprocess.Popen(
            [PROGRAM, str(folder / "pgbouncer.ini")],
            cwd=cluster,
            stderr=subprocess.PIPE,
            text=True,
            user=owner.user,
            group=owner.group,
            extra_groups=owner.extra_groups,
        )
        assert process.stderr
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if "process up" in line:
                    break
            else:
                pytest.fail("".join(said))
            yield url.replace("port=5432", f"port={PORT}")
        finally:
            process.terminate()
            process.communicate(timeout=10)


async def everybody(world: World, actor: Actor) -> None:
    """Many people at once, more than there are connections to the database."""

    async def somebody(number: int) -> None:
        who = f"1381234{number:04d}"
        await actor.register(world, who, "correct horse 1")
        assert await actor.sign_in(world, who, "no such password") is None
        session = await actor.sign_in(world, who, "correct horse 1")
        assert session
        assert await actor.signed_in(world, session)

    first = 100 * ACTORS.index(actor)
    await all_at_once(somebody(first + number) for number in range(PEOPLE))


@needs_pgbouncer
@pytest.mark.parametrize("mode", ["unprepared", "prepared"])
async def test_every_dialect_behind_a_pgbouncer(
    empty_database: str, world_with: WorldWith, mode: str
) -> None:
    if mode == "prepared" and version() < TRACKS_STATEMENTS:
        pytest.skip("this pgbouncer does not know who has prepared what")
    more = ("max_prepared_statements = 100",) if mode == "prepared" else ()
    with bouncing(empty_database, *more) as url:
        await migrate(url)
        await migrate(url)
        async with world_with({"database_url": url, "database.pgbouncer": mode}) as world:
            for actor in ACTORS:
                await everybody(world, actor)


@needs_pgbouncer
async def test_without_the_setting_a_pgbouncer_refuses(
    empty_database: str, world_with: WorldWith
) -> None:
    with bouncing(empty_database) as url:
        async with world_with({"database_url": url}) as world:
            answer = await world.get("/rental/api/check_login", cookies={"session_id": "1"})
            assert answer.status == 503


@pytest.mark.parametrize(
    ("mode", "kept"), [("no", True), ("unprepared", False), ("prepared", True)]
)
async def test_what_a_connection_is_left_with(world_with: WorldWith, mode: str, kept: bool) -> None:
    """Statements that stay prepared, and settings that PgBouncer would refuse."""
    async with world_with({"database.pgbouncer": mode, "database.connections": 1}) as world:
        await ACTORS[0].register(world, "13812345678", "correct horse 1")
        async with world.core.database._connection() as connection:
            left = await connection.fetchval("SELECT count(*) FROM pg_prepared_statements")
            jit = await connection.fetchval("SHOW jit")
            zone = await connection.fetchval("SHOW timezone")
    assert (left > 0) is kept
    assert (jit, zone) == ("off" if mode == "no" else "on", "UTC")
