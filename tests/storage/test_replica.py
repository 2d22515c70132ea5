"""Session checks from a read replica: a real one, which follows the primary or is made to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from faults.postgres import Postgres, Servers, open_folder
from front_door import World, opened
from hufu.storage.replica import Replica
from pages.tokens import Owner, signed_in


@dataclass
class Pair:
    """A primary and its replica."""

    primary: Postgres
    replica: Postgres

    async def at_replica(self, statement: str) -> list[Any]:
        """Something that only its superuser may do there."""
        return await self.replica.sql(statement)


@pytest.fixture(scope="module")
async def pair(template: Path) -> AsyncIterator[Pair]:
    """A primary with a replica that streams from it."""
    with open_folder() as folder:
        servers = Servers(folder, template)
        primary, replica = await servers.made(), servers.empty()
        replica.follow(primary, "replica")
        yield Pair(primary, replica)
        servers.close()


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


@asynccontextmanager
async def served(pair: Pair, folder: Path) -> AsyncIterator[tuple[World, Replica, Hand]]:
    """A server over both; its replica is as old as the hand says."""
    settings = {"replica_url": pair.replica.url, "database.replica_lag_seconds": 5.0}
    async with opened(pair.primary.url, folder, settings) as world:
        replica, hand = world.core.database.replica, Hand()
        assert replica is not None
        replica._clock = hand
        try:
            yield world, replica, hand
        finally:
            await pair.at_replica("SELECT pg_wal_replay_resume()")


def asks_of(replica: Replica, patch: pytest.MonkeyPatch) -> list[bool]:
    """For each time that the replica is asked from now on, whether it answered."""
    asks: list[bool] = []
    fetch = replica.fetch

    async def noted(*asked: Any) -> Any:
        rows = await fetch(*asked)
        asks.append(rows is not None)
        return rows

    patch.setattr(replica, "fetch", noted)
    return asks


async def stopped(pair: Pair) -> None:
    """The replica shows nothing new until it is let go."""
    await pair.at_replica("SELECT pg_wal_replay_pause()")
    while True:
        [row] = await pair.at_replica("SELECT pg_get_wal_replay_pause_state()")
        if row[0] == "paused":
            return


async def lives(owner: Owner) -> bool:
    return (await owner.session()).status == 200


async def test_a_fresh_replica_answers(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        asks = asks_of(replica, monkeypatch)
        await replica.prove()
        [at_primary] = _counted(world, monkeypatch)
        assert await lives(owner)
        assert asks == [True]
        assert at_primary == []


def _counted(world: World, patch: pytest.MonkeyPatch) -> list[list[str]]:
    """The statements that the primary's lane is asked from now on."""
    asked: list[str] = []
    lane = world.core.database._lane
    fetch = lane.fetch

    async def noted(statement: str, *arguments: Any) -> Any:
        asked.append(statement)
        return await fetch(statement, *arguments)

    patch.setattr(lane, "fetch", noted)
    return [asked]


async def test_what_it_does_not_show_yet_the_primary_shows(pair: Pair, tmp_path: Path) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        await replica.prove()
        await stopped(pair)
        owner = await signed_in(world)
        assert replica.fresh
        assert await lives(owner)


async def test_it_is_believed_no_longer_than_it_is_fresh(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, hand):
        owner = await signed_in(world)
        await replica.prove()
        await stopped(pair)
        await world.sql("DELETE FROM sessions")
        assert await lives(owner)  # The replica may be five seconds old, and is.
        hand.time += 5
        asks = asks_of(replica, monkeypatch)
        assert not await lives(owner)
        assert asks == [False]


async def test_nothing_is_proved_by_a_replica_that_stands_still(pair: Pair, tmp_path: Path) -> None:
    async with served(pair, tmp_path) as (_, replica, hand):
        await stopped(pair)
        beat = replica._beat

        async def late(worker: str, sign: str) -> None:
            await beat(worker, sign)
            hand.time += 5

        replica._beat = late
        await replica.prove()
        assert not replica.fresh


