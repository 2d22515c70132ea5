"""What was set out to be reached, and whether a run reached it. A loss is shown as one."""

import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

FLOORS, HUFU, ONE, TWO = "floors", "hufu", "one core", "two cores"
CHECK, SIGN_IN = "session check", "sign-in"
BEARER = "GET /v1/session"
LIBRARIES = ("libsodium", "argon2-cffi")
"""Of Argon2: hufu's own, then the reference implementation, which servers in Python use."""
LOGINS = ("/fomo/customer/login", "/company/user/login", "/rental/api/login", "/creator/user/login")
SLOT_MIB = 19

Run = dict[str, Any]


def figure(run: Run, contestant: str, operation: str, call: str = "", cores: str = ONE) -> Any:
    """The figure whose call ends so, or None."""
    for each in run["figures"]:
        named = (each["contestant"], each["operation"], each["cores"])
        if named == (contestant, operation, cores) and each["call"].endswith(call):
            return each
    return None


def median(values: Iterable[float]) -> float:
    """The middle one; 0 where there is none."""
    return statistics.median(list(values) or [0.0])


def shown(value: float) -> str:
    """Three digits or so."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


@dataclass(frozen=True)
class Goal:
    """What a figure should be, and what it is; None where it was not measured."""

    figure: str
    goal: str
    measured: str
    reached: bool | None

    def row(self) -> tuple[str, ...]:
        answer = {True: "yes", False: "**no**", None: "not measured"}[self.reached]
        return (self.figure, self.goal, self.measured, answer)


def goals(run: Run) -> Iterator[Goal]:
    """Every goal there is, in turn."""
    floor = figure(run, FLOORS, CHECK)
    for call, least in (
        (BEARER, 0.5),
        ("/api/check_login", 0.5),
        ("/customer/get_user_info", 0.35),
        ("/user/getUserInfo", 0.35),
    ):
        found = figure(run, HUFU, CHECK, call)
        yield at_least(f"`{path_of(call)}` against bare ASGI", found, floor, least)
    for call in (BEARER, "/api/check_login"):
        yield from against_peers(run, figure(run, HUFU, CHECK, call), path_of(call))
    yield revocations(run)
    for cores, library in product((ONE, TWO), LIBRARIES):
        bare = figure(run, FLOORS, SIGN_IN, library, cores)
        for call in LOGINS:
            dialect, found = call.split("/")[1], figure(run, HUFU, SIGN_IN, call, cores)
            name = f"sign-in, `{dialect}`, {cores}, against bare Argon2id of {library}"
            yield at_least(name, found, bare, 0.92)
    for library in LIBRARIES:
        yield half_load(run, f"one hash of {library}", bare_hash(library))
    yield half_load(run, "one of libsodium after as long a pause", paced_hash(LIBRARIES[0]))
    for name, operation, call in (
        ("session checks", CHECK, "/api/check_login"),
        ("sign-ins", SIGN_IN, "/rental/api/login"),
    ):
        yield scaling(run, name, operation, call)
    for name in ("profile write", "daily sign-in"):
        yield at_least(
            f"{name} against the bare transaction",
            figure(run, HUFU, name),
            figure(run, FLOORS, name),
            0.5,
        )
    yield from start_and_memory(run)


def bare_hash(library: str) -> str:
    """What the floor of that library is called."""
    return f"Argon2id, {library}"


def paced_hash(library: str) -> str:
    """What it is called where the next hash waits as long as one takes."""
    return f"{bare_hash(library)}, half load"


def path_of(call: str) -> str:
    """The path of a call."""
    return call.rpartition(" ")[2]


def at_least(name: str, found: Any, floor: Any, least: float) -> Goal:
    """A share of a floor, slice by slice or else round by round: what disturbs one of them
    disturbs both."""
    if found is None or floor is None:
        return Goal(name, f"≥ {least}", "", None)
    below = found["floor_rate"].get(floor["call"]) or floor["rate"]
    share = median(a / b for a, b in zip(found["rate"], below, strict=False) if b)
    return Goal(name, f"≥ {least}", f"{share:.2f}", share >= least)


def against_peers(run: Run, found: Any, call: str) -> Iterator[Goal]:
    """Session checks beside those of others."""
    python = [figure(run, name, CHECK) for name in ("fastapi-users", "allauth")]
    best = max(
        (each for each in python if each), key=lambda each: median(each["rate"]), default=None
    )
    for name, peer, least in (
        ("the better of fastapi-users and allauth", best, 10),
        ("better-auth, cookie cache off", figure(run, "better-auth", CHECK), 5),
        ("better-auth, cookie cache on", figure(run, "better-auth, cookie cache", CHECK), 1),
    ):
        goal = f"≥ {least} ×" if least > 1 else "ahead"
        if found is None or peer is None:
            yield Goal(f"`{call}` against {name}", goal, "", None)
            continue
        times = median(a / b for a, b in zip(found["rate"], peer["rate"], strict=False) if b)
        yield Goal(f"`{call}` against {name}", goal, f"{times:.1f} ×", times >= least)


def revocations(run: Run) -> Goal:
    """Ended sessions that were seen alive."""
    found = run["revoked"]
    name, goal = "revocation seen by another worker", "0 late"
    if found is None:
        return Goal(name, goal, "", None)
    told = f"{found['late']:,} of {found['ended']:,} late"
    return Goal(name, goal, told, found["late"] == 0 and found["ended"] > 0)


def half_load(run: Run, floor: str, call: str) -> Goal:
    """The latency of a sign-in where half as many come as could be hashed."""
    name, goal = f"sign-in latency at half load, against {floor}", "≤ 1.3"
    found = figure(run, HUFU, SIGN_IN, "half load")
    if found is None:
        return Goal(name, goal, "", None)
    hashes = found["floor_p50"].get(call)
    if hashes is None:
        return Goal(name, goal, "", None)
    times = median(a / b for a, b in zip(found["p50"], hashes, strict=True))
    return Goal(name, goal, f"{times:.2f}", times <= 1.3)


def scaling(run: Run, name: str, operation: str, call: str) -> Goal:
    """How many times as much two workers do on two cores as one on one, if they had all of both.

    The load comes from the same cores, so it is the answers per second of the CPU that the server
    and PostgreSQL used that are compared.
    """
    name, goal = f"{name}, two workers on two cores against one on one", "≥ 1.8 ×"
    one = figure(run, HUFU, operation, call)
    two = figure(run, HUFU, operation, call, TWO)
    if one is None or two is None:
        return Goal(name, goal, "", None)
    each = [
        [rate / cpu for rate, cpu in zip(of["rate"], of["cpu"], strict=True)] for of in (one, two)
    ]
    times = 2 * median(b / a for a, b in zip(*each, strict=False))
    return Goal(name, goal, f"{times:.2f} ×", times >= 1.8)


def per_cpu(found: Any) -> list[float]:
    """Answers per second of CPU, round by round."""
    return [rate / cpu for rate, cpu in zip(found["rate"], found["cpu"], strict=True) if cpu]


def start_and_memory(run: Run) -> Iterator[Goal]:
    """Seconds and MiB."""
    about = run["contestants"].get(HUFU)
    if about is None:
        return
    slots = run["machine"]["cores"]
    most_at_load = 120 + SLOT_MIB * slots
    for name, values, most, unit in (
        ("start to ready, external database", about["start"], 1.5, "s"),
        ("start to ready, embedded database", about.get("start_embedded", []), 3.0, "s"),
        ("memory of a worker, idle", [idle for idle, _ in about["worker"]], 90, "MiB"),
        (
            f"memory of a worker, at load, {slots} hash slots",
            [load for _, load in about["worker"]],
            most_at_load,
            "MiB",
        ),
    ):
        found = median(values) if values else None
        told = "" if found is None else f"{shown(found)} {unit}"
        yield Goal(name, f"≤ {most} {unit}", told, None if found is None else found <= most)
