"""Rules of rewards as an operator sees them."""

from collections.abc import Sequence
from datetime import datetime

from hufu.cli.output import print_json, print_table, stamp
from hufu.domain.ledger import format_amount
from hufu.domain.rewards import EVERY_APP, Rule

COLUMNS = ("app", "item", "type", "amount", "coin", "once", "per_day", "state", "from", "to")
ANY_APP = "*"


def print_rules(rules: Sequence[Rule], now: datetime, *, as_json: bool = False) -> None:
    """Print the rules; of several from one moment on, the one that was set last."""
    last = {(rule.app, rule.item, rule.active_from): rule for rule in rules}
    facts = [_facts(rule, now) for rule in last.values()]
    if as_json:
        print_json(facts)
    else:
        columns = [name.replace("_", " ") for name in COLUMNS]
        print_table(columns, [[each[name] for name in COLUMNS] for each in facts])


def counting_in(rules: Sequence[Rule], app: str, now: datetime) -> list[Rule]:
    """The app's own rules, and those for every app where it has none of its own yet."""
    own = {rule.item for rule in rules if rule.app == app and rule.active_from <= now}
    return [
        rule
        for rule in rules
        if rule.app == app or (rule.app == EVERY_APP and rule.item not in own)
    ]


def _facts(rule: Rule, now: datetime) -> dict[str, object]:
    return {
        "app": ANY_APP if rule.app == EVERY_APP else rule.app,
        "item": rule.item,
        "type": rule.type,
        "amount": format_amount(rule.amount),
        "coin": rule.coin_id,
        "once": rule.once,
        "per_day": rule.per_day,
        "state": _state(rule, now),
        "from": stamp(rule.active_from),
        "to": stamp(rule.active_to) if rule.active_to else None,
    }


def _state(rule: Rule, now: datetime) -> str:
    if rule.active_from > now:
        return "to come" if rule.enabled else "to come, off"
    if not rule.enabled:
        return "off"
    return "in force" if rule.in_force(now) else "over"
