"""The server: finds the app that a request is for, and runs what must run beside requests."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import structlog
from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from hufu.actions.app_secrets import app_of_secret
from hufu.actions.captchas import read_captcha
from hufu.actions.delivery import BATCH, OpenedLetter, Trouble, newest_letters
from hufu.actions.deps import PICTURES, Deps
from hufu.actions.sending import raise_alarms, read_sending
from hufu.core import Core
from hufu.domain.ledger import UNITS
from hufu.domain.permissions import Client
from hufu.pages import development, health, metrics, rewards
from hufu.pages.standing import standing
from hufu.pages.uploads import picture
from hufu.services.clock import ClockUnknown, DatabaseClock
from hufu.services.uploads import Uploads
from hufu.settings import DIALECTS, AppSettings
from hufu.storage.loss import DatabaseUnavailable
from hufu.wire import metrics as counted
from hufu.wire.answers import Mount
from hufu.wire.body import Receive
from hufu.wire.clients import Proxies, client_address, is_loopback, network_of
from hufu.wire.serve import Send, Service

Scope = MutableMapping[str, Any]

LONGEST_USER_AGENT = 256
TELLS_NOTHING = frozenset({"/health", "/ready"})
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
SYNC_EVERY = 10.0
SYNC_AGAIN = 0.5
LOOK_EVERY = 1.0
WATCH_EVERY = 60.0

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Place:
    """One app at one place: its service there, and its pictures."""

    service: Service[Any]
    uploads: Uploads

    async def serve(
        self, scope: Scope, receive: Receive, send: Send, path: str, client: Client
    ) -> None:
        if path.startswith(PICTURES) and scope["method"] in {"GET", "HEAD"}:
            found = picture(self.uploads, path.removeprefix(PICTURES))
            await standing(found)(scope, receive, send)
            return
        await self.service.serve(scope, receive, send, path, client)


class Server:
    """The ASGI application."""

    def __init__(self, core: Core) -> None:
        settings = core.configuration.settings
        self._core = core
        self._proxies = Proxies(tuple(ip_network(each) for each in settings.trusted_proxies))
        self._development = core.configuration.development
        self._hosts: dict[str, _Place] = {}
        self._prefixes: dict[str, _Place] = {}
        for name, app in settings.apps.items():
            deps = core.apps[name]
            for host in app.hosts:
                self._hosts[host.lower()] = self._place(name, app, deps, "/")
            if app.prefix or not app.hosts:
                self._prefixes[app.prefix] = self._place(name, app, deps, app.prefix or "/")
        routes = self._routes()
        self._pages = standing(Router(routes, redirect_slashes=False))
        self._page_paths = frozenset(route.path for route in routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the process's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it lasts, the clock is kept and letters are delivered."""
        tasks = [
            asyncio.create_task(work())
            for work in (self._keep_clock, self._deliver, self._watch_sending)
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._core.close()

    # Requests

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path in self._page_paths and (path in TELLS_NOTHING or self._at_home(scope)):
            await self._pages(scope, receive, send)
            return
        client = self._client(scope)
        place = self._hosts.get(_host(scope)) if self._hosts else None
        if place is not None:
            await place.serve(scope, receive, send, path[1:], client)
            return
        first = path.find("/", 1)
        while first != -1:
            place = self._prefixes.get(path[:first])
            if place is not None:
                await place.serve(scope, receive, send, path[first + 1 :], client)
                return
            first = path.find("/", first + 1)
        if (place := self._prefixes.get("")) is not None:
            await place.serve(scope, receive, send, path[1:], client)
            return
        answer = JSONResponse({"error": "no app is mounted here"}, 404)
        await standing(answer)(scope, receive, send)

    def _at_home(self, scope: Scope) -> bool:
        """In development, whether the request names this machine. Under a foreign name that
        resolves to loopback (DNS rebinding) foreign pages could read every code."""
        host = _host(scope)
        return not self._development or host in OWN_NAMES or host.endswith(".localhost")

    def _client(self, scope: Scope) -> Client:
        forwarded: list[bytes] = []
        user_agent = b""
        for key, value in scope["headers"]:
            if key == b"x-forwarded-for":
                forwarded.append(value)
            elif key == b"user-agent":
                user_agent = value[:LONGEST_USER_AGENT]
        peer = scope.get("client")
        address = client_address(peer[0] if peer else None, forwarded, self._proxies)
        counted = not (self._development and is_loopback(address))
        return Client(
            network_of(address) if counted else None,
            user_agent.decode("latin-1").replace("\0", ""),
        )

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
        operators = tuple(ip_network(each) for each in settings.operator_networks)
        routes = [
            *health.routes(self._problems),
            *metrics.routes(operators, self._proxies),
            *rewards.routes(self._backend),
        ]
        if self._development:
            routes += development.routes(self._letters, self._captcha_text)
        return routes

    async def _problems(self) -> dict[str, str]:
        try:
            current = await self._core.database.is_current()
        except DatabaseUnavailable:
            return {"database": "cannot be reached"}
        problems = {} if current else {"migrations": "run `hufu migrate`"}
        try:
            self._core.clock.now()
        except ClockUnknown:
            problems["clock"] = "not yet synced with the database's"
        return problems

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

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.running():
            with contextlib.suppress(DatabaseUnavailable):
                if isinstance(self._core.clock, DatabaseClock):
                    await self._core.clock.sync()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

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


def _host(scope: Scope) -> str:
    for key, value in scope["headers"]:
        if key == b"host":
            name: str = value.decode("latin-1").lower()
            return name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
    return ""
