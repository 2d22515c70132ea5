"""An answer that is not as documented does not pass."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup

from actors import Fomo
from front_door import World
from fuzz import calls
from fuzz.callers import Client
from fuzz.calls import Call, Order, operations
from hufu.cli.openapi import document
from hufu.wire.answers import STANDING_HEADERS

OK = {"success": True, "status": 1, "msg": "成功", "data": None}
BROKEN = {"success": False, "status": 5, "msg": "内部错误", "data": None}
PATH = "/customer/subscribe_counts"
KIND = b"application/json; charset=utf-8"

LATER = [(b"retry-after", b"1")]

Headers = Iterable[tuple[bytes, bytes]]


def saying(
    body: object, status: int = 200, kind: bytes = KIND, without: bytes = b"", more: Headers = ()
) -> Any:
    """A server that answers everything so."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(raw)).encode()),
        *STANDING_HEADERS,
        *more,
    ]

    async def server(scope: Any, receive: Any, send: Any) -> None:
        left = [header for header in headers if header[0] != without]
        await send({"type": "http.response.start", "status": status, "headers": left})
        await send({"type": "http.response.body", "body": raw})

    return server


async def silent(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.Event().wait()


async def failing(scope: Any, receive: Any, send: Any) -> None:
    raise ZeroDivisionError


async def ask(world: World, server: Any) -> None:
    """Make a call to such a server."""
    configured = world.core.configuration.settings
    said = document(configured.apps["fomo"], configured)
    [counts] = [each for each in operations(said, "fomo") if each.path.endswith(PATH)]
    caller = Client(replace(world, server=server), Fomo())
    await caller.make(Call(counts.Case(), Order.AS_MADE, 0, 0, []))


@pytest.mark.parametrize(
    "server",
    [
        saying(OK),
        saying({**OK, "data": {"num": 1}}),
        saying(BROKEN, 503, more=LATER),
    ],
)
async def test_documented_answers_pass(world: World, server: Any) -> None:
    await ask(world, server)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(failing, id="an exception"),
        pytest.param(silent, id="no answer"),
        pytest.param(saying(BROKEN, 500, more=[(b"x-request-id", b"1")]), id="broken"),
        pytest.param(saying(BROKEN), id="broken under 200"),
        pytest.param(saying(BROKEN, 503), id="unavailable for how long"),
        pytest.param(saying(OK, 404), id="another status"),
        pytest.param(saying({"success": True, "status": 1, "msg": ""}), id="a key missing"),
        pytest.param(saying({**OK, "status": "1"}), id="another type"),
        pytest.param(saying([OK]), id="no object"),
        pytest.param(saying(b"{"), id="no JSON"),
        pytest.param(saying(OK, kind=b"text/html"), id="HTML"),
        pytest.param(saying(OK, kind=b"application/json"), id="no charset"),
        pytest.param(saying(OK, without=b"content-type"), id="no type"),
        pytest.param(saying(OK, without=b"content-length"), id="no length"),
        pytest.param(saying(OK, without=b"cache-control"), id="may be kept"),
        pytest.param(saying(OK, without=b"x-content-type-options"), id="may be sniffed"),
    ],
)
async def test_no_other_answer_passes(
    world: World, monkeypatch: pytest.MonkeyPatch, server: Any
) -> None:
    monkeypatch.setattr(calls, "DEADLINE", 0.05 if server is silent else calls.DEADLINE)
    with pytest.raises((FailureGroup, AssertionError, TimeoutError, ZeroDivisionError)):
        await ask(world, server)
