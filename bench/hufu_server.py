"""hufu among the contestants: a production server behind a proxy, its limits out of the way."""

import pickle
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path

import asyncpg
import uvloop

import actors
from contestants import (
    CHECKS,
    COST,
    DAILY,
    EQUAL,
    HASHES,
    PEOPLE,
    PROFILE_WRITE,
    REGISTER,
    SESSION_CHECK,
    SIGN_IN,
    SLICES,
    WRITES,
    Contestant,
    Operation,
)
from floors import Transaction
from front_door import World, opened
from hufu import __version__
from hufu.actions.rewards import SignInForToday, sign_in_for_today
from hufu.actions.sessions import open_session
from hufu.cli.bench_calls import (
    BEARER_PATH,
    CLIENTS,
    Client,
    Creator,
    Door,
    Fomo,
    Opened,
    Person,
    bearer,
    made_up,
)
from hufu.cli.init import configuration_text
from hufu.domain import permissions
from hufu.domain.limits import Limits
from hufu.domain.sessions import SignInMethod
from hufu.services.load import Sent
from hufu.settings import DIALECTS
from hufu.storage.upgrade import migrate
from places import caller
from processes import Program, Served
from recording import statements, transaction_of

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PLENTY = 10**6
LIMITS = {each.name: PLENTY for each in fields(Limits) if isinstance(each.default, int)}
FIRST_ID = 2_000_000_000
"""Of the accounts that are there only for the daily sign-in, which nobody can do twice."""

IN_ONE_TRANSACTION = 200
NOT_FOUND = 404


@dataclass(frozen=True)
class Somebody:
    """A person, and the address that they come from."""

    person: Person
    address: str


