"""Four people, an app's backend and its operator, beside the model of what they should meet."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from hypothesis import strategies as st

from front_door import World
from hufu.domain.ledger import Holder, HolderKind, format_amount, user
from hufu.domain.rewards import Once, RewardType, Rule
from reward_model import CODE_GUESSES, DEFAULTS, START, WORD_GUESSES, Given, Model, Moved
from rewarding import Member, StillClock, app_secret, audited, members, open_session, served

PEOPLE = 4
APART = timedelta(days=60)
"""From the beginning of one run to that of the next, which nothing of the first reaches."""

AUDITED = 50
"""So many runs are audited; of more, every 50th, as each audit begins at the beginning."""

ONCE = {"ever": Once.ACCOUNT, "target": Once.TARGET, "target and day": Once.TARGET_AND_DAY}
TYPES = {"newbee": RewardType.NEWBIE, "daily": RewardType.DAILY}
MOVED = """
SELECT t.id, t.kind, array_agg(p.holder ORDER BY p.place) AS holders,
    array_agg(p.holder_id ORDER BY p.place) AS ids, array_agg(p.amount ORDER BY p.place) AS amounts
FROM transfers t JOIN postings p ON p.transfer_id = t.id
WHERE t.at >= $1 AND t.id <> ALL($2) GROUP BY t.id, t.kind ORDER BY t.id
"""
AGES = """
UPDATE accounts a SET created_at = $2::timestamptz + greatest(p.place - 2, 0) * interval '1 second'
FROM unnest($1::int[]) WITH ORDINALITY AS p (id, place) WHERE a.id = p.id
"""

RESERVED = "SELECT coalesce(sum(reserved), 0)::int FROM reservation_counts"

T = TypeVar("T")


@dataclass
class Stage:
    """One server for all runs, and a look behind it."""

    runner: asyncio.Runner
    world: World
    clock: StillClock
    sql: asyncpg.Connection
    secret: str
    runs: int = 0

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)


@contextmanager
def staged(url: str, data: Path) -> Iterator[Stage]:
    """A server whose clock stands still, with little patience for wrong codes and words."""
    clock = StillClock(START)
    limits = {
        "limits.invitation_guesses_per_day": CODE_GUESSES,
        "limits.word_guesses_per_day": WORD_GUESSES,
    }
    server = served(url, data, clock, limits)
    with asyncio.Runner() as runner:
        world = runner.run(server.__aenter__())
        try:
            sql = runner.run(asyncpg.connect(url))
            yield Stage(runner, world, clock, sql, runner.run(app_secret(world)))
            runner.run(sql.close())
        finally:
            runner.run(server.__aexit__(None, None, None))


class Surface:
    """Each run has people of its own; the last has no verified identifier at first."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.stage.runs += 1
        self.run_id = self.stage.runs
        self.world, self.sql, self.clock = self.stage.world, self.stage.sql, self.stage.clock
        self.deps = self.world.deps("fomo")
        self.start = START + self.run_id * APART
        self.clock.set(self.start)
        self.model = Model(self.start)
        self.model.reachable = set(range(PEOPLE - 1))
        self.ids: list[int] = []
        self.bound: set[int] = set()
        self.events: list[tuple[str, int, int, int | None]] = []
        self.people: list[Member] = self.stage.run(self.arrive())
        self.reserved: int = self.stage.run(self.sql.fetchval(RESERVED))

    async def arrive(self) -> list[Member]:
        """People by age; of the two oldest neither is older but by the id."""
        made = await members(self.world, PEOPLE - 1)
        made[:2] = sorted(made[:2], key=lambda each: each.account_id)
        made += await members(self.world, 1, verified=False)
        await self.sql.execute(
            AGES, [each.account_id for each in made], self.start - timedelta(days=1)
        )
        for item, given in DEFAULTS.items():
            async with self.deps.begin() as work:
                await work.reward_rules.add(written(item, given, self.start - APART / 2))
                await work.commit()
        return made

    async def play(self, plan: Sequence["Step | None"]) -> None:
        """After each step, and in the end, the server and the model agree."""
        for each in filter(None, plan):
            await each.method(self, **each.drawn)
            await self.agree()
        await self.finish()

    async def finish(self) -> None:
        if self.run_id <= AUDITED or self.run_id % AUDITED == 0:
            await audited(self.world)
        rows = await self.sql.fetch(
            "SELECT holder, holder_id, amount FROM balances WHERE holder_id = ANY($1)",
            [holder.id for holder in self.model.balances],
        )
        kept = {Holder(HolderKind(row["holder"]), row["holder_id"]): row["amount"] for row in rows}
        for holder, amount in self.model.balances.items():
            if holder.kind is not HolderKind.ISSUER:
                assert kept.get(holder, 0) == amount >= 0, holder
        for who in self.people:
            headers = [("authorization", f"Bearer {self.stage.secret}")]
            path = f"/v1/rewards/balance?user_id={who.account_id}"
            told = (await self.world.get(path, headers=headers)).json()["balances"]
            amount = self.model.balances[user(who.account_id)]
            shown = [each["amount"] for each in told]
            assert shown == [format_amount(amount)] or (not amount and not shown)

    async def agree(self) -> None:
        """What was written since is what the model wrote since."""
        rows = await self.sql.fetch(MOVED, self.start, self.ids)
        found = [(_moved(row), int(row["id"])) for row in rows]
        for expected in self.model.moved[len(self.ids) :]:
            match = next((each for each in found if each[0] == expected), None)
            assert match is not None, (expected, found)
            found.remove(match)
            self.ids.append(match[1])
        assert not found

    async def renew(self, who: int) -> Member:
        """Sign in again: identifiers are bound in a recent session only."""
        async with self.deps.begin() as work:
            account_id = self.people[who].account_id
            key = await open_session(work, account_id, "fomo", self.model.now)
            await work.commit()
        self.people[who] = replace(self.people[who], session_key=key)
        return self.people[who]


def _moved(row: asyncpg.Record) -> Moved:
    columns = zip(row["holders"], row["ids"], row["amounts"], strict=True)
    postings = tuple((Holder(HolderKind(kind), id), amount) for kind, id, amount in columns)
    return row["kind"], postings


@dataclass(frozen=True)
class Step:
    """One thing that somebody does."""

    method: Callable[..., Awaitable[None]]
    drawn: dict[str, Any]

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.drawn.items())
        return f"{self.method.__name__}({said})"


STEPS: list[st.SearchStrategy[Step]] = []


def step(**given: st.SearchStrategy[Any]) -> Callable[..., Any]:
    """Something that may happen at any time."""

    def made(method: Callable[..., Awaitable[None]]) -> Any:
        STEPS.append(st.fixed_dictionaries(given).map(partial(Step, method)))
        return method

    return made


def written(item: str, given: Given, since: datetime) -> Rule:
    """The rule as an operator sets it."""
    return Rule(
        app="fomo",
        item=item,
        type=TYPES[given.type],
        amount=given.amount,
        coin_id=1,
        once=ONCE[given.once] if given.once else None,
        per_day=given.per_day,
        enabled=given.enabled,
        active_from=since,
        active_to=None,
    )
