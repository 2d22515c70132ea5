"""From a request to an answer: one service per app, made once, dispatching from its table."""

import asyncio
import re
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Generic

import structlog

from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, authenticate
from hufu.actions.sign_in import authenticate_by_password
from hufu.domain.errors import DeliveryUnavailable, Refusal
from hufu.domain.permissions import Client
from hufu.services.clock import ClockUnknown
from hufu.services.overload import Abandoned, Overloaded, Unavailable
from hufu.wire import body, metrics
from hufu.wire.answers import Encoded, Header, Mount
from hufu.wire.body import BodyTooLarge, ClientGone, Fields
from hufu.wire.clients import Clients
from hufu.wire.cookies import read_cookie
from hufu.wire.dialect import (
    BODY_LIMIT,
    Anyone,
    Dialect,
    Endpoint,
    Head,
    Member,
    Options,
    Refusals,
    Reply,
    Visit,
    replies_to_refusals,
)
from hufu.wire.doors import Door, Lull
from hufu.wire.express import Express
from hufu.wire.fields import Reader
from hufu.wire.headers import Headers
from hufu.wire.request_ids import HEADER, request_id
from hufu.wire.room import ROOM_ENOUGH, Room

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
TOO_LARGE = 413
BROKEN = 500
UNAVAILABLE = 503
RETRY_AFTER = 1
TICK = 0.025
"""Seconds. What is done for somebody takes up to a few tenths of a millisecond longer than the same
for nobody, and all of it but a password's hash a small part of this."""

_FORM = body.FORM.encode()
_SLASHES = re.compile("//+")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Row(Generic[Options]):
    """An endpoint with everything about it that can be worked out before the first request."""

    endpoint: Endpoint[Options]
    reader: Reader[Any]
    refusals: dict[type[Refusal], Encoded]
    parameter: str | None
    times: list[float]