def address(number: int) -> str:
    """One of so many clients."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def behind_proxy(sent: Sent, peer: str) -> Sent:
    """The request as a proxy passes it on."""
    return replace(sent, headers={**sent.headers, "X-Forwarded-For": peer})


@dataclass
class Hufu(Contestant):
    """All four apps in one pool."""

    workers: int = 1
    daily: int = 0
    """How many daily sign-ins each turn has room for."""

    turns: int = 0
    people: list[Somebody] = field(default_factory=list)
    sessions: dict[str, list[Opened]] = field(default_factory=dict)
    days: Iterator[str] = field(default_factory=lambda: iter(()))
    day_floors: Iterator[Path] = field(default_factory=lambda: iter(()))
    """The transactions of daily sign-ins, as files, one for each slice."""

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.logs / "hufu.toml"

    @property
    def write_floor(self) -> Path:
        """The transactions of profile writes."""
        return self.logs / "writes.pickle"

    @property
    def daily_floor(self) -> Path:
        """The transactions of daily sign-ins, one for each account."""
        return self.logs / "days.pickle"

    def _settings(self) -> dict[str, object]:
        return {
            "public_url": "https://id.example.com",
            "trusted_proxies": "127.0.0.0/8",
            **{f"limits.{name}": most for name, most in LIMITS.items()},
        }

    def program(self) -> Program:
        given = {**self._settings(), "database_url": self.database.url(), "port": self.port}
        environment = {
            f"HUFU_{name.upper().replace('.', '__')}": str(value) for name, value in given.items()
        }
        hufu = str(Path(sys.executable).with_name("hufu"))
        options = ("--config", str(self.config), "--data", str(self.logs / "data"))
        return Program(
            (hufu, "serve", *options, "--workers", str(self.workers)),
            self.port,
            self.logs,
            self.logs / f"hufu-{self.workers}.log",
            "/ready",
            environment,
        )

    def prepare(self) -> None:
        """Make the database, the accounts, and the transactions that floors repeat."""
        self.versions = {"hufu": __version__, "python": sys.version.split()[0]}
        self.title = "hufu"
        self.form = "hufu serve, one worker, production, behind a trusted proxy"
        self.hash = EQUAL
        self.config.write_text(configuration_text())
        uvloop.run(self._fill())

    async def _fill(self) -> None:
        await migrate(self.database.url())
        given = {
            **self._settings(),
            "hash.memory_kib": COST.memory_kib,
            "hash.passes": COST.passes,
        }
        (self.logs / "data").mkdir(exist_ok=True)
        async with opened(self.database.url(), self.logs / "data", given, self.config) as world:
            for number in range(PEOPLE):
                somebody = Somebody(made_up(by_name=False), address(number))
                self.people.append(somebody)
                actor = actors.Fomo(peer=somebody.address)
                await actor.register(world, somebody.person.identifier, somebody.person.password)
            await self._record_writes(world)
            if self.daily:
                await self._record_days(world)

    async def _record_writes(self, world: World) -> None:
        found: list[Transaction] = []
        for somebody in self.people:
            actor, person = actors.Fomo(peer=somebody.address), somebody.person
            session = await actor.sign_in(world, person.identifier, person.password)
            assert session is not None
            for number in range(3):
                with statements() as seen:
                    await actor.call(world, "set_info", city=f"city {number}", **session.fields)
                if number:  # The first is rewarded, which none is afterwards.
                    found.append(transaction_of(seen))
        self.write_floor.write_bytes(pickle.dumps(found))

    async def _record_days(self, world: World) -> None:
        """Sessions for the daily sign-in, and what others who sign in say to the database."""
        needed = self.daily * self.turns
        await self._accounts(range(FIRST_ID, FIRST_ID + 2 * needed))
        ids = range(FIRST_ID, FIRST_ID + needed)
        self.days = iter(await self._open_sessions(world, "fomo", ids))
        deps = world.deps("fomo")
        found = []
        for id in range(FIRST_ID + needed, FIRST_ID + 2 * needed):
            with statements(undone=True) as seen:
                await sign_in_for_today(deps, caller(id), SignInForToday())
            found.append(transaction_of(seen))
        self.daily_floor.write_bytes(pickle.dumps(found))

    async def _accounts(self, ids: range) -> None:
        connection = await asyncpg.connect(self.database.url())
        await connection.copy_records_to_table(
            "accounts",
            records=((id, "main", "active", LONG_AGO) for id in ids),
            columns=["id", "pool", "state", "created_at"],
        )
        await connection.execute("ANALYZE")
        await connection.close()

    def split_days(self) -> None:
        """A file for each slice of each turn: no transaction can be repeated."""
        found, size = pickle.loads(self.daily_floor.read_bytes()), self.daily // SLICES
        files = []
        for number in range(self.turns * SLICES):
            files.append(self.logs / f"days-{number}.pickle")
            files[-1].write_bytes(pickle.dumps(found[number * size : (number + 1) * size]))
        self.day_floors = iter(files)

    def with_workers(self, workers: int) -> "Hufu":
        """The same with more processes, for session checks and sign-ins."""
        return replace(self, workers=workers, daily=0, only=(SESSION_CHECK, SIGN_IN))

    def many_sessions(self, dialect: str, number: int) -> list[str]:
        """The tokens of so many new sessions of one account."""
        return uvloop.run(self._many_sessions(dialect, number))

    async def _many_sessions(self, dialect: str, number: int) -> list[str]:
        account = FIRST_ID - 1
        await self._accounts(range(account, account + 1))
        async with self.inside() as world:
            return await self._open_sessions(world, dialect, [account] * number)

    def inside(self) -> AbstractAsyncContextManager[World]:
        """The same server in this process."""
        return opened(self.database.url(), self.logs / "data", self._settings(), self.config)

    async def _open_sessions(self, world: World, dialect: str, ids: Sequence[int]) -> list[str]:
        """The tokens of a new session for each of the accounts."""
        deps, tokens = world.deps(dialect), []
        for first in range(0, len(ids), IN_ONE_TRANSACTION):
            async with deps.begin() as work:
                for id in ids[first : first + IN_ONE_TRANSACTION]:
                    client = permissions.Client(None, "bench")
                    signed_in = await open_session(deps, work, client, id, SignInMethod.PASSWORD)
                    tokens.append(signed_in.token)
                await work.commit()
        return tokens

    def client(self, dialect: str) -> Client:
        """A client of the app of that dialect."""
        door = self.door
        return CLIENTS[dialect](Door(door.server, door.port, door.host, f"/{dialect}"))

    def welcome(self, _: Served) -> None:
        """Sign in everywhere, at the first turn."""
        if self.sessions:
            return
        for dialect in DIALECTS:
            client = self.client(dialect)
            self.sessions[dialect] = [
                client.opened(
                    self.asked(behind_proxy(client.sign_in(each.person, "checks"), each.address))
                )
                for each in self.people
            ]

    def operations(self) -> list[Operation]:
        found = [*self._checks(), *self._writes(), *self._sign_ins(), self._register()]
        return [each for each in found if not self.only or each.name in self.only]

    def _checks(self) -> Iterator[Operation]:
        """`GET /v1/session` where there is one."""
        sent = self._by(self.sessions["fomo"], bearer)
        if self.door.ask(sent[0]).status != NOT_FOUND:
            yield Operation(SESSION_CHECK, f"GET {BEARER_PATH}", cycle(sent), b"", CHECKS)
        for dialect in ("rental", "fomo", "company"):
            client = self.client(dialect)
            sent = self._by(self.sessions[dialect], client.check)
            yield Operation(SESSION_CHECK, called(sent), cycle(sent), client.good, CHECKS)

    def _writes(self) -> Iterator[Operation]:
        fomo = Fomo(self.client("fomo").door)
        sent = [
            each
            for number in range(8)
            for each in self._by(self.sessions["fomo"], lambda own: fomo.write(own, number))  # noqa: B023
        ]
        yield Operation(PROFILE_WRITE, called(sent), cycle(sent), fomo.good, WRITES)
        if self.daily:
            call = f"{fomo.door.mount}/customer/sign_in_today"
            days = (
                behind_proxy(fomo.door.form("/customer/sign_in_today", session_key=token), peer)
                for token, peer in zip(self.days, map(address, count()), strict=False)
            )
            most = self.daily // SLICES
            yield Operation(DAILY, f"POST {call}", days, fomo.good, WRITES, most)

    def _sign_ins(self) -> Iterator[Operation]:
        for dialect in DIALECTS:
            client = self.client(dialect)
            sent = [
                behind_proxy(client.sign_in(each.person, "again"), each.address)
                for each in self.people
            ]
            yield Operation(SIGN_IN, called(sent), cycle(sent), client.good, HASHES)
        if self.workers > 1:
            return
        sent = [
            behind_proxy(self.client("fomo").sign_in(each.person, ""), each.address)
            for each in self.people
        ]
        half = Operation(SIGN_IN, f"{called(sent)}, half load", cycle(sent), Fomo.good, HASHES)
        yield replace(half, of_floor=0.5)

    def _register(self) -> Operation:
        creator = Creator(self.client("creator").door)
        fresh = (
            behind_proxy(
                creator.registration(made_up(by_name=True)), address(secrets.randbelow(2**24))
            )
            for _ in count()
        )
        call = "POST /creator/user/register"
        return Operation(REGISTER, call, fresh, creator.good, HASHES)

    def _by(self, sessions: list[Opened], make: Callable[[Opened], Sent | None]) -> list[Sent]:
        """What each of the people sends."""
        return [
            behind_proxy(sent, each.address)
            for each, session in zip(self.people, sessions, strict=True)
            if (sent := make(session)) is not None
        ]


def called(sent: list[Sent]) -> str:
    """What they all call."""
    return f"{sent[0].method} {sent[0].path}"
