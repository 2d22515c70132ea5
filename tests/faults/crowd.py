"""Many clients at once, and the server that they use."""

import asyncio
import re
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from cli.serving import Serving, serving
from faults.connection import Connection
from faults.history import HANG, History
from faults.looking import Look
from faults.people import Person
from faults.waiting import LOOK_EVERY, PATIENCE
from hufu.configuration import SECRETS_FILE, development_secrets
from population import phone

MANY = "1000000"
BROKEN = re.compile(r"] broken |\"event\": ?\"broken\"")
MOST_TOLD = 5
SETTINGS = {
    "HUFU_HASH__MEMORY_KIB": "8",
    "HUFU_HASH__PASSES": "1",
    "HUFU_HASH__DEADLINE_SECONDS": "5",
    "HUFU_LIMITS__SENDS_PER_MINUTE": MANY,
    "HUFU_LIMITS__SENDS_PER_HOUR": MANY,
    "HUFU_LIMITS__SENDS_PER_DAY": MANY,
    "HUFU_LIMITS__SENDS_PER_BLOCK_HOUR": MANY,
    "HUFU_LIMITS__SENDS_PER_BLOCK_DAY": MANY,
    "HUFU_LIMITS__SENDS_BEFORE_BREAKER": MANY,
    "HUFU_LIMITS__GUESSES_PER_DAY": MANY,
}
"""Cheap hashes, as the faults are elsewhere, and limits that let clients repeat themselves."""


PRODUCTION = 'public_url = "https://id.example.com"\n'
STRANGERS = {
    "HUFU_LIMITS__SENDS_PER_NETWORK_HOUR": MANY,
    "HUFU_LIMITS__PROBES_PER_NETWORK_HOUR": MANY,
    "HUFU_LIMITS__PASSWORD_GUESSES_PER_NETWORK_HOUR": MANY,
}
"""In production this machine is a network like any other."""


def in_production(folder: Path) -> dict[str, str]:
    """Variables of a server that is none of development, with a file of its own."""
    development_secrets(folder / "data")
    file = folder / "hufu.toml"
    file.write_text(PRODUCTION + (folder / "data" / SECRETS_FILE).read_text())
    return {"HUFU_CONFIG": str(file), **STRANGERS}


@asynccontextmanager
async def server_on(
    url: str, folder: Path, workers: int = 2, **settings: str
) -> AsyncIterator[Serving]:
    """A real `hufu serve` over that database; `settings` are variables of its environment."""
    with ExitStack() as stack:
        environment = {**SETTINGS, "HUFU_DATABASE_URL": url, **settings}
        begun = serving(folder / "data", "--workers", str(workers), **environment)
        server = await asyncio.to_thread(stack.enter_context, begun)
        try:
            yield server
        finally:
            _tell_of_broken(server)
        await asyncio.to_thread(stack.close)


def _tell_of_broken(server: Serving) -> None:
    """Print what the server has logged of answers that are 500: nobody could explain them later."""
    broken = [line for line in server.printed().splitlines() if BROKEN.search(line)]
    for line in broken[:MOST_TOLD]:
        sys.stderr.write(f"{line}\n")


@dataclass
class Crowd:
    """Clients of a server, who together do something for `least` people, and go on for more until
    it is `enough`."""

    port: int
    look: Look
    clients: int
    least: int
    history: History = field(default_factory=History)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    kept: bool = True
    patience: float = HANG
    visited: list[Person] = field(default_factory=list)

    async def run(self, visit: Callable[[Person], Awaitable[object]]) -> None:
        """Return when everybody was visited."""
        await asyncio.gather(*(self._client(visit) for _ in range(self.clients)))

    def person(self, connection: Connection) -> Person:
        """The next of the people."""
        someone = Person(connection, self.history, self.look.code, phone(len(self.visited) + 1))
        self.visited.append(someone)
        return someone

    async def served_since(self, moment: float) -> float:
        """Seconds from then on until something was done that was asked for since; PATIENCE where
        that takes longer."""
        while time.monotonic() < moment + PATIENCE:
            for each in reversed(self.history.operations[-20 * self.clients :]):
                if each.began >= moment and each.told:
                    return each.ended - moment
            await asyncio.sleep(LOOK_EVERY)
        return PATIENCE

    async def _client(self, visit: Callable[[Person], Awaitable[object]]) -> None:
        with closing(Connection(self.port, kept=self.kept, patience=self.patience)) as connection:
            while len(self.visited) < self.least or not self.enough.is_set():
                await visit(self.person(connection))
