"""Turning away, at a glance, who asks for a hash while there is no place for one.

Where many more come than can be served, what a refusal costs is what those who are served have
less: without a task, and without a look at the body, it is a third of the ordinary way's.
"""

from typing import Any

from hufu.actions.deps import Deps
from hufu.domain.errors import Refusal
from hufu.http.exchange import Exchange
from hufu.wire import metrics
from hufu.wire.answers import Encoded, Mount, head_of
from hufu.wire.clients import Clients
from hufu.wire.dialect import Anyone, Dialect, Head
from hufu.wire.headers import Headers


class Door:
    """One endpoint whose action begins with a place for a hash; `refusal` is said where there is
    none. Whoever is not turned away goes the ordinary way, from its start."""

    def __init__(
        self,
        dialect: Dialect[Any],
        deps: Deps,
        mount: Mount,
        clients: Clients,
        endpoint: Anyone[Any, Any, Any],
        refusal: Encoded,
        retry_after: tuple[bytes, bytes],
    ) -> None:
        self.method = endpoint.method
        self._endpoint = endpoint
        self._guard = dialect.guard
        self._hasher = deps.hasher
        self._clients = clients
        self._origins = mount.cors_origins
        self._secure = mount.secure
        content_type = dialect.broken.content_type
        head = head_of(refusal.status, content_type, vary=bool(mount.cors_origins))
        self._head = head + b"%b: %b\r\n" % retry_after
        self._body = refusal.body
        self._labels = (deps.app.name, endpoint.path, metrics.UNAVAILABLE)

    def begin(self, exchange: Exchange) -> bool:
        """Turn it away; False where it has to be served."""
        headers = Headers(exchange.headers)
        if self._origins and headers.first(b"origin") is not None:
            return False
        try:
            head = Head(exchange.method, headers, self._origins, None, self._secure)
            self._guard(head, self._endpoint)
        except Refusal:
            return False
        client = self._clients.client(exchange.peer, headers)
        if not self._hasher.turns_away(client.network or ""):
            return False
        exchange.answer(self._head, self._body)
        metrics.ANSWERS.add(*self._labels)
        return True
