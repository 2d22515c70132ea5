"""What a request's one `Authorization` header shows (RFC 9110, 11.6.2)."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request

from hufu.actions.deps import Deps
from hufu.pages.problems import Problem
from hufu.wire.headers import Headers

Backend = Callable[[str], Awaitable[Deps | None]]
"""The app whose backend shows this secret."""

BEARER = "bearer"
BASIC = "basic"


def shown(headers: Headers) -> tuple[str, str]:
    """The scheme in lower case and what stands behind it; two empty texts where there is no such
    header, or more than one."""
    lines = headers.all(b"authorization")
    if len(lines) != 1:
        return "", ""
    scheme, _, credentials = lines[0].decode("latin-1").partition(" ")
    return scheme.lower(), credentials.strip()


async def app_of(backend: Backend, request: Request) -> Deps:
    """The app whose secret the request shows. Raises Problem."""
    scheme, secret = shown(Headers(request.headers.raw))
    deps = await backend(secret) if scheme == BEARER and secret else None
    if deps is None:
        raise secret_unknown("Bearer")
    return deps


async def app_of_client(backend: Backend, request: Request) -> Deps:
    """The app whose secret the request shows, alone or as the password of a client that is called
    as the app (RFC 6749, 2.3.1). Raises Problem."""
    scheme, credentials = shown(Headers(request.headers.raw))
    name, secret = _basic(credentials) if scheme == BASIC else (None, credentials)
    deps = await backend(secret) if scheme in {BEARER, BASIC} and secret else None
    if deps is None or name not in {None, deps.app.name}:
        raise secret_unknown('Bearer, Basic realm="hufu", charset="UTF-8"')
    return deps


def _basic(credentials: str) -> tuple[str, str]:
    """Name and password (RFC 7617, 2); a secret has no colon in it, an app's name may."""
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    name, _, secret = text.rpartition(":")
    return name, secret


def secret_unknown(challenge: str) -> Problem:
    """No app's secret was shown; `challenge` says how to show one."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "secret_unknown",
        "show the app's secret: Authorization: Bearer …",
        {"WWW-Authenticate": challenge},
    )
