"""The server: finds the app that a request is for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import ip_network
from typing import Any

from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from hufu.actions.app_secrets import app_of_secret
from hufu.actions.captchas import read_captcha
from hufu.actions.delivery import OpenedLetter, newest_letters
from hufu.actions.deps import PICTURES, Deps
from hufu.actions.readiness import read_readiness
from hufu.core import Core
from hufu.http.bounds import Bounds
from hufu.http.exchange import Exchange
from hufu.pages import development, health, introspection, metrics, rewards, sessions
from hufu.pages.operators import Operators
from hufu.pages.standing import standing
from hufu.pages.uploads import picture
from hufu.services.overload import ASKER
from hufu.services.uploads import Uploads
from hufu.settings import DIALECTS, AppSettings
from hufu.upkeep import kept_up
from hufu.wire import metrics as counted
from hufu.wire.answers import Mount
from hufu.wire.body import Receive
from hufu.wire.clients import Clients, Proxies, peer_of
from hufu.wire.doors import Door, Lull
from hufu.wire.express import Express
from hufu.wire.headers import Headers
from hufu.wire.room import Room
from hufu.wire.serve import Send, Service

Scope = MutableMapping[str, Any]

LONGEST_HOST = 261  # Bytes: a DNS name and a port.
TELLS_NOTHING = frozenset({"/health", "/ready"})
OWN_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})

_SESSION = sessions.SESSION.encode()


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
        self._lull = Lull()
        self._room = Room(self.bounds.bodies_bytes)
        self._hosts: dict[str, _Place] = {}
        self._prefixes: dict[str, _Place] = {}
        for name, app in settings.apps.items():
            deps = core.apps[name]
            for host in app.hosts:
                self._hosts[host.lower()] = self._place(name, app, deps, "/")
            if app.prefix or not app.hosts:
                self._prefixes[app.prefix] = self._place(name, app, deps, app.prefix or "/")
        self._longest_prefix = max(map(len, self._prefixes), default=0)
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

    def send_until(self, time: float) -> None:
        """At the end, wait for letters under way no longer than until then, by the event loop."""
        self._core.courier.ends_by = time

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While it lasts, what must be done beside requests is done; then everything is closed."""
        try:
            async with kept_up(self._core):
                yield
        finally:
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

    def _expresses(self) -> dict[str, dict[bytes, Express[Any] | Door]]:
        """What can be answered without a task, by host (any other: "") and path."""
        tables: dict[str, dict[bytes, Express[Any] | Door]] = {
            host: {
                b"/" + path: row
                for path, row in place.service.express(self._clients, self._lull).items()
            }
            for host, place in self._hosts.items()
        }
        tables[""] = {
            f"{prefix}/".encode() + path: row
            for prefix, place in self._prefixes.items()
            for path, row in place.service.express(self._clients, self._lull).items()
            if self._find(f"{prefix}/{path.decode()}", "")[0] is place
        }
        return tables

    def _find(self, path: str, host: str) -> tuple[_Place | None, str]:
        """The app of the host, or else of the shortest prefix; and the path below its mount."""
        if self._hosts and (place := self._hosts.get(host)) is not None:
            return place, path[1:]
        end = self._longest_prefix + 1  # A path can be 32 KiB of slashes.
        first = path.find("/", 1, end)
        while first != -1:
            if (place := self._prefixes.get(path[:first])) is not None:
                return place, path[first + 1 :]
            first = path.find("/", first + 1, end)
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
        return _Place(Service(dialect, deps, options, mount, self._room), deps.uploads)

    def _routes(self) -> list[Route]:
        settings = self._core.configuration.settings
        networks = tuple(ip_network(each) for each in settings.operator_networks)
        operators, core = Operators(networks, self._proxies), self._core
        routes = [
            *health.routes(
                partial(read_readiness, core.database, core.clock, core.problems), operators
            ),
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


def _host_of(sent: bytes) -> str:
    """The name in a Host header, "" in place of one that nobody has."""
    return "" if len(sent) > LONGEST_HOST else _host_name(sent)


@lru_cache(maxsize=1024)
def _host_name(sent: bytes) -> str:
    """The name in a Host header, in lower case and without a port."""
    name = sent.decode("latin-1").lower()
    before, _, port = name.rpartition(":")
    return before if port.isdigit() else name
