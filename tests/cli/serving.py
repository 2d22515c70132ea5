"""A real `hufu serve` in a process of its own, started and looked at as an operator does it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import psutil

from hufu.services.postgres import EmbeddedPostgres

HUFU = Path(sys.executable).with_name("hufu")
HOST = "127.0.0.1"
PATIENCE = 30.0  # Seconds
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Said:
    """An answer that came through a socket."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Serving:
    """A server that was started; `data` is its folder, `output` all that it prints."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    output: Path

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Said:
        """The answer to one request on a connection of its own."""
        connection = HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return Said(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Said:
        return self.ask("GET", path)

    def form(self, path: str, **fields: str) -> Said:
        return self.ask("POST", path, urlencode(fields).encode(), FORM)

    def json(self, path: str, **fields: str) -> Said:
        return self.ask(
            "POST", path, json.dumps(fields).encode(), {"Content-Type": "application/json"}
        )

    def code(self, to: str) -> str:
        """The newest code sent to a number or address."""
        return str(self.get(f"/_dev/outbox?to={to}").json()[0]["code"])

    def answers(self, path: str = "/ready") -> int:
        """The status of a GET; 0 when there is no answer."""
        try:
            return self.get(path).status
        except (OSError, HTTPException):
            return 0

    def accepts(self) -> bool:
        """Whether anybody listens on the port."""
        with socket.socket() as probe:
            return probe.connect_ex((HOST, self.port)) == 0

    def workers(self) -> set[int]:
        """The ids of the processes that serve."""
        processes = psutil.Process(self.process.pid).children(recursive=True)
        return {each.pid for each in processes if _serves(each, self.process.pid)}

    def printed(self) -> str:
        return self.output.read_text("utf-8")

    def database(self) -> EmbeddedPostgres:
        """The embedded database as somebody sees it who does not use it."""
        return EmbeddedPostgres(self.data / "postgres")

    def database_pid(self) -> int | None:
        """The embedded database's process id, from the moment on when there is one."""
        try:
            status = (self.data / "postgres" / "cluster" / "postmaster.pid").read_text()
        except FileNotFoundError:
            return None
        return int(status.split("\n")[0] or 0) or None

    def wait_ready(self) -> None:
        """Raises AssertionError when the server ends, or takes too long."""
        until(lambda: self.process.poll() is not None or self.answers() == 200)
        assert self.process.poll() is None, self.printed()

    def end(self, request: signal.Signals = signal.SIGTERM) -> int:
        """The exit status after a signal."""
        if self.process.poll() is None:
            self.process.send_signal(request)
        return self.process.wait(PATIENCE)


@contextmanager
def begun(data: Path, *arguments: str, **environment: str) -> Iterator[Serving]:
    """A server that has been started and may not be ready yet; ended at the end."""
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    output = data.with_name(f"{data.name}-{port}.log")
    command = [str(HUFU), "serve", "--data", str(data), "--port", str(port), *arguments]
    with output.open("wb") as printed:
        process = subprocess.Popen(
            command, stdout=printed, stderr=printed, cwd=data, env=clean(environment)
        )
    server = Serving(process, port, data, output)
    try:
        yield server
    finally:
        server.end()


@contextmanager
def serving(data: Path, *arguments: str, **environment: str) -> Iterator[Serving]:
    """A server that is ready; ended at the end."""
    with begun(data, *arguments, **environment) as server:
        server.wait_ready()
        yield server


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of hufu, and with these variables."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUFU_")}
    return {**kept, **environment}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for the condition; raises AssertionError when it takes too long."""
    deadline, pause = monotonic() + patience, threading.Event()
    while not condition():
        assert monotonic() < deadline, "it did not come true in time"
        pause.wait(0.02)


def ready_after(server: Serving) -> float:
    """The seconds that the server says it took."""
    found = re.search(r"^Ready after ([0-9.]+) s\.$", server.printed(), re.MULTILINE)
    assert found, server.printed()
    return float(found[1])


def _serves(process: psutil.Process, looked_after_by: int) -> bool:
    """What the workers are forked from is a child of who looks after them."""
    try:
        same = process.exe() == psutil.Process(looked_after_by).exe()
        return same and process.ppid() != looked_after_by
    except psutil.Error:  # Gone, or a zombie.
        return False
