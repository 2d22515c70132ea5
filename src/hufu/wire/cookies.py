"""Cookies, strictly (RFC 6265 and its revision, draft-ietf-httpbis-rfc6265bis)."""

import re
from typing import Literal

from hufu.wire.headers import Headers

SameSite = Literal["Strict", "Lax", "None"]

HOST_PREFIX = "__Host-"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[!#-+\--:<-\[\]-~]*")
_PATH = re.compile(r"/[!-:<-~]*")
_LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


def cookie_name(base: str, path: str, secure: bool) -> str:
    """The name under which a browser guards the cookie best: `__Host-` wherever that is allowed."""
    return HOST_PREFIX + base if secure and path == "/" else base


def read_cookie(headers: Headers, name: str) -> str | None:
    """The value of a cookie; None when there is none, or several that differ.

    Of two values one was set by somebody else (another path, a sibling host), and their order
    proves nothing.
    """
    wanted = name.encode()
    found = None
    for pair in headers.joined(b"cookie", b";").split(b";"):
        key, _, value = pair.partition(b"=")
        if key.strip(b" \t") == wanted:
            value = value.strip(b" \t")
            if found is not None and found != value:
                return None
            found = value
    text = found.decode("latin-1") if found else ""
    return text if text and _VALUE.fullmatch(text) else None


def set_cookie(
    name: str,
    value: str,
    *,
    path: str,
    secure: bool,
    http_only: bool = True,
    same_site: SameSite = "Lax",
    max_age: int | None,
) -> tuple[bytes, bytes]:
    """The header that sets a cookie for `max_age` seconds, or until the browser closes.

    Raises ValueError for a cookie that browsers would not keep as it is meant.
    """
    if not (_NAME.fullmatch(name) and _VALUE.fullmatch(value) and _PATH.fullmatch(path)):
        raise ValueError("not a cookie's name, value or path")
    if name.startswith(HOST_PREFIX) and not (secure and path == "/"):
        raise ValueError("a __Host- cookie is secure and has the path /")
    if same_site == "None" and not secure:
        raise ValueError("a cookie for other sites is secure")
    attributes = [f"{name}={value}", f"Path={path}", f"SameSite={same_site}"]
    if max_age is not None:
        attributes.append(f"Max-Age={max_age}")
    if max_age is not None and max_age <= 0:
        attributes.append(f"Expires={_LONG_AGO}")  # Old clients do not know Max-Age.
    if http_only:
        attributes.append("HttpOnly")
    if secure:
        attributes.append("Secure")
    return b"set-cookie", "; ".join(attributes).encode("ascii")


def clear_cookie(
    name: str,
    *,
    path: str,
    secure: bool,
    http_only: bool = True,
    same_site: SameSite = "Lax",
) -> tuple[bytes, bytes]:
    """The header that takes a cookie away; path and prefix must be those it was set with."""
    return set_cookie(
        name,
        "",
        path=path,
        secure=secure,
        http_only=http_only,
        same_site=same_site,
        max_age=0,
    )
