"""Every row of the table of faults at a small size; `make faults` runs them at full size.

What depends on how fast the machine is is shown there, and asked for by no test.
"""

from pathlib import Path

import pytest

from faults.catalogue import SCENARIOS
from faults.scenario import Scenario, a_place

SMALL = [each for each in SCENARIOS if each.small is not None]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", SMALL, ids=lambda scenario: scenario.name)
async def test_it_holds(scenario: Scenario, template: Path) -> None:
    assert scenario.small is not None
    async with a_place(template) as place:
        report = await scenario.run(place, scenario.small)
    assert report.findings == []
    assert [each for each in report.figures if not each.holds and not each.timed] == []
