"""Whoever does not hear an answer asks again, at once and later: it has one effect."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from faults.connection import Connection
from faults.crowd import Crowd, server_on
from faults.history import Kind, Outcome
from faults.looking import looking
from faults.people import PASSWORD, Person
from faults.scenario import Place, Report, Scenario, Size
from hufu.services.load import Sent

TIMES = 5
ONE_MESSAGE = {"HUFU_LIMITS__SENDS_PER_MINUTE": "1"}
CREATED, OK = 201, 200


class _Someone:
    """A person whose client sends everything several times."""

    def __init__(self, crowd: Crowd, first: Person, connections: list[Connection]) -> None:
        self._crowd = crowd
        self._first = first
        self._selves = [
            Person(each, crowd.history, crowd.look.code, first.phone) for each in connections
        ]
        self._connections = connections

    async def all(self, secret: str, events: Counter[str]) -> None:
        """Everything that must have one effect."""
        fields = {"user_name": self._first.phone, "pwd": PASSWORD}
        begun = await self._together(Kind.REGISTER, "register", **fields)
        code = await self._crowd.look.code(self._first.phone)
        complete = {**begun[0], "verify_code": code}
        done = await self._together(Kind.COMPLETE, "complete_register", **complete)
        assert await self._first.sign_in()
        session = {"session_key": self._first.session}
        await self._together(Kind.DAILY, "sign_in_today", **session)
        await self._together(Kind.WRITE, "set_info", "City 1", city="City 1", **session)
        event = _event(secret, done[0]["user_id"])
        events.update(await self._tell(event, self._connections))
        # And once more, when all of that is over.
        await self._first.once(Kind.REGISTER, "register", **fields)
        await self._first.once(Kind.COMPLETE, "complete_register", **complete)
        await self._first.once(Kind.DAILY, "sign_in_today", **session)
        await self._first.once(Kind.WRITE, "set_info", "City 1", city="City 1", **session)
        events.update(await self._tell(event, self._connections[:1]))

    async def _together(
        self, kind: Kind, call: str, asked: str = "", **fields: object
    ) -> list[dict[str, Any]]:
        told = await asyncio.gather(
            *(each.once(kind, call, asked, **fields) for each in self._selves)
        )
        return [each for each in told if each]

    async def _tell(self, event: Sent, by: Iterable[Connection]) -> list[str]:
        """How the server takes it."""
        answers = await asyncio.gather(*(each.ask(event) for each in by))
        return [str(each.status) for each in answers]


def _event(secret: str, account: Any) -> Sent:
    """What the app's backend tells, under one key."""
    body = json.dumps({"user_id": int(account), "item": "join_group"}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {secret}",
        "Idempotency-Key": uuid4().hex,
    }
    return Sent("POST", "/v1/rewards/events", headers, body)


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    async with (
        server_on(database.url, place.folder, **ONE_MESSAGE) as server,
        looking(database.url, place.folder / "data") as look,
    ):
        crowd = Crowd(server.port, look, size.clients, size.people)
        crowd.enough.set()
        secret = await look.app_secret()
        events: Counter[str] = Counter()

        async def visit(first: Person) -> None:
            connections = [Connection(server.port) for _ in range(TIMES)]
            await _Someone(crowd, first, connections).all(secret, events)
            for each in connections:
                each.close()

        await crowd.run(visit)
        await report.compare(crowd.history, look)
        awarded = await database.sql(
            "SELECT count(*) FROM awards WHERE item = 'join_group'", database="hufu"
        )
    people = len(crowd.visited)
    report.say("people", f"{people:,}")
    for kind in (Kind.REGISTER, Kind.DAILY):
        done = sum(each.outcome is Outcome.ACKNOWLEDGED for each in crowd.history.of(kind))
        report.exactly(f"{kind} done", done, people)
    told = events[str(CREATED)] + events[str(OK)]
    report.exactly("events told of", told, (TIMES + 1) * people)
    report.exactly("awards for them", awarded[0][0], people)
    return report


SCENARIO = Scenario(
    "the same request many times",
    lambda size: (
        f"{size.people:,} people; a request for a code, its completion, the day's reward, a "
        f"profile write and an event under one idempotency key are each sent {TIMES} times in "
        "parallel, and each once more later"
    ),
    run,
    small=Size(people=20, clients=8),
    full=Size(people=10_000, clients=12),
)
