"""Requests as values: made by a case, sent by the recorder, byte for byte the same every time."""

import json as _json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from front_door import FORM, JSON

BOUNDARY = "----sample"

Header = tuple[str, str]


@dataclass(frozen=True)
class Request:
    """One request. `path` has the mount in front and may have a query; `headers` are those that
    matter; `binary` are the stretches of the body that are no text."""

    method: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    host: str | None = None
    binary: tuple[bytes, ...] = ()


def form(
    path: str,
    fields: Mapping[str, object],
    headers: Iterable[Header] = (),
    method: str = "POST",
) -> Request:
    """Send a urlencoded form."""
    body = urlencode({name: str(value) for name, value in fields.items()}).encode()
    return Request(method, path, (("content-type", FORM), *headers), body)


def json(
    path: str, fields: object, headers: Iterable[Header] = (), method: str = "POST"
) -> Request:
    """Send JSON."""
    body = _json.dumps(fields, ensure_ascii=False).encode()
    return Request(method, path, (("content-type", JSON), *headers), body)


def get(path: str, headers: Iterable[Header] = ()) -> Request:
    """GET without a body."""
    return Request("GET", path, tuple(headers))


def multipart(
    path: str,
    fields: Mapping[str, str],
    files: Mapping[str, tuple[str, str, bytes]] | None = None,
    headers: Iterable[Header] = (),
) -> Request:
    """POST a multipart form; a file is its name, its media type and its bytes."""
    files = files or {}
    parts = [
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    for name, (filename, media_type, data) in files.items():
        disposition = f'form-data; name="{name}"; filename="{filename}"'
        head = f"content-disposition: {disposition}\r\ncontent-type: {media_type}"
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + data + b"\r\n")
    body = b"".join((*parts, f"--{BOUNDARY}--\r\n".encode()))
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    binary = tuple(data for _, _, data in files.values())
    return Request("POST", path, (("content-type", kind), *headers), body, binary=binary)


def announcing(request: Request, length: int) -> Request:
    """The head of the request alone, which says that so many bytes follow."""
    headers = (*request.headers, ("content-length", str(length)))
    return Request(request.method, request.path, headers, host=request.host)
