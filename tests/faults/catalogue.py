"""All scenarios, in the order of the table."""

from faults.scenario import Scenario
from faults.scenarios import (
    failing_provider,
    failover,
    full_disk,
    greedy_source,
    hostile_bodies,
    killed_database,
    killed_worker,
    lost_answers,
    overload,
    races,
    repeated,
    restarted,
    revoked,
    rotated_keys,
    slow_clients,
    slow_database,
    soak,
    wrong_clock,
)

SCENARIOS: tuple[Scenario, ...] = (
    killed_worker.SCENARIO,
    killed_database.SCENARIO,
    failover.SCENARIO,
    lost_answers.SCENARIO,
    slow_database.SCENARIO,
    repeated.SCENARIO,
    failing_provider.SCENARIO,
    races.SCENARIO,
    overload.SCENARIO,
    greedy_source.SCENARIO,
    slow_clients.SCENARIO,
    hostile_bodies.SCENARIO,
    full_disk.SCENARIO,
    wrong_clock.SCENARIO,
    restarted.SCENARIO,
    rotated_keys.SCENARIO,
    revoked.SCENARIO,
    soak.SCENARIO,
)
