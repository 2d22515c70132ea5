"""Messages cannot leave, or nobody hears that they left, or a worker dies in between."""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

from actors import MODULUS, UTIME, XID
from cli.serving import Serving
from faults.crowd import Crowd, in_production, server_on
from faults.flood import Flood, Seen
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.prepared import GOOD, form, in_turn, sign_in
from faults.provider import NAME, Provider, Taken
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import PATIENCE, until_so, until_true
from population import phone

RATE, SIGN_INS = 100.0, 5.0
"""Messages asked for, and sign-ins by password, a second."""

APP = "company"
SENT, NOT_SENT = b'"200"', b'"4021"'
TOLD_WITHIN, SIGNED_IN_WITHIN = 0.3, 1.0
SLOW = 60.0
WORKS_FOR = 0.2
"""As a part of the time for which it fails."""

DEADLINE, PAUSE, HELD = 1.0, 1.0, 0.2
"""Seconds: how long a letter may take, for how long a failing provider is left alone, and for how
long it holds letters over which the worker is killed."""

LAST_ARRIVE = 0.1
"""Seconds after which everything has arrived that a worker wrote before it died, and no new one can
have sent anything yet."""

FAILURES = 5
CLOSED_WITHIN = 5.0
BATCH = 20
"""Letters that a worker takes at once, and that are on their way when it is killed."""

AGAIN_AFTER = 3.0
"""Seconds after which more is asked for, where a batch never became full."""

PENDING = "sent_at IS NULL AND failed_at IS NULL"
OF_APP = f"SELECT id, sent_at, failed_at FROM outbox WHERE app = '{APP}'"
DUE = f"UPDATE outbox SET due_at = now() WHERE {PENDING}"
EXPIRED = (
    f"UPDATE outbox SET expires_at = now(), due_at = now() WHERE {PENDING} AND app = '{APP}' "
    "AND id % 2 = 0 RETURNING id"
)
UNMARKED = f"SELECT id FROM outbox WHERE id = ANY($1) AND {PENDING}"
LATE = "SELECT extract(epoch FROM expires_at)::float8 AS at FROM outbox WHERE id = $1"


@dataclass
class _Stage:
    """Everybody who takes part; each asks for messages to a number of its own."""

    server: Serving
    database: Postgres
    provider: Provider
    people: Sequence[Person]
    numbers: Iterator[int]

    async def sql(self, statement: str, *arguments: Any) -> list[Any]:
        return await self.database.sql(statement, *arguments, database="hufu")

    def asking(self) -> Flood:
        """Asks for messages."""
        return Flood(self.server.port, (self._ask() for _ in itertools.count()), SENT)

    def signing_in(self) -> Flood:
        """Signs in by password."""
        return Flood(self.server.port, in_turn(self.server.port, self.people, sign_in), GOOD)

    def _ask(self) -> bytes:
        number = phone(next(self.numbers))
        proof = (int(number) - int(UTIME)) % MODULUS
        fields = {"phone": number, "xid": XID, "utime": UTIME, "sec": proof}
        return form(self.server.port, f"/{APP}/user/sms", fields)

    async def breakers(self) -> int:
        """How many workers leave the provider alone."""
        page = (await asyncio.to_thread(self.server.get, "/metrics")).body.decode()
        prefix = f'hufu_breakers_open{{provider="{NAME}"}} '
        found = [line for line in page.splitlines() if line.startswith(prefix)]
        return int(float(found[0].removeprefix(prefix))) if found else 0

    async def leaves_it_alone(self) -> bool:
        return await self.breakers() > 0

    async def all_left(self) -> bool:
        return not await self.pending()

    async def pending(self) -> int:
        rows = await self.sql(f"SELECT count(*) AS n FROM outbox WHERE app = '{APP}' AND {PENDING}")
        return int(rows[0]["n"])


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with Provider() as provider:
        settings = in_production(place.folder) | provider.settings(
            APP,
            DEADLINE_SECONDS=str(DEADLINE),
            BREAKER_SECONDS=str(PAUSE),
            BREAKER_FAILURES=str(FAILURES),
        )
        async with (
            server_on(database.url, place.folder, workers=1, **settings) as server,
            looking(database.url, place.folder / "data") as look,
        ):
            crowd = Crowd(server.port, look, size.clients, size.people)
            crowd.enough.set()
            await crowd.run(Person.register)
            numbers = itertools.count(size.people + 1)
            stage = _Stage(server, database, provider, crowd.visited, numbers)
            await _working(report, stage, size)
            expired = await _refusing(report, stage, size)
            await _slow(report, stage, size)
            await _killed(report, stage, size)
            await _compare(report, stage, expired)
            report.exactly("server ended", int(server.process.poll() is not None), 0)
    return report


