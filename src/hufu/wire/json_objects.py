"""JSON bodies (RFC 8259): one object, each member once."""

import json
import math

from hufu.domain.errors import Malformed
from hufu.wire.forms import MAX_FIELDS
from hufu.wire.texts import is_text, text_of

MAX_DEPTH = 16
MAX_SIGNS = 1000  # Commas and opening brackets; bounds the objects that a body can become.
MAX_INTEGER_DIGITS = 19
MAX_FLOAT_LENGTH = 40


def json_object(body: bytes) -> dict[str, object]:
    """The members of a JSON object; those that are null count as not sent."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_SIGNS:
        raise Malformed
    try:
        value = _JSON.decode(text_of(body))
    except (json.JSONDecodeError, RecursionError):
        raise Malformed from None
    if not isinstance(value, dict) or len(value) > MAX_FIELDS:
        raise Malformed
    _check(value, MAX_DEPTH)
    return {name: member for name, member in value.items() if member is not None}


def _object(members: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(members)
    if len(fields) != len(members):
        raise Malformed
    return fields


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise Malformed
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > MAX_FLOAT_LENGTH or not math.isfinite(value := float(digits)):
        raise Malformed
    return value


def _constant(name: str) -> object:
    """NaN, Infinity and -Infinity are no JSON."""
    raise Malformed


_JSON = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _check(value: object, depth: int) -> None:
    """Refuse strings that are no text, and values nested deeper than `depth`."""
    if isinstance(value, str):
        if not is_text(value):
            raise Malformed
    elif isinstance(value, dict | list):
        if depth == 0:
            raise Malformed
        for member in value:
            _check(member, depth - 1)
        if isinstance(value, dict):
            _check(list(value.values()), depth)
