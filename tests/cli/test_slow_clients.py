"""Clients that say little, and slowly, against a real server: they are not waited for."""

import resource
import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cli.serving import HOST, PATIENCE, Serving, serving, until

HEAD = b"POST /fomo/customer/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
FORM = HEAD + b"Content-Type: application/x-www-form-urlencoded\r\n"
MANY = 2500
"""More than the queue of connections that nobody has accepted yet is long."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server of little patience."""
    with serving(
        tmp_path_factory.mktemp("hasty") / "data",
        HUFU_HTTP__HEAD_SECONDS="1",
        HUFU_HTTP__BODY_SECONDS="1",
        HUFU_HTTP__IDLE_SECONDS="1",
        HUFU_HTTP__REQUEST_SECONDS="2",
    ) as server:
        yield server


def connected(server: Serving) -> socket.socket:
    return socket.create_connection((HOST, server.port), PATIENCE)


def rest(connection: socket.socket) -> bytes:
    """What comes until the server hangs up, which it does."""
    received = b""
    try:
        while more := connection.recv(65536):
            received += more
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("said", [b"", b"P", HEAD, HEAD + b"X-Long: "], ids=["", "P", "head", "x"])
def test_a_head_that_does_not_end(server: Serving, said: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(said)
        assert b" 200 " not in rest(connection)


def test_a_connection_that_is_kept_and_not_used(server: Serving) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert rest(connection).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "ends",
    [
        b"Content-Length: 100\r\n\r\nlogin_name=1",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n",
    ],
    ids=["length", "chunked"],
)
def test_a_body_that_does_not_end(server: Serving, ends: bytes) -> None:
    with connected(server) as connection:
        connection.sendall(FORM + ends)
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_a_body_that_drips(server: Serving) -> None:
    """Each byte in time, and all of them too late."""
    with connected(server) as connection, selectors.DefaultSelector() as answered:
        answered.register(connection, selectors.EVENT_READ)
        connection.sendall(FORM + b"Content-Length: 1000\r\n\r\n")
        while not answered.select(0.1):
            connection.sendall(b"1")
        assert rest(connection).startswith(b"HTTP/1.1 408 ")


def test_people_are_served_among_many_that_say_nothing(server: Serving) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 3 * MANY), hard))
    try:
        with ExitStack() as stack, selectors.DefaultSelector() as hung_up:
            for _ in range(MANY):
                slow = stack.enter_context(connected(server))
                slow.sendall(b"GET /")
                hung_up.register(slow, selectors.EVENT_READ)
            for _ in range(20):
                assert server.get("/ready").status == 200
            left = MANY

            def all_gone() -> bool:
                nonlocal left
                for key, _ in hung_up.select(0):
                    hung_up.unregister(key.fileobj)
                    left -= 1
                return left == 0

            until(all_gone)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
