"""What cannot be gone below: a server that only answers, a transaction alone, a hash alone.

Each runs as a process of its own, so that it can be pinned as a server is: `asgi` serves until it
is stopped, `statements` and `argon2` print what they measured as JSON.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pickle
import statistics
import threading
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from argon2 import PasswordHasher
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from nacl.pwhash import argon2id

from goals import LIBRARIES
from hufu.cli.serving import BACKLOG
from hufu.services.argon2 import KIB, Argon2Cost

BODY = json.dumps({"status": 1, "message": "OK", "data": {"account": 1, "app": "floor"}}).encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]

Statement = tuple[str, tuple[Any, ...]]
Transaction = list[Statement]


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer, and nothing else."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def serve(port: int) -> None:
    """As `hufu serve` does, with one worker."""
    multiprocessing.set_start_method("spawn")
    Granian(
        "floors:application",
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


async def replay(
    url: str, first: Iterator[Transaction], then: Iterator[Transaction], asked: argparse.Namespace
) -> tuple[list[float], float]:
    """Run transactions that are not counted, for as long as they are to warm up, and then those
    that are; the times that each took, and how long that was altogether (s)."""
    opened = [
        await asyncpg.connect(url, server_settings={"jit": "off"}) for _ in range(asked.at_once)
    ]
    took: list[float] = []

    async def work(
        connection: asyncpg.Connection, transactions: Iterator[Transaction], end: float
    ) -> None:
        for transaction in transactions:
            start = time.perf_counter()
            if start > end:
                return
            for query, arguments in transaction:
                if arguments:
                    await connection.fetch(query, *arguments)
                else:
                    await connection.execute(query)
            took.append(time.perf_counter() - start)

    for transactions, seconds in ((first, asked.warm_up), (then, asked.seconds)):
        took.clear()
        began = time.perf_counter()
        await asyncio.gather(*(work(each, transactions, began + seconds) for each in opened))
    spent = time.perf_counter() - began
    for connection in opened:
        await connection.close()
    return took, spent


def hashes(library: str, threads: int, seconds: float, *, paced: bool) -> list[float]:
    """Check a password at hufu's cost in so many threads; the times that each took (s). Where they
    are `paced`, each thread rests as long as each took."""
    cost, secret, took = Argon2Cost(), os.urandom(32), []
    reference = PasswordHasher(cost.passes, cost.memory_kib, parallelism=1)
    check = {"libsodium": argon2id.verify, "argon2-cffi": reference.verify}[library]
    kept = argon2id.str(secret, cost.passes, cost.memory_kib * KIB)
    end = time.perf_counter() + seconds

    def work() -> None:
        while (start := time.perf_counter()) < end:
            check(kept, secret)
            took.append(time.perf_counter() - start)
            if paced:
                time.sleep(took[-1])

    working = [threading.Thread(target=work) for _ in range(threads)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join()
    return took


def _tell(took: list[float], seconds: float, cpu: float) -> None:
    ordered = sorted(took)
    found = {
        "cpu": cpu,
        "rate": len(took) / seconds,
        "p50": statistics.median(took) * 1e3 if took else 0.0,
        "p99": ordered[int(len(ordered) * 0.99)] * 1e3 if took else 0.0,
    }
    print(json.dumps(found))


def main() -> None:
    """Be one floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("floor", choices=("asgi", "statements", "argon2"))
    parser.add_argument("--library", choices=LIBRARIES, default=LIBRARIES[0])
    parser.add_argument("--paced", action="store_true", help="hashes with pauses between them")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--url", default="")
    parser.add_argument("--transactions", type=Path)
    parser.add_argument("--once", action="store_true", help="no transaction is run twice")
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--warm-up", type=float, default=0.0)
    asked = parser.parse_args()
    if asked.floor == "asgi":
        serve(asked.port)
    elif asked.floor == "argon2":
        began, cpu = time.perf_counter(), time.process_time()
        took = hashes(asked.library, asked.at_once, asked.seconds, paced=asked.paced)
        own = (time.process_time() - cpu) / (time.perf_counter() - began)
        _tell(took, asked.seconds, own)
    else:
        found: list[Transaction] = pickle.loads(asked.transactions.read_bytes())
        first = then = cycle(found)
        if asked.once:
            first, then = iter(found[: len(found) // 4]), iter(found[len(found) // 4 :])
        began, cpu = time.perf_counter(), time.process_time()
        took, spent = uvloop.run(replay(asked.url, first, then, asked))
        own = (time.process_time() - cpu) / (time.perf_counter() - began)
        _tell(took, spent, own)


if __name__ == "__main__":
    main()
