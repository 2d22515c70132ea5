"""`hufu rewards add-word`, `words` and `close-word`."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from hufu.actions import words as actions
from hufu.actions.deps import Deps
from hufu.actions.words import WordRefused
from hufu.cli import parameters
from hufu.cli.configured import configured
from hufu.cli.options import JSON, any_app, app_named, with_database
from hufu.cli.output import print_json, print_table, stamp
from hufu.core import Core
from hufu.domain.errors import WordExpired
from hufu.domain.ledger import format_amount
from hufu.domain.words import LONGEST_WORD, MOST_SHARES, Word

COLUMNS = (
    "app", "id", "word", "coin", "amount", "shares", "taken", "taken_amount", "state", "expires",
    "created",
)  # fmt: skip

APP = click.option("--app", help="The app; must be said where several have words.")
WORD = click.argument("word", callback=parameters.text(LONGEST_WORD))


@click.command("add-word")
@configured
@WORD
@click.option("--amount", required=True, callback=parameters.amount, help="Coins in its pot.")
@click.option(
    "--count", required=True, type=click.IntRange(1, MOST_SHARES), help="Shares of the pot."
)
@click.option(
    "--expires",
    required=True,
    metavar="TIME",
    callback=parameters.expiry,
    help="When it is over: a time, or how long from now, such as 7d.",
)
@APP
@click.option("--coin", type=int, metavar="N", default=1, help="Which coin; by default 1.")
def add_word(
    config: Path | None,
    data: Path | None,
    word: str,
    amount: int,
    count: int,
    expires: datetime | timedelta,
    app: str | None,
    coin: int,
) -> None:
    """Make a word; whoever says it gets a share of its pot."""
    if amount < count:
        raise click.BadParameter("it must be at least 0.0001 for each share", param_hint="--amount")

    async def work(core: Core) -> Word:
        deps = _app_with_words(core, app)
        ends = deps.now() + expires if isinstance(expires, timedelta) else expires
        return await actions.add_word(deps, word, coin, amount, count, ends)

    try:
        made = with_database(config, data, work)
    except WordRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{made.word} in {made.app}: {format_amount(made.amount)} of coin {made.coin_id} "
        f"in {made.shares} shares until {stamp(made.expires_at)}."
    )


@click.command()
@configured
@click.option("--app", help="Only the words of this app.")
@click.option("--most", type=click.IntRange(1, 1000), default=100, help="How many; 100.")
@JSON
def words(
    config: Path | None, data: Path | None, app: str | None, most: int, as_json: bool
) -> None:
    """List the newest words."""

    async def work(core: Core) -> tuple[list[Word], datetime]:
        deps = any_app(core) if app is None else app_named(core, app)
        return await actions.read_words(deps, app, most), deps.now()

    found, now = with_database(config, data, work)
    facts = [_facts(word, now) for word in found]
    if as_json:
        print_json(facts)
    elif facts:
        columns = [name.replace("_", " ") for name in COLUMNS]
        print_table(columns, [[each[name] for name in COLUMNS] for each in facts])
    else:
        click.echo("There are no words.")


@click.command("close-word")
@configured
@WORD
@APP
def close_word(config: Path | None, data: Path | None, word: str, app: str | None) -> None:
    """Let nobody take a share of a word any more; what is left goes back."""

    async def work(core: Core) -> tuple[str, int]:
        deps = _app_with_words(core, app)
        return deps.app.name, await actions.close_word(deps, word)

    try:
        name, left = with_database(config, data, work)
    except WordRefused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{word} in {name} is closed; {format_amount(left)} went back.")


def _app_with_words(core: Core, name: str | None) -> Deps:
    """The app of that name, or the only one that has words."""
    if name is not None:
        deps = app_named(core, name)
        if not deps.app.reward_items:
            raise click.BadParameter(f"{name} has no words", param_hint="--app")
        return deps
    able = [deps for deps in core.apps.values() if deps.app.reward_items]
    if not able:
        raise click.ClickException("no app that is configured has words")
    if len(able) > 1:
        names = ", ".join(deps.app.name for deps in able)
        raise click.UsageError(f"say which app: {names} (--app)")
    return able[0]


def _facts(word: Word, now: datetime) -> dict[str, object]:
    return {
        "app": word.app,
        "id": word.id,
        "word": word.word,
        "coin": word.coin_id,
        "amount": format_amount(word.amount),
        "shares": word.shares,
        "taken": word.taken,
        "taken_amount": format_amount(word.taken_amount),
        "state": _state(word, now),
        "expires": stamp(word.expires_at),
        "created": stamp(word.created_at),
    }


def _state(word: Word, now: datetime) -> str:
    if word.closed_at is not None:
        return "closed"
    match word.refuse(now):
        case None:
            return "open"
        case WordExpired():
            return "over"
        case _:
            return "empty"
