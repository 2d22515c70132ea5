"""What the API answers where no call has an answer of its own: other methods, and trouble."""

import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from front_door import World
from hufu.services.clock import ClockUnknown
from hufu.services.overload import Overloaded, Unavailable
from pages.backend import Backend, Header, ledger, problem, troubled
from rewarding import BALANCE, EVENTS, served

NOT_ALLOWED = (405, "method_not_allowed")
UNAVAILABLE = (503, "unavailable")
BROKEN = (500, "broken")
FROM_INSIDE = "what nobody outside may read"


# Methods


@pytest.mark.parametrize(
    "method",
    ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "post", "X"],
)
async def test_events_are_posted(backend: Backend, method: str) -> None:
    for headers in ([], [backend.shown, ("idempotency-key", "k")]):
        answer = await backend.world.request(method, EVENTS, headers=headers)
        assert problem(answer) == NOT_ALLOWED
        assert answer.header("allow") == "POST"


@pytest.mark.parametrize(
    "method",
    ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "get", "X"],
)
async def test_balances_are_got(backend: Backend, method: str) -> None:
    path = f"{BALANCE}?user_id={backend.user.account_id}"
    answer = await backend.world.request(method, path, headers=[backend.shown])
    assert problem(answer) == NOT_ALLOWED
    assert answer.header("allow") == "GET, HEAD"


@pytest.mark.parametrize("path", ["/v1/rewards/events/", "/v1/rewards", "/v1//rewards/events"])
async def test_other_paths_are_not_the_apis(backend: Backend, path: str) -> None:
    answer = await backend.world.json(path, {}, headers=[backend.shown])
    assert answer.status == 404
    assert answer.header("cache-control") == "no-store"


async def test_in_development_it_is_found_under_names_of_this_machine(backend: Backend) -> None:
    path = f"{BALANCE}?user_id={backend.user.account_id}"
    for host, status in (("localhost:8000", 200), ("fomo.localhost", 200), ("id.example.com", 404)):
        answer = await backend.world.get(path, headers=[backend.shown], host=host)
        assert answer.status == status


async def test_titles_are_those_of_the_standard(backend: Backend) -> None:
    """Whatever Python calls them: RFC 9110 has given two of them new names."""
    titles = {}
    for answer in (
        await backend.tell(""),
        await backend.send(b"", content_type=None),
        await backend.send(b" " * 65537),
        await backend.tell("k", user_id=0),
    ):
        titles[answer.status] = answer.json()["title"]
    assert titles == {
        400: "Bad Request",
        413: "Content Too Large",
        415: "Unsupported Media Type",
        422: "Unprocessable Content",
    }


# Trouble


async def test_something_unforeseen(backend: Backend) -> None:
    before = await ledger(backend.world)
    broken = troubled(backend, ArithmeticError(FROM_INSIDE))
    with structlog.testing.capture_logs() as lines:
        answers = [await broken.tell("its-key", target_id="its-target") for _ in range(2)]
    assert [problem(answer) for answer in answers] == [BROKEN] * 2
    ids = [answer.header("x-request-id") for answer in answers]
    assert all(ids)
    assert ids[0] != ids[1]
    assert [line["request_id"] for line in lines] == ids
    assert [(line["event"], line["endpoint"]) for line in lines] == [("broken", EVENTS)] * 2
    sent = (backend.secret, "its-key", "its-target", str(backend.user.account_id))
    assert not any(value in repr(lines) for value in (*sent, FROM_INSIDE))
    inside = ("inside", "Traceback", "Arithmetic", "hufu", ".py", *sent)
    assert not any(word in repr(answers) for word in inside)
    assert await ledger(backend.world) == before
    await backend.award("its-key")


@pytest.mark.parametrize(
    ("error", "seconds"),
    [(Overloaded(7), "7"), (Unavailable(), "1"), (ClockUnknown(), "1")],
    ids=repr,
)
async def test_something_that_passes(backend: Backend, error: Exception, seconds: str) -> None:
    before = await ledger(backend.world)
    with structlog.testing.capture_logs() as lines:
        answer = await troubled(backend, error).tell("k")
    assert problem(answer) == UNAVAILABLE
    assert answer.header("retry-after") == seconds
    assert answer.header("x-request-id") is None
    assert lines == []
    assert await ledger(backend.world) == before
    await backend.award("k")


async def both(world: World, headers: list[Header]) -> list[Any]:
    """What the two calls are answered."""
    told = {"user_id": 7, "item": "join_group"}
    return [
        await world.json(EVENTS, told, headers=[*headers, ("idempotency-key", "k")]),
        await world.get(f"{BALANCE}?user_id=7", headers=headers),
    ]


async def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # Nobody listens, and nobody else can.
        host, port = taken.getsockname()
        url = f"postgresql://hufu@{host}:{port}/hufu"
        async with served(url, tmp_path, None) as world:
            answers = await both(world, [("authorization", "Bearer hufu_x")])
            strangers = await both(world, [])
    for answer in answers:
        assert problem(answer) == UNAVAILABLE
        assert answer.header("retry-after") == "1"
        assert not any(word in repr(answer) for word in (host, str(port), "Connect", "hufu"))
    assert {problem(answer) for answer in strangers} == {(401, "secret_unknown")}


async def test_a_database_that_goes_meanwhile(backend: Backend) -> None:
    """Nothing is given, and the same key may be tried again."""
    before = await ledger(backend.world)
    await backend.world.core.database.close()
    assert problem(await backend.tell("k")) == UNAVAILABLE
    assert problem(await backend.balance()) == UNAVAILABLE
    assert await ledger(backend.world) == before


async def test_a_client_that_hangs_up(backend: Backend) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [backend.shown, ("idempotency-key", "k"), ("content-type", "application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": EVENTS,
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            *((name.encode(), value.encode()) for name, value in headers),
        ],
        "client": ("127.0.0.1", 1),
    }
    before = await ledger(backend.world)
    with structlog.testing.capture_logs() as lines:
        await backend.world.server(scope, receive, send)
    assert lines == []
    assert not any(message.get("body") for message in sent)
    assert await ledger(backend.world) == before
