"""How many cores this process may keep busy, which is not how many the machine has."""

import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = QUOTA) -> int:
    """The cores that the process may run on, within what its container may use of them (Linux:
    sched_setaffinity(2), and cpu.max of cgroup v2); at least one."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        most, period = quota.read_text().split()
        return max(1, min(cores, int(most) // int(period)))
    except (OSError, ValueError):  # There is no quota, or it is "max".
        return cores


def share_of_cores(workers: int) -> int:
    """How many of them one of so many workers may keep busy; at least one."""
    return max(1, usable_cores() // workers)
