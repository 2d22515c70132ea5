"""`hufu outbox`."""

from collections.abc import Collection
from pathlib import Path

import click

from hufu.actions.delivery import OpenedLetter, newest_letters
from hufu.cli.configured import configured
from hufu.cli.options import with_database
from hufu.cli.output import print_json, print_table
from hufu.core import Core
from hufu.domain.names import mask_email, mask_phone
from hufu.pages.development import SHOWN, shown
from hufu.pages.development import recipient as address
from hufu.services.delivery import Channel
from hufu.services.keys import SealBroken
from hufu.services.phones import national
from hufu.storage.outbox import SealedLetter

SECRET = ("code", "text")
COLUMNS = ("at", "to", "app", "purpose")
PROGRESS = ("state", "attempts")


@click.command()
@configured
@click.option("--to", help="A phone, in any spelling, or an e-mail address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def outbox(config: Path | None, data: Path | None, to: str | None, as_json: bool) -> None:
    """List messages, newest first; in production whether each was sent, but not what it said."""

    async def work(core: Core) -> tuple[list[OpenedLetter], bool, frozenset[tuple[str, str]]]:
        recipient = address(to) if to else None
        letters = await newest_letters(core.database, core.secrets.letters, recipient, SHOWN)
        return letters, core.configuration.development, core.courier.keeps

    try:
        found, development, kept = with_database(config, data, work)
    except SealBroken:
        raise click.ClickException("pepper: the outbox was sealed with another key") from None
    letters = [shown(each) if development else _veiled(each, kept) for each in found]
    if as_json:
        print_json(letters)
    elif letters:
        columns = (*COLUMNS, *(SECRET if development else PROGRESS))
        print_table(columns, [[letter[name] for name in columns] for letter in letters])
    else:
        click.echo("Nothing was sent.")


def _veiled(letter: OpenedLetter, kept: Collection[tuple[str, str]]) -> dict[str, object]:
    """The letter as an operator may see it: how far it came, neither whom it reached nor what it
    said."""
    told = {name: value for name, value in shown(letter).items() if name not in SECRET}
    sealed = letter.sealed
    to = sealed.recipient
    return told | {
        "to": mask_phone(national(to)) if sealed.channel == Channel.SMS else mask_email(to),
        "state": _state(sealed, kept),
        "attempts": sealed.attempts,
    }


def _state(letter: SealedLetter, kept: Collection[tuple[str, str]]) -> str:
    """How far it came; where its app has no provider, it goes no further than the outbox."""
    if (letter.app, letter.channel) in kept:
        return "kept"
    return "sent" if letter.sent_at else "given up" if letter.failed_at else "waiting"
