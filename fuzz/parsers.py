"""Our parsers as targets: each takes any bytes, and raises nothing but the refusals it names.

What a parser accepts has the form that it promises, and stays the same when it is parsed again.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Address, IPv6Address, ip_network

from hufu.domain import identity_numbers
from hufu.domain.errors import (
    EmailMalformed,
    IdentityNumberMalformed,
    ImageEncodingMalformed,
    Malformed,
    PhoneMalformed,
)
from hufu.domain.identifiers import Identifier
from hufu.services.emails import LONGEST_EMAIL, parse_email
from hufu.services.images import decode_base64
from hufu.services.phones import parse_phone
from hufu.wire.body import parse
from hufu.wire.clients import UNKNOWN, Proxies, client_address, is_loopback, network_of
from hufu.wire.cookies import read_cookie
from hufu.wire.forms import MAX_FIELDS, Upload
from hufu.wire.headers import Headers
from hufu.wire.texts import is_text

TODAY = date(2026, 11, 21)
PROXIES = Proxies((ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
E164 = re.compile(r"\+[1-9][0-9]{5,14}")


@dataclass(frozen=True)
class Target:
    """A parser to try, and inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def body(data: bytes) -> None:
    """A content type, a line end, and a body."""
    content_type, _, raw = data.partition(b"\n")
    try:
        fields = parse(content_type, raw)
    except Malformed:
        return
    assert len(fields) <= MAX_FIELDS
    for name, value in fields.items():
        assert is_text(name)
        assert isinstance(value, Upload) or not isinstance(value, str) or is_text(value)


def phone(data: bytes) -> None:
    """A phone number as somebody typed it."""
    try:
        found = parse_phone(_text(data))
    except PhoneMalformed:
        return
    assert E164.fullmatch(found.key)
    assert parse_phone(found.key) == found


def email(data: bytes) -> None:
    """An e-mail address as somebody typed it."""
    try:
        found = parse_email(_text(data))
    except EmailMalformed:
        return
    assert found.key.isascii()
    assert len(found.key) <= LONGEST_EMAIL
    assert _same(parse_email(found.shown), found)
    assert parse_email(found.key).key == found.key


def identity_number(data: bytes) -> None:
    """An identity number as somebody typed it."""
    try:
        found = identity_numbers.parse(_text(data), TODAY)
    except IdentityNumberMalformed:
        return
    assert identity_numbers.parse(found.number, TODAY) == found
    assert len(found.masked) == len(found.number) == 18


def picture(data: bytes) -> None:
    """A picture in base64, with or without what stands before it in a data: address."""
    try:
        decoded = decode_base64(_text(data))
    except ImageEncodingMalformed:
        return
    assert decoded


def cookies(data: bytes) -> None:
    """Cookie headers, one in each line."""
    headers = Headers([(b"cookie", line) for line in data.split(b"\n")])
    value = read_cookie(headers, "session_id")
    if value is not None:
        assert value.isascii()
        assert value.isprintable()
        assert value.encode() in data


def forwarded_for(data: bytes) -> None:
    """X-Forwarded-For headers, one in each line, behind a proxy of ours."""
    headers = Headers([(b"x-forwarded-for", line) for line in data.split(b"\n")])
    found = client_address("10.0.0.1", headers.joined(b"x-forwarded-for", b","), PROXIES)
    assert isinstance(found, IPv4Address | IPv6Address)
    assert network_of(found) != UNKNOWN
    assert found in ip_network(network_of(found))
    is_loopback(found)


def _text(data: bytes) -> str:
    """UTF-8; bytes that are none become half surrogate pairs."""
    return data.decode("utf-8", "surrogateescape")


def _same(one: Identifier, other: Identifier) -> bool:
    return (one.key, one.shown) == (other.key, other.shown)


MULTIPART = (
    b"multipart/form-data; boundary=x\n"
    b'--x\r\ncontent-disposition: form-data; name="user_name"\r\n\r\n13390633695\r\n'
    b'--x\r\ncontent-disposition: form-data; name="avatar"; filename="a.png"\r\n'
    b"content-type: image/png\r\n\r\n\x89PNG\r\n\r\n--x--\r\n"
)

TARGETS = {
    "body": Target(
        body,
        (
            b'application/json\n{"user_name": "13390633695", "pwd": "\\u00e9", "sex": 1}',
            b'application/json; charset=utf-8\n{"a": [1.5e3, true, null, {"b": "\xe4\xb8\x80"}]}',
            b"application/x-www-form-urlencoded\nuser_name=13390633695&pwd=%E4%B8%80+x&a&=b",
            MULTIPART,
        ),
    ),
    "phone": Target(
        phone,
        (
            b"13390633695",
            b"+86 133-9063-3695",
            b"(+1) 415 555 2671",
            "１３３９０６３３６９５".encode(),
        ),
    ),
    "email": Target(
        email,
        (b"anna.smith@126.com", "ａｎｎａ@例子.中国".encode(), b'"a b"@[127.0.0.1]', b"a@b.c"),
    ),
    "identity_number": Target(
        identity_number, (b"11010519491231002X", "１１０１０５１９４９１２３１００２ｘ".encode())
    ),
    "picture": Target(
        picture,
        (b"data:image/png;base64,iVBORw0KGgo=", b"iVBORw0K\r\nGgo=", b"data:image/JPG;base64,/9j/"),
    ),
    "cookies": Target(
        cookies, (b"session_id=0123abcd; other=1", b"session_id=a\nsession_id=b", b"session_id=")
    ),
    "forwarded_for": Target(
        forwarded_for,
        (b"203.0.113.7, 10.0.0.2", b"[2001:db8::7]:4711", b"::ffff:192.0.2.7", b"fe80::1%eth0"),
    ),
}
