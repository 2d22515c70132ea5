"""Tables and a picture of the newest run, in docs/: `make bench-docs`."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from goals import CHECK, FLOORS, HUFU, ONE, SIGN_IN, TWO, Run, figure, goals, median, path_of, shown
from picture import picture

RESULTS = Path(__file__).parent / "results" / "latest.json"
DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, PICTURE = DOCS / "performance.md", DOCS / "performance.svg"
FIRST, LAST = "<!-- bench: make bench-docs -->\n", "<!-- bench ends -->\n"
REGISTER = "register"
OPERATIONS = (CHECK, SIGN_IN, REGISTER, "profile write", "daily sign-in")
BUSY, QUIET = 0.9, 0.85


def table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """In Markdown."""
    lines = [
        list(columns),
        ["---" for _ in columns],
        *([str(cell) for cell in row] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def per_cpu(each: Any) -> list[float]:
    """Answers for each second of CPU that server and PostgreSQL used, round by round."""
    return [a / b for a, b in zip(each["rate"], each["cpu"], strict=False) if b]


def disturbed(run: Run) -> str:
    """Whether what should have had a core to itself had it."""
    asked = [
        each["cpu"]
        for each in run["figures"]
        if each["cores"] == ONE
        and each["contestant"] in {FLOORS, HUFU}
        and each["cpu"]
        and not each["call"].endswith("half load")
    ]
    least = min((median(each) for each in asked), default=1.0)
    if run["postgres_beside_load"] or least >= QUIET:
        return ""
    return (
        "**Something else ran on this machine meanwhile**: what should have had a core to itself "
        f"had as little as {least:.0%} of it. Times and shares of such a run are worth nothing; "
        "what was answered for each second of CPU still says something.\n\n"
    )


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
            shown(median(per_cpu(each))) if per_cpu(each) else "",
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
            columns = [
                "",
                "call",
                *hashed,
                "a second",
                "a CPU second",
                "p50 ms",
                "p99 ms",
                "errors",
            ]
            yield f"\n### {operation[0].upper()}{operation[1:]}\n\n{table(columns, rows)}"
    both = [
        (operation, *row[:2], *row[-5:])
        for operation in (CHECK, SIGN_IN)
        for row in operation_rows(run, operation, TWO)
    ]
    columns = ("", "", "call", "a second", "a CPU second", "p50 ms", "p99 ms", "errors")
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
    return head + disturbed(run) + reached + "".join(operations(run)) + servers(run) + ceiling(run)


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
                "hufu": f"hufu {path_of(each['call'])}",
                "peer": about.get("title", name),
            }[kind]
            equal = ", equal hash" if name.endswith("equal hash") else ""
            found.append((title + equal, median(each["rate"]), kind))
        if found:
            panels.append((heading, sorted(found, key=lambda bar: -bar[1])))
    return panels


if __name__ == "__main__":
    main()
