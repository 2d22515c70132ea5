"""Recorded samples of the API: for each call and each of its refusals a request and its answer.

Their form is that of the dialects' samples (see `dialects/sample_files.py`). A file is
`tests/pages/samples/<row>/<name>.http`; `<row>` is the path with dots for slashes and without
braces, or `any` for what is said of no call in particular. `<name>` is `ok`, `ok-…` for other
successes, and otherwise the status and the code.

A case prepares the world of the fixture `backend`, with SECRET for its secret, and returns the one
request that is the sample. `pytest tests/pages --record-samples` writes the files anew.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from dialects import sample_files
from dialects.marks import Marker
from dialects.requests import Header, Request, announcing, get, json
from front_door import Answer
from hufu.actions.administration import bar_account
from hufu.pages.problems import TITLES
from hufu.services.keys import token_hash
from hufu.services.overload import Unavailable
from hufu.wire.dialect import BODY_LIMIT
from pages.backend import ITEM, NOON, UNKNOWN_ID, Backend, checked, troubled
from rewarding import BALANCE, EVENTS

FOLDER = Path(__file__).parent / "samples"
SECRET = "hufu_" + "0" * 40
SHOWN = ("authorization", f"Bearer {SECRET}")
VOLATILE = (
    re.compile(r'\{"id":(?P<int>[0-9]+)'),
    re.compile(r"(?m)^x-request-id: (?P<hex32>.*)$"),
)

Prepared = tuple[Backend, Request]
Prepare = Callable[[Backend], Awaitable[Prepared]]


class Case(NamedTuple):
    """One sample: how the world is prepared for it, and which request it is."""

    row: str
    name: str
    prepare: Prepare

    @property
    def file(self) -> Path:
        """Where it is recorded."""
        return (
            FOLDER / re.sub("[{}]", "", self.row.strip("/").replace("/", ".")) / f"{self.name}.http"
        )

    def __str__(self) -> str:
        return f"{self.file.parent.name}/{self.name}"


CASES: list[Case] = []


def case(row: str, name: str) -> Callable[[Prepare], Prepare]:
    """Make the function the sample `name` of the row."""

    def add(prepare: Prepare) -> Prepare:
        CASES.append(Case(row, name, prepare))
        return prepare

    return add


async def recorded(case: Case, backend: Backend) -> str:
    """The sample as its file has it. Raises AssertionError where it contradicts its name."""
    world = backend.world
    await world.sql("UPDATE app_secrets SET hash = $1 WHERE app = 'fomo'", token_hash(SECRET))
    backend, request = await case.prepare(replace(backend, secret=SECRET))
    answer = checked(
        await backend.world.request(
            request.method, request.path, body=request.body, headers=request.headers
        )
    )
    outcome = f"{answer.status}-{answer.json()['code']}" if answer.status >= 400 else "ok"
    assert case.name.startswith(outcome.replace("_", "-")), f"{case} was answered {outcome}"
    marker = Marker(VOLATILE, NOON)
    marker.learn(backend.user.account_id, "id")
    shown, replied = marker.mark(sample_files.request_text(request), _answer_text(answer))
    return sample_files.join(shown, sample_files.without_length(replied))


def _answer_text(answer: Answer) -> str:
    _, _, rest = sample_files.answer_text(answer, answer.body.decode()).partition("\n")
    return f"HTTP/1.1 {answer.status} {TITLES[answer.status]}\n{rest}"


# Requests


def told(backend: Backend, key: str = "join-19-7", /, **more: object) -> Request:
    """An event of the user."""
    event = {"user_id": backend.user.account_id, "item": ITEM, "target_id": 19, **more}
    return json(EVENTS, event, headers(key))


def headers(key: str) -> tuple[Header, ...]:
    """What comes with every event."""
    return (SHOWN, ("idempotency-key", key))


def asked(user_id: object) -> Request:
    """A balance."""
    return get(f"{BALANCE}?user_id={user_id}", [SHOWN])


# Cases


@case(EVENTS, "ok")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend)


@case(EVENTS, "ok-at")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, at="2030-05-14T21:30:00+08:00")


@case(EVENTS, "ok-again")
async def _(backend: Backend) -> Prepared:
    await backend.award("join-19-7", target_id=19)
    return backend, told(backend)


@case(EVENTS, "400-idempotency-key-missing")
async def _(backend: Backend) -> Prepared:
    event = {"user_id": backend.user.account_id, "item": ITEM}
    return backend, json(EVENTS, event, [SHOWN])


@case(EVENTS, "400-not-json")
async def _(backend: Backend) -> Prepared:
    return backend, replace(told(backend), body=b'{"user_id":')


@case(EVENTS, "403-user-barred")
async def _(backend: Backend) -> Prepared:
    await bar_account(backend.world.deps("fomo"), backend.user.account_id, "test")
    return backend, told(backend)


@case(EVENTS, "404-user-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, user_id=UNKNOWN_ID)


@case(EVENTS, "409-limit-reached")
async def _(backend: Backend) -> Prepared:
    await backend.award("join-19-7", target_id=19)
    return backend, told(backend, "join-19-8")


@case(EVENTS, "413-too-large")
async def _(backend: Backend) -> Prepared:
    return backend, announcing(told(backend), BODY_LIMIT + 1)


@case(EVENTS, "415-not-json")
async def _(backend: Backend) -> Prepared:
    plain = ("content-type", "text/plain")
    return backend, replace(told(backend), headers=(plain, *headers("join-19-7")))


@case(EVENTS, "422-event-mistold-at")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, at="2030-05-07T12:00:00+08:00")


@case(EVENTS, "422-event-mistold-item")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, item="sign_in")


@case(EVENTS, "422-event-mistold-key")
async def _(backend: Backend) -> Prepared:
    await backend.award("join-19-7", target_id=19)
    return backend, told(backend, target_id=20)


@case(EVENTS, "422-item-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, item="read_book")


@case(EVENTS, "422-malformed")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, user_id=f"0{UNKNOWN_ID}")


@case(EVENTS, "422-malformed-member")
async def _(backend: Backend) -> Prepared:
    return backend, told(backend, amount=1000)


@case(BALANCE, "ok")
async def _(backend: Backend) -> Prepared:
    await backend.award()
    return backend, asked(backend.user.account_id)


@case(BALANCE, "ok-nothing")
async def _(backend: Backend) -> Prepared:
    return backend, asked(backend.user.account_id)


@case(BALANCE, "404-user-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, asked(UNKNOWN_ID)


@case(BALANCE, "422-malformed")
async def _(backend: Backend) -> Prepared:
    return backend, asked("7.0")


@case("any", "401-secret-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, get(f"{BALANCE}?user_id={UNKNOWN_ID}")


@case("any", "405-method-not-allowed-events")
async def _(backend: Backend) -> Prepared:
    return backend, get(EVENTS)


@case("any", "405-method-not-allowed-balance")
async def _(backend: Backend) -> Prepared:
    return backend, Request("DELETE", BALANCE)


@case("any", "500-broken")
async def _(backend: Backend) -> Prepared:
    return troubled(backend, ArithmeticError()), told(backend)


@case("any", "503-unavailable")
async def _(backend: Backend) -> Prepared:
    return troubled(backend, Unavailable()), told(backend)
