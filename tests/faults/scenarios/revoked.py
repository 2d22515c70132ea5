"""A session is ended at one node and used at another, which has just seen it."""

import asyncio
import time
from contextlib import closing
from dataclasses import dataclass, field

from faults.connection import Answer, Connection
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_so
from hufu.services.load import Sent

REFUSED_WITHIN = 1.0
SESSION = "/v1/session"
SIGNED_IN, ENDED = 200, 204


@dataclass
class _Seen:
    """How long after its end a session was last let in, and whether it ever was too late."""

    late: list[float] = field(default_factory=list)
    ended: list[Person] = field(default_factory=list)


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report, seen = Report(), _Seen()
    database = await place.servers.made()
    data = place.folder / "data"
    async with (
        server_on(database.url, place.folder, workers=1) as here,
        server_on(database.url, place.folder, workers=1) as there,
        looking(database.url, data) as look,
    ):
        crowd = Crowd(here.port, look, size.clients, size.people)
        crowd.enough.set()

        async def visit(person: Person) -> None:
            assert await person.register()
            assert await person.sign_in()
            await _revoke(person, here.port, there.port, seen)

        await crowd.run(visit)
    async with server_on(database.url, place.folder, workers=1) as again:
        revived = [person for person in seen.ended if await _lives(person, again.port)]
    report.exactly("sessions ended", len(seen.ended), size.people)
    report.exactly("let in after their end", sum(each > 0 for each in seen.late), 0)
    report.within("last let in after their end", seen.late, REFUSED_WITHIN)
    report.exactly("let in after a restart", len(revived), 0)
    return report


async def _revoke(person: Person, here: int, there: int, seen: _Seen) -> None:
    """End it here while it is used there all the time."""
    ended = asyncio.Event()
    last = [0.0]
    using = asyncio.create_task(_use(person, there, ended, last))
    await until_so(lambda: last[0] > 0)
    id = (await _ask("GET", SESSION, person, here)).json()["id"]
    answer = await _ask("DELETE", f"/v1/sessions/{id}", person, here)
    assert answer.status == ENDED, answer.status
    at = time.monotonic()
    ended.set()
    await using
    seen.ended.append(person)
    seen.late.append(max(0.0, last[0] - at))


async def _use(person: Person, port: int, ended: asyncio.Event, last: list[float]) -> None:
    """Note when the latest question was asked that found it alive."""
    while True:
        over, began = ended.is_set(), time.monotonic()
        if await _lives(person, port):
            last[0] = began
        elif over:
            return


async def _lives(person: Person, port: int) -> bool:
    return (await _ask("GET", SESSION, person, port)).status == SIGNED_IN


async def _ask(method: str, path: str, person: Person, port: int) -> Answer:
    bearer = {"Authorization": f"Bearer {person.session}"}
    with closing(Connection(port)) as connection:
        return await connection.ask(Sent(method, path, bearer))


SCENARIO = Scenario(
    "revocation",
    lambda size: (
        f"{size.people:,} sessions, each ended at one server while it is used at another over the "
        "same database without a pause; then both are started again"
    ),
    run,
    small=Size(people=12, clients=4),
    full=Size(people=1_000, clients=16),
)
