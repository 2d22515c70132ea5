"""`hufu accounts`: what an operator does with accounts."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hufu.actions import administration
from hufu.actions.administration import (
    AccountClosed,
    AccountShown,
    ClosingUnsettled,
    PicturesLeft,
)
from hufu.actions.deps import Deps
from hufu.cli.account_view import account_facts, print_account
from hufu.cli.configured import configured
from hufu.cli.erasures import erasures, replay_erasures
from hufu.cli.options import (
    JSON,
    app_named,
    one_app_per_pool,
    pools_of,
    with_database,
)
from hufu.cli.output import print_json, print_table, stamp
from hufu.cli.reasons import REASON
from hufu.core import Core
from hufu.domain.accounts import Account, AccountState
from hufu.domain.errors import IdentifierMalformed
from hufu.domain.permissions import Role
from hufu.services.identifiers import parse_any
from hufu.settings import DIALECTS

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


@click.group()
def accounts() -> None:
    """Find, show, bar and close accounts; give roles; sign out; confirm identities."""


ID = click.argument("account_id", metavar="ID", type=int)
APP = click.option("--app", required=True, help="The app's name in the configuration.")


@accounts.command()
@configured
@click.argument("identifier")
@click.option("--app", help="Look in this app's pool only.")
@JSON
def find(
    config: Path | None, data: Path | None, identifier: str, app: str | None, as_json: bool
) -> None:
    """Find the accounts of a phone in any spelling, an e-mail address or a user name."""
    try:
        wanted = parse_any(identifier)
    except IdentifierMalformed:
        raise click.ClickException("that is no phone, e-mail address or user name") from None

    async def work(core: Core) -> list[Account]:
        pools = [app_named(core, app)] if app else one_app_per_pool(core)
        shown = [
            await administration.show_account(deps, account_id)
            for deps in pools
            for account_id in await administration.find_accounts(deps, wanted)
        ]
        return [each.account for each in shown if each]

    found = with_database(config, data, work)
    if as_json:
        print_json([account_facts(account) for account in found])
    elif found:
        rows = [(each.id, each.pool, each.state, stamp(each.created_at)) for each in found]
        print_table(("id", "pool", "state", "since"), rows)
    if not found:
        raise click.ClickException("no account has that identifier")


@accounts.command()
@configured
@ID
@click.option("--full", is_flag=True, help="Show whole phones and e-mail addresses.")
@JSON
def show(
    config: Path | None, data: Path | None, account_id: int, full: bool, as_json: bool
) -> None:
    """Show an account: identifiers, roles, sessions and its newest events."""

    async def work(_: Core, __: Deps, found: AccountShown) -> AccountShown:
        return found

    found = _with_account(config, data, account_id, work)
    print_account(found, full=full, as_json=as_json)


@accounts.command()
@configured
@ID
@REASON
def bar(config: Path | None, data: Path | None, account_id: int, reason: str) -> None:
    """Bar an account in every app: its sessions end, and it cannot sign in."""

    async def work(_: Core, deps: Deps, found: AccountShown) -> None:
        _refuse_closed(found)
        await administration.bar_account(deps, account_id, reason)

    _with_account(config, data, account_id, work)
    click.echo(f"Account {account_id} is barred.")


@accounts.command()
@configured
@ID
@REASON
def unbar(config: Path | None, data: Path | None, account_id: int, reason: str) -> None:
    """Let a barred account in again; it has to sign in anew."""

    async def work(_: Core, deps: Deps, found: AccountShown) -> None:
        _refuse_closed(found)
        if found.account.state is not AccountState.BARRED:
            raise click.ClickException(f"account {account_id} is not barred")
        await administration.unbar_account(deps, account_id, reason)

    _with_account(config, data, account_id, work)
    click.echo(f"Account {account_id} may sign in again.")


@accounts.command("grant-role")
@configured
@ID
@click.argument("role")
@APP
@REASON
def grant_role(
    config: Path | None, data: Path | None, account_id: int, role: str, app: str, reason: str
) -> None:
    """Make an account ROLE in an app, by hufu's name of the role or by the app's own."""

    async def work(core: Core, _: Deps, found: AccountShown) -> Role:
        _refuse_closed(found)
        deps = _app_of(core, app, found)
        granted = _role(core, app, role)
        await administration.grant_role(deps, account_id, granted, reason)
        return granted

    granted = _with_account(config, data, account_id, work)
    click.echo(f"Account {account_id} is {granted} in {app}.")


@accounts.command()
@configured
@ID
@REASON
@click.option("--yes", is_flag=True, help="Do not ask.")
def close(config: Path | None, data: Path | None, account_id: int, reason: str, yes: bool) -> None:
    """Close an account for ever: what identifies the person is erased."""

    async def work(_: Core, deps: Deps, found: AccountShown) -> None:
        _refuse_closed(found)
        if not yes:
            click.confirm(
                f"Account {account_id} ({found.account.state}, since "
                f"{stamp(found.account.created_at)}, {len(found.identifiers)} identifiers): "
                "close it for ever, in every app?",
                abort=True,
            )
        await administration.close_account(deps, account_id, reason)

    _with_account(config, data, account_id, work, erasing=True)
    click.echo(f"Account {account_id} is closed.")


@accounts.command()
@configured
@ID
@APP
@REASON
def verify(config: Path | None, data: Path | None, account_id: int, app: str, reason: str) -> None:
    """Record that an account's identity number in an app was checked and is right."""

    async def work(core: Core, _: Deps, found: AccountShown) -> bool:
        _refuse_closed(found)
        return await administration.verify_identity(_app_of(core, app, found), account_id, reason)

    if not _with_account(config, data, account_id, work):
        raise click.ClickException(f"account {account_id} has no identity number in {app}")
    click.echo(f"The identity of account {account_id} in {app} is verified.")


