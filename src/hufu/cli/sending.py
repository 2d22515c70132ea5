"""`hufu sending`."""

from pathlib import Path

import click

from hufu.actions.sending import SendingStatus, read_sending
from hufu.cli.configured import configured
from hufu.cli.options import JSON, with_database
from hufu.cli.output import print_json, print_table
from hufu.core import Core
from hufu.domain.ledger import format_amount


@click.group()
def sending() -> None:
    """See how far messages may still be sent."""


@sending.command()
@configured
@JSON
def status(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Show what is left of the budgets, and where codes are sent that nobody uses."""

    async def work(core: Core) -> SendingStatus:
        return await read_sending(core.apps)

    found = with_database(config, data, work)
    budgets = [
        {
            "app": each.app,
            "budget": format_amount(each.budget) if each.budget else None,
            "spent": format_amount(each.spent),
            "left": None if each.left is None else format_amount(each.left),
        }
        for each in found.budgets
    ]
    prefixes = [
        {
            "prefix": each.prefix,
            "sent": each.sent,
            "used": each.used,
            "state": "stopped" if each.stopped else "sending",
        }
        for each in found.prefixes
    ]
    if as_json:
        print_json({"budgets": budgets, "prefixes": prefixes})
        return
    print_table(
        ("app", "budget of the day", "spent", "left"),
        [
            (each["app"], each["budget"] or "no bound", each["spent"], each["left"])
            for each in budgets
        ],
    )
    if prefixes:
        click.echo("\ncodes by SMS, last six hours")
        print_table(list(prefixes[0]), [list(each.values()) for each in prefixes])
