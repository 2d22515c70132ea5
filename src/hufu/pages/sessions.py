"""What an app's own backend asks with a session's token: whose it is, and the owner's sessions."""

import binascii
import re
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hufu.actions.deps import Deps
from hufu.actions.introspection import read_session, seen
from hufu.actions.session_list import EndSession, ListSessions, end_session, list_sessions
from hufu.actions.sessions import SessionToken, authenticate
from hufu.domain.errors import GuessLimitReached, Malformed, SessionDead
from hufu.domain.instants import time_of
from hufu.domain.limits import MINUTE
from hufu.domain.permissions import Caller, Client
from hufu.domain.profiles import View
from hufu.domain.sessions import Presented, Session
from hufu.http.exchange import Exchange
from hufu.pages.authorization import BEARER, shown
from hufu.pages.problems import JSON, Problem, api_route, json_answer, not_allowed, problem_of
from hufu.pages.standing import standing
from hufu.services.keys import token_hash
from hufu.wire.answers import STANDING_HEADERS, head_of
from hufu.wire.body import Receive
from hufu.wire.clients import Clients, peer_of
from hufu.wire.dialect import TokenReader
from hufu.wire.fields import Matching, Reader, Whole
from hufu.wire.headers import Headers
from hufu.wire.metrics import ANSWERS, BROKEN, OK
from hufu.wire.request_ids import HEADER
from hufu.wire.serve import Send

SESSION = "/v1/session"
SESSIONS = "/v1/sessions"
ONE = "/v1/sessions/"
MOST, USUAL = 100, 20

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = struct.Struct(">q16s")
_encode = msgspec.json.Encoder().encode
_ASKING = ("GET", "HEAD")
_LINES = head_of(HTTPStatus.OK, JSON.encode())
_HEAD = ((b"content-type", JSON.encode()), *STANDING_HEADERS)


class Page(msgspec.Struct):
    """The query of a list: at most so many, behind the place that the last answer named."""

    limit: Annotated[int, Whole(1, MOST)] = USUAL
    cursor: Annotated[str, Matching("[A-Za-z0-9_-]{32}")] | None = None


_page = Reader(Page)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The apps whose sessions are shown in one form, and whether wrong ones of it are counted."""

    read: TokenReader
    apps: Mapping[str, Deps]
    counted: bool


class SessionDoor:
    """Where the apps' backends show session tokens; `readers` say for each app how a session is
    read out of one."""

    def __init__(
        self, apps: Mapping[str, Deps], readers: Mapping[str, TokenReader], clients: Clients
    ) -> None:
        self._clients = clients
        self._kinds = []
        for reader in dict.fromkeys(readers.values()):
            alike = {name: deps for name, deps in apps.items() if readers[name] is reader}
            counted = any(deps.app.session_guesses_limited for deps in alike.values())
            self._kinds.append(_Kind(reader, alike, counted))
        self._deps = next(iter(apps.values()))
        ANSWERS.begin("", SESSION, BROKEN)

    async def find(
        self, scope: MutableMapping[str, Any], headers: Headers
    ) -> tuple[Deps, Client, SessionToken, Presented]:
        """Whose session the request shows: the app, the client, what was shown and what it is.

        Raises Problem.
        """
        token, client = _token(headers), self._clients.client(peer_of(scope), headers)
        for kind, presented in _readings(self._kinds, token):
            try:
                network = client.network if kind.counted else None
                found = await read_session(self._deps, kind.apps, network, presented)
            except SessionDead:
                continue
            except GuessLimitReached:
                raise _too_many() from None
            return kind.apps[found.app], client, presented, found
        raise token_unknown()

    async def whose(
        self, scope: MutableMapping[str, Any], headers: Headers, receive: Receive, send: Send
    ) -> None:
        """Answer `/v1/session`, bytes in and bytes out: apps ask it on every request of theirs."""
        method = scope["method"]
        try:
            _require_asking(method)
            _, _, _, found = await self.find(scope, headers)
        except Exception as error:  # noqa: BLE001  # Unforeseen ones are logged there.
            problem = problem_of(SESSION, error, headers.first(HEADER))
            ANSWERS.add("", SESSION, problem.code)
            await standing(problem.response())(scope, receive, send)
            return
        ANSWERS.add(found.app, SESSION, OK)
        body = session_answer(found)
        sent = [(b"content-length", b"%d" % len(body)), *_HEAD]
        await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": sent})
        await send({"type": "http.response.body", "body": body if method == "GET" else b""})

    def glance(self, exchange: Exchange) -> bool:
        """The same without a task, where the token is a live session's; False leaves it to one."""
        if exchange.method != "GET":
            return False
        headers = Headers(exchange.headers)
        try:
            kind, presented = next(_readings(self._kinds, _token(headers)))
        except (Problem, StopIteration):
            return False
        network = self._clients.client(exchange.peer, headers).network if kind.counted else None
        self._deps.database.presented.tell(
            token_hash(presented.token),
            View.SESSION,
            network,
            _Glance(self._deps, exchange, kind, presented),
        )
        return True


