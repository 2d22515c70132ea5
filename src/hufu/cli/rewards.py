"""`hufu rewards`: the rules by which rewards are given, and words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hufu.actions.rewards import RuleRefused, find_rule, read_rules, set_rule
from hufu.cli import parameters
from hufu.cli.configured import configured
from hufu.cli.options import JSON, any_app, app_named, with_database
from hufu.cli.output import stamp
from hufu.cli.rule_view import counting_in, print_rules
from hufu.cli.words import add_word, close_word, words
from hufu.core import Core
from hufu.domain.rewards import EVERY_APP, Once, RewardType, Rule

FIRST_COIN = 1
NEVER = "never"
MOST_PER_DAY = 1000


@click.group()
def rewards() -> None:
    """Show and change what is given for what; make, list and close words."""


for part in (add_word, words, close_word):
    rewards.add_command(part)

APP = click.option("--app", help="The app in which it holds; by default every app.")
ITEM = click.argument("item", callback=parameters.item)


@rewards.command()
@configured
@click.option("--app", help="Only the rules that count in this app.")
@JSON
def rules(config: Path | None, data: Path | None, app: str | None, as_json: bool) -> None:
    """List the rules that hold, and those that are to come."""

    async def work(core: Core) -> tuple[list[Rule], datetime]:
        deps = any_app(core) if app is None else app_named(core, app)
        return await read_rules(deps), deps.now()

    found, now = with_database(config, data, work)
    print_rules(counting_in(found, app, now) if app else found, now, as_json=as_json)


@rewards.command("set")
@configured
@ITEM
@APP
@click.option("--type", type=click.Choice([*map(str, RewardType)]), help="In which list it is.")
@click.option("--amount", callback=parameters.amount, help="Coins, such as 10 or 0.5.")
@click.option("--coin", type=int, metavar="N", help="Which coin; at first 1.")
@click.option(
    "--once",
    type=click.Choice([*map(str, Once), NEVER]),
    help="What it is given only once for; at first never, which bounds nothing.",
)
@click.option(
    "--per-day",
    metavar="N|none",
    callback=parameters.number_or_none(1, MOST_PER_DAY),
    help="How often one account is given it on one day; at first none, which bounds nothing.",
)
@click.option(
    "--from",
    "begin",
    metavar="TIME",
    callback=parameters.moment,
    help="When it begins; by default now.",
)
@click.option(
    "--to",
    "end",
    metavar="TIME|none",
    callback=parameters.moment_or_none,
    help="When it ends; at first none.",
)
def set_(
    config: Path | None,
    data: Path | None,
    item: str,
    app: str | None,
    begin: datetime | None,
    **said: Any,
) -> None:
    """Give something else for ITEM: as the rule that holds now says, but for what is said here.

    What was given before stays as it was.
    """
    changes = _changes(**said)
    if not changes and begin is None:
        raise click.UsageError("say what to change")

    def make(current: Rule | None, now: datetime) -> Rule:
        if begin is not None and begin < now:
            raise click.BadParameter(
                "it lies in the past, and no rule is retroactive", param_hint="--from"
            )
        if current is not None and "active_to" not in changes:
            _refuse_over(current, now)
        rule = replace(current or _fresh(item, changes, now), **changes)
        return replace(rule, active_from=begin or now)

    _set(config, data, item, app, make)


@rewards.command()
@configured
@ITEM
@APP
def enable(config: Path | None, data: Path | None, item: str, app: str | None) -> None:
    """Give ITEM again from now on."""
    _switch(config, data, item, app, enabled=True)


@rewards.command()
@configured
@ITEM
@APP
def disable(config: Path | None, data: Path | None, item: str, app: str | None) -> None:
    """Give ITEM no more from now on."""
    _switch(config, data, item, app, enabled=False)


def _switch(
    config: Path | None, data: Path | None, item: str, app: str | None, *, enabled: bool
) -> None:
    def make(current: Rule | None, now: datetime) -> Rule:
        if current is None:
            raise click.ClickException(f"there is no rule in force for {item}")
        _refuse_over(current, now)
        if current.enabled is enabled:
            state = "enabled" if enabled else "disabled"
            raise click.ClickException(f"{item} is {state} already")
        return replace(current, enabled=enabled, active_from=now)

    _set(config, data, item, app, make)


def _set(
    config: Path | None,
    data: Path | None,
    item: str,
    app: str | None,
    make: Callable[[Rule | None, datetime], Rule],
) -> None:
    """Let hold what is made of the rule in force, and print what holds from when."""
    scope = app or EVERY_APP

    async def work(core: Core) -> tuple[list[Rule], datetime]:
        deps = any_app(core) if app is None else app_named(core, app)
        rule = make(await find_rule(deps, scope, item), deps.now())
        await set_rule(deps, replace(rule, app=scope))
        return await read_rules(deps), deps.now()

    try:
        found, now = with_database(config, data, work)
    except RuleRefused as error:
        raise click.ClickException(str(error)) from None
    print_rules([rule for rule in found if (rule.app, rule.item) == (scope, item)], now)


def _changes(
    *,
    type: str | None,  # noqa: A002
    amount: int | None,
    coin: int | None,
    once: str | None,
    per_day: int | str | None,
    end: datetime | str | None,
) -> dict[str, Any]:
    """What was said, by the names that a rule has for it."""
    said = {
        "type": type and RewardType(type),
        "amount": amount,
        "coin_id": coin,
        "once": Once(once) if once and once != NEVER else once,
        "per_day": per_day,
        "active_to": end,
    }
    return {
        name: None if value in {NEVER, parameters.NONE} else value
        for name, value in said.items()
        if value is not None
    }


def _fresh(item: str, changes: Mapping[str, Any], now: datetime) -> Rule:
    """What the first rule of an item is made from."""
    if not {"type", "amount"} <= changes.keys():
        raise click.UsageError(
            f"there is no rule in force for {item}: --type and --amount are required"
        )
    return Rule(
        app=EVERY_APP,
        item=item,
        type=changes["type"],
        amount=changes["amount"],
        coin_id=FIRST_COIN,
        once=None,
        per_day=None,
        enabled=True,
        active_from=now,
        active_to=None,
    )


def _refuse_over(rule: Rule, now: datetime) -> None:
    """Another version of a rule that is over would be over too."""
    if rule.active_to is not None and rule.active_to <= now:
        raise click.ClickException(
            f"{rule.item}: the rule was over at {stamp(rule.active_to)}; give it another end "
            "with `hufu rewards set --to`"
        )