async def test_one_that_cannot_be_reached_is_done_without(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        await replica.prove()

        async def refuse() -> Any:
            raise ConnectionRefusedError

        await replica._lane.close()
        monkeypatch.setattr(replica._lane, "_connect", refuse)
        replica._lane._drop()
        assert await lives(owner)
        assert not replica.fresh


async def test_a_profile_is_read_where_it_was_written(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        await replica.prove()
        asks = asks_of(replica, monkeypatch)
        answer = await world.form("/fomo/customer/get_user_info", {"session_key": owner.token})
        assert answer.json()["status"] == 1
        assert asks == []


async def test_a_proof_is_of_the_connection_that_was_asked(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another may lead to a standby that is behind by any amount."""
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        await replica.prove()
        await stopped(pair)
        await world.sql("DELETE FROM sessions")
        lost = replica._lane._connection
        assert lost is not None
        lost.terminate()
        asks = asks_of(replica, monkeypatch)
        assert not await lives(owner)
        assert await replica._lane.fetch("SELECT 1")  # As whoever looks for a sign does.
        assert not await lives(owner)
        assert asks == [False, False]
        assert not replica.fresh


async def test_a_proof_is_of_the_connection_that_showed_the_sign(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        await replica._lane.fetch("SELECT 1")
        lost = replica._lane._connection
        assert lost is not None
        lost.terminate()
        await replica.prove()
        assert replica.fresh
        asks = asks_of(replica, monkeypatch)
        assert await lives(owner)
        assert asks == [True]


async def test_a_proof_that_ends_while_others_are_asked_is_none(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(pair, tmp_path) as (world, replica, hand):
        owner = await signed_in(world)
        await replica.prove()
        asks = asks_of(replica, monkeypatch)
        async with replica._lane._turn:
            asking = asyncio.create_task(lives(owner))
            while not replica._lane._turn._waiters:  # noqa: ASYNC110
                await asyncio.sleep(0)
            hand.time += 5
        assert await asking
        assert asks == [False]


class Failing:
    """In place of a replica's connection: it is broken until it is well."""

    def __init__(self, replica: Replica, error: Exception, patch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = error
        self._fetch = replica._lane._fetch
        patch.setattr(replica._lane, "_fetch", self)

    async def __call__(self, *asked: Any) -> Any:
        if self.error is not None:
            raise self.error
        return await self._fetch(*asked)


TROUBLES = [
    asyncpg.SerializationError("canceling statement due to conflict with recovery"),
    asyncpg.UndefinedTableError('relation "sessions" does not exist'),
    asyncpg.InternalServerError("cache lookup failed"),
    ConnectionResetError(),
]


@pytest.mark.parametrize("error", TROUBLES, ids=lambda error: type(error).__name__)
async def test_whatever_is_wrong_with_it_the_primary_is_asked(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with served(pair, tmp_path) as (world, replica, _):
        owner = await signed_in(world)
        await replica.prove()
        asks = asks_of(replica, monkeypatch)
        failing = Failing(replica, error, monkeypatch)
        assert await lives(owner)
        assert not replica.fresh
        assert asks == [False]
        failing.error = None
        await replica.prove()
        assert await lives(owner)
        assert asks == [False, True]


@pytest.mark.parametrize("error", TROUBLES, ids=lambda error: type(error).__name__)
async def test_it_is_proved_again_whatever_was_wrong_and_told_of_once(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async with served(pair, tmp_path) as (_, replica, _):
        monkeypatch.setattr("hufu.storage.replica.ROUNDS", 500)
        failing, told, changed = Failing(replica, error, monkeypatch), [], asyncio.Event()

        def tell(trouble: str | None) -> None:
            told.append(trouble)
            changed.set()

        proving = asyncio.create_task(replica.keep_proving(tell))
        await changed.wait()
        await asyncio.sleep(0.05)
        changed.clear()
        failing.error = None
        await changed.wait()
        assert replica.fresh
        proving.cancel()
        with suppress(asyncio.CancelledError):
            await proving
        kind = "DatabaseUnavailable" if isinstance(error, OSError) else type(error).__name__
        assert told == [kind, None]
