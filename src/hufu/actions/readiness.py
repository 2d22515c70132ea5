"""Whether requests can be served, and what is seen of what that needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from hufu.services.clock import Clock, ClockUnknown
from hufu.storage.database import Database, Sight
from hufu.storage.loss import DatabaseUnavailable
from hufu.storage.migrations import HEAD
from hufu.storage.schema import Fit

UNFIT = {
    Fit.OLDER: "run `hufu migrate`",
    Fit.TOO_NEW: "made by a newer version, which this one cannot stand in for",
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What stands in the way, by name, empty when nothing does; and what an operator may see of the
    database, None where it cannot be reached."""

    problems: dict[str, str]
    seen: dict[str, object] | None


async def read_readiness(
    database: Database, clock: Clock, problems_beside: Mapping[str, str]
) -> Readiness:
    """How it is now; what is done beside requests has problems of its own."""
    try:
        sight = await database.look_around()
    except DatabaseUnavailable:
        return Readiness({"database": "cannot be reached"}, None)
    problems = dict(problems_beside)
    if sight.standby:
        problems["database"] = "is a standby, which takes no writes"
    if sight.fit in UNFIT:
        problems["migrations"] = UNFIT[sight.fit]
    try:
        clock.now()
    except ClockUnknown:
        problems["clock"] = "not yet synced with the database's"
    return Readiness(problems, _seen(sight, database))


def _seen(sight: Sight, database: Database) -> dict[str, object]:
    seen: dict[str, object] = {
        "host": sight.host or "local socket",
        "role": "standby" if sight.standby else "primary",
        "version": sight.version,
        "schema": sight.schema,
        "schema_wanted": HEAD,
    }
    if database.replica is not None:
        seen["replica"] = "fresh" if database.replica.fresh else "not fresh, not used"
    return seen
