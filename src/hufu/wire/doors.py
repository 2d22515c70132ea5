"""Turning away, at a glance, who asks for a hash while there is no place for one.

Where many more come than can be served, what a refusal costs is what those who are served have
less: without a task, and without a look at the body, it is a third of the ordinary way's.
"""

import asyncio
from time import monotonic, sleep, thread_time
from typing import Any

from hufu.actions.deps import Deps
from hufu.domain.errors import Refusal
from hufu.http.exchange import Exchange
from hufu.wire import metrics
from hufu.wire.answers import Encoded, Mount, head_of
from hufu.wire.clients import Clients
from hufu.wire.dialect import Anyone, Dialect, Head
from hufu.wire.headers import Headers

STILL = 0.01
"""Seconds for which the event loop stands still behind a refusal."""
BUSY = 0.5
"""Share of the time from which the event loop has enough to do to meet refusals together anyway."""


class Lull:
    """Lets refusals come together, where more is asked for than can be hashed.

    Each by itself would take the core from the thread that hashes, and both would find little of
    theirs in its caches. So behind one the event loop stands still for a moment, unless it is busy,
    and sees to all at once that has come meanwhile (as network cards coalesce their interrupts).
    """

    def __init__(self) -> None:
        self._due = False
        self._looked_at = monotonic()
        self._used = thread_time()

    def begin(self) -> None:
        """Somebody was refused. Answers of this turn of the event loop still leave before."""
        if not self._due:
            self._due = True
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self._stand_still)

    def _stand_still(self) -> None:
        self._due = False
        now, used = monotonic(), thread_time()
        busy = used - self._used > BUSY * (now - self._looked_at)
        self._looked_at, self._used = now, used
        if not busy:
            sleep(STILL)


class Door:
    """One endpoint whose action begins with a place for a hash; `refusal` is said where there is
    none. Whoever is not turned away goes the ordinary way, from its start."""

    def __init__(
        self,
        dialect: Dialect[Any],
        deps: Deps,
        mount: Mount,
        clients: Clients,
        lull: Lull,
        endpoint: Anyone[Any, Any, Any],
        refusal: Encoded,
        retry_after: tuple[bytes, bytes],
    ) -> None:
        self.method = endpoint.method
        self._endpoint = endpoint
        self._guard = dialect.guard
        self._hasher = deps.hasher
        self._clients = clients
        self._lull = lull
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
        self._lull.begin()
        return True
