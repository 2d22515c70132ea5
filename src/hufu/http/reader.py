"""From the bytes of a connection to its requests (HTTP/1.1, RFC 9112).

The grammar is llhttp's, that of Node.js, in its strict form. Here is what it leaves open: how large
a head may be, which framing is known, and what is done with an offer to upgrade.
"""

from typing import Protocol

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from hufu.http.exchange import Exchange, Header, Wire

MOST_HEADERS = 100
FRAME_PER_BYTE = 8
"""Bytes that may frame one byte of a body in chunks. A client that sends single ones needs 5.

What is not used is not saved up, or a trailer could be as long as the body before it allows.
"""
MOST_CHUNKS = 1000
CHUNK_BYTES = 32
"""Bytes that a chunk holds on average, in a body of more than MOST_CHUNKS of them.

Whatever is in it, a chunk costs as much as reading kilobytes. Clients cut a body at the size of a
buffer; one that sends every token of a form or of JSON as it is written has a few hundred.
"""

BAD_REQUEST = 400
METHOD_NOT_ALLOWED = 405
CONTENT_TOO_LARGE = 413
HEAD_TOO_LARGE = 431
NOT_IMPLEMENTED = 501
VERSION_NOT_SUPPORTED = 505

_CODING = b"transfer-encoding"
_FRAMING = frozenset({b"content-length", _CODING})


