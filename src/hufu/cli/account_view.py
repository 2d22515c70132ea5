"""An account as an operator sees it."""

import json
from typing import Any

import click

from hufu.actions.administration import AccountShown
from hufu.actions.outbox import masked
from hufu.cli.output import print_json, print_table, stamp
from hufu.domain.accounts import Account
from hufu.domain.identifiers import Identifier

TABLES = ("identifiers", "roles", "role_requests", "sessions", "events")


def account_facts(account: Account) -> dict[str, Any]:
    """The account itself."""
    return {
        "id": account.id,
        "pool": account.pool,
        "state": account.state,
        "created_at": stamp(account.created_at),
    }


def print_account(found: AccountShown, *, full: bool, as_json: bool) -> None:
    """Print all of it, identifiers masked unless `full`."""
    everything = _everything(found, full=full)
    if as_json:
        print_json(everything)
        return
    print_table(("account", ""), [each for each in everything.items() if each[0] not in TABLES])
    for name in TABLES:
        if rows := everything[name]:
            click.echo(f"\n{name.replace('_', ' ')}")
            print_table(list(rows[0]), [[_cell(cell) for cell in row.values()] for row in rows])


def _everything(found: AccountShown, *, full: bool) -> dict[str, Any]:
    return {
        **account_facts(found.account),
        "identifiers": [
            {
                "kind": each.identifier.kind,
                "identifier": _identifier(each.identifier, full=full),
                "only_in": each.scope or None,
                "verified": each.verified,
                "bound_at": stamp(each.bound_at),
            }
            for each in found.identifiers
        ],
        "roles": [{"app": app, "role": role} for app, role in found.roles.items()],
        "role_requests": [
            {"app": app, "role": role, "requested_at": stamp(at)}
            for app, role, at in found.role_requests
        ],
        "sessions": [
            {
                "app": each.app,
                "method": each.method,
                "network": each.network,
                "user_agent": each.user_agent,
                "created_at": stamp(each.created_at),
                "seen_at": stamp(each.seen_at),
                "expires_at": stamp(each.ends_at),
            }
            for each in found.sessions
        ],
        "events": [
            {"at": stamp(at), "app": app, "kind": kind, "facts": json.loads(facts)}
            for at, app, kind, facts in found.events
        ],
    }


def _identifier(identifier: Identifier, *, full: bool) -> str:
    return identifier.shown if full else masked(identifier)


def _cell(cell: object) -> object:
    match cell:
        case dict():
            return ", ".join(f"{name}: {value}" for name, value in cell.items())
        case bool():
            return "yes" if cell else "no"
        case _:
            return cell
