"""Connections are cut when a transaction is about to be committed, or was."""

import random
from collections import Counter
from collections.abc import Callable

from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.proxy import Fate, Proxy
from faults.scenario import Place, Report, Scenario, Size

COMMIT = b"COMMIT\x00"
BIND = b"B"
HEAD_ENDS = b"\r\n\r\n"
CUTS = (Fate.CUT_BEFORE, Fate.CUT_AFTER, Fate.CUT_ANSWER)
SHARE = 0.15
"""Of what could be cut, how much is."""


class _Cutter:
    """Cuts some of what `may_be_cut`, `most` times in all."""

    def __init__(self, most: int, may_be_cut: Callable[[bytes], bool]) -> None:
        self.cuts: Counter[Fate] = Counter()
        self._most = most
        self._may_be_cut = may_be_cut
        self._chance = random.Random(most)

    @property
    def done(self) -> bool:
        return self.cuts.total() >= self._most

    def __call__(self, data: bytes) -> Fate:
        if self.done or not self._may_be_cut(data) or self._chance.random() > SHARE:
            return Fate.PASS
        fate = self._chance.choice(CUTS)
        self.cuts[fate] += 1
        return fate


def _commits(data: bytes) -> bool:
    """Whether a transaction ends with it: by its name, or as a statement of its own."""
    return COMMIT in data or data.startswith(BIND)


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    database = await place.servers.made()
    at_database = _Cutter(size.faults // 2, _commits)
    at_client = _Cutter(size.faults - size.faults // 2, lambda data: data.startswith(b"POST "))
    async with (
        Proxy(database.port) as inner,
        server_on(database.url_by(inner.port), place.folder) as server,
        Proxy(server.port) as outer,
        looking(database.url, place.folder / "data") as look,
    ):
        inner.judge, outer.judge = at_database, at_client
        crowd = Crowd(outer.port, look, size.clients, size.people)

        async def visit(person: Person) -> None:
            await person.all()
            if at_database.done and at_client.done:
                crowd.enough.set()

        await crowd.run(visit)
        await report.compare(crowd.history, look)
    for name, cutter in (("database", at_database), ("client", at_client)):
        kinds = ", ".join(f"{cutter.cuts[fate]:,} {fate}" for fate in CUTS)
        report.at_least(f"cuts at the {name} ({kinds})", cutter.cuts.total(), size.faults // 2)
    report.say("people", f"{len(crowd.visited):,}")
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    return report


SCENARIO = Scenario(
    "answer lost at COMMIT",
    lambda size: (
        f"{size.faults:,} connections are cut when COMMIT, or a statement that commits by itself, "
        "or a client's request is sent: before it arrives, after, or when the answer comes; "
        f"{size.clients} clients ask again until they know"
    ),
    run,
    small=Size(people=20, clients=8, faults=40),
    full=Size(people=1_000, clients=32, faults=2_000),
)
