"""A database with so much in it that the planner looks for indexes, and what is asked of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from actors import ACTORS, Session
from attacks.attack import production
from attacks.canaries import Watched
from attacks.canary_places import SETTINGS, hufu
from attacks.canary_tour import PHONES, Tour, walk
from front_door import Answer, opened
from hufu.settings import DIALECTS
from hufu.storage.upgrade import migrate
from population import FURTHER, MAIN, add
from storage.plans import Statement, watched_statements

ACCOUNTS = 5_000
NETWORK = "203.0.113.9"


class Visitor(Watched):
    """Somebody who comes from somewhere, and does not look at the letters of others."""

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        return await super().request(method, path, **{**more, "peer": NETWORK})

    async def let_codes_out(self) -> None:
        """Most letters here are sealed by nobody."""


@pytest.fixture(scope="session")
def crowded_url(database_url: str) -> str:
    """A database of its own, with so many accounts and everything that they leave behind."""
    asyncio.run(_crowd(database_url))
    return database_url.replace("/hufu?", "/crowded?")


async def _crowd(database_url: str) -> None:
    url = database_url.replace("/hufu?", "/crowded?")
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE DATABASE crowded")
    await connection.close()
    await migrate(url)
    connection = await asyncpg.connect(url.replace("hufu@", "postgres@"))
    await connection.execute("SET session_replication_role = replica")  # References are right.
    for first, rows in ((1, MAIN), (2, FURTHER)):
        for table, values in rows.items():
            await add(connection, table, values, range(first, ACCOUNTS + 1), tuple(DIALECTS))
    # All rows are looked at, not some: the planner knows the same in every run.
    await connection.execute("SET default_statistics_target = 10000")
    for (table,) in await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    ):
        await connection.execute(f"VACUUM ANALYZE {table}")
        # Nothing changes what the planner knows while the tests run.
        await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    await connection.close()


@pytest.fixture(scope="session")
async def crowd(
    crowded_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Visitor]:
    """A server over that database."""
    folder = tmp_path_factory.mktemp("crowd")
    (folder / "hufu.toml").write_text(production())
    async with opened(crowded_url, folder, SETTINGS, folder / "hufu.toml") as world:
        yield Visitor(world.core, world.server, world.clock, world.url)


@dataclass(frozen=True)
class Sent:
    """The statements that the server sent while every call was made, and those that it sends
    besides: for operators, and to deliver letters."""

    by_calls: list[Statement]
    besides: list[Statement]


@pytest.fixture(scope="session")
async def sent(crowd: Visitor) -> Sent:
    """Every call of every dialect and of the interface for backends, made rightly and with what is
    wrong; then what operators do."""
    with watched_statements() as by_calls:
        tour = await walk(crowd)
        await _ask_about_sessions(tour)
        await _be_wrong(tour)
    with watched_statements() as besides:
        await crowd.core.courier.deliver_due(lambda _: None)
        for command in _commands(tour):
            await hufu(crowd, *command)
        await crowd.core.janitor.sweep_if_due(lambda _: None)
    return Sent(by_calls, besides)


async def _ask_about_sessions(tour: Tour) -> None:
    secret = [("authorization", f"Bearer {tour.secret}")]
    for session in tour.sessions.values():
        shown = ":".join(session.fields.values()) or [*session.cookies.values()][-1]
        for path in ("/v1/session", "/v1/sessions"):
            await tour.world.get(path, headers=[("authorization", f"Bearer {shown}")])
        await tour.world.form("/v1/introspect", {"token": shown}, headers=secret)


async def _be_wrong(tour: Tour) -> None:
    for actor in ACTORS:
        await actor.try_to_sign_in(tour.world, PHONES[actor.app], "no such password")
        await actor.try_to_sign_in(tour.world, "13912345678", "no such account")
        nobody = Session("", 1, {"session_key": "1", "uid": "1", "sec": "1"}, {"session_id": "1"})
        await actor.signed_in(tour.world, nobody)


def _commands(tour: Tour) -> Iterator[tuple[object, ...]]:
    why = ("--reason", "a test")
    id = tour.sessions["company"].account_id
    yield "accounts", "find", PHONES["company"]
    yield "accounts", "show", id
    yield "accounts", "verify", id, "--app", "company", *why
    yield "accounts", "grant-role", id, "admin", "--app", "company", *why
    yield "accounts", "bar", id, *why
    yield "accounts", "unbar", id, *why
    yield "accounts", "close", id, *why, "--yes"
    yield "outbox", "--to", PHONES["fomo"]
    yield "outbox", "--to", "Somebody@example.com"
    yield "ledger", "balance", tour.sessions["fomo"].account_id
    yield "ledger", "entries", tour.sessions["fomo"].account_id
    yield "sending", "status"
    yield "rewards", "words"
    yield "apps", "secrets", "fomo"
    yield "janitor", "--dry-run"
    yield ("janitor",)
