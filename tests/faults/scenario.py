"""What a scenario is: a fault, a procedure in two sizes, and what it showed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faults.checker import Finding, Found, check
from faults.history import History, Outcome
from faults.looking import Look
from faults.postgres import Servers, open_folder


@dataclass(frozen=True, slots=True)
class Size:
    """How much: of people who register, clients who ask at once, faults, and seconds."""

    people: int = 0
    clients: int = 16
    faults: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured, and whether it is as it must be.

    What is `timed` depends on the machine and on whoever else uses it: no test asks for it.
    """

    name: str
    value: str
    holds: bool = True
    timed: bool = False


@dataclass
class Report:
    """What a run showed."""

    figures: list[Figure] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return not self.findings and all(each.holds for each in self.figures)

    def say(self, name: str, value: object) -> None:
        """Tell of something that is not bounded."""
        self.figures.append(Figure(name, str(value)))

    def not_run(self, reason: str) -> None:
        """Tell that this machine does not allow it, which shows nothing."""
        self.figures.append(Figure("not run", reason, holds=False, timed=True))

    def exactly(self, name: str, value: int, expected: int) -> None:
        self.figures.append(Figure(name, f"{value:,}", value == expected))

    def at_least(self, name: str, value: float, least: float, unit: str = "") -> None:
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
        self.figures.append(
            Figure(name, f"{shown}{unit} (≥ {least:,}{unit})", value >= least, bool(unit))
        )

    def at_most(self, name: str, value: float, most: float, unit: str = "") -> None:
        self.figures.append(Figure(name, f"{value:.4g}{unit} (≤ {most:,}{unit})", value <= most))

    def within(self, name: str, seconds: Sequence[float], most: float, share: float = 1.0) -> None:
        """Times in seconds, of which a share must be no longer than `most`."""
        worst = quantile(seconds, share)
        self.figures.append(
            Figure(name, f"{worst:.3f} s (≤ {most:g} s)", worst <= most, timed=True)
        )

    async def compare(self, history: History, look: Look) -> None:
        """Have the checker compare it all."""
        self.compare_with(history, await look.found())

    def compare_with(self, history: History, found: Found) -> None:
        """The same with what there is."""
        self.findings += check(history, found)
        done = history.count(Outcome.ACKNOWLEDGED)
        doubtful = history.count(Outcome.UNKNOWN)
        self.say("acknowledged", f"{done:,}")
        self.say("unknown, then settled", f"{doubtful:,}")
        for wrong in ("lost", "doubled", "other findings"):
            found = sum(_called(each) == wrong for each in self.findings)
            self.exactly(wrong, found, 0)


def _called(finding: Finding) -> str:
    wrong = str(finding.wrong)
    return wrong if wrong in {"lost", "doubled"} else "other findings"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of them did not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


@dataclass(frozen=True)
class Place:
    """Where a scenario runs: its folder, and the servers that it may have."""

    folder: Path
    servers: Servers


@dataclass(frozen=True)
class Scenario:
    """A fault of the table. `procedure` says what is done, with the figures of the size. Where
    there is no `small` one, other tests show the same."""

    fault: str
    procedure: Callable[[Size], str]
    run: Callable[[Place, Size], Awaitable[Report]]
    small: Size | None
    full: Size

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.fault.replace(",", "").replace(" ", "-")


@asynccontextmanager
async def a_place(template: Path) -> AsyncIterator[Place]:
    """A place of its own, which is gone afterwards; its databases are copies of the template."""
    with open_folder() as folder:
        servers = Servers(folder, template)
        try:
            yield Place(folder, servers)
        finally:
            servers.close()
