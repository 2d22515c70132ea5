"""Answers to calls that show what is read together with the session, without a task of their own.

Such a call waits for one thing only, the batch of reads that it is part of. What comes back is
turned into bytes there and then. Whatever is not plain success (a refusal, a first visit, a
database that cannot be reached) is left to the ordinary way, `Service.serve`, from its start: this
way only ever says what that one would.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, Generic

from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, recognised
from hufu.domain.errors import Refusal
from hufu.domain.permissions import Caller
from hufu.domain.sessions import Presented
from hufu.http.exchange import Exchange
from hufu.services.keys import token_hash
from hufu.wire import body, metrics
from hufu.wire.answers import Mount, head_of
from hufu.wire.clients import Clients
from hufu.wire.cookies import read_cookie
from hufu.wire.dialect import Dialect, Head, Member, Options, Visit
from hufu.wire.fields import Reader
from hufu.wire.headers import Headers

_OK = 200


class Express(Generic[Options]):
    """One endpoint whose rows say what they can show at once."""

    def __init__(
        self,
        dialect: Dialect[Options],
        deps: Deps,
        options: Options,
        mount: Mount,
        clients: Clients,
        endpoint: Member[Options, Any, Any],
        reader: Reader[Any],
    ) -> None:
        assert endpoint.at_once is not None
        self.method = endpoint.method
        self.endpoint = endpoint
        self.deps = deps
        self.options = options
        self.shown: Callable[[Deps, Caller], Any] = endpoint.at_once
        self._clients = clients
        self._guard = dialect.guard
        self._proof = endpoint.proof or dialect.proof
        self._cookie = mount.cookie_name(dialect.session_cookie)
        self._origins = mount.cors_origins
        self._secure = mount.secure
        self._reader = reader
        self._limited = deps.app.session_guesses_limited
        self._presented = deps.database.presented
        self._encode = mount.body_of
        self._head = head_of(_OK, endpoint.content_type, vary=bool(mount.cors_origins))
        self._labels = (deps.app.name, endpoint.path, metrics.OK)
        self._times = metrics.TIMES.row(deps.app.name, endpoint.path)

    def begin(self, exchange: Exchange) -> bool:
        """Begin to answer; False where the ordinary way has to be gone."""
        began = monotonic()
        headers = Headers(exchange.headers)
        if self._origins and headers.first(b"origin") is not None:
            return False
        endpoint = self.endpoint
        try:
            session = read_cookie(headers, self._cookie) if self._cookie else None
            head = Head(exchange.method, headers, self._origins, session, self._secure)
            self._guard(head, endpoint)
            raw = exchange.body
            if len(raw) > endpoint.body_limit:
                return False
            fields = body.parse(headers.sole(b"content-type"), raw)
            proof = self._proof(fields, session)
            request = self._reader.read(fields)
        except Refusal:
            return False
        if not isinstance(proof, SessionToken):
            return False
        client = self._clients.client(exchange.peer, headers)
        visit = Visit(self.deps.app, self.options, client, self.deps.clock, proof, None)
        network = client.network if self._limited else None
        ride = _Ride(self, exchange, proof, request, visit, began)
        self._presented.tell(token_hash(proof.token), endpoint.view, network, ride)
        return True

    def answer(self, ride: "_Ride", found: Presented | None) -> bool:
        """Answer with what was found; False where the ordinary way has to be gone."""
        caller = recognised(self.deps, ride.proof, found)
        if caller is None or (result := self.shown(self.deps, caller)) is None:
            return False
        ride.request.command(ride.visit)
        reply = self.endpoint.reply(result, ride.visit)
        if reply.status != _OK or reply.cookies:
            return False
        ride.exchange.answer(self._head, self._encode(reply))
        metrics.ANSWERS.add(*self._labels)
        metrics.count_time(self._times, monotonic() - ride.began)
        return True


class _Ride:
    """One request that waits for what is read; what that is is told to it."""

    __slots__ = ("began", "exchange", "express", "proof", "request", "visit")

    def __init__(
        self,
        express: Express[Any],
        exchange: Exchange,
        proof: SessionToken,
        request: Any,
        visit: Visit[Any],
        began: float,
    ) -> None:
        self.began = began
        self.express = express
        self.exchange = exchange
        self.proof = proof
        self.request = request
        self.visit = visit

    def done(self) -> bool:
        """Whether nobody waits any more."""
        return self.exchange.gone

    def set_result(self, found: Presented | None, /) -> None:
        """Take what was found."""
        try:
            answered = self.express.answer(self, found)
        except Exception:  # noqa: BLE001  # The ordinary way meets it again, and tells of it.
            answered = self.exchange.answered
        if not answered:
            self.exchange.hand_on()

    def set_exception(self, _: Exception, /) -> None:
        """The ordinary way meets it again, and tells of it."""
        self.exchange.hand_on()