class Service(Generic[Options]):
    """An app that answers in its dialect."""

    def __init__(
        self, dialect: Dialect[Options], deps: Deps, options: Options, mount: Mount, room: Room
    ) -> None:
        self._dialect = dialect
        self._deps = deps
        self._options = options
        self._mount = mount
        self._room = room
        self._session_cookie = mount.cookie_name(dialect.session_cookie)
        self._visitor_cookie = mount.cookie_name(dialect.visitor_cookie)
        self._hides_accounts = not deps.app.reveal_unknown_user
        self._rows: dict[str, dict[str, _Row[Options]]] = {}
        self._replies: dict[int, Encoded] = {}  # By identity: they live as long as the dialect.
        self._common = self._refusals({})
        for endpoint in dialect.endpoints:
            key, row = self._compiled(endpoint)
            self._rows.setdefault(key, {})[endpoint.method] = row

    def express(self, clients: Clients, lull: Lull) -> dict[bytes, Express[Options] | Door]:
        """What can be answered without a task, by path below the mount."""
        return {**self._doors(clients, lull), **self._shown(clients)}

    def _doors(self, clients: Clients, lull: Lull) -> dict[bytes, Door]:
        seconds = self._deps.hasher.retry_after
        refusal = self._unavailable(Overloaded(seconds))
        [retry_after] = _retry_after(seconds)
        return {
            row.endpoint.path.encode(): Door(
                self._dialect,
                self._deps,
                self._mount,
                clients,
                lull,
                row.endpoint,
                refusal,
                retry_after,
            )
            for rows in self._rows.values()
            for row in rows.values()
            if isinstance(row.endpoint, Anyone) and row.endpoint.hashes
        }

    def _shown(self, clients: Clients) -> dict[bytes, Express[Options]]:
        return {
            row.endpoint.path.encode(): Express(
                self._dialect,
                self._deps,
                self._options,
                self._mount,
                clients,
                row.endpoint,
                row.reader,
            )
            for rows in self._rows.values()
            for row in rows.values()
            if isinstance(row.endpoint, Member)
            and row.endpoint.at_once is not None
            and not (row.endpoint.from_query or row.endpoint.steady or row.parameter)
        }

    async def serve(
        self,
        scope: MutableMapping[str, Any],
        headers: Headers,
        receive: body.Receive,
        send: Send,
        path: str,
        client: Client,
    ) -> None:
        """Answer one request; `path` is below the mount, without a slash in front."""
        if self._dialect.doubled_slashes:
            path = _SLASHES.sub("/", path).lstrip("/")
        rows, value = self._find(path)
        row = rows.get(scope["method"])
        if row is None:
            answer = self._no_row(rows, scope["method"], headers)
        else:
            began = time.monotonic()
            try:
                answer = await self._answer(row, receive, headers, value, client, scope)
            except ClientGone:
                return
            if self._hides_accounts and row.endpoint.steady:
                await asyncio.sleep(TICK - (time.monotonic() - began) % TICK)
            metrics.count_time(row.times, time.monotonic() - began)
        sent = [*answer.headers, *self._mount.cors(headers)]
        await send({"type": "http.response.start", "status": answer.status, "headers": sent})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(
        self,
        row: _Row[Options],
        receive: body.Receive,
        headers: Headers,
        value: str | None,
        client: Client,
        scope: MutableMapping[str, Any],
    ) -> Encoded:
        outcome = metrics.OK
        try:
            head = self._head(scope["method"], headers)
            self._dialect.guard(head, row.endpoint)
            limit = row.endpoint.body_limit
            with self._room.lent() if limit > BODY_LIMIT else ROOM_ENOUGH as grow:
                raw = await body.read(receive, headers, limit, grow)
                fields = self._fields(row, raw, headers, value, scope)
                return self._mount.encoded(await self._reply(row, head, fields, client))
        except Refusal as refusal:
            outcome = type(refusal).__name__
            return self._refused(row, refusal)
        except BodyTooLarge:
            outcome = BodyTooLarge.__name__
            return self._mount.encoded(self._dialect.malformed, status=TOO_LARGE)
        except Abandoned:
            outcome = ClientGone.__name__
            raise ClientGone from None
        except (Overloaded, Unavailable, ClockUnknown) as error:
            outcome = metrics.UNAVAILABLE
            return self._unavailable(error)
        except ClientGone:
            outcome = ClientGone.__name__
            raise
        except asyncio.CancelledError as error:  # It has taken too long altogether.
            outcome = metrics.UNAVAILABLE
            return self._unavailable(error)
        except Exception as error:  # noqa: BLE001  # Unforeseen: logged, and told as "broken".
            outcome = metrics.BROKEN
            return self._broken(row, error, headers)
        finally:
            metrics.ANSWERS.add(self._deps.app.name, row.endpoint.path, outcome)

    def _fields(
        self,
        row: _Row[Options],
        raw: bytes,
        headers: Headers,
        value: str | None,
        scope: MutableMapping[str, Any],
    ) -> Fields:
        if row.endpoint.from_query:
            fields = body.parse(_FORM, scope["query_string"])
        else:
            fields = body.parse(headers.sole(b"content-type"), raw)
        if row.parameter is not None:
            fields[row.parameter] = value
        return fields

    async def _reply(self, row: _Row[Options], head: Head, fields: Fields, client: Client) -> Reply:
        endpoint = row.endpoint
        if isinstance(endpoint, Anyone):
            session = SessionToken(head.session) if head.session else None
            visitor = self._visitor_cookie and read_cookie(head.headers, self._visitor_cookie)
            visit = self._visit(client, session, visitor)
            return await endpoint.answer(self._deps, row.reader.read(fields), visit)
        proof = (endpoint.proof or self._dialect.proof)(fields, head.session)
        request = row.reader.read(fields)
        if isinstance(proof, SessionToken):
            caller = await authenticate(self._deps, client, proof, endpoint.view)
            visit = self._visit(client, proof)
        else:
            caller = await authenticate_by_password(
                self._deps, client, proof.identifier, proof.password
            )
            visit = self._visit(client, None)
        return await endpoint.answer(self._deps, caller, request, visit)

    def _visit(
        self, client: Client, session: SessionToken | None, visitor: str | None = None
    ) -> Visit[Options]:
        deps = self._deps
        return Visit(deps.app, self._options, client, deps.clock, session, visitor)

    def _head(self, method: str, headers: Headers) -> Head:
        name = self._session_cookie
        session = name and read_cookie(headers, name)
        return Head(method, headers, self._mount.cors_origins, session, self._mount.secure)

    def _find(self, path: str) -> tuple[dict[str, _Row[Options]], str | None]:
        if rows := self._rows.get(path):
            return rows, None
        before, slash, value = path.rpartition("/")
        if value and (rows := self._rows.get(before + slash)):
            return rows, value
        return {}, None

    def _compiled(self, endpoint: Endpoint[Options]) -> tuple[str, _Row[Options]]:
        before, _, parameter = endpoint.path.partition("<")
        metrics.ANSWERS.begin(self._deps.app.name, endpoint.path, metrics.BROKEN)
        refusals = self._refusals(endpoint.refusals) if endpoint.refusals else self._common
        row = _Row(
            endpoint,
            Reader(endpoint.request),
            refusals,
            f"<{parameter}" if parameter else None,
            metrics.TIMES.row(self._deps.app.name, endpoint.path),
        )
        return before, row

    def _refusals(self, own: Refusals) -> dict[type[Refusal], Encoded]:
        replies = replies_to_refusals(self._dialect, own)
        return {refusal: self._told(reply) for refusal, reply in replies.items()}

    def _told(self, reply: Reply) -> Encoded:
        """A refusal's reply, encoded once: most rows and refusals share a few."""
        if id(reply) not in self._replies:
            self._replies[id(reply)] = self._mount.encoded(reply)
        return self._replies[id(reply)]

    @staticmethod
    def _refused(row: _Row[Options], refusal: Refusal) -> Encoded:
        answer = row.refusals[type(refusal)]
        if not isinstance(refusal, DeliveryUnavailable) or answer.status != UNAVAILABLE:
            return answer
        return replace(answer, headers=(*answer.headers, *_retry_after(refusal.retry_after)))

    def _no_row(self, rows: dict[str, _Row[Options]], method: str, headers: Headers) -> Encoded:
        app = self._deps.app.name
        if not rows:
            metrics.ANSWERS.add(app, metrics.UNKNOWN, metrics.NOT_FOUND)
            return self._mount.encoded(self._dialect.malformed, status=NOT_FOUND)
        methods = ", ".join(rows)
        if method == "OPTIONS" and (answer := self._mount.preflight(headers, methods)):
            return answer
        if method == "HEAD" and (get := rows.get("GET")):
            try:
                self._dialect.guard(self._head(method, headers), get.endpoint)
            except Refusal as refusal:
                metrics.ANSWERS.add(app, get.endpoint.path, type(refusal).__name__)
                return self._refused(get, refusal)
        metrics.ANSWERS.add(app, next(iter(rows.values())).endpoint.path, metrics.WRONG_METHOD)
        allowed = ((b"allow", methods.encode()),)
        return self._mount.encoded(
            self._dialect.malformed, status=METHOD_NOT_ALLOWED, extra=allowed
        )

    def _unavailable(self, error: BaseException) -> Encoded:
        seconds = error.retry_after if isinstance(error, Overloaded) else RETRY_AFTER
        return self._mount.encoded(
            self._dialect.broken, status=UNAVAILABLE, extra=_retry_after(seconds)
        )

    def _broken(self, row: _Row[Options], error: Exception, headers: Headers) -> Encoded:
        id = request_id(headers.first(HEADER))
        _log.error(
            "broken",
            request_id=id,
            app=self._deps.app.name,
            endpoint=row.endpoint.path,
            error=type(error).__name__,  # Its text may hold what the client sent.
            at="".join(traceback.format_tb(error.__traceback__)),
        )
        extra = ((HEADER, id.encode()),)
        return self._mount.encoded(self._dialect.broken, status=BROKEN, extra=extra)


def _retry_after(seconds: int) -> tuple[Header, ...]:
    return ((b"retry-after", str(seconds).encode()),)
