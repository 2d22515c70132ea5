"""Tables and a picture of the newest run, in docs/: `make bench-docs`."""

import json
import statistics
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from picture import picture

RESULTS = Path(__file__).parent / "results" / "latest.json"
DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"
FIRST, LAST = "<!-- bench: make bench-docs -->\n", "<!-- bench ends -->\n"
FLOORS, HUFU, ONE, TWO = "floors", "hufu", "one core", "two cores"
CHECK, SIGN_IN, REGISTER = "session check", "sign-in", "register"
OPERATIONS = (CHECK, SIGN_IN, REGISTER, "profile write", "daily sign-in")
BEARER = "GET /v1/session"
BUSY = 0.9
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


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """In Markdown."""
    lines = [
        list(columns),
        ["---" for _ in columns],
        *([str(cell) for cell in row] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


# The goals


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
        yield at_least(f"`{_path(call)}` against bare ASGI", found, floor, least)
    for call in (BEARER, "/api/check_login"):
        yield from against_peers(run, figure(run, HUFU, CHECK, call), _path(call))
    yield revocations(run)
    for cores in (ONE, TWO):
        bare = figure(run, FLOORS, SIGN_IN, "", cores)
        for call in (
            "/fomo/customer/login",
            "/company/user/login",
            "/rental/api/login",
            "/creator/user/login",
        ):
            found = figure(run, HUFU, SIGN_IN, call, cores)
            name = f"sign-in, `{call.split('/')[1]}`, {cores}, against bare Argon2id"
            yield at_least(name, found, bare, 0.92)
    yield half_load(run)
    for name in ("profile write", "daily sign-in"):
        yield at_least(
            f"{name} against the bare transaction",
            figure(run, HUFU, name),
            figure(run, FLOORS, name),
            0.5,
        )
    yield from start_and_memory(run)


def _path(call: str) -> str:
    return call.rpartition(" ")[2]


def at_least(name: str, found: Any, floor: Any, least: float) -> Goal:
    """A share of a floor, round by round: what disturbs one round disturbs both."""
    if found is None or floor is None:
        return Goal(name, f"≥ {least}", "", None)
    share = median(a / b for a, b in zip(found["rate"], floor["rate"], strict=False) if b)
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


def half_load(run: Run) -> Goal:
    """The latency of a sign-in where half as many come as could be hashed."""
    name, goal = "sign-in latency at half load, against one hash", "≤ 1.3"
    found, bare = figure(run, HUFU, SIGN_IN, "half load"), figure(run, FLOORS, SIGN_IN)
    if found is None or bare is None:
        return Goal(name, goal, "", None)
    times = median(a / b for a, b in zip(found["p50"], bare["p50"], strict=False))
    return Goal(name, goal, f"{times:.2f}", times <= 1.3)


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


# The tables


def operation_rows(run: Run, operation: str, cores: str = ONE) -> Iterator[tuple[str, ...]]:
    """One operation of everybody, the fastest first."""
    found = [
        each
        for each in run["figures"]
        if (each["operation"], each["cores"]) == (operation, cores)
        and not each["call"].endswith("half load")
    ]
    for each in sorted(found, key=lambda each: -median(each["rate"])):
        name = each["contestant"]
        about = run["contestants"].get(name, {})
        hashed = about.get("hash", "Argon2id, 19456 KiB, t = 2, p = 1")
        equal = ", equal hash" if name.endswith("equal hash") else ""
        title = "**floor**" if name == FLOORS else about.get("title", name) + equal
        yield (
            f"**{title}**" if name == HUFU else title,
            each["call"] if name == FLOORS else f"`{each['call']}`",
            *([hashed] if operation in {SIGN_IN, REGISTER} else []),
            shown(median(each["rate"])),
            shown(median(each["p50"])),
            shown(median(each["p99"])),
            str(each["errors"]),
        )


def operations(run: Run) -> Iterator[str]:
    """A table for each operation."""
    for operation in OPERATIONS:
        rows = list(operation_rows(run, operation))
        if rows:
            hashed = ["hash"] if operation in {SIGN_IN, REGISTER} else []
            columns = ["", "call", *hashed, "a second", "p50 ms", "p99 ms", "errors"]
            yield f"\n### {operation[0].upper()}{operation[1:]}\n\n{table(columns, rows)}"
    both = [
        (operation, *row[:2], *row[-4:])
        for operation in (CHECK, SIGN_IN)
        for row in operation_rows(run, operation, TWO)
    ]
    columns = ("", "", "call", "a second", "p50 ms", "p99 ms", "errors")
    if both:
        heading = "Two workers on two cores, PostgreSQL and the load beside them"
        yield f"\n### {heading}\n\n{table(columns, both)}"


def servers(run: Run) -> str:
    """How each was run, how soon it served, and what memory it took."""
    rows = []
    for name, about in run["contestants"].items():
        if not about["start"]:
            continue
        versions = ", ".join(f"{key} {value}" for key, value in about["versions"].items())
        rows.append(
            (
                f"{about['title']}{', equal hash' if name.endswith('equal hash') else ''}",
                about["form"],
                versions,
                f"{median(about['start']):.2f}",
                f"{median(about['idle']):.0f}",
                f"{median(about['load']):.0f}",
            )
        )
    columns = ("", "run as", "versions", "start s", "idle MiB", "load MiB")
    return "\n### Start and memory\n\n" + table(columns, rows)


def ceiling(run: Run) -> str:
    """Whether the load generator was the limit."""
    asgi = figure(run, FLOORS, CHECK)
    if asgi is None:
        return ""
    busy = median(asgi["load_busy"])
    most = median(rate / share for rate, share in zip(asgi["rate"], asgi["load_busy"], strict=True))
    worst = max(max(each["load_busy"], default=0) for each in run["figures"])
    told = (
        "nowhere the limit" if worst < BUSY else "THE LIMIT SOMEWHERE: see load_busy in the results"
    )
    return (
        f"\nThe load generator used {busy:.0%} of its core against bare ASGI, so one core of it "
        f"could ask about {most:,.0f} times a second; it was {told}.\n"
    )


def tables(run: Run) -> str:
    """Everything, in Markdown."""
    about = run["machine"]
    where = "the core of the load" if run["postgres_beside_load"] else "the core of the server"
    skipped = "".join(f" Without {name}: {why}." for name, why in run["skipped"].items())
    head = (
        f"Run of {run['at']}: {about['cores']} cores of {about['cpu']}, "
        f"Python {about['python']}; {run['rounds']} rounds in turns, {run['seconds']:g} s for each "
        f"session check and twice that for everything else; PostgreSQL on {where}; "
        f"{run['took'] // 60} min {run['took'] % 60} s in all, load average {about['load_before']} "
        f"before it.{skipped}\n\n"
    )
    reached = table(("figure", "goal", "measured", "reached"), (goal.row() for goal in goals(run)))
    return head + reached + "".join(operations(run)) + servers(run) + ceiling(run)


def main() -> None:
    """Put the newest run into the document."""
    if not RESULTS.exists():
        sys.exit(f"There is no {RESULTS.name} yet: run `make bench`.")
    run = json.loads(RESULTS.read_text("utf-8"))
    text = DOCUMENT.read_text("utf-8")
    before, first, rest = text.partition(FIRST)
    _, last, after = rest.partition(LAST)
    if not first or not last:
        sys.exit(f"{DOCUMENT.name} has no place for the tables.")
    shown_picture = "![Session checks and sign-ins a second](performance.svg)\n\n"
    DOCUMENT.write_text(f"{before}{first}\n{shown_picture}{tables(run)}\n{last}{after}", "utf-8")
    PICTURE.write_text(picture(bars(run)), "utf-8")


def bars(run: Run) -> list[tuple[str, list[tuple[str, float, str]]]]:
    """What the picture shows: a heading, and names with rates and kinds."""
    panels = []
    for operation, heading in (
        (CHECK, "Session checks a second, one core"),
        (SIGN_IN, "Sign-ins by password a second, one core"),
        ("profile write", "Profile writes a second, one core"),
    ):
        found = []
        for each in run["figures"]:
            if (each["operation"], each["cores"]) != (operation, ONE) or "half" in each["call"]:
                continue
            name = each["contestant"]
            about = run["contestants"].get(name, {})
            kind = {FLOORS: "floor", HUFU: "hufu"}.get(name, "peer")
            title = {
                "floor": each["call"],
                "hufu": f"hufu {_path(each['call'])}",
                "peer": about.get("title", name),
            }[kind]
            equal = ", equal hash" if name.endswith("equal hash") else ""
            found.append((title + equal, median(each["rate"]), kind))
        if found:
            panels.append((heading, sorted(found, key=lambda bar: -bar[1])))
    return panels


if __name__ == "__main__":
    main()