async def _working(report: Report, stage: _Stage, size: Size) -> None:
    """It works for a while, for it is a server at work whose provider fails."""
    with closing(stage.asking()) as asking:
        asked = await asking.at(RATE, size.seconds * WORKS_FOR)
    not_taken_on = sum(not each.good for each in asked)
    report.exactly("messages not taken on, while it works", not_taken_on, 0)
    await until_true(stage.all_left)


async def _refusing(report: Report, stage: _Stage, size: Size) -> set[int]:
    """It takes nothing for a while, in which half of what waits expires; which letters did."""
    stage.provider.refusing = True
    await _asked(report, stage, size, "while it refuses")
    await until_true(stage.leaves_it_alone)
    expired = {row["id"] for row in await stage.sql(EXPIRED)}
    stage.provider.refusing = False
    report.at_least("codes that expired meanwhile", len(expired), 1)
    report.within("breaker closed after refusals", [await _well(stage)], CLOSED_WITHIN)
    return expired


async def _slow(report: Report, stage: _Stage, size: Size) -> None:
    """It takes everything, and answers when nobody listens any more."""
    stage.provider.delay = SLOW
    since = len(stage.provider.taken)
    await _asked(report, stage, size, "while it answers late")
    await until_true(stage.leaves_it_alone)
    stage.provider.delay = 0.0
    report.within("breaker closed after late answers", [await _well(stage)], CLOSED_WITHIN)
    times = Counter(each.id for each in stage.provider.taken[since:])
    report.say("posts of one letter that is answered late, at most", max(times.values()))


async def _well(stage: _Stage) -> float:
    """Ask until messages leave again and none waits; seconds until the breaker was closed."""
    began, closed = time.monotonic(), 0.0
    with closing(stage.asking()) as asking:
        while not closed or await stage.pending():
            await asking.at(10.0, 0.1)
            await stage.sql(DUE)  # Or else letters wait for their next try.
            if not closed and not await stage.breakers():
                closed = time.monotonic() - began
            assert time.monotonic() < began + PATIENCE, "it is still left alone"
    return closed


async def _killed(report: Report, stage: _Stage, size: Size) -> None:
    """The worker dies over letters that were taken, before it hears or notes it."""
    provider, crashes, kills = stage.provider, Counter[int](), 0
    since = len(provider.taken)
    while crashes.total() < size.faults:
        crashes.update(await _kill_over(stage, answered=kills % 2 == 1))
        kills += 1
        await _drained(stage)
    times = Counter(each.id for each in provider.taken[since:])
    report.say("kills", kills)
    caught = crashes.total()
    report.at_least("letters caught by them between send and mark", caught, size.faults)
    report.say("of them sent once more", sum(times[id] > 1 for id in crashes))
    more = sum(times[id] > 1 + crashes[id] for id in times)
    name = "letters sent more than once, and once more for each kill that caught them"
    report.exactly(name, more, 0)


