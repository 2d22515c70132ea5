"""What is told when something is broken: the dialect's own words, and nothing of the inside."""

from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from actors import ACTORS, Actor
from dialects.fields import without
from dialects.rewired import FROM_INSIDE, Rewired
from dialects.rows import ROWS, Row, ask, told, written
from front_door import CHEAP_HASH, World
from hufu.app import Server
from hufu.configuration import load
from hufu.core import open_core
from hufu.services.overload import Overloaded
from wires import behind_a_wire

PHONE, PASSWORD = "13390633695", "correct horse 1"

every_row = pytest.mark.parametrize("row", ROWS, ids=str)


def in_order(row: Row) -> tuple[str, bytes]:
    """A way of sending a request that is in order, and its body."""
    kind = row.kinds[0]
    return kind, written(kind, without(row.fields()))


@pytest.mark.parametrize("broken", ["action", "reply"])
@every_row
async def test_something_unforeseen(rewired: Rewired, row: Row, broken: str) -> None:
    async def act() -> object:
        if broken == "action":
            raise ZeroDivisionError(FROM_INSIDE)
        return None

    rewired.action = act
    with structlog.testing.capture_logs() as lines:
        answers = [await ask(rewired.world, row, *in_order(row)) for _ in range(2)]
    assert [told(answer) for answer in answers] == [(500, row.words.broken)] * 2
    ids = [answer.header("x-request-id") for answer in answers]
    assert all(ids)
    assert ids[0] != ids[1]
    assert [line["request_id"] for line in lines] == ids
    assert all(line["endpoint"] == row.endpoint.path for line in lines)
    sent = [str(field.value) for field in row.fields() if len(str(field.value)) > 5]
    assert not any(value in repr(lines) for value in [*sent, FROM_INSIDE])
    inside = ("inside", "Traceback", "ZeroDivision", "ReplyFailed", "hufu", ".py")
    assert not any(word in repr(answers) for word in inside)


@every_row
async def test_too_much_to_do(rewired: Rewired, row: Row) -> None:
    async def act() -> object:
        raise Overloaded(7)

    rewired.action = act
    answer = await ask(rewired.world, row, *in_order(row))
    assert told(answer) == (503, row.words.broken)
    assert answer.header("retry-after") == "7"
    assert answer.header("x-request-id") is None


async def test_before_the_database_was_ever_reached(unreachable: World, tmp_path: Path) -> None:
    settings = {"data_dir": str(tmp_path), "database_url": unreachable.url, **CHEAP_HASH}
    core = await open_core(load(None, {}, settings))
    try:
        world = replace(unreachable, core=core, server=Server(core))
        for row in ROWS:
            answer = await ask(world, row, *in_order(row))
            assert told(answer) == (503, row.words.broken), str(row)
            assert answer.header("retry-after")
    finally:
        await core.close()


async def test_a_client_that_hangs_up_is_told_nothing(unreachable: World) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        raise AssertionError(message)

    for row in ROWS:
        scope = {
            "type": "http",
            "method": row.endpoint.method,
            "path": row.at(),
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(b"content-length", b"1")],
            "client": ("127.0.0.1", 1),
        }
        await unreachable.server(scope, receive, send)


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_a_database_that_goes_and_comes_back(
    empty_database: str, tmp_path_factory: pytest.TempPathFactory, actor: Actor
) -> None:
    words = next(row.words for row in ROWS if row.dialect.name == actor.app)
    rows = [row for row in ROWS if row.dialect.name == actor.app]
    async with behind_a_wire(empty_database, tmp_path_factory.mktemp("wire")) as (world, wire):
        await actor.register(world, PHONE, PASSWORD)
        session = await actor.sign_in(world, PHONE, PASSWORD)
        assert session is not None
        for _ in range(2):
            await wire.cut()
            for row in rows:
                answer = await ask(world, row, *in_order(row))
                assert told(answer) == (503, words.broken), str(row)
                assert int(answer.header("retry-after") or "") > 0
            answer = await actor.try_to_sign_in(world, PHONE, PASSWORD)
            assert told(answer) == (503, words.broken)
            assert (await world.get("/ready")).status == 503
            await wire.mend()
            assert (await world.get("/ready")).status == 200
            assert await actor.signed_in(world, session)
            session = await actor.sign_in(world, PHONE, PASSWORD)
            assert session is not None
