"""Calls made up from the APIs' documents, sent to a server, and what every answer keeps to."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import core
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.strategies._internal import collections
from schemathesis import Case, GenerationMode
from schemathesis.generation.hypothesis import setup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from front_door import JSON, World
from hufu.wire.forms import Upload

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
HONEST = 503
NO_CONTENT = 204
DEADLINE = 10.0
"""Seconds after which an answer is late."""

MULTIPART = "multipart/form-data"
PEOPLE = 3
REMEMBERED = 3
ROOT = "http://127.0.0.1:8000"

HEAD = (
    *("cookie", "origin", "user-agent", "x-forwarded-for", "sec-fetch-site", "sec-fetch-dest"),
    *("sec-purpose", "content-type", "content-length", "authorization", "idempotency-key"),
)
LIKELY = (
    *("203.0.113.7", "2001:db8::7, 10.0.0.1", "cross-site", "prefetch", "image", "null", "0", "1"),
    *("session_id=0", "visitor_id=0", "application/json", "multipart/form-data; boundary=-"),
)
values = st.sampled_from(LIKELY) | st.text(
    st.characters(max_codepoint=255, exclude_categories=["Cc"])
).map(str.strip)

Fields = dict[tuple[str, str], Any]
"""Values by the place where they stand (path, query, header or body) and by name."""


class Order(Enum):
    """How much of what was made up stays."""

    AS_MADE = auto()
    SIGNED_IN = auto()
    ALL_BUT_ONE_FIELD = auto()
    IN_ORDER = auto()


@dataclass(frozen=True)
class Call:
    """A call, and how far it is put in order: as which person, and without touching which field.

    `head` are headers that it has besides.
    """

    case: Case
    order: Order
    person: int
    spared: int
    head: list[tuple[str, str]]

    def __repr__(self) -> str:
        return f"{self.order.name} {self.case.method} {self.case.path}"


def _set_up() -> None:
    """Let schemathesis set Hypothesis up, but for what would show in every other test of the
    process: it has no failing example printed, and makes examples larger."""
    changed = [(core, "RepresentationPrinter")]
    changed += [(place, "BUFFER_SIZE") for place in (core, engine, collections)]
    kept = [(place, name, getattr(place, name)) for place, name in changed]
    setup()
    for place, name, value in kept:
        setattr(place, name, value)


def operations(document: Mapping[str, Any], tag: str) -> list[APIOperation[Any, Any, Any, Any]]:
    """The operations of a document that have the tag."""
    _set_up()
    schema = schemathesis.openapi.from_dict(dict(document))
    schema.validate()
    return [found.ok() for found in schema.include(tag=tag).get_all_operations()]


def calls_of(operation: APIOperation[Any, Any, Any, Any]) -> st.SearchStrategy[Call]:
    """Calls that the document allows, and calls that it does not."""
    said = operation.definition.raw
    breakable = {"parameters", "requestBody", "security"} & said.keys()
    modes = list(GenerationMode) if breakable else [GenerationMode.POSITIVE]
    return st.builds(
        Call,
        st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]),
        st.sampled_from([*Order, Order.IN_ORDER]),
        st.integers(0, PEOPLE - 1),
        st.integers(0, 100),
        st.just([]) | st.lists(st.tuples(st.sampled_from(HEAD), values), max_size=3),
    )


def any_of(choices: Sequence[st.SearchStrategy[Call]]) -> st.SearchStrategy[Call]:
    """One of them; `st.one_of` would write them all out for a message."""
    return st.integers(0, len(choices) - 1).flatmap(lambda which: choices[which])


class Caller:
    """Somebody with a session (or secret) who makes calls, and remembers what was answered."""

    def __init__(self, world: World, base: str = ROOT) -> None:
        self.world = world
        self.base = base
        self.remembered: dict[str, list[object]] = {}
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(world.server), trust_env=False
        )

    async def make(self, call: Call) -> httpx.Response:
        """Make the call; raises for an answer that is late, or is not as the document says."""
        case = call.case
        if call.order is not Order.AS_MADE:
            self.sign(case)
        if call.order in {Order.ALL_BUT_ONE_FIELD, Order.IN_ORDER}:
            fields = await self.in_order(case, call.person)
            if fields and call.order is Order.ALL_BUT_ONE_FIELD:
                spare(case, fields, call.spared)
            fill(case, fields)
        request = self._request(case, call.head)
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self._client.send(request)
            self.check(case, answer)
        except Exception as error:
            error.add_note(f"{call} {shown(request)}")
            raise
        if answer.headers.get("content-type", "").startswith(JSON):
            for name, value in _members(answer.json()):
                self.remembered.setdefault(name, []).append(value)
                del self.remembered[name][:-REMEMBERED]
        return answer

    def sign(self, case: Case) -> None:
        """Show who is asking."""
        raise NotImplementedError

    async def in_order(self, case: Case, person: int) -> Fields:
        """Every field as that person would fill it in."""
        raise NotImplementedError

    def check(self, case: Case, answer: httpx.Response) -> None:
        """Raise unless the answer is one that the document has."""
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code < 500 or answer.status_code == HONEST
        assert answer.headers.get("cache-control") == "no-store"
        assert answer.headers.get("x-content-type-options") == "nosniff"
        length = None if answer.status_code == NO_CONTENT else str(len(answer.content))
        assert answer.headers.get("content-length") == length

    def _request(self, case: Case, head: list[tuple[str, str]]) -> httpx.Request:
        made = requests.Request(**case.as_transport_kwargs(base_url=self.base)).prepare()
        return httpx.Request(
            str(made.method),
            str(made.url),
            headers=[
                (_bytes(name), _bytes(value)) for name, value in [*made.headers.items(), *head]
            ],
            content=made.body,
        )


def spare(case: Case, fields: Fields, which: int) -> None:
    """Leave one of the fields as it was made up, or out."""
    place, name = list(fields)[which % len(fields)]
    del fields[place, name]
    if place == "body" and isinstance(case.body, dict) and name in case.body:
        fields[place, name] = case.body[name]


def fill(case: Case, fields: Fields) -> None:
    """Put the fields in the place of those that were made up; of a body nothing else stays."""
    case.path_parameters = {**(case.path_parameters or {}), **_in(fields, "path")}
    case.query = {**(case.query or {}), **_in(fields, "query")}
    case.headers.update(_in(fields, "header"))
    body = _in(fields, "body")
    if body:
        case.body = {
            name: value.data if isinstance(value, Upload) else value for name, value in body.items()
        }
        files = any(isinstance(value, Upload) for value in body.values())
        plain = JSON if case.cookies or not case.media_type else case.media_type
        case.media_type = MULTIPART if files else plain


def _in(fields: Fields, place: str) -> dict[str, Any]:
    return {name: value for (where, name), value in fields.items() if where == place}


def shown(request: httpx.Request) -> str:
    """A request, for people."""
    head = f"{request.method} {request.url} {dict(request.headers)}"
    return f"{head} {request.content!r}"


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("latin-1")


def _members(value: object) -> Iterator[tuple[str, object]]:
    """Names and values of everything in the answer that is no object or list."""
    if isinstance(value, list):
        for each in value:
            yield from _members(each)
    elif isinstance(value, dict):
        for name, member in value.items():
            if isinstance(member, dict | list):
                yield from _members(member)
            elif member is not None:
                yield name, member
