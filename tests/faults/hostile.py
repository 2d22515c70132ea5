"""Requests that are made to cost more than they look like."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from faults.connection import FORM
from services.sample_pictures import header, jpeg_of_size, png

MIB = 1024 * 1024
BOUNDARY = "----hostile"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Hostile:
    """What is sent: a head, and a body, or chunks of one again and again."""

    path: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    endless: bytes = field(default=b"", repr=False)

    def pieces(self, host: str) -> Iterator[bytes]:
        """It, as it is written."""
        lines = [f"POST {self.path} HTTP/1.1", f"Host: {host}"]
        lines += (f"{name}: {value}" for name, value in self.headers.items())
        lines.append("Transfer-Encoding: chunked" if self.endless else "")
        if not self.endless:
            lines[-1] = f"Content-Length: {len(self.body)}"
        yield "\r\n".join((*lines, "", "")).encode()
        if self.body:
            yield self.body
        while self.endless:
            yield self.endless


LOGIN, AVATAR = "/fomo/customer/login", "/fomo/customer/update_avatar"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _parts(count: int) -> bytes:
    one = b'--%b\r\nContent-Disposition: form-data; name="n%d"\r\n\r\n1\r\n'
    made = b"".join(one % (BOUNDARY.encode(), number) for number in range(count))
    return made + f"--{BOUNDARY}--\r\n".encode()


def _picture(data: bytes) -> Callable[[str], Hostile]:
    text = base64.b64encode(data).decode().replace("+", "%2B")

    def made(session: str) -> Hostile:
        return Hostile(AVATAR, FORM, f"session_key={session}&base64_string={text}".encode())

    return made


def _always(hostile: Hostile) -> Callable[[str], Hostile]:
    return lambda _: hostile


def _flat(side: int) -> bytes:
    """A PNG of a few kilobytes whose pixels take three bytes each."""
    return png(header(side, side, colour=2), rows=bytes(side * (3 * side + 1)))


SIDE = 4096
"""Pixels: the longest side that is accepted."""

BIGGEST = f"PNG of {SIDE} x {SIDE}"
"""It is accepted, and unpacks to 64 MiB."""

HARMLESS = "PNG with more pixels than it says"
"""It is taken for what it says."""

BOMB = gzip.compress(b"login_name=" + bytes(200 * MIB), 9)
KINDS: Mapping[str, Callable[[str], Hostile]] = MappingProxyType(
    {
        "endless chunked body": _always(Hostile(LOGIN, FORM, endless=_chunk(b"a" * 65536))),
        "endless chunks of a byte": _always(Hostile(LOGIN, FORM, endless=_chunk(b"a") * 1000)),
        "gzip bomb": _always(Hostile(LOGIN, {**FORM, "Content-Encoding": "gzip"}, BOMB)),
        "10^6 form fields": _always(
            Hostile(LOGIN, FORM, b"&".join(b"f%d=1" % number for number in range(10**6)))
        ),
        "JSON nested 10^5 deep": _always(
            Hostile("/rental/api/login", JSON, b'{"mobile":' + b"[" * 10**5)
        ),
        "JSON of 10^5 numbers": _always(
            Hostile("/rental/api/login", JSON, json.dumps({"mobile": [1] * 10**5}).encode())
        ),
        "10,000 multipart parts": _always(Hostile(LOGIN, MULTIPART, _parts(10_000))),
        "1 MiB header": _always(Hostile(LOGIN, {**FORM, "X-Long": "x" * MIB})),
        "path of 32,000 slashes": _always(Hostile("/" * 32_000, FORM)),
        "PNG of 9000 x 9000": _picture(_flat(9000)),
        HARMLESS: _picture(png(header(100, 100, colour=2), rows=bytes(64 * MIB))),
        "JPEG of 20000 x 20000": _picture(jpeg_of_size(20000, 20000)),
        BIGGEST: _picture(png(header(SIDE, SIDE, colour=6), rows=bytes(SIDE * (4 * SIDE + 1)))),
    }
)
"""By what it is, how it is made for somebody's session."""
