"""What floods of guesses and of requests for messages achieve, from many addresses at once.

`make floods` starts a PostgreSQL of its own in a temporary folder and a production server in this
process, whose clock stands still unless the flood moves it on. It prints Markdown, and ends with
status 1 where a limit did not hold or an honest user was sent nothing.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from actors import Company, Creator, Fomo, Rental
from codes import CODES, PASSWORD, Code, Person, person
from front_door import CHEAP_HASH, World
from hufu.app import Server
from hufu.cli.init import configuration_text
from hufu.configuration import load
from hufu.core import open_core
from hufu.domain.limits import Limits
from hufu.services.postgres import EmbeddedPostgres
from hufu.settings import DIALECTS
from hufu.storage.upgrade import migrate
from places import Table, rate
from rewarding import StillClock

AT_ONCE = 16
MORNING = datetime(2030, 5, 15, 1, tzinfo=UTC)
PEOPLE = (True, True, False, False)
"""For each number that is guessed at, whether it has an account."""

STEP, STEPS = timedelta(minutes=10), 144
GUESSERS, PUMPS, HONEST = 100, 1000, 50
LIMITS = Limits()
PRICE = 0.05


def addresses(count: int, chance: random.Random) -> list[str]:
    """So many clients: IPv4 addresses, and as many addresses of IPv6 networks of their own."""
    old = [f"{net}.{host}" for net in ("203.0.113", "198.51.100") for host in range(256)]
    few = chance.sample(old, min(count // 2, len(old)))
    return few + [f"2001:db8:1:{n:x}::{n:x}" for n in range(count - len(few))]


@asynccontextmanager
async def served(
    folder: Path, postgres: EmbeddedPostgres, name: str, settings: Mapping[str, object]
) -> AsyncIterator[tuple[World, StillClock]]:
    """A production server over a database of its own, and its clock."""
    connection = await asyncpg.connect(postgres.url)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    url = postgres.url.replace("/hufu?", f"/{name}?")
    await migrate(url)
    config = folder / f"{name}.toml"
    config.write_text(configuration_text())
    given = {"public_url": "https://id.example.com", "data_dir": str(folder), "database_url": url}
    clock = StillClock(MORNING)
    core = await open_core(load(config, {}, {**given, **CHEAP_HASH, **settings}), clock)
    try:
        yield World(core, Server(core), clock, url), clock
    finally:
        await core.close()


# Guesses


@contextmanager
def compared(world: World) -> Iterator[Counter[int]]:
    """How often a guess is compared with each code meanwhile, by the code's id."""
    digester: Any = world.core.secrets.codes
    counted: Counter[int] = Counter()
    matches = digester.matches

    def count(message: str, digest: bytes) -> bool:
        counted[int(message.partition(":")[0])] += 1
        return bool(matches(message, digest))

    digester.matches = count
    try:
        yield counted
    finally:
        del digester.matches


@dataclass(frozen=True)
class Target:
    """Somebody's number, and the codes that may be sent to it."""

    who: Person
    registered: bool

    @property
    def codes(self) -> list[Code]:
        return [code for code in CODES if code.registered is self.registered]

    def __str__(self) -> str:
        return f"{self.who.phone}, {'an account' if self.registered else 'no account'}"


async def _ask_again(
    world: World, targets: list[Target], guessers: list[str], chance: random.Random
) -> None:
    """Have another code sent to everybody, where the limits allow it, with a fresh session."""
    for target in targets:
        who, code = target.who, chance.choice(target.codes)
        fomo = Fomo(peer=chance.choice(guessers))
        email = f"person{int(who.phone[3:])}@example.com"
        if session := await fomo.sign_in(world, email, PASSWORD):
            who.session_key = session.fields["session_key"]
        who.peer = fomo.peer
        answer = await code.request(world, who)
        if code.sent(answer):
            who.references |= answer.get("data") or {}


