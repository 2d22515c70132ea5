"""What a run of `make bench` measured, and how it is written down."""

import argparse
import os
import platform
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contestants import SIGN_IN, Contestant
from goals import LIBRARIES, bare_hash
from revocation import Revoked

FLOORS = "floors"


@dataclass
class Figure:
    """One operation of one contestant, turn by turn."""

    contestant: str
    operation: str
    call: str
    cores: str
    connections: int
    rate: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    errors: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    load_busy: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Cores that the server and PostgreSQL used."""
    floor_rate: dict[str, list[float]] = field(default_factory=dict)
    floor_p50: dict[str, list[float]] = field(default_factory=dict)
    """Of its floors, right before each, where they took turns."""


@dataclass
class Results:
    """Everything that was measured."""

    figures: dict[tuple[str, str, str, str], Figure] = field(default_factory=dict)
    contestants: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: float = 0.0
    revoked: Revoked | None = None
    skipped: dict[str, str] = field(default_factory=dict)

    def figure(self, *key: Any) -> Figure:
        """The figure of contestant, operation, call, cores and connections."""
        return self.figures.setdefault(key[:4], Figure(*key))

    def noted(self, contestant: Contestant) -> dict[str, Any]:
        """What is kept of a contestant beside its figures."""
        known = {
            "title": contestant.title,
            "form": contestant.form,
            "hash": contestant.hash,
            "versions": contestant.versions,
        }
        more: dict[str, Any] = {"start": [], "idle": [], "load": [], "worker": []}
        return self.contestants.setdefault(contestant.name, {**known, **more})

    def hash_rate(self, cores: str) -> float:
        """Bare hashes a second in the newest round."""
        return self.figures[FLOORS, SIGN_IN, bare_hash(LIBRARIES[0]), cores].rate[-1]


def machine() -> dict[str, Any]:
    """What it was measured on, without what tells one such machine from another."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def saved(results: Results, about: dict[str, Any], asked: argparse.Namespace) -> dict[str, Any]:
    """The results as they are written down."""
    revoked = results.revoked
    return {
        "at": datetime.now(UTC).date().isoformat(),
        "machine": about,
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "postgres_beside_load": asked.postgres_beside_load,
        "took": round(results.seconds),
        "skipped": results.skipped,
        "revoked": None if revoked is None else vars(revoked),
        "contestants": results.contestants,
        "figures": [vars(figure) for figure in results.figures.values()],
    }


def rounded(value: Any) -> Any:
    """Figures to five digits: the file is read by people too."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