class _Glance:
    """One question whose it is that waits for the answer."""

    __slots__ = ("_deps", "_exchange", "_kind", "_presented")

    def __init__(
        self, deps: Deps, exchange: Exchange, kind: _Kind, presented: SessionToken
    ) -> None:
        self._deps = deps
        self._exchange = exchange
        self._kind = kind
        self._presented = presented

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self._exchange.gone

    def set_result(self, found: Presented | None, /) -> None:
        """Take what was found."""
        whose = body = None
        try:
            whose = seen(self._deps, self._kind.apps, self._presented, found)
            body = session_answer(whose) if whose else None
        except Exception:  # noqa: BLE001  # The ordinary way meets it again, and tells of it.
            body = None
        if whose is None or body is None:
            self._exchange.hand_on()
            return
        ANSWERS.add(whose.app, SESSION, OK)
        self._exchange.answer(_LINES, body)

    def set_exception(self, _: Exception, /) -> None:
        """The ordinary way meets it again, and tells of it."""
        self._exchange.hand_on()


def routes(door: SessionDoor) -> list[Route]:
    """`/v1/sessions` and what is below."""

    async def own(request: Request) -> tuple[Deps, Caller]:
        headers = Headers(request.headers.raw)
        deps, client, presented, _ = await door.find(request.scope, headers)
        try:
            return deps, await authenticate(deps, client, presented)
        except SessionDead:  # Ended since it was found.
            raise token_unknown() from None

    async def listed(request: Request) -> Response:
        deps, caller = await own(request)
        page = _read_page(request)
        before = read_cursor(page.cursor) if page.cursor else None
        found = await list_sessions(deps, caller, ListSessions(page.limit, before))
        last = found.sessions[-1] if found.more else None
        return json_answer(
            {
                "sessions": [seen_by_owner(each, caller) for each in found.sessions],
                "next_cursor": last and cursor(last),
            }
        )

    async def end(request: Request) -> Response:
        deps, caller = await own(request)
        id = _id(request.path_params["id"])
        if id is None or not await end_session(deps, caller, EndSession(id)):
            raise Problem(
                HTTPStatus.NOT_FOUND, "session_unknown", "the account has no such session here"
            )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    one = api_route(f"{ONE}{{id:path}}", {"DELETE": end})
    one.path_regex = re.compile(f"{ONE}(?P<id>.*)", re.DOTALL)  # Its own stops at a line feed.
    return [api_route(SESSIONS, {"GET": listed}), one]


# Answers


def session_answer(found: Presented) -> bytes:
    """Whose session it is, as JSON."""
    return _encode(
        {
            "id": str(found.id),
            "user_id": found.account_id,
            "app": found.app,
            "roles": (found.role,),
            "signed_in_at": time_of(found.signed_in_at),
            "method": found.method,
            "device": found.device,
            "seen_at": time_of(found.seen_at),
            "expires_at": time_of(found.ends_at),
        }
    )


def seen_by_owner(session: Session, caller: Caller) -> dict[str, object]:
    """One of the owner's sessions."""
    return {
        "id": str(session.id),
        "current": session.id == caller.session_id,
        "signed_in_at": session.created_at,
        "method": session.method,
        "device": session.device,
        "seen_at": session.seen_at,
        "expires_at": session.ends_at,
        "network": session.network,
        "user_agent": session.user_agent,
    }


def token_unknown() -> Problem:
    """The answer to a token that is no live session's (RFC 6750, 3.1)."""
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "token_unknown",
        "the token is no live session's",
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def _too_many() -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_guesses",
        "too many wrong tokens came from this network",
        {"Retry-After": str(int(MINUTE.total_seconds()))},
    )


# Requests


def _require_asking(method: str) -> None:
    if method not in _ASKING:
        raise not_allowed(_ASKING)


def _token(headers: Headers) -> str:
    scheme, token = shown(headers)
    if scheme != BEARER or not token:
        raise Problem(
            HTTPStatus.UNAUTHORIZED,
            "token_missing",
            "show the session's token: Authorization: Bearer …",
            {"WWW-Authenticate": "Bearer"},
        )
    return token


def _readings(kinds: list[_Kind], token: str) -> Iterator[tuple[_Kind, SessionToken]]:
    for kind in kinds:
        try:
            yield kind, kind.read(token)
        except Malformed:
            continue


def _read_page(request: Request) -> Page:
    query = request.query_params
    for name in Page.__struct_fields__:
        if len(query.getlist(name)) > 1:
            raise Malformed(name)
    return _page.read(dict(query))


def _id(text: str) -> UUID | None:
    """The id, in the one spelling that is shown."""
    try:
        id = UUID(text)
    except ValueError:
        return None
    return id if str(id) == text else None


def cursor(session: Session) -> str:
    """The session's place in the list; that it may have ended meanwhile does not matter."""
    microseconds = (session.created_at - _EPOCH) // _MICROSECOND
    return urlsafe_b64encode(_PLACE.pack(microseconds, session.id.bytes)).decode()


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """The place again. Raises Malformed."""
    try:
        microseconds, id = _PLACE.unpack(urlsafe_b64decode(text))
        return _EPOCH + microseconds * _MICROSECOND, UUID(bytes=id)
    except (binascii.Error, struct.error, OverflowError):
        raise Malformed("cursor") from None
