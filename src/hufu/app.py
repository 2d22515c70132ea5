"""The server: finds the app that a request is for, and runs what must run beside requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_network
from typing import Any

import structlog
from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from hufu.actions.app_secrets import app_of_secret
from hufu.actions.captchas import read_captcha
from hufu.actions.delivery import BATCH, OpenedLetter, Trouble, newest_letters
from hufu.actions.deps import PICTURES, Deps
from hufu.actions.erasures import keep_erased
from hufu.actions.janitor import Swept
from hufu.actions.keys import keep_resealing
from hufu.actions.readiness import read_readiness
from hufu.actions.sending import raise_alarms, read_sending
from hufu.core import Core
from hufu.domain.ledger import UNITS
from hufu.http.bounds import Bounds
from hufu.http.exchange import Exchange
from hufu.pages import development, health, introspection, metrics, rewards, sessions
from hufu.pages.operators import Operators
from hufu.pages.standing import standing
from hufu.pages.uploads import picture
from hufu.services.clock import ClockUnknown, DatabaseClock
from hufu.services.overload import ASKER
from hufu.services.uploads import Uploads
from hufu.settings import DIALECTS, AppSettings
from hufu.storage.loss import DatabaseUnavailable
from hufu.wire import metrics as counted
from hufu.wire.answers import Mount
from hufu.wire.body import Receive
from hufu.wire.clients import Clients, Proxies, peer_of
from hufu.wire.express import Express
from hufu.wire.headers import Headers
from hufu.wire.load import watch_load, watch_outbox
from hufu.wire.serve import Send, Service

Scope = MutableMapping[str, Any]

LONGEST_HOST = 261  # Bytes: a DNS name and a port.
TELLS_NOTHING = frozenset({"/health", "/ready"})
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SYNC_EVERY = 10.0
SYNC_AGAIN = 0.5
LOOK_EVERY = 1.0
WATCH_EVERY = 60.0
TIDY_LOOK_EVERY = 15.0
PUBLISH_EVERY = 1.0

_SESSION = sessions.SESSION.encode()
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Place:
    """One app at one place: its service there, and its pictures."""

    service: Service[Any]
    uploads: Uploads


class Server:
    """The ASGI application."""

    def __init__(self, core: Core) -> None:
        settings = core.configuration.settings
        self._core = core
        self._proxies = Proxies(tuple(ip_network(each) for each in settings.trusted_proxies))
        self._development = core.configuration.development
        self._clients = Clients(self._proxies, loopback_counts=not self._development)
        self._hosts: dict[str, _Place] = {}
        self._prefixes: dict[str, _Place] = {}
        for name, app in settings.apps.items():
            deps = core.apps[name]
            for host in app.hosts:
                self._hosts[host.lower()] = self._place(name, app, deps, "/")
            if app.prefix or not app.hosts:
                self._prefixes[app.prefix] = self._place(name, app, deps, app.prefix or "/")
        self._express = self._expresses()
        self._readers = {
            name: DIALECTS[app.dialect].traits.read_token for name, app in settings.apps.items()
        }
        self._session_door = sessions.SessionDoor(core.apps, self._readers, self._clients)
        routes = self._routes()
        self._pages = standing(Router(routes, redirect_slashes=False))
        self._page_paths = frozenset(route.path for route in routes)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        return self._serve(scope, receive, send)

    def glance(self, exchange: Exchange) -> bool:
        """Answer without a task what can be; False leaves it to one."""
        path, host = exchange.target.partition(b"?")[0], _host_of(exchange.host)
        if path == _SESSION:
            return self._at_home(host) and self._session_door.glance(exchange)
        express = self._express.get(host, self._express[""]).get(path)
        if express is None or express.method != exchange.method:
            return False
        return express.begin(exchange)

    @property
    def bounds(self) -> Bounds:
        """What a client may take of a worker."""
        return self._core.configuration.settings.http

    def abandoned(self, task: asyncio.Task[None]) -> None:
        """Its client has hung up: no password is hashed for it any more."""
        self._core.hasher.abandon(task)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it lasts, the clock is kept and letters are delivered.

        It begins with the database's clock, where the database can be reached.
        """
        with contextlib.suppress(DatabaseUnavailable):
            if isinstance(self._core.clock, DatabaseClock):
                await self._core.clock.sync()
        tasks = [
            asyncio.create_task(work())
            for work in (self._keep_clock, self._deliver, self._watch_sending, self._publish_counts)
        ]
        if self._core.configuration.settings.janitor.interval_seconds:
            tasks.append(asyncio.create_task(self._tidy()))
        tasks.append(asyncio.create_task(watch_load(self._core.load)))
        tasks.append(asyncio.create_task(watch_outbox(self._core.courier.backlog)))
        numbers = (self._core.database, self._core.secrets, counted.add_resealed, _tell_broken)
        tasks.append(asyncio.create_task(keep_resealing(*numbers)))
        pools = list({each.app.pool: each for each in self._core.apps.values()}.values())
        tasks.append(asyncio.create_task(keep_erased(pools, _tell_erased_again)))
        if (replica := self._core.database.replica) is not None:
            tasks.append(asyncio.create_task(replica.keep_proving()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            counted.publish()
            await self._core.close()

    # Requests

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        headers = Headers(scope["headers"])
        host = _host_of(headers.first(b"host") or b"")
        if path == sessions.SESSION and self._at_home(host):
            await self._session_door.whose(scope, headers, receive, send)
            return
        page = path in self._page_paths or path.startswith(sessions.ONE)
        if page and (path in TELLS_NOTHING or self._at_home(host)):
            await self._pages(scope, receive, send)
            return
        place, below = self._find(path, host)
        if place is None:
            counted.ANSWERS.add("", counted.UNKNOWN, counted.NOT_FOUND)
            answer = JSONResponse({"error": "no app is mounted here"}, 404)
            await standing(answer)(scope, receive, send)
            return
        if below.startswith(PICTURES) and scope["method"] in {"GET", "HEAD"}:
            found = picture(place.uploads, below.removeprefix(PICTURES))
            await standing(found)(scope, receive, send)
            return
        client = self._clients.client(peer_of(scope), headers)
        ASKER.set(client.network or "")
        await place.service.serve(scope, headers, receive, send, below, client)

    def _expresses(self) -> dict[str, dict[bytes, Express[Any]]]:
        """What can be answered without a task, by host (any other: "") and path."""
        tables = {
            host: {b"/" + path: row for path, row in place.service.express(self._clients).items()}
            for host, place in self._hosts.items()
        }
        tables[""] = {
            f"{prefix}/".encode() + path: row
            for prefix, place in self._prefixes.items()
            for path, row in place.service.express(self._clients).items()
            if self._find(f"{prefix}/{path.decode()}", "")[0] is place
        }
        return tables

    def _find(self, path: str, host: str) -> tuple[_Place | None, str]:
        """The app of the host, or else of the shortest prefix; and the path below its mount."""
        if self._hosts and (place := self._hosts.get(host)) is not None:
            return place, path[1:]
        first = path.find("/", 1)
        while first != -1:
            if (place := self._prefixes.get(path[:first])) is not None:
                return place, path[first + 1 :]
            first = path.find("/", first + 1)
        return self._prefixes.get(""), path[1:]

    def _at_home(self, host: str) -> bool:
        """In development, whether the request names this machine. Under a foreign name that
        resolves to loopback (DNS rebinding) foreign pages could read every code."""
        return not self._development or host in OWN_NAMES or host.endswith(".localhost")

    def _place(self, name: str, app: AppSettings, deps: Deps, path: str) -> _Place:
        mount = Mount(
            cookie_path=path,
            secure=self._core.configuration.settings.public_url.startswith("https:"),
            cors_origins=frozenset(app.cors_origins),
        )
        dialect, options = DIALECTS[app.dialect], self._core.configuration.options[name]
        return _Place(Service(dialect, deps, options, mount), deps.uploads)

    def _routes(self) -> list[Route]:
        settings = self._core.configuration.settings
        networks = tuple(ip_network(each) for each in settings.operator_networks)
        operators, core = Operators(networks, self._proxies), self._core
        routes = [
            *health.routes(partial(read_readiness, core.database, core.clock), operators),
            *metrics.routes(operators),
            *rewards.routes(self._backend),
            *introspection.routes(self._backend, self._readers),
            *sessions.routes(self._session_door),
        ]
        if self._development:
            routes += development.routes(self._letters, self._captcha_text)
        return routes

    async def _backend(self, secret: str) -> Deps | None:
        app = await app_of_secret(self._core.database, secret)
        return self._core.apps.get(app) if app else None

    async def _letters(self, recipient: str | None, most: int) -> list[OpenedLetter]:
        return await newest_letters(
            self._core.database, self._core.secrets.letters, recipient, most
        )

    async def _captcha_text(self, captcha_id: str) -> str | None:
        for deps in self._core.apps.values():
            if text := await read_captcha(deps, captcha_id):
                return text
        return None

    # The process's life

    async def _keep_clock(self) -> None:
        while isinstance(self._core.clock, DatabaseClock):
            try:
                await self._core.clock.sync()
                await asyncio.sleep(SYNC_EVERY)
            except DatabaseUnavailable:
                await asyncio.sleep(SYNC_AGAIN)

    async def _watch_sending(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY)
            try:
                await self.watch_sending()
            except (DatabaseUnavailable, ClockUnknown):
                pass  # `/ready` tells.
            except Exception as error:  # noqa: BLE001  # What is broken now may be mended later.
                _log.error("watch_broken", error=type(error).__name__)

    async def _tidy(self) -> None:
        every = min(TIDY_LOOK_EVERY, self._core.configuration.settings.janitor.interval_seconds)
        while True:
            await asyncio.sleep(every)
            try:
                await self._core.janitor.sweep_if_due(_count_swept)
                if done_at := await self._core.janitor.done_at():
                    counted.SWEPT_AT.set(done_at.timestamp())
            except (DatabaseUnavailable, ClockUnknown):
                pass  # `/ready` tells.
            except Exception as error:  # noqa: BLE001  # What is broken now may be mended later.
                _log.error("janitor_broken", error=type(error).__name__)

    async def _publish_counts(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_EVERY)
            counted.publish()

    async def watch_sending(self) -> None:
        """Show how far messages may still be sent, and raise the alarm where not."""
        status = await read_sending(self._core.apps)
        for budget in status.budgets:
            if budget.left is not None:
                counted.BUDGET_LEFT.labels(budget.app).set(budget.left / UNITS)
        counted.PREFIXES_STOPPED.set(sum(each.stopped for each in status.prefixes))
        for alarm in await raise_alarms(self._core.apps, status):
            counted.ALARMS.labels(alarm.kind).inc()
            _log.warning("alarm", kind=alarm.kind, subject=alarm.subject)

    async def _deliver(self) -> None:
        told = ""
        while True:
            self._core.letters.clear()
            taken = 0
            try:
                taken = await self._core.courier.deliver_due(_tell)
                told = ""
            except (DatabaseUnavailable, ClockUnknown):
                pass  # `/ready` tells.
            except Exception as error:  # noqa: BLE001  # What is broken now may be mended later.
                if told != (told := type(error).__name__):
                    _log.error("delivery_broken", error=told)
            if taken < BATCH:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._core.letters.wait(), LOOK_EVERY)


def _tell(trouble: Trouble) -> None:
    _log.warning(
        "letter_not_sent",
        letter=trouble.letter,
        reason=trouble.reason,
        given_up=trouble.given_up,
    )


def _tell_erased_again(accounts: int) -> None:
    if accounts:
        _log.warning("erased_again", accounts=accounts)


def _tell_broken(error: str) -> None:
    _log.error("resealing_broken", error=error)


def _count_swept(swept: Swept) -> None:
    counted.SWEPT.labels(swept.kind).inc(swept.found)


def _host_of(sent: bytes) -> str:
    """The name in a Host header, "" in place of one that nobody has."""
    return "" if len(sent) > LONGEST_HOST else _host_name(sent)


@lru_cache(maxsize=1024)
def _host_name(sent: bytes) -> str:
    """The name in a Host header, in lower case and without a port."""
    name = sent.decode("latin-1").lower()
    before, _, port = name.rpartition(":")
    return before if port.isdigit() else name
