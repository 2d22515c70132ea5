"""People who earn rewards, made without registering each, and the ledger as an operator sees it."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from front_door import CHEAP_HASH, Answer, MovableClock, World
from hufu.actions.app_secrets import make_app_secret
from hufu.actions.ledger import Audited, audit_ledger
from hufu.app import Server
from hufu.configuration import load
from hufu.core import open_core
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.instants import Instant, instant_of
from hufu.domain.invitations import CODE_LENGTH, CROCKFORD
from hufu.domain.ledger import UNITS
from hufu.domain.sessions import Session, SignInMethod
from hufu.services import randomness
from hufu.services.clock import Clock
from hufu.services.keys import token_hash
from hufu.storage.work import Work
from opened import add_session

RACE_ROUNDS = int(os.environ.get("HUFU_RACE_ROUNDS", "1"))
"""How often each race is run."""

TEN = 10 * UNITS
"""What every reward is worth by the rules that a new database has."""

LIFE = timedelta(days=10_000)
EVENTS = "/v1/rewards/events"
BALANCE = "/v1/rewards/balance"


class StillClock(MovableClock):
    """A time that passes only when a test says so."""

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self.start = start

    def instant(self) -> Instant:
        return instant_of(self.start + self.shift)

    def set(self, at: datetime) -> None:
        """Let it be that time."""
        self.shift = at - self.start


@asynccontextmanager
async def served(
    url: str, data: Path, clock: Clock | None, overrides: Mapping[str, object] | None = None
) -> AsyncIterator[World]:
    """A development server over the database, with this clock, or else the database's."""
    given = {"data_dir": str(data), "database_url": url, **CHEAP_HASH, **(overrides or {})}
    core = await open_core(load(None, {}, given), clock)
    movable = clock if isinstance(clock, MovableClock) else MovableClock()
    try:
        yield World(core, Server(core), movable, url)
    finally:
        await core.close()


@dataclass(frozen=True)
class Member:
    """Somebody who is signed in to an app of this dialect, mounted at `/<app>`."""

    account_id: int
    session_key: str = field(repr=False)
    code: str
    app: str = "fomo"

    async def call(self, world: World, name: str, /, **fields: object) -> Any:
        """What the call answers, decoded; also where the server says that it is broken."""
        return (await self.answer(world, name, **fields)).json()

    async def answer(self, world: World, name: str, /, **fields: object) -> Answer:
        """What the call answers."""
        sent = {"session_key": self.session_key, **fields}
        return await world.form(f"/{self.app}/customer/{name}", sent)

    async def status(self, world: World, name: str, /, **fields: object) -> int:
        """The number that the call answers."""
        return int((await self.call(world, name, **fields))["status"])

    async def awards(self, world: World, name: str = "get_newbee_award") -> list[tuple[str, str]]:
        """Item and target of what the call lists."""
        listed = (await self.call(world, name))["data"]["award_logs"]
        return [(each["award_item"], each["target_id"]) for each in listed]


async def members(
    world: World, count: int, app: str = "fomo", *, verified: bool = True
) -> list[Member]:
    """New accounts, each signed in and with an invitation code, the oldest first.

    A `verified` one has a mobile number of its own.
    """
    made = []
    deps = world.deps(app)
    async with deps.begin() as work:
        for number in range(count):
            since = deps.now() - timedelta(days=1) + timedelta(seconds=number)
            made.append(await _member(work, deps.app.pool, app, since, verified=verified))
        await work.commit()
    return made


async def member(world: World, app: str = "fomo", *, verified: bool = True) -> Member:
    """One new account."""
    [one] = await members(world, 1, app, verified=verified)
    return one


async def _member(work: Work, pool: str, app: str, since: datetime, *, verified: bool) -> Member:
    account_id = randomness.number31()
    while not await work.accounts.claim(account_id, pool, since):
        account_id = randomness.number31()
    if verified:
        number = f"+861{3_000_000_000 + account_id}"
        phone = Identifier(IdentifierKind.PHONE, number, number)
        assert await work.identifiers.claim(pool, phone, account_id, since)
    code = randomness.text(CROCKFORD, CODE_LENGTH)
    assert await work.invitations.claim_code(account_id, code, since)
    return Member(account_id, await open_session(work, account_id, app, since), code, app)


async def open_session(work: Work, account_id: int, app: str, since: datetime) -> str:
    """The key of a session that lasts."""
    key = randomness.hex_token()
    method = SignInMethod.PASSWORD
    session = Session(
        uuid4(), account_id, app, method, None, None, "", since, since, LIFE, since + LIFE
    )
    await add_session(work, session, token_hash(key))
    return key


async def app_secret(world: World, app: str = "fomo") -> str:
    """A secret of the app's backend."""
    return await make_app_secret(world.deps(app))


async def tell(
    world: World, secret: str, key: str, account_id: int, item: str = "join_group", **more: object
) -> Answer:
    """Tell of an event."""
    headers = [("authorization", f"Bearer {secret}"), ("idempotency-key", key)]
    return await world.json(EVENTS, {"user_id": account_id, "item": item, **more}, headers=headers)


# The ledger


async def balance(world: World, account_id: int) -> int:
    """What the account has of the first coin, in units."""
    rows = await world.sql(
        "SELECT amount FROM balances WHERE holder = 'user' AND holder_id = $1 AND coin_id = 1",
        account_id,
    )
    return sum(row["amount"] for row in rows)


async def audited(world: World, app: str = "fomo") -> Audited:
    """The ledger's audit, which must find nothing wrong; and every coin sums up to nothing."""
    seen: list[tuple[int, int]] = []

    def on_progress(done: int, of: int) -> None:
        seen.append((done, of))

    result = await audit_ledger(world.deps(app), on_progress, None)
    assert result.wrong is None, result.wrong
    assert result.transfers == (seen[-1][1] if seen else 0)
    sums = await world.sql(
        "SELECT sum(amount) AS total, min(amount) FILTER (WHERE holder <> 'issuer') AS least "
        "FROM balances GROUP BY coin_id"
    )
    assert all(row["total"] == 0 and (row["least"] or 0) >= 0 for row in sums), sums
    return result


async def awards_of(world: World, account_ids: Sequence[int]) -> list[tuple[int, str, str]]:
    """Account, item and target of every award to the accounts."""
    rows = await world.sql(
        "SELECT account_id, item, target FROM awards WHERE account_id = ANY($1) "
        "ORDER BY account_id, item, target",
        list(account_ids),
    )
    return [(row["account_id"], row["item"], row["target"]) for row in rows]


def at(text: str) -> datetime:
    """A time, from `2026-03-08 04:59:59` in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
