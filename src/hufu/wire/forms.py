"""The two kinds of form that clients send."""

import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser

from hufu.domain.errors import Malformed
from hufu.wire.texts import text_of

MAX_FIELDS = 100
MAX_PART_HEADERS = 8
MAX_PART_HEADER_BYTES = 1024
UTF_8 = frozenset({"utf-8", "utf8"})

_PLAIN_ENCODINGS = frozenset({"7bit", "8bit", "binary"})
_ESCAPE_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PARAMETER = re.compile(
    r"[ \t]*;[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\s;\"]+)))?"
)
_BOUNDARY = re.compile(r"[!-~ ]{0,69}[!-~]")  # Wider than RFC 2046: old clients send "*****".


@dataclass(frozen=True, slots=True)
class Upload:
    """A file out of a multipart body; nothing in it is checked but its encoding."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)


def header_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Take `kind; name=value; …` apart (RFC 9110, 5.6.6), kind and names in lower case."""
    value = value.strip(" \t")
    kind, _, _ = value.partition(";")
    parameters: dict[str, str] = {}
    place = len(kind)
    while place < len(value):
        found = _PARAMETER.match(value, place)
        if found is None:
            raise Malformed
        name, quoted, bare = found.groups()
        if name is not None:
            if name.lower() in parameters:
                raise Malformed
            parameters[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if bare is None else bare
        place = found.end()
    return kind.rstrip(" \t").lower(), parameters


def _once(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for name, value in pairs:
        if name in fields:
            raise Malformed
        fields[name] = value
    return fields


def urlencoded(body: bytes) -> dict[str, object]:
    """The fields of an application/x-www-form-urlencoded body; raises Malformed."""
    return _once(_pairs(body))


def _pairs(body: bytes) -> Iterator[tuple[str, str]]:
    """Names and values of a form; nothing between two `&` is nothing (WHATWG URL, 5.1)."""
    if body.count(b"&") > MAX_FIELDS:
        raise Malformed
    if b"%" not in body and b"+" not in body:
        for plain in text_of(body).split("&"):
            if plain:
                name, _, value = plain.partition("=")
                yield name, value
        return
    if _ESCAPE_BROKEN.search(body):
        raise Malformed
    for pair in body.split(b"&"):
        if pair:
            raw_name, _, raw_value = pair.partition(b"=")
            yield _unescaped(raw_name), _unescaped(raw_value)


def _unescaped(raw: bytes) -> str:
    raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        # Quoted-printable is percent-encoding with another sign, and decoded in C: on 7 MiB of
        # escapes 14 ms against 520 ms of urllib.parse.unquote_to_bytes.
        raw = binascii.a2b_qp(raw.replace(b"=", b"=3D").replace(b"%", b"="))
    return text_of(raw)


def multipart(boundary: str, body: bytes) -> dict[str, object]:
    """The fields of a multipart/form-data body (RFC 7578); raises Malformed."""
    return _once(_parts(boundary, body))


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, str] = field(default_factory=dict)
    data: bytes = b""


class _Parts:
    """What the parser reports, gathered part by part."""

    def __init__(self) -> None:
        self.done: list[_Part] = []
        self.closed = False
        self._part = _Part()
        self._name = self._value = b""

    def part_begin(self) -> None:
        self._part = _Part()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        name, value = self._name.lower(), text_of(self._value)
        if name in self._part.headers:
            raise Malformed
        self._part.headers[name] = value
        self._name = self._value = b""

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.data += data[start:end]

    def part_end(self) -> None:
        self.done.append(self._part)

    def end(self) -> None:
        self.closed = True


def _parts(boundary: str, body: bytes) -> Iterator[tuple[str, str | Upload]]:
    if not _BOUNDARY.fullmatch(boundary):
        raise Malformed
    # Of 100 parts 99 delimiters and the closing one stand after a line end.
    if body.count(b"\r\n--" + boundary.encode()) > MAX_FIELDS:
        raise Malformed
    parts = _Parts()
    parser = MultipartParser(
        boundary.encode(),
        {
            "on_part_begin": parts.part_begin,
            "on_header_field": parts.header_field,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_end,
            "on_part_data": parts.part_data,
            "on_part_end": parts.part_end,
            "on_end": parts.end,
        },
        max_header_count=MAX_PART_HEADERS,
        max_header_size=MAX_PART_HEADER_BYTES,
    )
    try:
        parser.write(body)
    except FormParserError:
        raise Malformed from None
    if not parts.closed:
        raise Malformed
    return (found for part in parts.done if (found := _value_of(part)) is not None)


def _value_of(part: _Part) -> tuple[str, str | Upload] | None:
    """Name and value of a part; None for the file field of a page in which no file was chosen."""
    kind, names = header_parameters(part.headers.get(b"content-disposition", ""))
    encoding = part.headers.get(b"content-transfer-encoding", "binary").strip(" \t").lower()
    if kind != "form-data" or "name" not in names or encoding not in _PLAIN_ENCODINGS:
        raise Malformed
    content_type = part.headers.get(b"content-type", "").strip(" \t")
    if "filename" in names:
        if not names["filename"] and not part.data:
            return None
        content_type = content_type or "application/octet-stream"
        return names["name"], Upload(names["filename"], content_type, part.data)
    charset = header_parameters(content_type)[1].get("charset", "utf-8").lower()
    # Java clients call every text ISO-8859-1; while it is ASCII that is no difference.
    if charset not in UTF_8 and not part.data.isascii():
        raise Malformed
    return names["name"], text_of(part.data)
