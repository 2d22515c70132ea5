"""All faults at full size: `make faults`. Writes what was seen into docs/reliability.md.

`--only database --only restart` runs some of them and leaves what is known of the others as it was.
"""

import argparse
import asyncio
import gc
import json
import os
import platform
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from faults.catalogue import SCENARIOS
from faults.postgres import make_template, open_folder
from faults.scenario import Report, Scenario, Size, a_place
from faults.table import RESULTS, write_document

LIMIT = 3600.0
"""Seconds after which a scenario is given up."""

MOST_FINDINGS = 20
COLLECT_AFTER = 50_000
"""Objects made and not yet gone before the collector looks for cycles."""

WATCH_EVERY, STOOD_STILL = 0.1, 1.0

_out = Console(highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    names = ", ".join(each.name for each in SCENARIOS)
    parser.add_argument("--only", action="append", default=[], help=f"a part of a name: {names}")
    parser.add_argument("--small", action="store_true", help="the size of `make test`")
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the full size: 0.1")
    parser.add_argument("--seconds", type=float, help="instead of the full size's")
    parser.add_argument("--no-document", action="store_true", help="leave the document as it is")
    return parser.parse_args()


def _size(scenario: Scenario, given: argparse.Namespace) -> Size:
    if given.small and scenario.small is not None:
        return scenario.small
    full, scale = scenario.full, given.scale
    seconds = full.seconds if given.seconds is None else given.seconds
    people, faults = int(full.people * scale), min(full.faults, max(1, int(full.faults * scale)))
    return replace(full, people=people, faults=faults, seconds=seconds)


async def _run(scenario: Scenario, size: Size, template: Path) -> dict[str, Any]:
    _tidy()
    began = time.monotonic()
    _out.print(f"[bold]{scenario.fault}[/]: {scenario.procedure(size)}")
    error = None
    report = Report()
    pauses = [0.0]
    watching = asyncio.create_task(_watch(pauses))
    try:
        async with asyncio.timeout(LIMIT), a_place(template) as place:
            report = await scenario.run(place, size)
            watching.cancel()  # Cleaning up may take what time it likes.
    except Exception as raised:  # noqa: BLE001  # The other scenarios are still to be run.
        error = f"{type(raised).__name__}: {raised}"
    watching.cancel()
    if (longest := max(pauses)) > STOOD_STILL:
        report.say(
            "the clients themselves stood still, so that times say little", f"{longest:.1f} s"
        )
    took = time.monotonic() - began
    for figure in report.figures:
        colour = "green" if figure.holds else "red"
        _out.print(f"  {figure.name}: [{colour}]{figure.value}[/]")
    for finding in report.findings[:MOST_FINDINGS]:
        _out.print(f"  [red]{finding}[/]", markup=True)
    if error is not None:
        _out.print(f"  [red]{error}[/]")
    holds = error is None and report.holds
    _out.print(f"  {'holds' if holds else '[red]DOES NOT HOLD[/]'}, {took:.0f} s")
    return {
        "fault": scenario.fault,
        "procedure": scenario.procedure(size),
        "full": size == scenario.full,
        "figures": [asdict(figure) for figure in report.figures],
        "findings": [str(finding) for finding in report.findings[:MOST_FINDINGS]],
        "error": error,
        "holds": holds,
        "took": round(took, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
    }


def _tidy() -> None:
    """Leave nothing of earlier scenarios for the collector of garbage to look through while the
    clients of the next one wait for their answers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


async def _watch(pauses: list[float]) -> None:
    """Note for how long this process did nothing though it should have: it was stopped, or
    something else had the machine."""
    while True:
        began = time.monotonic()
        await asyncio.sleep(WATCH_EVERY)
        pauses.append(time.monotonic() - began - WATCH_EVERY)


async def _all(given: argparse.Namespace) -> bool:
    """Whether all held; what each showed is written down as soon as it is known."""
    wanted = [
        each
        for each in SCENARIOS
        if (each.small is not None or not given.small)
        and (not given.only or any(part in each.name for part in given.only))
    ]
    if not wanted:
        sys.exit(f"there is none such; there are: {', '.join(each.name for each in SCENARIOS)}")
    with open_folder() as folder:
        template = await make_template(folder)
        results = []
        for each in wanted:
            results.append(await _run(each, _size(each, given), template))
            if not given.no_document:
                _write(results[-1])
    return all(each["holds"] for each in results)


def _write(result: dict[str, Any]) -> None:
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    known[result["fault"]] = result
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
    write_document(known)


def main() -> None:
    """Run them, and end with 1 where something does not hold."""
    given = _arguments()
    sys.exit(0 if asyncio.run(_all(given)) else 1)


if __name__ == "__main__":
    main()
