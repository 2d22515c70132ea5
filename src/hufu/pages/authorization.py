"""What a request's one `Authorization` header shows (RFC 9110, 11.6.2)."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request

from hufu.actions.deps import Deps
from hufu.pages.problems import Problem

Backend = Callable[[str], Awaitable[Deps | None]]
"""The app whose backend shows this secret."""

BEARER = "bearer"


def shown(request: Request) -> tuple[str, str]:
    """The scheme in lower case and what stands behind it; two empty texts where there is no such
    header, or more than one."""
    headers = request.headers.getlist("authorization")
    scheme, _, credentials = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    return scheme.lower(), credentials.strip()


async def app_of(backend: Backend, request: Request) -> Deps:
    """The app whose secret the request shows. Raises Problem."""
    scheme, secret = shown(request)
    deps = await backend(secret) if scheme == BEARER and secret else None
    if deps is None:
        raise secret_unknown("Bearer")
    return deps


def secret_unknown(challenge: str) -> Problem:
    """No app's secret was shown; `challenge` says how to show one."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "secret_unknown",
        "show the app's secret: Authorization: Bearer …",
        {"WWW-Authenticate": challenge},
    )
