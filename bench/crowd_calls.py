"""Calls about accounts at random, what they cost, and what each of their statements does."""

import itertools
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psutil
from rich.progress import Progress

from actors import Fomo, Rental, Session
from crowds import PASSWORD, Crowd
from front_door import Answer, World
from population import phone, token
from storage.plans import method_of

STEERING = ("BEGIN", "COMMIT", "ROLLBACK")
Call = Callable[[], Awaitable[Answer]]


@dataclass
class Place:
    """A server over a crowd, and which accounts the next calls are about: any, or always the same
    few of them, which are spread over all and yet are in memory after the first round."""

    crowd: Crowd
    world: World
    chance: random.Random
    fresh: int
    server: psutil.Process

    def somebody(self, app: int) -> int:
        """The number of an account that is used in that one of the apps, by chance."""
        return 2 * self.chance.randint(1, self.crowd.size // 2) - app

    def peer(self) -> str:
        """Some client's address."""
        return f"2001:db8:{self.chance.getrandbits(16):x}:{self.chance.getrandbits(16):x}::1"


async def recognise(place: Place) -> Call:
    """The session check of `rental`, which needs nothing but the session and the name."""
    session = Session("", 0, cookies={"session_id": token(place.somebody(1))})
    rental = Rental(peer=place.peer())
    return lambda: rental.get(place.world, "/api/check_login", session.cookies)


async def read_profile(place: Place) -> Call:
    """The whole profile of `fomo`, for a session."""
    shown = {"session_key": token(place.somebody(0))}
    fomo = Fomo(peer=place.peer())
    return lambda: fomo.form(place.world, "/customer/get_user_info", shown)


async def sign_in(place: Place) -> Call:
    """A right password, by somebody on a new network."""
    fomo, number = Fomo(peer=place.peer()), phone(place.somebody(0))
    return lambda: fomo.try_to_sign_in(place.world, number, PASSWORD)


async def mistype(place: Place) -> Call:
    """A wrong one."""
    fomo, number = Fomo(peer=place.peer()), phone(place.somebody(0))
    return lambda: fomo.try_to_sign_in(place.world, number, "battery staple 2")


async def ask_for_code(place: Place) -> Call:
    """The wish to register, up to the code that is sent."""
    fomo, number = Fomo(peer=place.peer()), _fresh_phone(place)
    sent = {"user_name": number, "pwd": PASSWORD}
    return lambda: fomo.form(place.world, "/customer/register", sent)


async def complete(place: Place) -> Call:
    """The code comes back, and the account is made."""
    fomo, number = Fomo(peer=place.peer()), _fresh_phone(place)
    begun = await fomo.call(place.world, "register", user_name=number, pwd=PASSWORD)
    sent = {"verify_code": await place.world.code(number), **begun["data"]}
    return lambda: fomo.form(place.world, "/customer/complete_register", sent)


def _fresh_phone(place: Place) -> str:
    place.fresh += 1
    return phone(place.fresh)


CALLS: Mapping[str, Callable[[Place], Awaitable[Call]]] = {
    "session check (`check_login`)": recognise,
    "profile (`get_user_info`)": read_profile,
    "sign-in, hash left out": sign_in,
    "sign-in refused, hash left out": mistype,
    "registration begun, hash left out": ask_for_code,
    "registration completed": complete,
}


@contextmanager
def timed_statements(spent: dict[str, list[float]]) -> Iterator[None]:
    """Add the seconds of every statement meanwhile to those of the method that sends it."""

    def timed(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            began = time.perf_counter()
            try:
                return await original(self, query, *arguments, **more)
            finally:
                took = time.perf_counter() - began
                method = method_of(sys._getframe().f_back)
                spent[query if query in STEERING else method or query].append(took)

        return run

    ways = ("fetchrow", "fetchval", "fetch", "execute")
    kept = {way: getattr(asyncpg.Connection, way) for way in ways}
    for way, original in kept.items():
        setattr(asyncpg.Connection, way, timed(original))
    try:
        yield
    finally:
        for way, original in kept.items():
            setattr(asyncpg.Connection, way, original)


@dataclass
class Measured:
    """Seconds of each call in each round, CPU seconds of a call on average in each round, here and
    in PostgreSQL, and seconds of the statements by method."""

    rounds: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statements: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @property
    def median(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(map(statistics.median, self.rounds))

    @property
    def slow(self) -> float:
        """What 99 of 100 calls take at most."""
        return statistics.quantiles(itertools.chain(*self.rounds), n=100)[-1]


def cpu_seconds(server: psutil.Process) -> float:
    """What this process and PostgreSQL's have used until now."""
    used = [sum(each.cpu_times()[:2]) for each in server.children()]
    return time.process_time() + sum(used)


async def measure(
    places: Sequence[Place], progress: Progress, count: int, seeds: Sequence[int]
) -> dict[tuple[str, int], Measured]:
    """Every call over every crowd, in turns; rounds of one seed are about the same accounts.
    The first round only warms up."""
    found = {(name, place.crowd.size): Measured() for name in CALLS for place in places}
    task = progress.add_task("asking", total=len(seeds) * len(found))
    for round_, seed in enumerate(seeds):
        for name, prepare in CALLS.items():
            for place in random.sample(places, len(places)):
                place.chance.seed(f"{seed} {name}")
                calls = [await prepare(place) for _ in range(count)]
                measured = found[name, place.crowd.size] if round_ else Measured()
                await _time(calls, place.server, measured)
                progress.advance(task)
    return found


async def _time(calls: Sequence[Call], server: psutil.Process, measured: Measured) -> None:
    times = []
    cpu = cpu_seconds(server)
    with timed_statements(measured.statements):
        for call in calls:
            began = time.perf_counter()
            answer = await call()
            times.append(time.perf_counter() - began)
            assert answer.status == 200, answer
    measured.cpu.append((cpu_seconds(server) - cpu) / len(calls))
    measured.rounds.append(times)
