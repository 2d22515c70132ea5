"""Pepper and identity key are changed, step by step, while people sign in."""

import asyncio
import json
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from actors import UTIME, XID, md5
from cli.serving import HUFU, Serving, clean
from dialects.fields import card
from faults.connection import Connection
from faults.crowd import Crowd, in_production, server_on
from faults.flood import Flood
from faults.looking import looking
from faults.people import PASSWORD, Person
from faults.prepared import GOOD, in_turn, sign_in
from faults.rolling import replace_workers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true

WORKERS = 2
RATE = 20.0
"""Sign-ins a second, each on a connection of its own."""

PEPPER, IDENTITY_KEY = "pepper", "identity_key"
PASSWORDS, NUMBERS = "passwords", "identity numbers"
SETTLED_WITHIN = 60.0
"""Seconds until nothing needs the old keys but what lives for an hour at most."""


@dataclass
class _Keys:
    """`hufu keys` of the server."""

    environment: dict[str, str]

    async def run(self, *arguments: str) -> str:
        """What a command prints."""
        return await asyncio.to_thread(self._run, *arguments)

    async def needed(self, name: str, version: int, kind: str) -> int:
        """How many rows of the kind need a version."""
        for each in json.loads(await self.run("list", "--json")):
            if (each["key"], each["version"]) == (name, version):
                return int(each["rows"].get(kind, 0))
        return 0

    def _run(self, *arguments: str) -> str:
        config = ("--config", self.environment["HUFU_CONFIG"])
        done = subprocess.run(
            [str(HUFU), "keys", *arguments, *config],
            env=clean(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments[0]}: {done.stderr}"
        return done.stdout


@dataclass
class _Numbers:
    """Identity numbers, whose owners look at them again and again."""

    port: int
    owners: dict[int, dict[str, str]] = field(default_factory=dict)
    unreadable: int = 0
    read: int = 0

    async def give(self, people: Sequence[Person]) -> None:
        """Have each of them tell theirs."""
        for number, person in enumerate(people):
            sent = {"phone": person.phone, "xid": XID, "pwd": md5(PASSWORD)}
            told = await self._call("login", sent)
            self.owners[number] = {"uid": told["uid"], "sec": told["sec"]}
            sent = {**self.owners[number], "identity_card": card(number)}
            told = await self._call("regDetail", sent)
            assert told["code"] == "200", told

    async def look(self) -> None:
        """Have each of them read theirs."""
        for number, proof in self.owners.items():
            told = await self._call("getUserInfo", proof)
            self.read += 1
            self.unreadable += told.get("identity_card") != card(number)

    async def _call(self, name: str, fields: dict[str, str]) -> Any:
        with closing(Connection(self.port)) as connection:
            answer = await connection.form(f"/company/user/{name}", utime=UTIME, **fields)
            return answer.json()


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    environment = in_production(place.folder)
    data = place.folder / "data"
    keys = _Keys({**environment, "HUFU_DATABASE_URL": database.url, "HUFU_DATA_DIR": str(data)})
    async with server_on(database.url, place.folder, WORKERS, **environment) as server:
        async with looking(database.url, data) as look:
            crowd = Crowd(server.port, look, size.clients, size.people)
            crowd.enough.set()
            await crowd.run(Person.register)
        numbers = _Numbers(server.port)
        await numbers.give(crowd.visited[: size.clients])
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            signing_in = group.create_task(_sign_in(server, crowd, over))
            rounds = [await _rotate(server, keys, numbers) for _ in range(size.faults)]
            over.set()
        asked, failed = signing_in.result()
        await numbers.look()
    report.at_least("sign-ins", asked, 1)
    report.exactly("failed sign-ins", failed, 0)
    report.at_least("identity numbers read", numbers.read, 1)
    report.exactly("identity numbers that could not be read", numbers.unreadable, 0)
    report.within("nothing needs the old keys any more", rounds, SETTLED_WITHIN)
    return report


async def _sign_in(server: Serving, crowd: Crowd, over: asyncio.Event) -> tuple[int, int]:
    """How often, and how often in vain."""

    def made(port: int, person: Person) -> bytes:
        return sign_in(port, person, Connection="close")

    with closing(Flood(server.port, in_turn(server.port, crowd.visited, made), GOOD)) as flood:
        while not over.is_set():
            await flood.at(RATE, 1.0)
        return len(flood.seen), sum(not each.good for each in flood.seen)


async def _rotate(server: Serving, keys: _Keys, numbers: _Numbers) -> float:
    """Change both keys; seconds from their use until nothing but short-lived rows needed the
    old ones."""
    version = max(each["version"] for each in json.loads(await keys.run("list", "--json")))
    for step in ("add", "activate"):
        for name in (PEPPER, IDENTITY_KEY):
            await keys.run(step, name)
            await numbers.look()
        await replace_workers(server)
        await numbers.look()
    used = time.monotonic()

    async def settled() -> bool:
        return not (
            await keys.needed(PEPPER, version, PASSWORDS)
            or await keys.needed(IDENTITY_KEY, version, NUMBERS)
        )

    await until_true(settled, SETTLED_WITHIN)
    took = time.monotonic() - used
    # Of the pepper's, codes and messages are left, which live for an hour at most.
    await keys.run("retire", PEPPER, str(version), "--lose", "--yes")
    await keys.run("retire", IDENTITY_KEY, str(version))
    await replace_workers(server)
    await numbers.look()
    return took


SCENARIO = Scenario(
    "keys",
    lambda size: (
        f"pepper and identity key are changed {size.faults} times as docs/operations.md says (add, "
        "roll, activate, roll, wait until no password and no identity number needs the old "
        f"version, retire, roll), while {size.people} people sign in, {RATE:g} a second, and "
        f"{size.clients} look at their identity numbers"
    ),
    run,
    small=Size(people=6, clients=3, faults=1),
    full=Size(people=200, clients=50, faults=5),
)
