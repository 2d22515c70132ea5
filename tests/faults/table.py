"""The table of docs/reliability.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from faults.catalogue import SCENARIOS

RESULTS = Path(__file__).parent / "results.json"
DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
FIRST, LAST = "<!-- faults: make faults -->\n", "<!-- faults end -->\n"
COLUMNS = ("fault", "procedure", "figures", "date", "holds")


def rows(known: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """What is known of each fault."""
    for scenario in SCENARIOS:
        result = known.get(scenario.fault)
        if result is None:
            yield scenario.fault, scenario.procedure(scenario.full), "", "not run yet", ""
            continue
        figures = [f"{each['name']}: {each['value']}" for each in result["figures"]]
        if result["error"]:
            figures.append("it could not be run to its end")
        holds = "yes" if result["holds"] else "**no**"
        smaller = "" if result["full"] else ", smaller"
        yield (
            scenario.fault,
            result["procedure"],
            "; ".join(figures),
            f"{result['date']}{smaller}",
            holds,
        )


def table(known: Mapping[str, Any]) -> str:
    """In Markdown."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows(known)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write_document(known: Mapping[str, Any]) -> None:
    """Put what is known between the marks. Raises ValueError where there are none."""
    text = DOCUMENT.read_text("utf-8")
    before, first, rest = text.partition(FIRST)
    _, last, after = rest.partition(LAST)
    if not first or not last:
        raise ValueError(f"{DOCUMENT.name} has no place for the table")
    DOCUMENT.write_text(f"{before}{first}\n{table(known)}\n{last}{after}", "utf-8")
