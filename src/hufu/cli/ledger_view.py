"""The ledger as an operator sees it."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from hufu.cli.output import print_table, printable, stamp
from hufu.domain.ledger import Posting, Transfer, format_amount, user
from hufu.storage.ledger import Entry

ENTRY = ("id", "at", "kind", "memo", "amounts", "reverses", "reversed_by")


def amounts_facts(amounts: Mapping[int, int], coins: Mapping[int, str]) -> list[dict[str, Any]]:
    """Amounts by coin, with the coins' names."""
    return [
        {"coin": coin_id, "name": coins.get(coin_id), "amount": format_amount(amount)}
        for coin_id, amount in amounts.items()
    ]


def entries_facts(
    entries: Sequence[Entry], account_id: int, coins: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Transfers as the account sees them. Whatever reverses one of the newest is newer still, so
    it is among them."""
    transfers = {entry.id: entry.transfer for entry in entries if entry.transfer}
    reversed_by = {each.reverses: id for id, each in transfers.items() if each.reverses}
    return [
        {
            "id": id,
            "at": stamp(each.at),
            "kind": each.kind,
            "memo": each.memo,
            "amounts": amounts_facts(_arrived(each.postings, account_id), coins),
            "reverses": each.reverses,
            "reversed_by": reversed_by.get(id),
        }
        for id, each in transfers.items()
    ]


def print_entries(entries: Sequence[Mapping[str, Any]]) -> None:
    """Print them as a table."""
    rows = [[_cell(entry[name]) for name in ENTRY] for entry in entries]
    print_table([name.replace("_", " ") for name in ENTRY], rows)


def print_transfer(id: int, transfer: Transfer, coins: Mapping[int, str]) -> None:
    """Print what the transfer of that id was for, and what it took from whom and gave to whom."""
    click.echo(
        f"Transfer {id} of {stamp(transfer.at)}, {transfer.kind}: {printable(transfer.memo)}"
    )
    print_table(
        ("holder", "amount", "coin"),
        [
            (each.holder, format_amount(each.amount), coins.get(each.coin_id, each.coin_id))
            for each in transfer.postings
        ],
    )


def _arrived(postings: Sequence[Posting], account_id: int) -> dict[int, int]:
    arrived: dict[int, int] = {}
    for each in postings:
        if each.holder == user(account_id):
            arrived[each.coin_id] = arrived.get(each.coin_id, 0) + each.amount
    return arrived


def _cell(fact: object) -> object:
    if isinstance(fact, list):
        return ", ".join(f"{each['amount']} {each['name']}" for each in fact)
    return fact
