"""What an app's own backend asks with its secret: whom a token belongs to (RFC 7662)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hufu.actions.introspection import introspect
from hufu.domain.errors import Malformed
from hufu.domain.instants import unix
from hufu.domain.sessions import Presented, SignInMethod
from hufu.pages.authorization import Backend, app_of_client
from hufu.pages.problems import Problem, api_route, json_answer
from hufu.wire import body
from hufu.wire.dialect import BODY_LIMIT, TokenReader
from hufu.wire.fields import Reader, Verbatim
from hufu.wire.forms import UTF_8, header_parameters, urlencoded
from hufu.wire.headers import Headers

INTROSPECT = "/v1/introspect"

INACTIVE = MappingProxyType({"active": False})
"""All that is said of what is no live session of the app."""

AMR: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        SignInMethod.PASSWORD: ("pwd",),
        SignInMethod.CODE: ("otp",),
        SignInMethod.REGISTRATION: ("otp",),
        SignInMethod.RECOVERY: ("otp",),
    }
)
"""How the owner proved to be the owner, in the words of RFC 8176: a registration or recovery that
signs in has compared a code."""


class Question(msgspec.Struct):
    """The form: what some client showed as its session. Other fields mean nothing."""

    token: Annotated[str, Verbatim(BODY_LIMIT)]


_question = Reader(Question)


def routes(backend: Backend, readers: Mapping[str, TokenReader]) -> list[Route]:
    """`/v1/introspect`; `readers` say for each app how a session is read out of a token."""

    async def answer(request: Request) -> Response:
        deps = await app_of_client(backend, request)
        question = await _read_question(request)
        try:
            presented = readers[deps.app.name](question.token)
        except Malformed:
            return json_answer(dict(INACTIVE))
        found = await introspect(deps, presented)
        return json_answer(introspected(found) if found else dict(INACTIVE))

    return [api_route(INTROSPECT, {"POST": answer})]


def introspected(found: Presented) -> dict[str, object]:
    """What is said of a session that counts (RFC 7662, 2.2; names from RFC 7519 and OpenID
    Connect). Times are in seconds since 1970."""
    signed_in = unix(found.signed_in_at)
    return {
        "active": True,
        "sub": str(found.account_id),
        "user_id": found.account_id,
        "app": found.app,
        "client_id": found.app,
        "token_type": "Bearer",
        "roles": [found.role],
        "auth_time": signed_in,
        "amr": AMR.get(found.method, ()),
        "device": found.device,
        "iat": signed_in,
        "exp": unix(found.ends_at),
        "sid": str(found.id),
    }


async def _read_question(request: Request) -> Question:
    if not _is_form(request.headers.getlist("content-type")):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not_form", f"send a form as {body.FORM}")
    raw = await body.read(request.receive, Headers(request.headers.raw), BODY_LIMIT)
    try:
        fields = urlencoded(raw)
    except Malformed:
        raise Problem(HTTPStatus.BAD_REQUEST, "not_form", "the body is no form") from None
    return _question.read({name: value for name, value in fields.items() if value != ""})


def _is_form(kinds: list[str]) -> bool:
    try:
        kind, parameters = header_parameters(kinds[0] if len(kinds) == 1 else "")
    except Malformed:
        return False
    return kind == body.FORM and parameters.get("charset", "utf-8").lower() in UTF_8
