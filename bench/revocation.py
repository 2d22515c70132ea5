"""Whether a session that was ended at one worker is ever seen alive at another.

Each session is ended through one worker of a server, and used through the other as soon as the
first has answered. Which worker a connection leads to is asked of the kernel.
"""

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from hufu.cli.bench_calls import Rental
from hufu.services.load import Sent
from hufu.services.load_run import is_whole
from processes import HOST, served

if TYPE_CHECKING:
    from hufu_server import Hufu

TRIES = 200
DEAD = b'"errno":4101,'


@dataclass
class Revoked:
    """How many sessions were ended, and how many of them a later question still found alive."""

    ended: int = 0
    late: int = 0
    workers: int = 0


class Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]

    def ask(self, sent: Sent, host: str) -> bytes:
        """The whole answer."""
        self._socket.sendall(sent.prepared(host))
        data = b""
        while not is_whole(data):
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the server hung up")
            data += more
        return data

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def _worker_at(line: Line, workers: list[psutil.Process]) -> int | None:
    for worker in workers:
        for each in worker.net_connections("tcp"):
            if each.raddr and each.raddr.port == line.port:
                return worker.pid
    return None


def _two_lines(port: int, host: str, workers: list[psutil.Process]) -> list[Line]:
    """A connection to each of two workers. Raises RuntimeError where all lead to one."""
    found: dict[int, Line] = {}
    for _ in range(TRIES):
        line = Line(port)
        line.ask(Sent("GET", "/health"), host)  # Answered, so accepted.
        worker = _worker_at(line, workers)
        if worker is None or worker in found:
            line.close()
            continue
        found[worker] = line
        if len(found) == 2:
            return list(found.values())
    raise RuntimeError("no connection led to a second worker")


def revoke(hufu: "Hufu", count: int, cores: frozenset[int]) -> Revoked:
    """End so many sessions at one worker, and use each at the other at once."""
    tokens = hufu.many_sessions("rental", count)
    found = Revoked()
    client = hufu.client("rental")
    assert isinstance(client, Rental)
    with served(hufu.program(), cores) as running:
        workers = running.workers()
        found.workers = len(workers)
        host = hufu.door.host
        lines = _two_lines(hufu.port, host, workers)
        for number, token in enumerate(tokens):
            here, there = lines[number % 2], lines[1 - number % 2]
            cookie = {"Cookie": f"session_id={token}"}
            check = Sent("GET", f"{client.door.mount}/api/check_login", cookie)
            assert client.good in there.ask(check, host), "the session was never alive"
            ended = here.ask(Sent("GET", f"{client.door.mount}/api/logout", cookie), host)
            assert client.good in ended, "the session was not ended"
            found.late += DEAD not in there.ask(check, host)
            found.ended += 1
        for line in lines:
            line.close()
    return found
