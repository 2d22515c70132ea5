"""From a reply to the bytes and headers that leave."""

from dataclasses import dataclass

import msgspec

from hufu.domain.values import value
from hufu.http.exchange import LINES
from hufu.wire.cookies import clear_cookie, cookie_name, set_cookie
from hufu.wire.dialect import Reply, SetCookie
from hufu.wire.headers import Headers

Header = tuple[bytes, bytes]

STANDING_HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"server", b"-"),  # A token that says nothing.
    (b"x-content-type-options", b"nosniff"),
)
NO_CONTENT = 204

_encode = msgspec.json.Encoder().encode


def head_of(status: int, content_type: bytes, *, vary: bool = False) -> bytes:
    """The lines above an answer's body as far as they never change, each with its end."""
    headers = [(b"content-type", content_type), *STANDING_HEADERS]
    if vary:
        headers.append((b"vary", b"origin"))
    lines = [LINES[status], *(b"%b: %b" % header for header in headers)]
    return b"".join(b"%b\r\n" % line for line in lines)


@value
class Encoded:
    """An answer as bytes."""

    status: int
    headers: tuple[Header, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mount:
    """Where clients find an app: the path its cookies are for, whether they and the app's own pages
    need TLS, and the foreign origins whose pages may call it."""

    cookie_path: str
    secure: bool
    cors_origins: frozenset[str]

    def encoded(
        self, reply: Reply, *, status: int | None = None, extra: tuple[Header, ...] = ()
    ) -> Encoded:
        """The reply as it leaves from here; `status` in place of its own."""
        body = self.body_of(reply)
        headers = (
            (b"content-type", reply.content_type),
            (b"content-length", b"%d" % len(body)),
            *STANDING_HEADERS,
        )
        if reply.cookies:
            headers += tuple(self._cookie(cookie) for cookie in reply.cookies)
        return Encoded(status or reply.status, (*headers, *extra) if extra else headers, body)

    @staticmethod
    def body_of(reply: Reply) -> bytes:
        """The body's bytes."""
        return reply.body if isinstance(reply.body, bytes) else _encode(reply.body)

    def cookie_name(self, base: str | None) -> str | None:
        """What a cookie is called here."""
        return base and cookie_name(base, self.cookie_path, self.secure)

    def cors(self, headers: Headers) -> tuple[Header, ...]:
        """What lets the page that asks read the answer, if it is one of the foreign origins."""
        if not self.cors_origins:
            return ()
        origin = headers.first(b"origin") or b""
        if origin.decode("latin-1") not in self.cors_origins:
            return ((b"vary", b"origin"),)
        return (
            (b"vary", b"origin"),
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-credentials", b"true"),
        )

    def preflight(self, headers: Headers, methods: str) -> Encoded | None:
        """The answer to a foreign page that asks whether it may ask; None where it may not."""
        allowed = self.cors(headers)
        if not any(key == b"access-control-allow-origin" for key, _ in allowed):
            return None
        granted = (
            *STANDING_HEADERS,
            (b"access-control-allow-methods", methods.encode()),
            (b"access-control-allow-headers", b"content-type"),
        )
        return Encoded(NO_CONTENT, granted, b"")

    def _cookie(self, cookie: SetCookie) -> Header:
        name = cookie_name(cookie.name, self.cookie_path, self.secure)
        if not cookie.value:
            return clear_cookie(name, path=self.cookie_path, secure=self.secure)
        age = None if cookie.life is None else int(cookie.life.total_seconds())
        return set_cookie(
            name, cookie.value, path=self.cookie_path, secure=self.secure, max_age=age
        )
