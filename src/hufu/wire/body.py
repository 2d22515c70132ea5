"""From the bytes of a request to its fields, whichever of three content types they came in."""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any

from hufu.domain.errors import Malformed
from hufu.wire.forms import UTF_8, header_parameters, multipart, urlencoded
from hufu.wire.headers import Headers
from hufu.wire.json_objects import json_object
from hufu.wire.room import Grow, no_matter
from hufu.wire.texts import text_of

FORM = "application/x-www-form-urlencoded"

_LONGEST_TYPE = 1024
"""Bytes of a Content-Type; they are remembered, and 32 KiB of parameters would take long."""
_LONGEST_LENGTH = 18  # Digits of a Content-Length that is worth comparing.

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Fields = dict[str, object]


class BodyTooLarge(Exception):
    """The body is, or says that it is, larger than the endpoint allows."""


class ClientGone(Exception):
    """The client hung up before its request was complete."""


async def read(receive: Receive, headers: Headers, limit: int, grow: Grow = no_matter) -> bytes:
    """The whole body, at most `limit` bytes; raises BodyTooLarge, ClientGone, Malformed, and what
    `grow` raises, which is told how many bytes have come."""
    if _announced(headers) > limit:
        raise BodyTooLarge
    whole = bytearray()  # Pieces of a few bytes, kept as such, would take twenty times as much.
    room = limit
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        room -= len(chunk)
        if room < 0:
            raise BodyTooLarge
        grow(len(chunk))
        more = message.get("more_body", False)
        if not (whole or more):
            return chunk
        whole += chunk
        if not more:
            return bytes(whole)


def parse(content_type: bytes | None, body: bytes) -> Fields:
    """The fields of a body, each of them sent once; raises Malformed."""
    if not body:
        return {}
    if content_type is None or len(content_type) > _LONGEST_TYPE:
        raise Malformed
    kind, boundary = _kind(content_type)
    if kind == FORM:
        return urlencoded(body)
    if kind == "application/json":
        return json_object(body)
    if kind == "multipart/form-data":
        return multipart(boundary, body)
    raise Malformed


@lru_cache(maxsize=256)
def _kind(content_type: bytes) -> tuple[str, str]:
    """The media type and its boundary; clients send few different ones."""
    kind, parameters = header_parameters(text_of(content_type))
    if parameters.get("charset", "utf-8").lower() not in UTF_8:
        raise Malformed
    return kind, parameters.get("boundary", "")


def _announced(headers: Headers) -> int:
    """The Content-Length in bytes, 0 if none was sent (RFC 9110, 8.6)."""
    value = headers.sole(b"content-length")
    if value is None:
        return 0
    if not value.isdigit():
        raise Malformed
    digits = value.lstrip(b"0")
    if len(digits) > _LONGEST_LENGTH:
        raise BodyTooLarge
    return int(digits or b"0")
