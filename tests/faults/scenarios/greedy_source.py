"""Nine tenths of the sign-ins come from one network: wrong ones, and then right ones."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

from cli.serving import Serving
from faults.crowd import MANY, STRANGERS, Crowd, server_on
from faults.flood import Flood, Seen
from faults.looking import looking
from faults.people import Person
from faults.prepared import GOOD, check, form, in_turn, sign_in
from faults.scenario import Place, Report, Scenario, Size, quantile
from hufu.services.cores import share_of_cores
from population import phone

TIMES = 3
"""As many sign-ins as can be done, by all together."""

GREEDY_SHARE = 0.9
CHECKS = 20.0
"""Session checks of the others, a second."""

LEAST_GOOD = 99.0
LEAST_OTHERS = 10
LEAST_LEFT_OVER = 1.0
"""Of 100 right passwords of that network: what the others leave it."""

GREEDY = "203.0.113.7"
WRONG, RIGHT = "wrong", "right"
SETTINGS = {
    "HUFU_TRUSTED_PROXIES": "127.0.0.1/32",
    "HUFU_HASH__MEMORY_KIB": str(19 * 1024),
    "HUFU_HASH__PASSES": "2",
    "HUFU_HASH__DEADLINE_SECONDS": "0.8",
    "HUFU_LIMITS__PASSWORD_GUESSES_PER_QUARTER_HOUR": MANY,
    "HUFU_LIMITS__PASSWORD_GUESSES_PER_DAY": MANY,
    **STRANGERS,
}
"""No limit turns that network away: what is left to do it is that others come first."""


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder, workers=1, **SETTINGS) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, clients=4, least=size.people)
        crowd.enough.set()
        await crowd.run(_come_in)
        report.at_least("others", len(crowd.visited) - 1, LEAST_OTHERS)
        with closing(_others(server, crowd)) as alone:
            seen = await alone.by(2 * share_of_cores(1), size.seconds)
        capacity = sum(each.good for each in seen) / size.seconds
        report.say("sign-ins at the peak", f"{capacity:.1f}/s")
        guesses = Flood(server.port, _guesses(server.port), GOOD)
        rights = Flood(server.port, in_turn(server.port, crowd.visited[:1], _greedily), GOOD)
        for greedy, what in ((guesses, WRONG), (rights, RIGHT)):
            with closing(greedy):
                await _crowded(report, server, crowd, greedy, what, TIMES * capacity, size)
    return report


async def _crowded(
    report: Report,
    server: Serving,
    crowd: Crowd,
    greedy: Flood,
    what: str,
    rate: float,
    size: Size,
) -> None:
    """Measure what becomes of the others."""
    checks = Flood(server.port, in_turn(server.port, crowd.visited, _from_elsewhere(check)), GOOD)
    with closing(_others(server, crowd)) as others, closing(checks):
        asked, signed_in, checked = await asyncio.gather(
            greedy.at(GREEDY_SHARE * rate, size.seconds),
            others.at((1 - GREEDY_SHARE) * rate, size.seconds),
            checks.at(CHECKS, size.seconds),
        )
    when = f"while one network sends {what} passwords"
    limited = sum(each.status != 503 for each in asked if not each.good)
    if what == RIGHT:
        done = f"of that network's done, {when}"
        report.at_least(done, _of_100(asked), LEAST_LEFT_OVER, " of 100")
        report.exactly("of those turned away, for another reason than want of room", limited, 0)
    else:
        compared = 100 * limited / len(asked)
        report.say(f"of that network's compared, {when}", f"{compared:.1f} of 100")
    report.at_least(f"others' sign-ins done, {when}", _of_100(signed_in), LEAST_GOOD, " of 100")
    put_off = sum(each.status == 503 for each in signed_in)
    report.say(f"others' sign-ins put off with 503, {when}", f"{put_off} of {len(signed_in)}")
    report.at_least(f"others' session checks done, {when}", _of_100(checked), LEAST_GOOD)
    took = [each.took for each in signed_in if each.good]
    report.say(f"others' sign-in, p99, {when}", f"{quantile(took, 0.99):.2f} s")


def _of_100(seen: Sequence[Seen]) -> float:
    return 100 * sum(each.good for each in seen) / len(seen)


def _others(server: Serving, crowd: Crowd) -> Flood:
    """Everybody but the first signs in, each from a network of their own."""
    people = crowd.visited[1:]
    return Flood(server.port, in_turn(server.port, people, _from_elsewhere(sign_in)), GOOD)


def _from_elsewhere(made: Callable[..., bytes]) -> Callable[[int, Person], bytes]:
    numbers = itertools.count(1)
    return lambda port, person: made(
        port, person, **{"X-Forwarded-For": f"198.51.100.{next(numbers) % 250}"}
    )


def _greedily(port: int, person: Person) -> bytes:
    return sign_in(port, person, **{"X-Forwarded-For": GREEDY})


def _guesses(port: int) -> Iterator[bytes]:
    """Passwords for one number after the other that has no account."""
    for number in itertools.count(10**6):
        fields = {"login_name": phone(number), "pwd": "guess 123"}
        yield form(port, "/fomo/customer/login", fields, **{"X-Forwarded-For": GREEDY})


async def _come_in(person: Person) -> None:
    assert await person.register()
    assert await person.sign_in()


SCENARIO = Scenario(
    "one greedy source",
    lambda size: (
        f"{TIMES} times as many sign-ins as can be done, {GREEDY_SHARE:.0%} of them from one "
        f"network behind a trusted proxy, for {size.seconds:g} s with wrong passwords and as long "
        f"with right ones, no limit of guesses in its way; {size.people - 1} others each from a "
        f"network of their own, with {CHECKS:g} session checks a second besides"
    ),
    run,
    small=Size(people=11, seconds=1.0),
    full=Size(people=64, seconds=30.0),
)
