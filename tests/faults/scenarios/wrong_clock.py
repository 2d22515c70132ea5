"""The machine's clock is set to another time, again and again, while people use the server."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from faults.checker import OUTDATED
from faults.connection import Connection
from faults.crowd import Crowd, server_on
from faults.history import History, Kind, Outcome
from faults.looking import Look, looking
from faults.people import PASSWORD, Person
from faults.postgres import Postgres
from faults.rolling import replace_workers
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true
from faults.wall_clock import WallClock
from population import phone

WORKERS = 2
HOUR, DAY = 3600, 86400
SHIFTS = (HOUR, -HOUR, DAY, -DAY, 0)
"""Seconds by which the clock is ahead, one after the other: twice it goes back."""

TOLERANCE = 60.0
EXPIRE = "UPDATE {} SET expires_at = now() - interval '1 ms' WHERE key = '+86' || $1"
WRONG_DAYS = """
SELECT count(*) AS n FROM awards WHERE item = 'sign_in'
AND day NOT BETWEEN (now() AT TIME ZONE 'Asia/Shanghai')::date - 1
    AND (now() AT TIME ZONE 'Asia/Shanghai')::date
"""


@dataclass
class _Seen:
    """How often the clock was set, and what became of codes, by their numbers."""

    turns: int = 0
    living_refused: list[int] = field(default_factory=list)
    expired_let_in: int = 0


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report, seen = Report(), _Seen()
    database = await place.servers.made()
    clock = WallClock.made(place.folder)
    async with (
        server_on(database.url, place.folder, WORKERS, **clock.settings()) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        crowd.enough.set()
        await crowd.run(Person.all)
        for turn, shift in enumerate(SHIFTS):
            with closing(Connection(server.port, kept=False)) as connection:
                await _turn(database, clock, crowd, connection, shift, seen)
                if turn % 2:
                    # Those that begin with a wrong clock, too.
                    await replace_workers(server)
                for person in [*crowd.visited]:
                    await person.check()
                    await person.sign_in_today()
                    person.hang_up()
                await crowd.person(connection).all()
        await report.compare(crowd.history, look)
        wrong_days = await database.sql(WRONG_DAYS, database="hufu")
    checks = [*crowd.history.of(Kind.CHECK)]
    lost = sum(each.outcome is not Outcome.ACKNOWLEDGED for each in checks)
    report.exactly("times that the clock was set", seen.turns, len(SHIFTS))
    report.at_least("sessions used afterwards", len(checks), size.people)
    report.exactly("sessions that ended by it", lost, 0)
    report.exactly("living codes refused", len(seen.living_refused), 0)
    report.exactly("expired codes let in", seen.expired_let_in, 0)
    report.exactly("awards of another day than the database's", wrong_days[0]["n"], 0)
    return report


async def _turn(
    database: Postgres,
    clock: WallClock,
    crowd: Crowd,
    connection: Connection,
    shift: int,
    seen: _Seen,
) -> None:
    """Set the clock between a code and its use, of which one has expired by the database's."""
    strangers = _Strangers(connection, crowd.look)
    living = await strangers.begin(2 * seen.turns, crowd.history)
    dead = await strangers.begin(2 * seen.turns + 1, History())
    clock.set(shift)

    async def is_set() -> bool:
        told = (await connection.get("/health")).headers["date"]
        ahead = (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
        return abs(ahead - shift) < TOLERANCE

    await until_true(is_set)
    seen.turns += 1
    for table in ("codes", "registrations"):
        await database.sql(EXPIRE.format(table), dead.phone, database="hufu")
    refusal = await strangers.complete(living)
    seen.living_refused += [] if refusal is None else [refusal]
    seen.expired_let_in += await strangers.complete(dead) not in OUTDATED


@dataclass
class _Strangers:
    """People who ask for a code and use it later. Of those who are too late the checker need not
    know."""

    connection: Connection
    look: Look
    histories: dict[str, History] = field(default_factory=dict)
    begun: dict[str, dict[str, object]] = field(default_factory=dict)

    async def begin(self, number: int, history: History) -> Person:
        """Have a code sent."""
        someone = Person(self.connection, history, self.look.code, phone(10**6 + number))
        self.histories[someone.phone] = history
        fields = {"user_name": someone.phone, "pwd": PASSWORD}
        begun = await someone.once(Kind.REGISTER, "register", **fields)
        assert begun is not None
        self.begun[someone.phone] = begun
        return someone

    async def complete(self, someone: Person) -> int | None:
        """Show the code; the number of the refusal, if it is one."""
        code = await self.look.code(someone.phone)
        fields = {"verify_code": code, **self.begun[someone.phone]}
        await someone.once(Kind.COMPLETE, "complete_register", **fields)
        return self.histories[someone.phone].operations[-1].refusal


SCENARIO = Scenario(
    "clock",
    lambda size: (
        "the wall clock of all processes of the server is set an hour ahead, an hour back, a day "
        f"ahead, a day back, and right again; each time {size.people} people go on with their "
        "sessions and ask for the day's reward again, new ones register, and a code is used that "
        "was sent before, and one that has expired by the database's clock; every other time the "
        "workers are replaced"
    ),
    run,
    small=Size(people=3, clients=3),
    full=Size(people=200, clients=16),
)
