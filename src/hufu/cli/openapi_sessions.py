"""What an app's own backend asks about sessions, as OpenAPI."""

from http import HTTPStatus

from hufu.cli.openapi_backend import (
    ALWAYS,
    ID,
    SECRET,
    TAG,
    TEXT,
    responses,
)
from hufu.cli.openapi_calls import Calls, Tree, fields_schema, object_schema, parameter, refer
from hufu.domain.permissions import Role
from hufu.domain.sessions import SignInMethod
from hufu.pages.authorization import BASIC, BEARER
from hufu.pages.introspection import AMR, INTROSPECT, Question
from hufu.pages.sessions import ONE, SESSION, SESSIONS, Page
from hufu.wire.body import FORM
from hufu.wire.fields import Reader

CLIENT = "appClient"
TOKEN = "sessionToken"  # noqa: S105  # What the scheme is called.

TO_A_TOKEN = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

_UUID: Tree = {"type": "string", "format": "uuid"}
_TIME: Tree = {"type": "string", "format": "date-time"}
_SECONDS: Tree = {"type": "integer", "minimum": 0}
_ROLES: Tree = {
    "type": "array",
    "items": {"type": "string", "enum": [each.value for each in Role]},
    "minItems": 1,
}
_OR_NULL: Tree = {"type": ["string", "null"]}
_FACTS: Tree = {
    "signed_in_at": _TIME,
    "method": {"type": "string", "enum": [each.value for each in SignInMethod]},
    "device": _OR_NULL,
    "seen_at": _TIME,
    "expires_at": _TIME,
}
SCHEMAS: Tree = {
    "Introspection": {
        "oneOf": [
            object_schema(
                {
                    "active": {"const": True},
                    "sub": TEXT,
                    "user_id": ID,
                    "app": TEXT,
                    "client_id": TEXT,
                    "token_type": {"const": "Bearer"},
                    "roles": _ROLES,
                    "auth_time": _SECONDS,
                    "amr": {
                        "type": "array",
                        "items": {"enum": sorted({way for ways in AMR.values() for way in ways})},
                    },
                    "device": _OR_NULL,
                    "iat": _SECONDS,
                    "exp": _SECONDS,
                    "sid": _UUID,
                }
            ),
            {**object_schema({"active": {"const": False}}), "additionalProperties": False},
        ]
    },
    "Session": object_schema(
        {"id": _UUID, "user_id": ID, "app": TEXT, "roles": _ROLES, **_FACTS},
    ),
    "Sessions": object_schema(
        {
            "sessions": {
                "type": "array",
                "items": object_schema(
                    {
                        "id": _UUID,
                        "current": {"type": "boolean"},
                        **_FACTS,
                        "network": _OR_NULL,
                        "user_agent": {"type": "string"},
                    }
                ),
            },
            "next_cursor": _OR_NULL,
        }
    ),
}
"""What is answered; there is no member that may be missing."""


def calls(public_url: str) -> Calls:
    """The calls, which are at the server's root wherever its apps are."""
    servers = [{"url": public_url}]
    return Calls(
        {"name": TAG},
        {
            INTROSPECT: {"servers": servers, "post": _introspect()},
            SESSION: {"servers": servers, "get": _read_session()},
            SESSIONS: {"servers": servers, "get": _list_sessions()},
            f"{ONE}{{id}}": {"servers": servers, "delete": _end_session()},
        },
        {
            "schemas": SCHEMAS,
            "securitySchemes": {
                CLIENT: {"type": "http", "scheme": BASIC},
                TOKEN: {"type": "http", "scheme": BEARER},
            },
        },
    )


def _introspect() -> Tree:
    return {
        "operationId": "introspect",
        "summary": "Ask with the app's secret whom a session's token belongs to (RFC 7662).",
        "tags": [TAG],
        "security": [{SECRET: []}, {CLIENT: []}],
        "requestBody": {
            "required": True,
            "content": {FORM: {"schema": fields_schema(Reader(Question).steps)}},
        },
        "responses": responses(
            refer("schemas", "Introspection"),
            (HTTPStatus.OK,),
            (
                *ALWAYS,
                HTTPStatus.BAD_REQUEST,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            ),
        ),
    }


def _read_session() -> Tree:
    return {
        "operationId": "session",
        "summary": "Ask with a session's token whose it is.",
        "tags": [TAG],
        "security": [{TOKEN: []}],
        "responses": responses(refer("schemas", "Session"), (HTTPStatus.OK,), TO_A_TOKEN),
    }


def _list_sessions() -> Tree:
    return {
        "operationId": "sessions",
        "summary": "List the sessions that the token's owner has in the app, newest first.",
        "tags": [TAG],
        "security": [{TOKEN: []}],
        "parameters": [parameter(step, "query") for step in Reader(Page).steps],
        "responses": responses(
            refer("schemas", "Sessions"),
            (HTTPStatus.OK,),
            (*TO_A_TOKEN, HTTPStatus.UNPROCESSABLE_ENTITY),
        ),
    }


def _end_session() -> Tree:
    return {
        "operationId": "sessions.id",
        "summary": "End one of the sessions that the token's owner has in the app.",
        "tags": [TAG],
        "security": [{TOKEN: []}],
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": _UUID}],
        "responses": responses(None, (HTTPStatus.NO_CONTENT,), (*TO_A_TOKEN, HTTPStatus.NOT_FOUND)),
    }