class Refused(Exception):
    """The request cannot be taken; the connection ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Taker(Wire, Protocol):
    """Where requests go as they arrive."""

    def take(self, exchange: Exchange) -> None:
        """Its head is there. May raise Refused."""
        ...

    def fed(self, exchange: Exchange) -> None:
        """More of its body is there."""
        ...

    def completed(self, exchange: Exchange) -> None:
        """All of it is there."""
        ...


class Reader:
    """Reads one connection's requests. `incoming` is the newest, `body_bytes` what came of it."""

    __slots__ = (
        "_chunks",
        "_head_bytes",
        "_headers",
        "_host",
        "_hosts",
        "_in_head",
        "_large",
        "_most",
        "_parser",
        "_replays",
        "_taker",
        "_url",
        "body_bytes",
        "incoming",
    )

    def __init__(self, taker: Taker, head_bytes: int) -> None:
        self._taker = taker
        self._most = head_bytes
        self._parser = HttpRequestParser(self)
        self._url = b""
        self._headers: list[Header] = []
        self._host = b""
        self._hosts = 0
        self._in_head = True
        self._head_bytes = 0  # Of a head that is not there yet, or too many that frame a body.
        self._large = False  # Whether a head may be too large, by all that has ever come.
        self._replays = False
        self._chunks = 0
        self.body_bytes = 0
        self.incoming: Exchange | None = None

    @property
    def between(self) -> bool:
        """Whether nothing of a request has come behind the last one."""
        return self._in_head and not self._head_bytes

    @property
    def begun(self) -> bool:
        """Whether a part of a head has come."""
        return self._in_head and bool(self._head_bytes)

    def forget(self) -> None:
        """Let go of all that knows this reader: nobody would ever drop either."""
        self.incoming = None
        del self._parser, self._taker

    def feed(self, data: bytes) -> None:
        """Bytes have come. Raises Refused."""
        waited, before, had = self._in_head, self.incoming, self.body_bytes
        if self._head_bytes + len(data) > self._most:
            self._large = True
        try:
            self._parse(data)
        except HttpParserInvalidMethodError as error:  # It has not read for what, nor who may.
            raise Refused(METHOD_NOT_ALLOWED) from error
        except HttpParserError as error:
            cause = error.__context__
            raise cause if isinstance(cause, Refused) else Refused(BAD_REQUEST) from error
        if not self._in_head or self.incoming is before or self._url:
            self._count(len(data), waited, before, had)

    # What the parser tells

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        if not self._replays:
            self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind a body in chunks a trailer, of which nothing is wanted."""
        if self._replays or not self._in_head:
            return
        name, value = name.lower(), value.rstrip(b" \t")
        if name == b"host":
            self._host = value
            self._hosts += 1
        self._headers.append((name, value))
        if len(self._headers) > MOST_HEADERS:
            raise Refused(HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The request's head is there."""
        if self._replays:
            self._replays = False
            return
        url, headers, host = self._url, self._headers, self._host
        self._url, self._headers, self._host = b"", [], b""
        if self._large and self._size(url, headers) > self._most:
            raise Refused(HEAD_TOO_LARGE)
        version = self._parser.get_http_version()
        if version not in {"1.1", "1.0"}:
            raise Refused(VERSION_NOT_SUPPORTED)
        hosts, self._hosts = self._hosts, 0
        if hosts != 1 and (hosts or version == "1.1"):  # RFC 9112, 3.2.
            raise Refused(BAD_REQUEST)
        if url[:1] != b"/":
            url, host = _own(url, host, headers)
        self._in_head = False
        self._head_bytes = self.body_bytes = 0
        method = self._parser.get_method().decode()
        self.incoming = Exchange(
            self._taker, method, url, version, headers, host, self._parser.should_keep_alive()
        )
        self._taker.take(self.incoming)

    def on_chunk_header(self) -> None:
        """A chunk begins; the last of them is empty. No coding of a body is known but chunks."""
        self._chunks += 1
        if self._chunks > MOST_CHUNKS + self.body_bytes // CHUNK_BYTES:
            raise Refused(CONTENT_TOO_LARGE)
        if self._chunks > 1:
            return
        assert self.incoming is not None
        if self.incoming.version == "1.0":  # It has no such thing (RFC 9112, 6.1).
            raise Refused(BAD_REQUEST)
        codings = [value for name, value in self.incoming.headers if name == _CODING]
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise Refused(NOT_IMPLEMENTED)

    def on_body(self, chunk: bytes) -> None:
        """A part of the request's body."""
        self.body_bytes += len(chunk)
        assert self.incoming is not None
        self.incoming.feed(chunk)
        self._taker.fed(self.incoming)

    def on_message_complete(self) -> None:
        """The request is there."""
        if self._parser.should_upgrade():
            return  # With nothing after its head, as far as the parser is concerned.
        assert self.incoming is not None
        self._in_head = True
        self._head_bytes = self.body_bytes = self._chunks = 0
        self._taker.completed(self.incoming)
        self.incoming.finish()

    # How it goes on

    def _count(self, size: int, waited: bool, before: Exchange | None, had: int) -> None:
        """So many bytes have come, and more have to.

        They belong to a head that had begun before, to a body that had, or to a head that has begun
        behind a request. Of a body, what frames its chunks is counted: their sizes, extensions of
        these, trailers.
        """
        if not self._in_head:
            if waited or self.incoming is not before:
                return
            more = self.body_bytes - had
            self._head_bytes = max(0, self._head_bytes + size - (1 + FRAME_PER_BYTE) * more)
        elif waited and self.incoming is before:
            self._head_bytes += size
        else:
            self._head_bytes, self._large = self._size(self._url, self._headers), True
        if self._head_bytes > self._most:
            raise Refused(HEAD_TOO_LARGE)

    @staticmethod
    def _size(url: bytes, headers: list[Header]) -> int:
        return len(url) + sum(len(name) + len(value) for name, value in headers)

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self._parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._decline_upgrade()
            else:
                return

    def _decline_upgrade(self) -> None:
        """Read on in HTTP/1.1 (RFC 9110, 7.8), where the parser has taken the head for the last.

        Clients that would rather speak HTTP/2 ask for it with a request that they want answered,
        body and all. Another parser reads the body, told only how long that is.
        """
        assert self.incoming is not None
        if self.incoming.method == "CONNECT":
            raise Refused(NOT_IMPLEMENTED)
        self._parser = HttpRequestParser(self)
        self._replays = True
        lines = [b"%b: %b\r\n" % each for each in self.incoming.headers if each[0] in _FRAMING]
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(lines))


def _own(url: bytes, host: bytes, headers: list[Header]) -> tuple[bytes, bytes]:
    """The path and host of a target in absolute form, whose host is what counts (RFC 9112, 3.2.2).

    `*` and the target of a CONNECT are left as they are.
    """
    scheme, found, rest = url.partition(b"://")
    if not found:
        return url, host
    end = min((at for at in map(rest.find, (b"/", b"?")) if at >= 0), default=len(rest))
    host, path = rest[:end], rest[end:]
    if scheme.lower() not in {b"http", b"https"} or not host or b"@" in host:
        raise Refused(BAD_REQUEST)
    headers[:] = [(b"host", host), *(each for each in headers if each[0] != b"host")]
    return (path if path[:1] == b"/" else b"/" + path), host
