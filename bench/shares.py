"""Where the time of a request goes: `make bench-shares`.

Server and PostgreSQL on one core, the load on the other, as for `make bench`. For each call the CPU
that the event loop, the threads that hash and PostgreSQL used, in microseconds a request; then what
a session check that is alone waits for its batch.
"""

import argparse
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from compare import ONE, Bench
from contestants import PROFILE_WRITE, SESSION_CHECK, SIGN_IN, Operation
from front_door import World
from hufu.domain.profiles import View
from hufu.services.keys import token_hash
from hufu.services.load import Load
from hufu.services.load_run import put_load
from hufu.services.postgres import EmbeddedPostgres
from hufu_server import Hufu
from processes import HOST, Served, served

CHECKS_ALONE = 2000
OPERATIONS = frozenset({SESSION_CHECK, PROFILE_WRITE, SIGN_IN})


@dataclass
class Shares:
    """What one call used, round by round, in microseconds of CPU a request."""

    loop: list[float] = field(default_factory=list)
    threads: list[float] = field(default_factory=list)
    postgres: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)

    def row(self, call: str) -> str:
        found = (self.loop, self.threads, self.postgres)
        told = " | ".join(f"{statistics.median(each):,.0f}" for each in found)
        return f"| `{call}` | {told} | {statistics.median(self.rate):,.0f} |"


def _by_thread(processes: list[psutil.Process]) -> dict[int, float]:
    return {
        each.id: each.user_time + each.system_time
        for process in processes
        for each in process.threads()
    }


def _cpu(processes: list[psutil.Process]) -> dict[int, float]:
    return {each.pid: sum(each.cpu_times()[:2]) for each in processes}


def _more(after: dict[int, float], before: dict[int, float]) -> dict[int, float]:
    return {id: used - before.get(id, 0.0) for id, used in after.items()}


def measure(
    bench: Bench, operation: Operation, running: Served, seconds: float, shares: Shares
) -> None:
    """Ask for a while, and note who used how much."""
    workers = running.workers()
    postgres = [bench.postmaster, *bench.postmaster.children()]
    before = (_by_thread(workers), _cpu(postgres))
    load = Load(operation.connections, seconds, operation.most, 0.0)
    port = running.program.port
    requests = operation.prepared(f"{HOST}:{port}")
    outcome = uvloop.run(put_load(HOST, port, requests, load, operation.good))
    threads = _more(_by_thread(workers), before[0])
    postgres = [bench.postmaster, *bench.postmaster.children()]
    of_postgres = sum(_more(_cpu(postgres), before[1]).values())
    loops = sum(threads.pop(each.pid, 0.0) for each in workers)
    count = len(outcome.latencies) / 1e6
    shares.loop.append(loops / count)
    shares.threads.append(sum(threads.values()) / count)
    shares.postgres.append(of_postgres / count)
    shares.rate.append(outcome.rate)


def at_one_connection(operation: Operation, running: Served, seconds: float) -> float:
    """The median time (us) of an answer to a client that is alone."""
    port = running.program.port
    requests, load = operation.prepared(f"{HOST}:{port}"), Load(1, seconds, operation.most, 0.2)
    outcome = uvloop.run(put_load(HOST, port, requests, load, operation.good))
    return outcome.quantile(0.5) * 1e6


async def _alone(hufu: Hufu, tokens: list[str]) -> dict[str, float]:
    async with hufu.inside() as world:
        return await _times(world, [token_hash(token) for token in tokens])


async def _times(world: World, hashes: list[bytes]) -> dict[str, float]:
    """The median time (us) of a check that is alone, gathered and not, in turns."""
    presented = world.core.database.presented

    async def batched(token: bytes) -> None:
        assert await presented.find(token, View.SESSION)

    async def plain(token: bytes) -> None:
        [found] = await presented.read(View.SESSION, [(token, None)])
        assert found

    ways: dict[str, Callable[[bytes], Awaitable[None]]] = {"batched": batched, "plain": plain}
    took: dict[str, list[float]] = defaultdict(list)
    for number in range(CHECKS_ALONE):
        for name, way in ways.items():
            began = time.perf_counter()
            await way(hashes[number % len(hashes)])
            took[name].append((time.perf_counter() - began) * 1e6)
    return {name: statistics.median(times) for name, times in took.items()}


def main() -> None:
    """Measure, and print what goes into the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each call")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each call in a turn")
    asked = parser.parse_args()
    asked.postgres_beside_load = False
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        with EmbeddedPostgres.start(folder / "postgres") as postgres:
            bench = Bench(asked, folder, postgres)
            hufu = Hufu(bench.database("hufu_itself"), folder, "hufu", turns=1)
            hufu.prepare()
            found: dict[str, Shares] = defaultdict(Shares)
            with bench.on(bench.cores), served(hufu.program(), bench.cores.server) as running:
                hufu.welcome(running)
                operations = [
                    each
                    for each in hufu.operations()
                    if each.name in OPERATIONS and each.of_floor is None
                ]
                for _ in range(asked.rounds):
                    for operation in operations:
                        measure(bench, operation, running, asked.seconds, found[operation.call])
                over_http = at_one_connection(operations[0], running, asked.seconds)
            tokens = [each.token for each in hufu.sessions["fomo"]]
            alone = uvloop.run(_alone(hufu, tokens))
    print(f"| {ONE}, CPU a request, µs | event loop | threads that hash | PostgreSQL | a second |")
    print("| --- | --- | --- | --- | --- |")
    for call, shares in found.items():
        print(shares.row(call))
    waits = alone["batched"] - alone["plain"]
    print(
        f"\n`{operations[0].call}` at one connection: {over_http:.0f} µs in the median. Of that "
        f"the batch costs {waits:.0f}: the look-up alone takes {alone['batched']:.0f} µs in a "
        f"batch of one, {alone['plain']:.0f} with a statement of its own. So an answer takes "
        f"{over_http / (over_http - waits):.2f} of what it would without batches."
    )


if __name__ == "__main__":
    main()
