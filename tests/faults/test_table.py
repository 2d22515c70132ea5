"""The document says what the newest runs showed, of every fault there is."""

import json
from typing import Any

import pytest

from faults import table
from faults.catalogue import SCENARIOS


def known() -> dict[str, Any]:
    if not table.RESULTS.exists():
        return {}
    results: dict[str, Any] = json.loads(table.RESULTS.read_text("utf-8"))
    return results


def test_the_document_shows_the_newest_results() -> None:
    text = table.DOCUMENT.read_text("utf-8")
    shown = text.partition(table.FIRST)[2].partition(table.LAST)[0]
    assert shown.strip() == table.table(known()).strip()


def test_results_are_of_faults_that_there_are() -> None:
    assert known().keys() <= {each.fault for each in SCENARIOS}


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len({each.name for each in SCENARIOS}) == len(SCENARIOS)


RESULT = {
    "procedure": "it is broken",
    "figures": [{"name": "lost", "value": "1"}, {"name": "doubled", "value": "0"}],
    "error": None,
    "date": "2026-01-01",
    "full": True,
    "holds": False,
}


@pytest.mark.parametrize(
    ("different", "row"),
    [
        ({}, ("it is broken", "lost: 1; doubled: 0", "2026-01-01", "**no**")),
        ({"holds": True}, ("it is broken", "lost: 1; doubled: 0", "2026-01-01", "yes")),
        ({"full": False}, ("it is broken", "lost: 1; doubled: 0", "2026-01-01, smaller", "**no**")),
        (
            {"figures": [], "error": "AssertionError: it ended"},
            ("it is broken", "it could not be run to its end", "2026-01-01", "**no**"),
        ),
    ],
)
def test_a_row_says_what_was_seen(different: dict[str, Any], row: tuple[str, ...]) -> None:
    first, *others = SCENARIOS
    rows = list(table.rows({first.fault: {**RESULT, **different}}))
    assert rows[0] == (first.fault, *row)
    assert [each[3] for each in rows[1:]] == ["not run yet"] * len(others)
