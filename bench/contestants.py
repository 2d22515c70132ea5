"""The servers that are compared: how each is started, who has an account there, what is asked."""

import itertools
import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hufu.cli.bench_calls import JSON, Answer, Door
from hufu.services.argon2 import Argon2Cost
from hufu.services.load import Sent
from processes import HOST, Program, Served, free_port

HERE = Path(__file__).parent
PEERS, CODE = HERE / ".peers", HERE / "peers"
PEOPLE, TRIES = 16, 3
CHECKS, WRITES, HASHES = 256, 16, 8
"""How many connections ask at once: session checks, writes, whatever hashes a password."""

SLICES = 5
"""How often in one turn hufu and its floors are measured right after each other, so that whatever
slows the machine for a while slows both."""

SESSION_CHECK, SIGN_IN, REGISTER = "session check", "sign-in", "register"
PROFILE_WRITE, DAILY = "profile write", "daily sign-in"
COST = Argon2Cost()
EQUAL = f"Argon2id, {COST.memory_kib} KiB, t = {COST.passes}, p = 1"


@dataclass(frozen=True)
class Database:
    """Where a contestant keeps its data: a database of its own in the one cluster."""

    name: str
    folder: str
    port: int
    user: str

    def environment(self) -> dict[str, str]:
        """As libpq's clients and their likes read it."""
        return {
            "PGHOST": self.folder,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": self.name,
        }

    def url(self, scheme: str = "postgresql") -> str:
        """As a DSN."""
        return f"{scheme}://{self.user}@/{self.name}?host={self.folder}&port={self.port}"


@dataclass(frozen=True)
class Operation:
    """Something that is asked many times; without an end unless the requests have one."""

    name: str
    call: str
    requests: Iterator[Sent]
    good: bytes
    connections: int
    most: int = 10_000_000
    of_floor: float | None = None
    """Asked for at this share of the rate of bare hashes, evenly, instead of as fast as can be."""

    def prepared(self, host: str) -> Iterator[bytes]:
        """The requests as they are written."""
        return (each.prepared(host) for each in self.requests)


@dataclass
class Contestant(ABC):
    """One server in one form."""

    database: Database
    logs: Path
    name: str = ""
    title: str = ""
    form: str = ""
    hash: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    """The operations that it is there for; all, where none is named."""

    port: int = field(default_factory=free_port)

    @abstractmethod
    def program(self) -> Program:
        """How it is started."""

    @abstractmethod
    def prepare(self) -> None:
        """What is done once, before its first start."""

    @abstractmethod
    def welcome(self, running: Served) -> None:
        """Make accounts, or sign in anew; before each of its turns."""

    @abstractmethod
    def operations(self) -> list[Operation]:
        """What is asked of it."""

    @property
    def door(self) -> Door:
        """Where it is asked."""
        return Door(HOST, self.port, f"{HOST}:{self.port}")

    def asked(self, sent: Sent) -> Answer:
        """Ask, again where the server was not able to. Raises RuntimeError unless that helps."""
        for _ in range(TRIES):
            answer = self.door.ask(sent)
            if answer.status < 500:
                break
        if answer.status not in range(200, 300):
            raise RuntimeError(f"{self.name}: {sent.path}: {answer.status} {answer.body[:300]!r}")
        return answer


def emails() -> Iterator[str]:
    """Addresses that nobody has."""
    return (f"{secrets.token_hex(10)}@example.com" for _ in itertools.count())


def cycled(requests: list[Sent]) -> Iterator[Sent]:
    """The same in turns."""
    return itertools.cycle(requests)


def json_sent(method: str, path: str, headers: dict[str, str], **fields: Any) -> Sent:
    """A request with a JSON body."""
    return Sent(method, path, {**JSON, **headers}, json.dumps(fields).encode())
