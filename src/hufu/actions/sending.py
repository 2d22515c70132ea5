"""How far messages may still be sent, and raising the alarm where not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hufu.actions.deps import Deps
from hufu.domain.events import EventKind
from hufu.domain.sending import WATCHED, Breaker

NEARLY = 0.8
"""A budget of which so much is spent is nearly spent."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What an app may spend on messages in the UTC day, what it spent, and the price of one, in
    1/10000; a budget of 0 is no bound."""

    app: str
    spent: int
    budget: int
    price: int

    @property
    def left(self) -> int | None:
        """What is left, or None where there is no bound."""
        return max(0, self.budget - self.spent) if self.budget else None

    @property
    def spendable(self) -> int | None:
        """The same, but 0 where it is less than a message costs."""
        return 0 if self.left is not None and self.left < self.price else self.left


@dataclass(frozen=True, slots=True)
class Prefix:
    """Codes sent to numbers that begin alike, how many of them were used, and whether so few that
    nothing more is sent there."""

    prefix: str
    sent: int
    used: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class SendingStatus:
    """How far messages may still be sent."""

    budgets: list[Budget]
    prefixes: list[Prefix]


async def read_sending(apps: Mapping[str, Deps]) -> SendingStatus:
    """Budgets by app, and what became of the codes of the last hours, by prefix."""
    deps = next(iter(apps.values()))
    now = deps.now()
    breaker = Breaker.of(deps.limits)
    async with deps.look() as work:
        spent = await work.sending.spent(now)
        sent = await work.sending.since(now - WATCHED, now)
    return SendingStatus(
        [
            Budget(name, spent.get(name, 0), each.app.budget_per_day, each.app.price_per_message)
            for name, each in apps.items()
        ],
        [
            Prefix(each.prefix, each.sent, each.used, breaker.open(each.sent, each.used))
            for each in sent
        ],
    )


class AlarmKind(StrEnum):
    """What an operator is woken for."""

    BUDGET_NEARLY_SPENT = "budget_nearly_spent"  # of an app
    BUDGET_SPENT = "budget_spent"  # of an app
    CODES_UNUSED = "codes_unused"  # of a prefix


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that was not so yet today."""

    kind: AlarmKind
    subject: str


async def raise_alarms(apps: Mapping[str, Deps], status: SendingStatus) -> list[Alarm]:
    """The alarms that were not raised yet today, recorded in the audit trail."""
    deps = next(iter(apps.values()))
    raised = []
    for alarm in _due(status):
        async with deps.begin() as work:
            now = deps.now()
            if not await work.sending.claim_alarm(alarm.kind, alarm.subject, now):
                continue
            await work.events.add(
                EventKind.ALARM_RAISED, now, alarm=alarm.kind, subject=alarm.subject
            )
            await work.commit()
        raised.append(alarm)
    return raised


def _due(status: SendingStatus) -> list[Alarm]:
    due = [Alarm(AlarmKind.CODES_UNUSED, each.prefix) for each in status.prefixes if each.stopped]
    for each in status.budgets:
        if each.left is None:
            continue
        if each.left < each.price:
            due.append(Alarm(AlarmKind.BUDGET_SPENT, each.app))
        elif each.spent >= NEARLY * each.budget:
            due.append(Alarm(AlarmKind.BUDGET_NEARLY_SPENT, each.app))
    return due
