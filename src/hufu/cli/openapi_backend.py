"""What an app's own backend calls, as OpenAPI."""

from collections.abc import Iterable
from http import HTTPStatus

from hufu.cli.openapi_calls import (
    JSON_TYPE,
    Calls,
    Tree,
    answer,
    fields_schema,
    object_schema,
    parameter,
    refer,
)
from hufu.domain.errors import AccountUnknown
from hufu.domain.rewards import RewardType
from hufu.pages.authorization import BEARER
from hufu.pages.rewards import BALANCE, EVENTS, KEY, PROBLEMS, Event, Question
from hufu.wire.fields import MAX_ID, Reader

TAG = "backend"
SECRET = "appSecret"  # noqa: S105  # What the scheme is called.
PROBLEM = "application/problem+json"

ALWAYS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
TO_AN_EVENT = (
    *ALWAYS,
    *(status for status, _, _ in PROBLEMS.values()),
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
)

ID: Tree = {"type": "integer", "minimum": 1, "maximum": MAX_ID}
TEXT: Tree = {"type": "string", "minLength": 1}
_AMOUNT: Tree = {"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{4}$"}
SCHEMAS: Tree = {
    "Award": {
        "id": {"type": "integer"},
        "user_id": ID,
        "item": TEXT,
        "type": {"type": "string", "enum": [each.value for each in RewardType]},
        "amount": _AMOUNT,
        "coin_id": {"type": "integer"},
        "target_id": TEXT,
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "reversed": {"type": "boolean"},
    },
    "Balance": {
        "user_id": ID,
        "balances": {
            "type": "array",
            "items": object_schema({"coin_id": {"type": "integer"}, "amount": _AMOUNT}),
        },
    },
    "Problem": {
        "type": {"type": "string", "const": "about:blank"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
    },
}
"""What is answered; there is no member that may be missing."""


def calls(public_url: str) -> Calls:
    """The calls, which are at the server's root wherever its apps are."""
    servers = [{"url": public_url}]
    schemas = {name: object_schema(properties) for name, properties in SCHEMAS.items()}
    event = fields_schema(Reader(Event).steps)
    schemas[Event.__name__] = {**event, "additionalProperties": False}
    return Calls(
        {"name": TAG, "description": "For the app's own backend"},
        {
            EVENTS: {"servers": servers, "post": _tell_event()},
            BALANCE: {"servers": servers, "get": _read_balance()},
        },
        {
            "schemas": schemas,
            "securitySchemes": {SECRET: {"type": "http", "scheme": BEARER}},
        },
    )


def _tell_event() -> Tree:
    return {
        "operationId": "rewards.events",
        "summary": "Tell that a user did something; the answer is the award.",
        "tags": [TAG],
        "security": [{SECRET: []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": KEY.schema(),
                "description": "The backend's own name for the event.",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": refer("schemas", Event.__name__)}},
        },
        "responses": responses(
            refer("schemas", "Award"), (HTTPStatus.OK, HTTPStatus.CREATED), TO_AN_EVENT
        ),
    }


def _read_balance() -> Tree:
    unknown, _, _ = PROBLEMS[AccountUnknown]
    return {
        "operationId": "rewards.balance",
        "summary": "What a user has.",
        "tags": [TAG],
        "security": [{SECRET: []}],
        "parameters": [parameter(step, "query") for step in Reader(Question).steps],
        "responses": responses(refer("schemas", "Balance"), (HTTPStatus.OK,), (*ALWAYS, unknown)),
    }


def responses(
    success: Tree | None, statuses: Iterable[HTTPStatus], problems: Iterable[HTTPStatus]
) -> Tree:
    """The answers of one call by status; without a schema its success has no body."""
    said = {JSON_TYPE: {"schema": success}} if success else {}
    content = {
        **dict.fromkeys(statuses, said),
        **{status: {PROBLEM: {"schema": refer("schemas", "Problem")}} for status in problems},
    }
    return {str(status.value): answer(status, content[status]) for status in sorted(content)}
