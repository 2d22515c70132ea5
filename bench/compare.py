"""hufu beside its peers and beside what cannot be gone below, on one core: `make bench`.

It installs the peers (bench/installing.py), starts one PostgreSQL in a temporary folder with every
safety on, and gives each contestant its turn, round after round: start, sign in, every operation,
stop. The server and PostgreSQL share one core, the load comes from another. Everything goes to
bench/results/latest.json; `make bench-docs` makes tables and a picture of that in docs/.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import uvloop

from contestants import (
    CHECKS,
    DAILY,
    HERE,
    PROFILE_WRITE,
    SESSION_CHECK,
    SIGN_IN,
    SLICES,
    WRITES,
    Contestant,
    Database,
    Operation,
    cycled,
)
from figures import FLOORS, Figure, Results, machine, rounded, saved
from goals import LIBRARIES, bare_hash, paced_hash
from hufu.services.load import Load, Outcome, Sent
from hufu.services.load_run import put_load
from hufu.services.postgres import EmbeddedPostgres
from hufu_server import Hufu
from installing import install
from peer_servers import Allauth, BetterAuth, FastApiUsers
from processes import HOST, Cores, Program, Served, clean, cpu_of, free_port, pin, served
from report import RESULTS, tables
from revocation import revoke

ONE, TWO = "one core", "two cores"
HALF_LOAD = "half load"
FEW, LONGER = 8, 5
"""Where fewer answers came, it is asked again for so many times as long."""

DAYS_PER_TURN = 500 * SLICES
HASHES_LAST = 2
"""How much longer sign-ins are asked for than session checks, of which there are more a second."""

SLICED = frozenset({SESSION_CHECK, SIGN_IN, PROFILE_WRITE, DAILY})
WARM_AGAIN = 0.3
"""For how long (s) a slice is not counted, but for the first."""


@dataclass
class Bench:
    """One run."""

    asked: argparse.Namespace
    folder: Path
    postgres: EmbeddedPostgres
    results: Results = field(default_factory=Results)

    def __post_init__(self) -> None:
        self.cores = Cores.chosen(self.asked.postgres_beside_load)
        status = (self.folder / "postgres" / "cluster" / "postmaster.pid").read_text()
        self.postmaster = psutil.Process(int(status.split("\n")[0]))

    def database(self, name: str) -> Database:
        """A new database of that name."""
        asyncio.run(self._create(name))
        where = parse_qs(urlsplit(self.postgres.url).query)
        return Database(name, where["host"][0], int(where["port"][0]), "hufu")

    async def _create(self, name: str) -> None:
        connection = await asyncpg.connect(self.postgres.url)
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()

    @contextmanager
    def on(self, cores: Cores) -> Iterator[None]:
        """PostgreSQL and the load on those cores; whatever starts next is put there by itself."""
        pin([self.postmaster, *self.postmaster.children()], cores.postgres)
        os.sched_setaffinity(0, cores.load)
        yield
        pin([self.postmaster, *self.postmaster.children()], self.cores.postgres)
        os.sched_setaffinity(0, self.cores.load)

    # What is measured

    def turn(self, contestant: Contestant, cores: Cores, label: str) -> None:
        """Start it, ask everything, stop it."""
        with self.on(cores), served(contestant.program(), cores.server) as running:
            noted = self.results.noted(contestant)
            idle = (running.memory(), running.worker())
            contestant.welcome(running)
            most = idle
            with self._floors(contestant, cores, label) as floors:
                for operation in contestant.operations():
                    self._in_slices(contestant, operation, running, label, floors)
                    now = (running.memory(), running.worker())
                    most = (max(most[0], now[0]), max(most[1], now[1]))
            if label == ONE:
                noted["start"].append(running.started)
                noted["idle"].append(idle[0])
                noted["load"].append(most[0])
                noted["worker"].append((idle[1], most[1]))

    @contextmanager
    def _floors(
        self, contestant: Contestant, cores: Cores, label: str
    ) -> Iterator[dict[str, list[Callable[[], Figure]]]]:
        """What measures the floors below hufu's operations of that name, its own first."""
        if not isinstance(contestant, Hufu):
            yield {}
            return
        hash_of = partial(self.argon2, cores=cores, threads=len(cores.server), label=label)
        hashes = [partial(hash_of, each) for each in LIBRARIES]
        if label != ONE:
            yield {SIGN_IN: hashes}
            return
        at_half_load = [*hashes, partial(hash_of, LIBRARIES[0], paced=True)]
        repeated = partial(self.statements, contestant.database.url())
        writes = [partial(repeated, PROFILE_WRITE, contestant.write_floor)]
        days = [lambda: repeated(DAILY, next(contestant.day_floors), "--once")]
        with self.bare_asgi(cores) as bare:
            yield {
                SIGN_IN: hashes,
                HALF_LOAD: at_half_load,
                SESSION_CHECK: [bare],
                PROFILE_WRITE: writes,
                DAILY: days,
            }

    def _in_slices(
        self,
        contestant: Contestant,
        operation: Operation,
        running: Served,
        label: str,
        floors: Mapping[str, list[Callable[[], Figure]]],
    ) -> None:
        """One operation, in turns with its floors."""
        measured = partial(self.measure, contestant.name, operation, running, label)
        if not isinstance(contestant, Hufu) or operation.name not in SLICED:
            measured(self.asked.warm_up)
            return
        key = HALF_LOAD if operation.of_floor else operation.name
        for number in range(SLICES):
            below = [floor() for floor in floors.get(key, [])]
            figure = measured(WARM_AGAIN if number else self.asked.warm_up)
            for bare in below:
                figure.floor_rate.setdefault(bare.call, []).append(bare.rate[-1])
                figure.floor_p50.setdefault(bare.call, []).append(bare.p50[-1])

    def measure(
        self, name: str, operation: Operation, running: Served, label: str, warm_up: float
    ) -> Figure:
        """One operation, once."""
        slow = operation.name not in {SESSION_CHECK, "floor"}
        seconds = self.asked.seconds * (HASHES_LAST if slow else 1)
        rate = operation.of_floor and operation.of_floor * self.results.hash_rate(label)
        load = Load(operation.connections, seconds, operation.most, warm_up, rate)
        outcome, used = self._asked(operation, running, load)
        if not outcome.errors and len(outcome.latencies) < FEW:
            longer = replace(load, seconds=seconds * LONGER)
            outcome, used = self._asked(operation, running, longer)
        figure = self.results.figure(
            name, operation.name, operation.call, label, operation.connections
        )
        figure.rate.append(outcome.rate)
        figure.p50.append(outcome.quantile(0.5) * 1e3)
        figure.p99.append(outcome.quantile(0.99) * 1e3)
        figure.errors += outcome.errors
        for trouble, times in outcome.troubles.items():
            figure.troubles[trouble] = figure.troubles.get(trouble, 0) + times
        figure.load_busy.append(outcome.busy)
        figure.cpu.append(used)
        errors = f"  ERRORS {dict(outcome.troubles)} {dict(outcome.statuses)}" * (
            outcome.errors > 0
        )
        told = f"{name:<26} {operation.name:<14} {operation.call:<40} {outcome.rate:>9,.1f}/s"
        print(f"{told}  p50 {figure.p50[-1]:.2f} ms{errors}", file=sys.stderr)
        return figure

    def _asked(self, operation: Operation, running: Served, load: Load) -> tuple[Outcome, float]:
        """What came back, and how many cores the server and PostgreSQL used."""
        port = running.program.port
        requests = operation.prepared(f"{HOST}:{port}")
        before, began = self._used(running.tree()), time.perf_counter()
        outcome = uvloop.run(put_load(HOST, port, requests, load, operation.good))
        return outcome, (self._used(running.tree()) - before) / (time.perf_counter() - began)

    def _used(self, processes: list[psutil.Process]) -> float:
        """The CPU seconds of the processes, and of PostgreSQL."""
        return cpu_of([*processes, self.postmaster, *self.postmaster.children()])

    @contextmanager
    def bare_asgi(self, cores: Cores) -> Iterator[Callable[[], Figure]]:
        """A server that only answers, on the core of the other; what measures it."""
        port = free_port()
        program = self._floor("asgi", "--port", str(port))
        running = Program(program, port, HERE, self.folder / "floor.log", "/")
        with served(running, cores.server) as bare:
            sent = [Sent("GET", "/", {"Authorization": f"Bearer {'a' * 40}"})]
            call = "bare ASGI on Granian"
            operation = Operation(SESSION_CHECK, call, cycled(sent), b'"status": 1', CHECKS)
            yield partial(self.measure, FLOORS, operation, bare, ONE, WARM_AGAIN)

    def argon2(
        self, library: str, *, cores: Cores, threads: int, label: str, paced: bool = False
    ) -> Figure:
        """Bare hashes."""
        seconds = str(HASHES_LAST * self.asked.seconds)
        command = self._floor(
            *("argon2", "--library", library, "--at-once", str(threads), "--seconds", seconds),
            *["--paced"] * paced,
        )
        call = paced_hash(library) if paced else bare_hash(library)
        figure = self.results.figure(FLOORS, SIGN_IN, call, label, threads)
        self._own(figure, command, cores)
        return figure

    def statements(self, url: str, name: str, file: Path, *more: str) -> Figure:
        """The transactions in the file, without a server around them."""
        command = self._floor(
            *("statements", "--url", url, "--at-once", str(WRITES)),
            *("--transactions", str(file), "--seconds", str(self.asked.seconds)),
            *("--warm-up", str(WARM_AGAIN)),
            *more,
        )
        figure = self.results.figure(FLOORS, name, "bare asyncpg transaction", ONE, WRITES)
        self._own(figure, command, self.cores)
        return figure

    def _floor(self, *options: str) -> tuple[str, ...]:
        return (sys.executable, str(HERE / "floors.py"), *options)

    def _own(self, figure: Figure, command: tuple[str, ...], cores: Cores) -> None:
        before, began = self._used([]), time.perf_counter()
        done = subprocess.run(
            command,
            check=True,
            capture_output=True,
            cwd=HERE,
            env=clean({}),
            preexec_fn=lambda: os.sched_setaffinity(0, cores.server),
        )
        found = json.loads(done.stdout)
        for name in ("rate", "p50", "p99"):
            getattr(figure, name).append(found[name])
        beside = (self._used([]) - before) / (time.perf_counter() - began)
        figure.cpu.append(found["cpu"] + beside)
        told = f"{FLOORS:<26} {figure.operation:<14} {figure.call:<40} {found['rate']:>9,.1f}/s"
        print(f"{told}  p50 {found['p50']:.2f} ms", file=sys.stderr)

    def embedded(self, hufu: Hufu, first: bool) -> None:
        """How long a start takes that starts the embedded PostgreSQL too, over existing data."""
        program = hufu.program()
        kept = {
            name: value
            for name, value in program.environment.items()
            if name != "HUFU_DATABASE_URL"
        }
        data = str(self.folder / "embedded")
        where = program.command.index("--data") + 1
        command = (*program.command[:where], data, *program.command[where + 1 :])
        own = replace(program, command=command, environment=kept)
        for _ in range(2 if first else 1):  # The very first makes the cluster.
            with self.on(self.cores), served(own, self.cores.server) as running:
                started = running.started
        self.results.contestants[hufu.name].setdefault("start_embedded", []).append(started)

    # The whole

    def contestants(self) -> Iterator[Contestant]:
        """hufu, then the peers that can be had."""
        wanted = self.asked.only or ["hufu", "fastapi-users", "allauth", "better-auth"]
        turns = self.asked.rounds
        yield Hufu(
            self.database("hufu_itself"), self.folder, "hufu", daily=DAYS_PER_TURN, turns=turns
        )
        equal = (SIGN_IN,)
        for name, kind in (
            ("fastapi-users", FastApiUsers),
            ("allauth", Allauth),
            ("better-auth", BetterAuth),
        ):
            if name not in wanted:
                continue
            if problem := install(name):
                self.results.skipped[name] = problem
                print(f"Without {name}: {problem}", file=sys.stderr)
                continue
            known = name.replace("-", "_")
            yield kind(self.database(known), self.folder, name)
            if kind is BetterAuth:
                cached = f"{name}, cookie cache"
                own = self.database(f"{known}_cached")
                yield BetterAuth(own, self.folder, cached, only=(SESSION_CHECK,), cookie_cache=True)
            own = self.database(f"{known}_equal")
            yield kind(own, self.folder, f"{name}, equal hash", only=equal, equal_cost=True)

    def run(self) -> Results:
        """All rounds."""
        began = time.perf_counter()
        contestants = list(self.contestants())
        [hufu] = [each for each in contestants if isinstance(each, Hufu)]
        for contestant in contestants:
            print(f"Preparing {contestant.name}", file=sys.stderr)
            contestant.prepare()
        hufu.split_days()
        for number in range(self.asked.rounds):
            print(f"Round {number + 1} of {self.asked.rounds}", file=sys.stderr)
            for contestant in contestants:
                self.turn(contestant, self.cores, ONE)
            self.turn(hufu.with_workers(2), self.cores.both, TWO)
            self.embedded(hufu, number == 0)
        with self.on(self.cores.both):
            revoking = hufu.with_workers(2)
            self.results.revoked = revoke(revoking, self.asked.revocations, self.cores.both.server)
        self.results.seconds = time.perf_counter() - began
        return self.results


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each session check")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds that are not counted")
    parser.add_argument("--only", action="append", help="only this peer beside hufu; repeatable")
    parser.add_argument("--revocations", type=int, default=10_000, help="sessions ended")
    parser.add_argument(
        "--postgres-beside-load", action="store_true", help="PostgreSQL on the core of the load"
    )
    asked = parser.parse_args()
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        sys.exit("Servers are pinned to a core: this needs Linux and two cores.")
    about = machine()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # As root, PostgreSQL runs as somebody else.
        with EmbeddedPostgres.start(folder / "postgres") as postgres:
            results = Bench(asked, folder, postgres).run()
    written = rounded(saved(results, about, asked))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(tables(written))


if __name__ == "__main__":
    main()