async def guess(world: World, clock: StillClock, count: int) -> bool:
    """Guess at codes for a day, asking for others all the time; whether the limit held."""
    chance = random.Random(1)
    targets = [
        Target(await person(world, number, registered=registered), registered)
        for number, registered in enumerate(PEOPLE)
    ]
    clock.shift += timedelta(hours=73)  # From then on the new numbers recover accounts.
    guessers = addresses(GUESSERS, chance)
    sent: Counter[tuple[str, str]] = Counter()
    opened: Counter[tuple[str, str]] = Counter()

    def attempts(of: int) -> Iterator[Callable[[], Awaitable[None]]]:
        for _ in range(of):
            target, digits = chance.choice(targets), f"{chance.randrange(10**6):06d}"
            code, target.who.peer = chance.choice(target.codes), chance.choice(guessers)
            yield lambda target=target, code=code, digits=digits: attempt(target, code, digits)

    async def attempt(target: Target, code: Code, digits: str) -> None:
        sent[str(target), code.purpose] += 1
        opened[str(target), code.purpose] += await code.open(world, target.who, digits)

    began = time.perf_counter()
    with compared(world) as counted:
        for step in range(STEPS):
            await _ask_again(world, targets, guessers, chance)
            await rate(attempts(count * (step + 1) // STEPS - count * step // STEPS), AT_ONCE)
            clock.shift += STEP
    took = time.perf_counter() - began
    rows = await world.sql("SELECT id, key, purpose FROM codes WHERE id = ANY($1)", [*counted])
    evaluated: Counter[tuple[str, str]] = Counter()
    for row in rows:
        evaluated[row["key"], row["purpose"]] += counted[row["id"]]
    table = Table("number", "purpose", "guesses", "evaluated", "allowed", "right")
    for (target, purpose), guesses in sorted(sent.items()):
        seen = evaluated["+86" + target.partition(",")[0], purpose]
        right = opened[target, purpose]
        table.row(target, purpose, f"{guesses:,}", seen, LIMITS.guesses_per_day, right)
    total = sum(sent.values())
    print(f"\n{total:,} guesses in 24 hours from {len(guessers)} addresses ", end="")
    print(f"({total / took:,.0f} per second here)")
    return max(evaluated.values()) <= LIMITS.guesses_per_day


# Requests for messages


def _fomo(world: World, phone: str, peer: str) -> Awaitable[Any]:
    sent = {"user_name": phone, "pwd": PASSWORD}
    return Fomo(peer=peer).form(world, "/customer/register", sent)


def _company(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Company(peer=peer).ask_code(world, phone)


def _creator(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Creator(peer=peer).get(world, f"/user/registerPhone/{quote(phone)}")


def _rental(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Rental(peer=peer).ask_code(world, phone)


Send = Callable[[World, str, str], Awaitable[Any]]
DOORS: tuple[Send, ...] = (_fomo, _company, _creator)
SPREAD = (*DOORS * 16, _rental)
"""How often which call is made: few of those that cost a captcha."""


@dataclass(frozen=True)
class Flood:
    """Which numbers are asked about, at which calls, and how many messages an app has paid for.

    Honest users are served where that is more than the limits let the flood have.
    """

    name: str
    number: Callable[[random.Random], str]
    budget: int
    spares: bool = True
    calls: tuple[Send, ...] = SPREAD


def _in_blocks(chance: random.Random) -> str:
    return f"{chance.choice((1381234, 1507654, 1861111, 1778888, 1993456))}{_digits(chance, 4)}"


def _digits(chance: random.Random, count: int) -> str:
    return f"{chance.randrange(10**count):0{count}d}"


def _anywhere(chance: random.Random) -> str:
    return f"13{_digits(chance, 9)}"


def _abroad(chance: random.Random) -> str:
    return f"+447400{_digits(chance, 6)}"


FLOODS = (
    Flood("5 blocks of 10,000", _in_blocks, 1000),
    Flood("a billion, 130 to 139", _anywhere, 10_000),
    Flood("the same, a small budget", _anywhere, 1000, spares=False),
    Flood("abroad", _abroad, 1000, calls=(_fomo, _creator)),
)


@dataclass(frozen=True)
class Outcome:
    """What a flood came to: messages by app; to the number, to the block of neighbouring numbers
    and from the network that had most; and how many honest users were sent one."""

    messages: Mapping[str, int]
    to_number: int
    to_block: int
    from_network: int
    served: int

    def within(self, flood: Flood) -> bool:
        """Whether the limits held and honest users were served."""
        return (
            max(self.messages.values()) <= flood.budget
            and self.to_number <= LIMITS.sends_per_hour
            and self.to_block <= LIMITS.sends_per_block_hour
            and self.from_network <= LIMITS.sends_per_network_hour
            and (self.served == HONEST or not flood.spares)
        )


async def pump(world: World, clock: StillClock, flood: Flood, count: int) -> Outcome:
    """Ask for messages for an hour, while honest users register in between."""
    chance = random.Random(2)
    pumps, served = addresses(PUMPS, chance), []

    async def honest(number: int) -> None:
        phone, peer = f"186{_digits(chance, 8)}", f"2001:db8:2:{number:x}::1"
        await DOORS[number % len(DOORS)](world, phone, peer)
        served.append(bool(await world.letters(f"+86{phone}")))

    def jobs() -> Iterator[Callable[[], Awaitable[Any]]]:
        for number in range(count):
            clock.shift += timedelta(minutes=59) / count
            call, phone = chance.choice(flood.calls), flood.number(chance)
            yield lambda call=call, phone=phone, peer=pumps[number % PUMPS]: call(
                world, phone, peer
            )
            if number % (count // HONEST) == 0:
                yield lambda person=number * HONEST // count: honest(person)

    await rate(jobs(), AT_ONCE)
    messages = dict(await world.sql("SELECT app, count(*) FROM outbox GROUP BY app"))
    [[number]] = await world.sql(
        "SELECT count(*) FROM outbox GROUP BY recipient ORDER BY 1 DESC LIMIT 1"
    )
    [[block]] = await world.sql(
        "SELECT count(*) FROM outbox GROUP BY left(recipient, -4) ORDER BY 1 DESC LIMIT 1"
    )
    [[network]] = await world.sql(
        "SELECT max(cardinality(hits)) FROM limits WHERE name = 'sends_from'"
    )
    return Outcome(messages, number, block, network, sum(served))


async def pumped(folder: Path, postgres: EmbeddedPostgres, asked: argparse.Namespace) -> bool:
    """Every flood of requests, against a server of its own; whether everything held."""
    print(f"\n{asked.count:,} requests in an hour from {PUMPS:,} addresses, ", end="")
    print(f"and {HONEST} honest users from others")
    table = Table(
        "numbers",
        "budget of each app",
        *(f"`{name}`" for name in DIALECTS),
        "most to a number",
        "to a block",
        "from a network",
        "honest users served",
    )
    held = True
    for place, flood in enumerate(FLOODS):
        settings = {f"apps.{name}.price_per_message": PRICE for name in DIALECTS}
        settings |= {f"apps.{name}.budget_per_day": PRICE * flood.budget for name in DIALECTS}
        async with served(folder, postgres, f"flood{place}", settings) as (world, clock):
            found = await pump(world, clock, flood, asked.count)
        table.row(
            flood.name,
            f"{flood.budget:,}",
            *(f"{found.messages.get(name, 0):,}" for name in DIALECTS),
            found.to_number,
            found.to_block,
            found.from_network,
            f"{found.served} of {HONEST}",
        )
        held &= found.within(flood)
    return held


async def run(asked: argparse.Namespace, folder: Path, postgres: EmbeddedPostgres) -> bool:
    """Both kinds of flood; whether everything held."""
    async with served(folder, postgres, "guesses", {}) as (world, clock):
        held = await guess(world, clock, asked.count)
    return await pumped(folder, postgres, asked) and held


def main() -> None:
    """Run the floods that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="requests of each flood")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        with EmbeddedPostgres.start(folder / "postgres", fast=True) as postgres:
            sys.exit(not asyncio.run(run(asked, folder, postgres)))


if __name__ == "__main__":
    main()
