"""All scenarios, in the order of the table."""

from faults.scenario import Scenario
from faults.scenarios import failover, killed_database, killed_worker, lost_answers

SCENARIOS: tuple[Scenario, ...] = (
    killed_worker.SCENARIO,
    killed_database.SCENARIO,
    failover.SCENARIO,
    lost_answers.SCENARIO,
)
