"""`hufu ledger`: what accounts have and how they came to it, and whether it was changed since."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from hufu.actions import ledger as actions
from hufu.actions.deps import Deps
from hufu.actions.ledger import Audited, ReadBalance, TransferUnknown
from hufu.cli import parameters
from hufu.cli.configured import configured
from hufu.cli.ledger_view import amounts_facts, entries_facts, print_entries, print_transfer
from hufu.cli.options import JSON, any_app, pools_of, with_database
from hufu.cli.output import print_json, print_table, progress, stamp
from hufu.cli.reasons import REASON
from hufu.core import Core
from hufu.domain.chains import Anchor
from hufu.domain.errors import AccountUnknown
from hufu.domain.ledger import Irreversible, Overdrawn, Transfer, TransferRepeated
from hufu.storage.ledger import Entry

T = TypeVar("T")

LARGEST_TRANSFER = 2**63 - 1
LONGEST_COIN = 32  # Code points.
MOST_ENTRIES = 1000
COIN = ("coin", "name")

_ANCHOR = re.compile("([1-9][0-9]*):([0-9a-f]{64})", re.IGNORECASE)


@click.group()
def ledger() -> None:
    """Audit the ledger; show balances and transfers; take transfers back; make coins."""


ID = click.argument("account_id", metavar="ID", type=int)


# The whole


def _anchor(_: click.Context, __: click.Parameter, raw: str | None) -> tuple[int, str] | None:
    if raw is None:
        return None
    noted = _ANCHOR.fullmatch(raw)
    if not noted:
        raise click.BadParameter("it must be like 12:… with 64 hex digits after the colon")
    return int(noted[1]), noted[2]


@ledger.command()
@configured
@click.option(
    "--anchor",
    metavar="N:HEX",
    callback=_anchor,
    help="An anchor that was noted down earlier, and must still be there.",
)
@JSON
def verify(
    config: Path | None, data: Path | None, anchor: tuple[int, str] | None, as_json: bool
) -> None:
    """Follow every transfer from the first, and compare balances and awards with them.

    Note the anchor down in a place of its own: a later run that is given it sees whatever was
    changed before it, even by somebody who can change everything in the database.
    """

    async def work(core: Core) -> Audited:
        with progress() as bar:
            task = bar.add_task("transfers")

            def show(seen: int, count: int) -> None:
                bar.update(task, completed=seen, total=count)

            return await actions.audit_ledger(any_app(core), show, anchor)

    found = with_database(config, data, work)
    if as_json:
        facts = found.anchor and _anchor_facts(found.anchor)
        print_json({"transfers": found.transfers, "wrong": found.wrong, "anchor": facts})
    if found.wrong is not None:
        raise click.ClickException(found.wrong)
    if not as_json:
        noun = "transfer" if found.transfers == 1 else "transfers"
        newest = found.anchor
        noted = f"anchor {newest.id}:{newest.hash.hex()}" if newest else "no anchor yet"
        click.echo(f"{found.transfers} {noun}, all of them as they were written; {noted}")


def _anchor_facts(anchor: Anchor) -> dict[str, object]:
    return {"id": anchor.id, "at": stamp(anchor.at), "hash": anchor.hash.hex()}


# Accounts


@ledger.command()
@configured
@ID
@JSON
def balance(config: Path | None, data: Path | None, account_id: int, as_json: bool) -> None:
    """Show what an account has, by coin."""

    async def work(deps: Deps) -> tuple[dict[int, int], dict[int, str]]:
        found = await actions.read_balance(deps, ReadBalance(account_id))
        return found.amounts, await actions.read_coins(deps)

    facts = amounts_facts(*_of_account(config, data, account_id, work))
    if as_json:
        print_json(facts)
    elif facts:
        print_table((*COIN, "amount"), [list(each.values()) for each in facts])
    else:
        _tell_nothing(account_id)


@ledger.command()
@configured
@ID
@click.option("--most", type=click.IntRange(1, MOST_ENTRIES), default=20, help="How many; 20.")
@JSON
def entries(
    config: Path | None, data: Path | None, account_id: int, most: int, as_json: bool
) -> None:
    """List the newest transfers that touched an account, with what they brought it or took."""

    async def work(deps: Deps) -> tuple[list[Entry], dict[int, str]]:
        found = await actions.read_entries(deps, account_id, most)
        return found, await actions.read_coins(deps)

    found, coins = _of_account(config, data, account_id, work)
    facts = entries_facts(found, account_id, coins)
    if as_json:
        print_json(facts)
    elif facts:
        print_entries(facts)
    else:
        _tell_nothing(account_id)


def _of_account(
    config: Path | None, data: Path | None, account_id: int, work: Callable[[Deps], Awaitable[T]]
) -> T:
    """The result of `work` with an app of the account's pool."""

    async def run(core: Core) -> T:
        for deps in pools_of(core, account_id):
            try:
                return await work(deps)
            except AccountUnknown:
                continue
        raise click.ClickException(f"there is no account {account_id}")

    return with_database(config, data, run)


def _tell_nothing(account_id: int) -> None:
    click.echo(f"Account {account_id} never had a coin.")


# Reversals


@ledger.command()
@configured
@click.argument("transfer_id", metavar="ID", type=int)
@REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
def reverse(
    config: Path | None, data: Path | None, transfer_id: int, reason: str, yes: bool
) -> None:
    """Take a transfer back, by another one that moves the same the other way."""

    async def work(core: Core) -> int:
        deps = any_app(core)
        transfer = await _transfer(deps, transfer_id)
        if not yes:
            print_transfer(transfer_id, transfer, await actions.read_coins(deps))
            click.confirm("Take it back?", abort=True)
        return await actions.reverse_transfer(deps, transfer_id, reason)

    try:
        reversal = with_database(config, data, work)
    except TransferUnknown:
        raise click.ClickException(f"there is no transfer {transfer_id}") from None
    except Irreversible:
        raise click.ClickException(
            f"transfer {transfer_id} cannot be reversed: a pot is emptied by `hufu rewards "
            "close-word`, and a reversal is taken back only once"
        ) from None
    except TransferRepeated:
        raise click.ClickException(f"transfer {transfer_id} was reversed before") from None
    except Overdrawn as error:
        raise click.ClickException(f"transfer {transfer_id} cannot be reversed: {error}") from None
    click.echo(f"Transfer {transfer_id} is reversed by transfer {reversal}.")


async def _transfer(deps: Deps, transfer_id: int) -> Transfer:
    if not 0 < transfer_id <= LARGEST_TRANSFER:
        raise TransferUnknown
    return await actions.read_transfer(deps, transfer_id)


# Coins


@ledger.command()
@configured
@JSON
def coins(config: Path | None, data: Path | None, as_json: bool) -> None:
    """List the coins."""

    async def work(core: Core) -> dict[int, str]:
        return await actions.read_coins(any_app(core))

    found = with_database(config, data, work)
    if as_json:
        print_json([dict(zip(COIN, each, strict=True)) for each in found.items()])
    else:
        print_table(COIN, list(found.items()))


@ledger.command("add-coin")
@configured
@click.argument("name", callback=parameters.text(LONGEST_COIN))
def add_coin(config: Path | None, data: Path | None, name: str) -> None:
    """Make another coin."""

    async def work(core: Core) -> int | None:
        return await actions.add_coin(any_app(core), name)

    coin_id = with_database(config, data, work)
    if coin_id is None:
        raise click.ClickException("there is a coin of that name")
    click.echo(f"{name} is coin {coin_id}.")
