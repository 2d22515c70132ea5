"""Session checks from a read replica: a real one, which follows the primary or is made to stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
