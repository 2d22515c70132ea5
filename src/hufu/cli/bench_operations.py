"""The operations that `hufu bench` measures, and the accounts that it measures them with."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import click
import uvloop

from hufu.cli.bench_calls import (
    BEARER_PATH,
    Client,
    Creator,
    Door,
    Opened,
    Person,
    Refused,
    bearer,
    made_up,
    signed_in,
)
from hufu.cli.output import progress
from hufu.services.load import Load, Outcome, Sent
from hufu.services.load_run import put_load

WRITES = 64
"""Different profiles that each account is given in turns."""

MOST_AT_ONCE = 256
SIGN_INS_AT_ONCE = 8
"""Of one account: each counts as a wrong guess until its password was found to be right."""

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that is asked many times."""

    app: str
    name: str
    requests: Sequence[Sent] | Iterator[Sent]
    good: bytes = b""
    opens: str = ""
    """What each of them leaves behind."""

    at_once: int = MOST_AT_ONCE
    """How many may be under way."""

    def prepared(self, host: str) -> Iterator[bytes]:
        """The requests as they are written, without an end where they can be repeated."""
        ready = (each.prepared(host) for each in self.requests)
        return ready if isinstance(self.requests, Iterator) else itertools.cycle(list(ready))


@dataclass(frozen=True, slots=True)
class Measured:
    """How an operation went."""

    operation: Operation
    outcome: Outcome

    def row(self) -> dict[str, object]:
        """The figures, with latencies in ms."""
        found = self.outcome
        return {
            "app": self.operation.app,
            "operation": self.operation.name,
            "answers_per_second": round(found.rate, 1),
            "p50_ms": round(found.quantile(0.5) * 1e3, 2),
            "p99_ms": round(found.quantile(0.99) * 1e3, 2),
            "answers": len(found.latencies),
            "errors": found.errors,
            "load_generator_busy": round(found.busy, 2),
        }


def registered(
    pool_of: Mapping[str, str], clients: Mapping[str, Client], home: Door, count: int
) -> dict[str, list[Person]]:
    """New accounts for each app; apps of one pool share them. Raises Refused."""

    def code(to: str) -> str:
        letters = home.ask(Sent("GET", f"/_dev/outbox?{urlencode({'to': to})}")).json()
        return next((str(each["code"]) for each in letters if each["code"]), "")

    def captcha(image: str) -> str:
        query = urlencode({"codeid": image})
        return str(home.ask(Sent("GET", f"/_dev/captcha?{query}")).json()["text"])

    pools: dict[str, list[str]] = {}
    for name in clients:
        pools.setdefault(pool_of[name], []).append(name)
    people: dict[str, list[Person]] = {}
    with progress() as bar:
        task = bar.add_task("Making accounts", total=count * len(pools))
        for names in pools.values():
            # An account with a number signs in everywhere, one with a name in `creator` alone.
            maker = min(
                (clients[name] for name in names), key=lambda each: isinstance(each, Creator)
            )
            made = [made_up(isinstance(maker, Creator)) for _ in range(count)]
            for person in made:
                maker.register(person, code, captcha)
                bar.advance(task)
            people |= dict.fromkeys(names, made)
    return people


def operations(
    clients: dict[str, Client], people: dict[str, list[Person]], home: Door, development: bool
) -> Iterator[Operation]:
    """What can be asked of each app. Raises Refused."""
    asked_by_token = False
    opened = _opened(clients, people)
    for name in opened:
        client = clients[name]
        sessions = opened[name]
        if not asked_by_token and home.ask(bearer(sessions[0])).status != NOT_FOUND:
            asked_by_token = True
            requests = [bearer(session) for session in sessions]
            yield Operation(name, f"session check, GET {BEARER_PATH}", requests)
        yield from _members(name, client, sessions)
        again = [client.sign_in(person, "bench, again") for person in people[name]]
        at_once = SIGN_INS_AT_ONCE * len(people[name])
        called = f"sign-in, {_call(again)}"
        yield Operation(name, called, again, client.good, "sessions", at_once)
        if development and isinstance(client, Creator):
            fresh = (client.registration(made_up(by_name=True)) for _ in itertools.count())
            called = "register, POST " + client.door.mount + "/user/register"
            yield Operation(name, called, fresh, client.good, "accounts")


def _opened(clients: dict[str, Client], people: dict[str, list[Person]]) -> dict[str, list[Opened]]:
    """Sessions of the people in each app that lets them in. Raises Refused if none does."""
    opened, refusals = {}, []
    for name, client in clients.items():
        try:
            opened[name] = [signed_in(client, person, "bench") for person in people[name]]
        except Refused as error:
            refusals.append(error)
            click.echo(f"Without {name}: it refused {error}", err=True)
    if refusals and not opened:
        raise refusals[0]
    return opened


def _members(name: str, client: Client, sessions: list[Opened]) -> Iterator[Operation]:
    """What somebody does who is signed in."""
    if checks := [each for each in map(client.check, sessions) if each is not None]:
        yield Operation(name, f"session check, {_call(checks)}", checks, client.good)
    made = (client.write(session, number) for number in range(WRITES) for session in sessions)
    if writes := [each for each in made if each is not None]:
        yield Operation(name, f"profile write, {_call(writes)}", writes, client.good)


def _call(requests: list[Sent]) -> str:
    return f"{requests[0].method} {requests[0].path}"


def measure(
    asked: list[Operation], clients: dict[str, Client], home: Door, plan: Load
) -> list[Measured]:
    """Ask each in its turn. Raises OSError."""
    measured = []
    with progress() as bar:
        for operation in bar.track(asked, description="Asking"):
            by_token = operation.name.endswith(BEARER_PATH)
            host = home.host if by_token else clients[operation.app].door.host
            at_once = min(plan.connections, operation.at_once)
            own = replace(plan, connections=at_once)
            run = put_load(home.server, home.port, operation.prepared(host), own, operation.good)
            measured.append(Measured(operation, uvloop.run(run)))
    return measured
