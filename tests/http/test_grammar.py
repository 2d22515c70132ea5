"""What is a request and what is none (RFC 9112), as bytes: each row is one rule.

Whatever has two readings is refused, and the connection with it.
"""

from collections.abc import Iterator

import pytest

from loopback import Loopback, loopback

HOST = b"Host: a.example\r\n"
INSIDE = b"GET /inside HTTP/1.1\r\nHost: a.example\r\n\r\n"
"""What must not be taken for a request of its own."""


@pytest.fixture(scope="module")
def echoing() -> Iterator[Loopback]:
    with loopback() as serving:
        yield serving


def get(line: bytes = b"GET /a HTTP/1.1", *headers: bytes, host: bytes = HOST) -> bytes:
    return line + b"\r\n" + host + b"".join(each + b"\r\n" for each in headers) + b"\r\n"


def post(*headers: bytes, body: bytes = b"") -> bytes:
    return get(b"POST /a HTTP/1.1", *headers) + body


CHUNKED = b"Transfer-Encoding: chunked"

GOOD = {
    "a plain one": (get(), b"GET /a \n"),
    "a query": (get(b"GET /a?b=c%20d?e HTTP/1.1"), b"GET /a b=c%20d?e\n"),
    "an escaped path": (get(b"GET /a%2Fb%C3%A9 HTTP/1.1"), "GET /a/bé \n".encode()),
    "doubled slashes": (get(b"GET //a///b HTTP/1.1"), b"GET //a///b \n"),
    "CRLFs before it": (b"\r\n\r\n" + get(), b"GET /a \n"),
    "HTTP/1.0 without a host": (b"GET /a HTTP/1.0\r\n\r\n", b"GET /a \n"),
    "an empty host": (get(host=b"Host:\r\n"), b"GET /a \n"),
    "absolute form": (get(b"GET http://b.example/a?c HTTP/1.1"), b"GET /a c\n"),
    "absolute form without a path": (get(b"GET HTTP://b.example HTTP/1.1"), b"GET / \n"),
    "absolute form with a query alone": (
        get(b"GET http://b.example?c=/d HTTP/1.1"),
        b"GET / c=/d\n",
    ),
    "the server itself": (get(b"OPTIONS * HTTP/1.1"), b"OPTIONS * \n"),
    "a header without a value": (get(b"GET /a HTTP/1.1", b"X:", b"Y: \t "), b"GET /a \n"),
    "bytes above ASCII in a value": (get(b"GET /a HTTP/1.1", b"X: \xff\xe9"), b"GET /a \n"),
    "no body": (post(b"Content-Length: 0"), b"POST /a \n"),
    "a body": (post(b"Content-Length: 3", body=b"abc"), b"POST /a \nabc"),
    "a length with blanks": (post(b"Content-Length: \t 3 \t", body=b"abc"), b"POST /a \nabc"),
    "a GET with a body": (
        get(b"GET /a HTTP/1.1", b"Content-Length: 3") + b"abc",
        b"GET /a \nabc",
    ),
    "chunks": (
        post(CHUNKED, body=b"1\r\na\r\n00A\r\n0123456789\r\n0\r\n\r\n"),
        b"POST /a \na0123456789",
    ),
    "chunks in capitals": (
        post(b"TRANSFER-ENCODING: Chunked", body=b"1\r\na\r\n0\r\n\r\n"),
        b"POST /a \na",
    ),
    "extensions of chunks": (
        post(CHUNKED, body=b'1;a=b;c="d e"\r\na\r\n0;f\r\n\r\n'),
        b"POST /a \na",
    ),
    "trailers": (post(CHUNKED, body=b"1\r\na\r\n0\r\nX: y\r\nHost: b\r\n\r\n"), b"POST /a \na"),
    "a trailer that would upgrade": (
        post(CHUNKED, body=b"1\r\na\r\n0\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
        b"POST /a \na",
    ),
}

BAD = {
    "no host": (get(host=b""), 400),
    "two hosts": (get(host=HOST + HOST), 400),
    "two hosts in HTTP/1.0": (b"GET /a HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400),
    "absolute form without a host header": (get(b"GET http://b.example/ HTTP/1.1", host=b""), 400),
    "absolute form without a host": (get(b"GET http:///a HTTP/1.1"), 400),
    "absolute form with a user": (get(b"GET http://u@b.example/a HTTP/1.1"), 400),
    "absolute form of another scheme": (get(b"GET ftp://b.example/a HTTP/1.1"), 400),
    "a path without a slash": (get(b"GET a HTTP/1.1"), 400),
    "CONNECT": (get(b"CONNECT b.example:443 HTTP/1.1"), 501),
    "CONNECT to a path": (get(b"CONNECT /a HTTP/1.1"), 501),
    "an unknown method": (get(b"BREW /a HTTP/1.1"), 405),
    "a method in small letters": (get(b"get /a HTTP/1.1"), 405),
    "HTTP/0.9": (b"GET /a\r\n\r\n", 505),
    "HTTP/0.9, named": (get(b"GET /a HTTP/0.9"), 505),
    "HTTP/1.2": (get(b"GET /a HTTP/1.2"), 400),
    "HTTP/2.0": (get(b"GET /a HTTP/2.0"), 505),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 405),
    "a blank before the method": (b" " + get(), 405),
    "a blank behind the version": (get(b"GET /a HTTP/1.1 "), 400),
    "NUL in the target": (get(b"GET /a\0b HTTP/1.1"), 400),
    "a tab in the target": (get(b"GET /a\tb HTTP/1.1"), 400),
    "bytes above ASCII in the target": (get(b"GET /\xff HTTP/1.1"), 400),
    "a line feed alone behind the line": (b"GET /a HTTP/1.1\n" + HOST + b"\r\n", 400),
    "a line feed alone behind a header": (get(b"GET /a HTTP/1.1", b"X: y\nZ: a"), 400),
    "a carriage return alone": (get(b"GET /a HTTP/1.1", b"X: y\rZ: a"), 400),
    "a header without a colon": (get(b"GET /a HTTP/1.1", b"X"), 400),
    "a header without a name": (get(b"GET /a HTTP/1.1", b": y"), 400),
    "a blank before the colon": (get(b"GET /a HTTP/1.1", b"X : y"), 400),
    "a blank in a name": (get(b"GET /a HTTP/1.1", b"X y: z"), 400),
    "a folded header": (get(b"GET /a HTTP/1.1", b"X: y\r\n z"), 400),
    "a folded line": (b"GET /a HTTP/1.1\r\n X: y\r\n" + HOST + b"\r\n", 400),
    "NUL in a value": (get(b"GET /a HTTP/1.1", b"X: y\0z"), 400),
    "a control character in a value": (get(b"GET /a HTTP/1.1", b"X: y\x01z"), 400),
    # Two ways to tell where the body ends
    "length and chunks": (post(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n"), 400),
    "chunks and length": (post(CHUNKED, b"Content-Length: 5", body=b"0\r\n\r\n"), 400),
    "two lengths": (post(b"Content-Length: 0", b"Content-Length: 5"), 400),
    "the same length twice": (post(b"Content-Length: 0", b"Content-Length: 0"), 400),
    "a list of lengths": (post(b"Content-Length: 0, 0"), 400),
    "no length": (post(b"Content-Length: "), 400),
    "a negative length": (post(b"Content-Length: -1"), 400),
    "a length with a sign": (post(b"Content-Length: +0"), 400),
    "a length in hexadecimals": (post(b"Content-Length: 0x0"), 400),
    "a length with a blank in it": (post(b"Content-Length: 0 5"), 400),
    "a length that overflows": (post(b"Content-Length: 18446744073709551616"), 400),
    "a blank before the coding's colon": (post(b"Transfer-Encoding : chunked"), 400),
    "no coding": (post(b"Transfer-Encoding: "), 400),
    "identity": (post(b"Transfer-Encoding: identity"), 400),
    "chunked and identity": (post(b"Transfer-Encoding: chunked, identity"), 400),
    "chunked twice": (post(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), 400),
    "a coding that is called like it": (post(b"Transfer-Encoding: xchunked"), 400),
    "chunked with a parameter": (post(b"Transfer-Encoding: chunked;q=1"), 400),
    "another coding below": (post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501),
    "another coding in a header of its own": (
        post(b"Transfer-Encoding: gzip", CHUNKED, body=b"0\r\n\r\n"),
        501,
    ),
    "chunks in HTTP/1.0": (get(b"POST /a HTTP/1.0", CHUNKED) + b"0\r\n\r\n", 400),
    # What frames a chunk
    "a chunk without a size": (post(CHUNKED, body=b"\r\na\r\n0\r\n\r\n"), 400),
    "a size with a sign": (post(CHUNKED, body=b"+1\r\na\r\n0\r\n\r\n"), 400),
    "a size with a prefix": (post(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n"), 400),
    "a size with a blank": (post(CHUNKED, body=b"1 \r\na\r\n0\r\n\r\n"), 400),
    "a size that overflows": (post(CHUNKED, body=b"10000000000000001\r\na\r\n0\r\n\r\n"), 400),
    "a size with a line feed alone": (post(CHUNKED, body=b"1\na\r\n0\r\n\r\n"), 400),
    "an extension with a line feed alone": (post(CHUNKED, body=b"1;x\na\r\n0\r\n\r\n"), 400),
    "an extension with a carriage return": (post(CHUNKED, body=b"1;x\ry\r\na\r\n0\r\n\r\n"), 400),
    "a chunk that does not end": (post(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n"), 400),
    "a chunk that ends in a line feed": (post(CHUNKED, body=b"1\r\na\n0\r\n\r\n"), 400),
    "a length in the trailers": (post(CHUNKED, body=b"0\r\nContent-Length: 5\r\n\r\n"), 400),
}


@pytest.mark.parametrize("rule", GOOD)
def test_a_request_is_read(echoing: Loopback, rule: str) -> None:
    request, echo = GOOD[rule]
    client = echoing.client(request + INSIDE if b"HTTP/1.0" not in request else request)
    answer = client.answer()
    assert (answer.status, answer.body) == (200, echo)
    if b"HTTP/1.0" not in request:
        assert client.answer().body == b"GET /inside \n"


@pytest.mark.parametrize("rule", BAD)
@pytest.mark.parametrize("together", [True, False])
def test_what_is_none_ends_the_connection(echoing: Loopback, rule: str, together: bool) -> None:
    request, status = BAD[rule]
    client = echoing.client(*([request + INSIDE] if together else [request, INSIDE]))
    answer = client.answer()
    assert (answer.status, answer.body) == (status, b"")
    assert answer.header("connection") == "close"
    assert answer.header("server") == "-"
    assert client.ended()


@pytest.mark.parametrize("rule", BAD)
def test_what_came_before_is_answered(echoing: Loopback, rule: str) -> None:
    """And is the last answer, or the one before the refusal; nothing else is said."""
    request, status = BAD[rule]
    client = echoing.client(get(b"GET /before HTTP/1.1") + request + INSIDE)
    first = client.answer()
    assert first.body == b"GET /before \n"
    if first.header("connection") == "close":
        assert client.ended()
    else:
        assert client.answer().status == status
        assert client.ended()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_the_host_of_an_absolute_target_counts(version: bytes) -> None:
    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"|".join(hosts)})

    with loopback(app) as serving:
        line = b"GET http://b.example:81/a HTTP/" + version
        assert serving.ask(get(line)).body == b"b.example:81"
        if version == b"1.0":
            assert serving.ask(get(line, host=b"")).body == b"b.example:81"


# Offers to upgrade are declined by an answer in HTTP/1.1 (RFC 9110, 7.8)

OFFER = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ")


@pytest.mark.parametrize(
    ("headers", "body", "read"),
    [
        ((), b"", b""),
        ((b"Content-Length: 5",), b"abcde", b"abcde"),
        ((CHUNKED,), b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", b"abcde"),
        ((b"Content-Length: %d" % len(INSIDE),), INSIDE, INSIDE),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_an_offer_to_upgrade_is_declined(
    echoing: Loopback, headers: tuple[bytes, ...], body: bytes, read: bytes, together: bool
) -> None:
    head = post(*OFFER, *headers)
    client = echoing.client(*([head + body + INSIDE] if together else [head, body, INSIDE]))
    answer = client.answer()
    assert (answer.status, answer.body) == (200, b"POST /a \n" + read)
    assert client.answer().body == b"GET /inside \n"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((b"Content-Length: 5", CHUNKED), 400),
        ((b"Content-Length: 5", b"Content-Length: 5"), 400),
        ((b"Transfer-Encoding: identity",), 400),
        ((b"Transfer-Encoding: gzip, chunked",), 501),
    ],
)
def test_an_offer_to_upgrade_smuggles_nothing(
    echoing: Loopback, headers: tuple[bytes, ...], status: int
) -> None:
    client = echoing.client(post(*OFFER, *headers, body=b"0\r\n\r\n") + INSIDE)
    assert client.answer().status == status
    assert client.ended()


def test_the_last_request_of_a_connection_is_the_last_with_an_offer_too(echoing: Loopback) -> None:
    client = echoing.client(post(b"Connection: close, upgrade", b"Upgrade: h2c") + INSIDE)
    assert client.answer().header("connection") == "close"
    assert client.ended()