@accounts.command("sign-out")
@configured
@ID
@REASON
def sign_out(config: Path | None, data: Path | None, account_id: int, reason: str) -> None:
    """End every session of an account."""

    async def work(_: Core, deps: Deps, found: AccountShown) -> None:
        _refuse_closed(found)
        await administration.end_sessions(deps, account_id, reason)

    _with_account(config, data, account_id, work)
    click.echo(f"Account {account_id} is signed out everywhere.")


def _with_account(
    config: Path | None,
    data: Path | None,
    account_id: int,
    work: Callable[[Core, Deps, AccountShown], Awaitable[T]],
    *,
    erasing: bool = False,
) -> T:
    """The result of `work` on an account, given with an app of its pool; `erasing` is what closes
    it."""

    async def run(core: Core) -> T:
        for deps in pools_of(core, account_id):
            if found := await administration.show_account(deps, account_id):
                return await work(core, deps, found)
        raise click.ClickException(f"there is no account {account_id}")

    try:
        return with_database(config, data, run, erasing=erasing)
    except AccountClosed:
        raise click.ClickException(f"account {account_id} is closed") from None
    except ClosingUnsettled as error:
        raise click.ClickException(
            f"whether account {account_id} is closed is not known ({error}); it stands in the "
            "journal of erasures, so the next start of a server completes it, or this command again"
        ) from error
    except PicturesLeft as error:
        raise click.ClickException(
            f"account {account_id} is closed, but not all of its pictures could be removed "
            f"({error}); the next start of a server removes them, or `hufu accounts "
            "replay-erasures`"
        ) from error


def _app_of(core: Core, name: str, found: AccountShown) -> Deps:
    """The app, if the account can be used in it."""
    deps = app_named(core, name)
    if deps.app.pool != found.account.pool:
        raise click.ClickException(
            f"account {found.account.id} is of pool {found.account.pool}, "
            f"{name} is of pool {deps.app.pool}"
        )
    return deps


def _role(core: Core, app: str, name: str) -> Role:
    """The role that hufu or the app's dialect calls so, of those that the dialect knows."""
    wire = DIALECTS[core.configuration.settings.apps[app].dialect].roles
    names = {said: role for role, said in wire.items()} | {str(role): role for role in wire}
    if name not in names:
        known = ", ".join(dict.fromkeys(map(str, wire)))
        raise click.BadParameter(f"{app} knows {known}", param_hint="ROLE")
    return names[name]


def _refuse_closed(found: AccountShown) -> None:
    if found.account.state is AccountState.CLOSED:
        raise click.ClickException(f"account {found.account.id} is closed")


accounts.add_command(erasures)
accounts.add_command(replay_erasures)
