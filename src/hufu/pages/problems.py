"""What our own JSON APIs have in common: they answer errors as problem details (RFC 9457)."""

import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hufu.domain.errors import Malformed
from hufu.services.clock import ClockUnknown
from hufu.services.overload import Overloaded, Unavailable
from hufu.wire.body import BodyTooLarge, ClientGone
from hufu.wire.metrics import ANSWERS, BROKEN, OK
from hufu.wire.request_ids import HEADER, request_id

JSON = "application/json"
RETRY_AFTER = 1
TITLES = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",
    422: "Unprocessable Content",
}
"""RFC 9110's; older Pythons have others for two of them."""

Handler = Callable[[Request], Awaitable[Response]]

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger()


class Problem(Exception):
    """An answer other than success. `code` is for programs, `detail` for people."""

    def __init__(
        self, status: HTTPStatus, code: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}

    def response(self) -> Response:
        """As it leaves."""
        body = {
            "type": "about:blank",
            "title": TITLES[self.status],
            "status": self.status.value,
            "detail": self.detail,
            "code": self.code,
        }
        return Response(
            _encode(body),
            self.status,
            self.headers,
            media_type="application/problem+json",
        )


def json_answer(body: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Success."""
    return Response(_encode(body), status, media_type=JSON)


def api_route(path: str, handlers: Mapping[str, Handler]) -> Route:
    """A path and what each method does there; whatever goes wrong is answered as a problem."""
    ANSWERS.begin("", path, BROKEN)
    allowed = [*handlers, "HEAD"] if "GET" in handlers else [*handlers]

    async def refuse(_: Request) -> Response:
        raise not_allowed(allowed)

    async def answer(request: Request) -> Response:
        try:
            handler = handlers.get("GET" if request.method == "HEAD" else request.method)
            answered = await (handler or refuse)(request)
        except (ClientGone, ClientDisconnect):
            ANSWERS.add("", path, ClientGone.__name__)
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except Exception as error:  # noqa: BLE001  # Unforeseen ones are logged there.
            named = next((value for key, value in request.headers.raw if key == HEADER), None)
            problem = problem_of(path, error, named)
            ANSWERS.add("", path, problem.code)
            return problem.response()
        ANSWERS.add("", path, OK)
        return answered

    route = Route(path, answer)
    route.methods = None  # Starlette would refuse the others in words of its own.
    return route


def not_allowed(methods: Sequence[str]) -> Problem:
    """Another method than these was used."""
    used = " or ".join(method for method in methods if method != "HEAD")
    return Problem(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "method_not_allowed",
        f"use {used}",
        {"Allow": ", ".join(methods)},
    )


def problem_of(path: str, error: Exception, named: bytes | None) -> Problem:
    """What is answered instead of success; an error that nobody foresaw is logged, under the name
    that the request had already, or under a new one."""
    match error:
        case Problem():
            return error
        case Malformed():
            return Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "malformed",
                f"{error.field}: missing, or not as it must be",
            )
        case BodyTooLarge():
            return Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", "the body is too large"
            )
        case Overloaded() | Unavailable() | ClockUnknown():
            seconds = error.retry_after if isinstance(error, Overloaded) else RETRY_AFTER
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "unavailable",
                "not at the moment",
                {"Retry-After": str(seconds)},
            )
    id = request_id(named)
    _log.error(
        "broken",
        request_id=id,
        endpoint=path,
        error=type(error).__name__,  # Its text may hold what the client sent.
        at="".join(traceback.format_tb(error.__traceback__)),
    )
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        BROKEN,
        "this should not have happened",
        {"X-Request-Id": id},
    )