async def _kill_over(stage: _Stage, *, answered: bool) -> set[int]:
    """Kill the worker over a batch: when all of it was taken, or when the first was answered; which
    letters it had sent and not marked."""
    provider, killed, under_way = stage.provider, asyncio.Event(), set[int]()
    since = len(provider.taken)

    def see() -> None:
        under_way.update(each.id for each in provider.taken[since:])

    def kill(_: Taken) -> None:
        if len(provider.taken) < since + BATCH or killed.is_set():
            return
        for pid in stage.server.workers():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed.set()
        asyncio.get_running_loop().call_later(LAST_ARRIVE, see)

    # While the first letter is on its way, the others come together into a batch.
    provider.delay = HELD
    if answered:
        provider.on_answered = kill
    else:
        provider.on_taken = kill
    with closing(stage.asking()) as asking:
        async with asyncio.timeout(PATIENCE):
            while not killed.is_set():  # On a slow machine some are refused.
                await asking.at(BATCH * 10, 0.1)
                with suppress(TimeoutError):
                    await asyncio.wait_for(killed.wait(), AGAIN_AFTER)
    provider.on_taken = provider.on_answered = lambda _: None
    provider.delay = 0.0
    await asyncio.sleep(HELD)
    await until_so(lambda: stage.server.answers() == 200)
    # The leases of the worker that died still hold: nobody else has touched its letters.
    return {row["id"] for row in await stage.sql(UNMARKED, [*under_way])}


async def _drained(stage: _Stage) -> None:
    """Let the leases of letters end at once, again and again, until none waits."""

    async def empty() -> bool:
        await stage.sql(DUE)
        return not await stage.pending()

    await until_true(empty)


async def _compare(report: Report, stage: _Stage, expired: set[int]) -> None:
    rows = await stage.sql(OF_APP)
    times = stage.provider.times()
    sent = {row["id"] for row in rows if row["sent_at"]}
    failed = {row["id"] for row in rows if row["failed_at"]}
    report.exactly("marked as sent, and never taken", len(sent - times.keys()), 0)
    report.exactly("given up though not expired", len(failed - expired), 0)
    report.exactly("neither sent nor given up", len(rows) - len(sent) - len(failed), 0)
    late = [each for each in stage.provider.taken if await _late(stage, each)]
    report.exactly("expired codes sent", len(late) + len(expired & times.keys()), 0)


async def _late(stage: _Stage, taken: Taken) -> bool:
    rows = await stage.sql(LATE, taken.id)
    return bool(taken.at > rows[0]["at"])


async def _asked(report: Report, stage: _Stage, size: Size, when: str) -> None:
    """Ask for messages and sign in meanwhile."""
    asking, signing_in = stage.asking(), stage.signing_in()
    with closing(asking), closing(signing_in):
        asked, signed_in = await asyncio.gather(
            asking.at(RATE, size.seconds), signing_in.at(SIGN_INS, size.seconds)
        )
    sent, refused = sum(each.good for each in asked), sum(_unsent(each) for each in asked)
    report.say(f"messages taken on, {when}", f"{sent:,}")
    report.at_least(f"messages refused with 4021, {when}", refused, 1)
    report.exactly(f"other answers, {when}", len(asked) - sent - refused, 0)
    report.within(f"an answer, p99, {when}", [each.took for each in asked], TOLD_WITHIN, 0.99)
    failed = sum(not each.good for each in signed_in)
    report.exactly(f"sign-ins by password that failed, {when}", failed, 0)
    took = [each.took for each in signed_in]
    report.within(f"a sign-in by password, p99, {when}", took, SIGNED_IN_WITHIN, 0.99)


def _unsent(seen: Seen) -> bool:
    return seen.status == 200 and NOT_SENT in seen.answer


SCENARIO = Scenario(
    "SMS provider down or slow",
    lambda size: (
        f"a provider works for {size.seconds * WORKS_FOR:g} s, refuses for {size.seconds:g} s, "
        f"then answers after {SLOW:g} s what it sends at once, a letter having {DEADLINE:g} s, "
        f"while {RATE:g} messages a second are asked for in `{APP}` and {SIGN_INS:g} "
        "people a second sign in by password; half of what waits expires; the worker is "
        f"SIGKILLed over a batch of up to {BATCH} letters at once, when all of it was taken or the "
        f"first answered, again and again until {size.faults:,} letters had been sent and not "
        "marked; leases and pauses are cut short in the database"
    ),
    run,
    small=Size(people=4, clients=4, faults=30, seconds=2.5),
    full=Size(people=20, clients=16, faults=1_000, seconds=60.0),
)
