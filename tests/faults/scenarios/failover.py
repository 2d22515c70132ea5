"""The primary is lost and its standby promoted: with a synchronous one nothing is, with another
one what only the primary knew."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from faults.checker import Wrong
from faults.crowd import Crowd, server_on
from faults.looking import looking
from faults.people import Person
from faults.postgres import Postgres
from faults.proxy import Proxy
from faults.scenario import Place, Report, Scenario, Size
from faults.waiting import until_true

ANY = "*"
NOBODY = ""
WRITABLE = "sslmode=disable&target_session_attrs=read-write"
BACK_WITHIN = 5.0
STATEMENT = {"HUFU_DATABASE__WAIT_SECONDS": "1", "HUFU_DATABASE__STATEMENT_SECONDS": "2"}


@dataclass
class Pair:
    """Two servers, of which one is the primary."""

    primary: Postgres
    standby: Postgres

    @property
    def url(self) -> str:
        """Whichever of them can be written to, the one that is first not always first."""
        ports = sorted((self.primary.port, self.standby.port))
        return self.primary.url_by(*ports, parameters=WRITABLE)

    async def begin(self, names: str) -> None:
        """Let the standby follow, and be waited for if it is among the names."""
        await asyncio.to_thread(self.standby.follow, self.primary, "standby")
        await until_true(lambda: self._follows("async", "sync"))
        await self.primary.set(synchronous_standby_names=names)
        if names:
            await until_true(lambda: self._follows("sync"))

    async def _follows(self, *states: str) -> bool:
        rows = await self.primary.sql(
            "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        )
        return any(row["sync_state"] in states for row in rows)

    async def switch(self, lose: Callable[[Postgres], Awaitable[None]]) -> float:
        """Lose the primary and promote the standby, which is alone then; when that was done."""
        await lose(self.primary)
        await asyncio.to_thread(self.standby.promote)
        done = time.monotonic()
        await asyncio.to_thread(self.primary.kill)
        self.primary, self.standby = self.standby, self.primary
        # Nobody waits for a standby that is not there; as Patroni does it.
        await self.primary.set(synchronous_standby_names=NOBODY)
        return done


async def _killed(primary: Postgres) -> None:
    await asyncio.to_thread(primary.kill)


async def _frozen(primary: Postgres) -> None:
    """As when it has lost its network: its kernel goes on to take connections."""
    await asyncio.to_thread(primary.freeze)


async def _asked_to_stop(primary: Postgres) -> None:
    await asyncio.to_thread(primary.stop)


WAYS = (_killed, _frozen, _asked_to_stop)


async def run(place: Place, size: Size) -> Report:
    """See `procedure`."""
    report = Report()
    pair = Pair(await place.servers.made(), place.servers.empty())
    await pair.begin(ANY)
    async with server_on(pair.url, place.folder, **STATEMENT) as server:
        async with looking(pair.url, place.folder / "data") as look:
            crowd = Crowd(server.port, look, size.clients, size.people)
            async with asyncio.TaskGroup() as group:
                switching = group.create_task(_switch(pair, crowd, size))
                group.create_task(crowd.run(Person.all))
        async with looking(pair.primary.url, place.folder / "data") as look:
            await report.compare(crowd.history, look)
        report.exactly("server ended", int(server.process.poll() is not None), 0)
    report.say("people", f"{len(crowd.visited):,}")
    report.at_least("promotions", len(switching.result()), size.faults)
    report.exactly("answered 500", len(crowd.history.answered(500)), 0)
    report.within("service back after the promotion", switching.result(), BACK_WITHIN)
    await _asynchronous(place, report)
    return report


async def _switch(pair: Pair, crowd: Crowd, size: Size) -> list[float]:
    back = []
    for number in range(size.faults):
        await asyncio.sleep(size.seconds)
        promoted = await pair.switch(WAYS[number % len(WAYS)])
        back.append(await crowd.served_since(promoted))
        await pair.begin(ANY)
    crowd.enough.set()
    return back


async def _asynchronous(place: Place, report: Report) -> None:
    """The standby does not get what is acknowledged; then it is promoted. The checker must see."""
    folder = place.folder / "asynchronous"
    folder.mkdir(0o755)
    primary, standby = await place.servers.made(), place.servers.empty()
    async with Proxy(primary.port) as line:
        await asyncio.to_thread(standby.follow, primary, "standby", line.port)
        line.silent = True
        async with (
            server_on(primary.url, folder, workers=1) as server,
            looking(primary.url, folder / "data") as look,
        ):
            crowd = Crowd(server.port, look, clients=4, least=8)
            crowd.enough.set()
            await crowd.run(Person.all)
        await asyncio.to_thread(primary.kill)
        await asyncio.to_thread(standby.promote)
    seen = Report()
    async with looking(standby.url, folder / "data") as look:
        await seen.compare(crowd.history, look)
    lost = sum(each.wrong is Wrong.LOST for each in seen.findings)
    report.at_least("seen to be lost with an asynchronous standby", lost, 8)


SCENARIO = Scenario(
    "failover",
    lambda size: (
        "a primary with a synchronous standby, found by `target_session_attrs=read-write`; "
        f"{size.faults} times the primary is SIGKILLed, frozen or stopped in turn, and the standby "
        f"promoted, while {size.clients} clients register {size.people:,} people and more; once "
        "more with an asynchronous standby that lags, whose promotion the checker must see"
    ),
    run,
    small=Size(people=20, clients=8, faults=1, seconds=0.3),
    full=Size(people=4_000, clients=32, faults=10, seconds=5.0),
)
