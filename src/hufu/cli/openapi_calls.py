"""A dialect's table as OpenAPI: paths, and what they refer to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hufu.cli.docs_dialects import purpose
from hufu.cli.docs_fields import form_in_words
from hufu.cli.docs_samples import rows
from hufu.pages.problems import TITLES
from hufu.wire.answers import STANDING_HEADERS
from hufu.wire.dialect import (
    JSON,
    Dialect,
    Endpoint,
    Member,
    Refusals,
    Reply,
    replies_to_refusals,
)
from hufu.wire.fields import Reader, Step
from hufu.wire.forms import Upload
from hufu.wire.serve import BROKEN, TOO_LARGE, UNAVAILABLE

Tree = dict[str, Any]

MULTIPART = "multipart/form-data"
JSON_TYPE = "application/json"
CONTENT_TYPES = (JSON_TYPE, "application/x-www-form-urlencoded", MULTIPART)
ANSWER = "Answer"
OK = 200
TOO_MANY = 429
HEADERS: Mapping[int, str] = {
    TOO_MANY: "Retry-After",
    BROKEN: "X-Request-Id",
    UNAVAILABLE: "Retry-After",
}
TYPES = {bool: "boolean", int: "integer", str: "string"}


@dataclass(frozen=True, slots=True)
class Calls:
    """Some paths of a document, the tag of their operations, and the components they refer to."""

    tag: Tree
    paths: Tree
    components: Tree


def calls(dialect: Dialect[Any], session_cookies: list[str]) -> Calls:
    """Every row of the dialect's table."""
    paths: Tree = {}
    schemas = {ANSWER: _envelope(dialect.malformed)}
    shared = _responses(dialect, {})
    for name, endpoint in rows(dialect):
        item = paths.setdefault("/" + endpoint.path.replace("<", "{").replace(">", "}"), {})
        item[endpoint.method.lower()] = {
            "operationId": name,
            "summary": purpose(endpoint),
            "tags": [dialect.name],
            **_security(dialect, endpoint, session_cookies),
            **_request(dialect, endpoint, schemas),
            "responses": {
                status: refer("responses", status) if response == shared.get(status) else response
                for status, response in _responses(
                    dialect, endpoint.refusals, endpoint.content_type
                ).items()
            },
        }
    schemes = {name: {"type": "apiKey", "in": "cookie", "name": name} for name in session_cookies}
    components = {"schemas": schemas, "responses": shared, "headers": standing_headers()}
    if schemes:
        components["securitySchemes"] = schemes
    return Calls({"name": dialect.name, "description": dialect.title}, paths, components)


def standing_headers() -> Tree:
    """The headers that every answer has."""
    return {
        name.decode().title(): {
            "required": True,
            "schema": {"type": "string", "const": value.decode()},
        }
        for name, value in STANDING_HEADERS
    }


def answer(status: int, content: Tree) -> Tree:
    """One answer, with the headers that it has by its status."""
    headers = {name: refer("headers", name) for name in standing_headers()}
    if status in HEADERS:
        headers[HEADERS[status]] = {"required": True, "schema": {"type": "string"}}
    return {"description": TITLES[status], "headers": headers, "content": content}


def refer(kind: str, name: str) -> Tree:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def parameter(step: Step, place: str) -> Tree:
    """A field that stands in the path or in the query."""
    return {
        "name": step.wire_name.strip("<>"),
        "in": place,
        "required": step.required,
        "schema": _field_schema(step),
    }


def fields_schema(steps: Iterable[Step]) -> Tree:
    """What a body holds that has these fields."""
    steps = list(steps)
    properties = {step.wire_name: _field_schema(step) for step in steps}
    return object_schema(properties, [step.wire_name for step in steps if step.required])


def object_schema(properties: Tree, required: Iterable[str] | None = None) -> Tree:
    """An object; where it is not said, it has all its members."""
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": needed}


def _field_schema(step: Step) -> Tree:
    return {**step.form.schema(), "description": form_in_words(step.form)}


# Requests


def _security(dialect: Dialect[Any], endpoint: Endpoint[Any], cookies: list[str]) -> Tree:
    """A member shows the cookie, or else what the row takes in its place; others may show it."""
    if not cookies:
        return {}
    shown: list[Tree] = [{name: []} for name in cookies]
    needed = isinstance(endpoint, Member) and not _proof_fields(dialect, endpoint)
    return {"security": shown if needed else [*shown, {}]}


def _request(dialect: Dialect[Any], endpoint: Endpoint[Any], schemas: Tree) -> Tree:
    parameters, sent = [], []
    reader: Reader[Any] = Reader(endpoint.request)
    for step in (*_proof_fields(dialect, endpoint), *reader.steps):
        if step.wire_name.startswith("<"):
            parameters.append(parameter(step, "path"))
        elif endpoint.from_query:
            parameters.append(parameter(step, "query"))
        else:
            sent.append(step)
    request: Tree = {"parameters": parameters} if parameters else {}
    if sent:
        name = endpoint.request.__name__
        schemas[name] = fields_schema(sent)
        file = any(step.form.gives is Upload for step in sent)
        request["requestBody"] = {
            "required": any(step.required for step in sent),
            "content": {
                kind: {"schema": refer("schemas", name)}
                for kind in ([MULTIPART] if file else CONTENT_TYPES)
            },
        }
    return request


def _proof_fields(dialect: Dialect[Any], endpoint: Endpoint[Any]) -> tuple[Step, ...]:
    """The fields that show who is asking."""
    if not isinstance(endpoint, Member):
        return ()
    struct = dialect.proof_fields.get(endpoint.proof or dialect.proof)
    return Reader(struct).steps if struct else ()


# Answers


def _envelope(reply: Reply) -> Tree:
    """What all answers of a dialect have, by one of them; what is null there may be anything."""
    body = msgspec.to_builtins(reply.body)
    return object_schema(
        {key: {} if value is None else {"type": TYPES[type(value)]} for key, value in body.items()}
    )


def _responses(dialect: Dialect[Any], own: Refusals, content_type: bytes = JSON) -> Tree:
    """Success, and what a call may say to every refusal there is, by HTTP status."""
    told: dict[int, dict[str, Reply]] = {OK: {}}
    for refusal, reply in replies_to_refusals(dialect, own).items():
        told.setdefault(reply.status, {})[refusal.__name__] = reply
    told.setdefault(TOO_LARGE, {})["BodyTooLarge"] = dialect.malformed
    told.setdefault(BROKEN, {})["Broken"] = dialect.broken
    told.setdefault(UNAVAILABLE, {})["Unavailable"] = dialect.broken
    success = content_type.partition(b";")[0].decode()
    return {
        str(status): answer(status, _content(replies, success if status == OK else None))
        for status, replies in sorted(told.items())
    }


def _content(replies: Mapping[str, Reply], success: str | None) -> Tree:
    """The bodies of one status; of refusals that are answered alike the first gives the name."""
    examples: dict[bytes, tuple[str, object]] = {}
    for name, reply in replies.items():
        body = msgspec.json.encode(reply.body)
        examples.setdefault(body, (name, msgspec.to_builtins(reply.body)))
    content: Tree = {JSON_TYPE: {"schema": refer("schemas", ANSWER)}}
    if examples:
        named = {name: {"value": value} for name, value in examples.values()}
        content[JSON_TYPE]["examples"] = named
    if success and success != JSON_TYPE:
        content[success] = {"schema": {"type": "string", "format": "binary"}}
    return content
