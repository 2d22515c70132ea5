"""From the bytes of a request to its fields, whichever of three content types they came in."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from hufu.domain.errors import Malformed
from hufu.wire.forms import UTF_8, header_parameters, multipart, urlencoded
from hufu.wire.json_objects import json_object
from hufu.wire.texts import text_of

_LONGEST_LENGTH = 18  # Digits of a Content-Length that is worth comparing.

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Iterable[tuple[bytes, bytes]]
Fields = dict[str, object]


class BodyTooLarge(Exception):
    """The body is, or says that it is, larger than the endpoint allows."""


class ClientGone(Exception):
    """The client hung up before its request was complete."""


def sole_header(headers: Headers, name: bytes) -> bytes | None:
    """The value of a header that may be sent once; raises Malformed. `name` is in lower case."""
    values = [value for key, value in headers if key == name]
    if len(values) > 1:
        raise Malformed
    return values[0] if values else None


async def read(receive: Receive, headers: Headers, limit: int) -> bytes:
    """The whole body, at most `limit` bytes; raises BodyTooLarge, ClientGone, Malformed."""
    if _announced(headers) > limit:
        raise BodyTooLarge
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        if len(body) + len(chunk) > limit:
            raise BodyTooLarge
        body += chunk
        if not message.get("more_body", False):
            return bytes(body)


def parse(content_type: bytes | None, body: bytes) -> Fields:
    """The fields of a body, each of them sent once; raises Malformed."""
    if not body:
        return {}
    if content_type is None:
        raise Malformed
    kind, parameters = header_parameters(text_of(content_type))
    if parameters.get("charset", "utf-8").lower() not in UTF_8:
        raise Malformed
    if kind == "application/json":
        return json_object(body)
    if kind == "application/x-www-form-urlencoded":
        return urlencoded(body)
    if kind == "multipart/form-data":
        return multipart(parameters.get("boundary", ""), body)
    raise Malformed


def _announced(headers: Headers) -> int:
    """The Content-Length in bytes, 0 if none was sent (RFC 9110, 8.6)."""
    value = sole_header(headers, b"content-length")
    if value is None:
        return 0
    if not value.isdigit():
        raise Malformed
    digits = value.lstrip(b"0")
    if len(digits) > _LONGEST_LENGTH:
        raise BodyTooLarge
    return int(digits or b"0")
