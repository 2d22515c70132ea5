"""What breaks has a name that client, proxy and log share."""

import re
from typing import Any

import pytest
import structlog

from actors import Fomo
from front_door import Answer, World
from hufu.pages.sessions import SESSION
from hufu.services.argon2 import Argon2Hasher
from rewarding import BALANCE

PATHS = ("/fomo/customer/login", SESSION, f"{BALANCE}?user_id=1")
GIVEN = "4bf92f35-77b3.4da6_a3ce"


@pytest.fixture
def broken(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A server on which nothing works."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Argon2Hasher, "place", fail)
    monkeypatch.setattr("hufu.pages.sessions.read_session", fail)
    monkeypatch.setattr("hufu.app.app_of_secret", fail)
    return world


async def ask(world: World, path: str, *ids: str) -> tuple[Answer, list[Any]]:
    headers = [("authorization", "Bearer " + "0" * 40), *(("x-request-id", each) for each in ids)]
    with structlog.testing.capture_logs() as lines:
        if path.startswith(Fomo().mount):
            fields = {"login_name": "13390633695", "pwd": "correct horse 1"}
            answer = await world.form(path, fields, headers=headers)
        else:
            answer = await world.get(path, headers=headers)
    assert answer.status == 500
    return answer, [line["request_id"] for line in lines]


@pytest.mark.parametrize("path", PATHS)
async def test_a_name_that_was_given_is_kept(broken: World, path: str) -> None:
    answer, logged = await ask(broken, path, GIVEN)
    assert (answer.header("x-request-id"), logged) == (GIVEN, [GIVEN])


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "\xe9", 'a","b', None], ids=repr)
async def test_otherwise_it_has_a_new_one(broken: World, path: str, given: str | None) -> None:
    answer, logged = await ask(broken, path, *([] if given is None else [given]))
    name = answer.header("x-request-id")
    assert re.fullmatch(r"[0-9a-f]{32}", name or "")
    assert logged == [name]
