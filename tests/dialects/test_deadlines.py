"""Nobody waits for a database for ever: each dialect says in its words that it is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from actors import ACTORS, Actor
from dialects.rows import ROWS, told
from front_door import Answer, World, WorldWith, all_at_once
from wires import behind_a_wire

PHONE, PASSWORD = "13390633695", "correct horse 1"
SOON = 0.5  # Seconds
WAITING = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)
every_actor = pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)


def assert_unavailable(answer: Answer, actor: Actor) -> None:
    words = next(row.words for row in ROWS if row.dialect.name == actor.app)
    assert told(answer) == (503, words.broken)
    assert int(answer.header("retry-after") or "0") > 0
    assert answer.header("x-request-id") is None  # Nothing that anybody has to look into.


@asynccontextmanager
async def held(world: World, *tables: str) -> AsyncIterator[None]:
    """Somebody else holds these tables."""
    other = await asyncpg.connect(world.url)
    try:
        await other.execute(f"BEGIN; LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        await other.close()


@every_actor
@pytest.mark.parametrize("bound", ["lock", "statement"])
async def test_a_statement_that_takes_too_long(
    world_with: WorldWith, actor: Actor, bound: str
) -> None:
    async with world_with({f"database.{bound}_seconds": SOON}) as world:
        await actor.register(world, PHONE, PASSWORD)
        session = await actor.sign_in(world, PHONE, PASSWORD)
        assert session is not None
        async with held(world, "identifiers"):
            assert_unavailable(await actor.try_to_sign_in(world, PHONE, PASSWORD), actor)
        async with held(world, "accounts", "sessions"):
            answers = await all_at_once(
                actor.try_to_sign_in(world, PHONE, PASSWORD) for _ in range(25)
            )
            for answer in answers:
                assert_unavailable(answer, actor)
            shown = ":".join(session.fields.values()) or [*session.cookies.values()][-1]
            whose = await world.get("/v1/session", headers=[("authorization", f"Bearer {shown}")])
            assert (whose.status, whose.json()["code"]) == (503, "unavailable")
            assert whose.header("retry-after")
        assert await actor.signed_in(world, session)
        assert await actor.sign_in(world, PHONE, PASSWORD)


@every_actor
async def test_a_connection_that_is_lost_in_the_middle(world: World, actor: Actor) -> None:
    await actor.register(world, PHONE, PASSWORD)
    async with held(world, "identifiers"):
        asking = asyncio.create_task(actor.try_to_sign_in(world, PHONE, PASSWORD))
        while not (waiting := await world.sql(WAITING)):
            assert not asking.done()
        await world.sql("SELECT pg_terminate_backend($1)", waiting[0]["pid"])
        assert_unavailable(await asking, actor)
    assert await actor.sign_in(world, PHONE, PASSWORD)


@every_actor
async def test_no_connection_is_free(world_with: WorldWith, actor: Actor) -> None:
    settings = {"database.connections": 2, "database.wait_seconds": SOON}
    async with world_with(settings) as world:
        await actor.register(world, PHONE, PASSWORD)
        async with world.core.database.look(), world.core.database.look():
            assert_unavailable(await actor.try_to_sign_in(world, PHONE, PASSWORD), actor)
        assert await actor.sign_in(world, PHONE, PASSWORD)


@every_actor
async def test_a_database_that_says_nothing_any_more(
    empty_database: str, tmp_path_factory: pytest.TempPathFactory, actor: Actor
) -> None:
    """More people than there are connections wait for it; when it speaks again none is missing."""
    settings = {
        "database.connections": 3,
        "database.wait_seconds": 2,
        "database.statement_seconds": SOON,
    }
    folder = tmp_path_factory.mktemp("wire")
    async with behind_a_wire(empty_database, folder, settings) as (world, wire):
        await actor.register(world, PHONE, PASSWORD)
        session = await actor.sign_in(world, PHONE, PASSWORD)
        assert session is not None
        for _ in range(2):
            wire.hush()
            answers = await all_at_once(
                actor.try_to_sign_in(world, PHONE, PASSWORD) for _ in range(9)
            )
            for answer in answers:
                assert_unavailable(answer, actor)
            await wire.cut()
            await wire.mend()
            for _ in range(4):
                session = await actor.sign_in(world, PHONE, PASSWORD)
                assert session is not None
                assert await actor.signed_in(world, session)


async def test_a_transaction_that_was_broken_off_leaves_nothing(world_with: WorldWith) -> None:
    """Neither half of it in the database, nor a connection that still waits."""

    async def begin(world: World) -> None:
        async with world.deps("fomo").begin() as work:
            await work.sending.claim_alarm("kind", "subject", world.clock.now())
            await asyncio.Event().wait()

    async with world_with({"database.connections": 2}) as world:
        for _ in range(5):
            under_way = asyncio.create_task(begin(world))
            while not await world.sql(
                "SELECT FROM pg_locks WHERE locktype = 'relation' AND relation = 'alarms'::regclass"
            ):
                assert not under_way.done()
            under_way.cancel()
            with pytest.raises(asyncio.CancelledError):
                await under_way
        assert await world.sql("SELECT FROM alarms") == []
        async with world.core.database.look(), world.core.database.look():
            pass


@every_actor
async def test_a_request_that_takes_too_long_altogether(world: World, actor: Actor) -> None:
    """The HTTP server breaks it off."""
    await actor.register(world, PHONE, PASSWORD)
    async with held(world, "identifiers"):
        asking = asyncio.create_task(actor.try_to_sign_in(world, PHONE, PASSWORD))
        while not await world.sql(WAITING):
            assert not asking.done()
        asking.cancel()
        assert_unavailable(await asking, actor)
    assert await actor.sign_in(world, PHONE, PASSWORD)
