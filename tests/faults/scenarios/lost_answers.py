"""Connections are cut when a transaction is about to be committed, or was."""

import random
from collections import Counter

from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.postgres_wire import Listener
from faults.proxy import Fate, Judge, Proxy
from faults.scenario import Place, Report, Scenario, Size

CUTS = (Fate.CUT_BEFORE, Fate.CUT_AFTER, Fate.CUT_ANSWER)
ARRIVED = (Fate.CUT_AFTER, Fate.CUT_ANSWER)
"""Of these the other side hears what was sent."""

SHARE = 0.25
"""Of what could be cut, how much is."""


class _Cutter:
    """Cuts some of what may be cut, once it is `begun`, until `most` times it had arrived."""

    def __init__(self, most: int) -> None:
        self.cuts: Counter[Fate] = Counter()
        self.of: Counter[str] = Counter()
        self.begun = False
        self._most = most
        self._chance = random.Random(most)

    @property
    def arrived(self) -> int:
        """How often that was cut which had arrived."""
        return sum(self.cuts[fate] for fate in ARRIVED)

    @property
    def done(self) -> bool:
        return self.arrived >= self._most

    def fate(self, what: str) -> Fate:
        """What becomes of something that may be cut."""
        if not self.begun or self.done or self._chance.random() > SHARE:
            return Fate.PASS
        fate = self._chance.choice(CUTS)
        self.cuts[fate] += 1
        if fate in ARRIVED:
            self.of[what] += 1
        return fate

    def told(self) -> str:
        """What was cut when."""
        what = ", ".join(f"{count:,} {name}" for name, count in sorted(self.of.items()))
        fates = ", ".join(f"{self.cuts[fate]:,} {fate}" for fate in CUTS)
        return f"{what}; cut {fates}"


def _at_commits(cutter: _Cutter) -> Judge:
    """Judges a connection to the database."""
    listener = Listener()

    def judge(data: bytes) -> Fate:
        commit = listener.hear(data)
        return Fate.PASS if commit is None else cutter.fate(commit)

    return judge


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    at_database, at_client = _Cutter(size.faults), _Cutter(size.faults // 2)
    async with Proxy(database.port) as inner:
        inner.judges = lambda: _at_commits(at_database)
        async with (
            server_on(database.url_by(inner.port), place.folder) as server,
            Proxy(server.port) as outer,
            looking(database.url, place.folder / "data") as look,
        ):
            outer.judge = lambda data: (
                at_client.fate("requests") if data.startswith(b"POST ") else Fate.PASS
            )
            at_database.begun = at_client.begun = True
            crowd = Crowd(outer.port, look, size.clients, size.people)

            async def visit(person: Person) -> None:
                await person.all()
                if at_database.done and at_client.done:
                    crowd.enough.set()

            await crowd.run(visit)
            await report.compare(crowd.history, look)
    for what, cutter, least in (
        ("COMMIT was sent to the database", at_database, size.faults),
        ("the request was sent to the server", at_client, size.faults // 2),
    ):
        report.at_least(f"cuts after {what} ({cutter.told()})", cutter.arrived, least)
    report.say("people", f"{len(crowd.visited):,}")
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    return report


SCENARIO = Scenario(
    "answer lost at COMMIT",
    lambda size: (
        f"{size.faults:,} connections to the database are cut after COMMIT, or a statement that "
        f"writes and commits by itself, was sent, and {size.faults // 2:,} of clients after their "
        "request was: at once when it has arrived, or when the answer comes; half as many before "
        f"it arrives; {size.clients} clients ask again until they know"
    ),
    run,
    small=Size(people=20, clients=8, faults=40),
    full=Size(people=1_000, clients=32, faults=2_000),
)
