"""`hufu keys`: changing the keys of passwords and of identity numbers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hufu.actions.keys import Resealed, count_key_uses
from hufu.actions.keys import reseal as reseal_numbers
from hufu.cli.configured import configured
from hufu.cli.key_file import FileUnchanged, replace_value
from hufu.cli.options import JSON, SECRETS, configuration, described, with_database
from hufu.cli.output import print_json, print_table, progress
from hufu.configuration import SECRETS_FILE
from hufu.core import Core
from hufu.services.keys import NEXT, Keyring
from hufu.storage.key_uses import KeyUse
from hufu.variables import PREFIX

PEPPER, IDENTITY_KEY = SECRETS
NUMBERS = "identity numbers"
RELOAD = "restart or reload every server, one after the other, and wait for the last"

NAME = click.argument("name", type=click.Choice(SECRETS), metavar="pepper|identity_key")


@click.group()
def keys() -> None:
    """Change the keys: add, activate, reseal, retire. Needs no stop (docs/operations.md)."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """A key setting as it is now; `file` is where it stands, None in the environment."""

    name: str
    text: str
    file: Path | None

    @property
    def ring(self) -> Keyring:
        return Keyring.parse(self.text)

    def entry(self, version: int) -> str:
        return next(each for each in self.text.split() if int(each.partition(":")[0]) == version)

    def change(self, new: str, by_hand: str) -> None:
        """Write the new value, or tell what to do where only the operator can."""
        if self.file is None:
            click.echo(f"{self.name} comes from the environment. {by_hand}")
            return
        try:
            replace_value(self.file, self.name, self.text, new)
        except FileUnchanged as error:
            raise click.ClickException(f"nothing was changed: {error}\n{by_hand}") from None
        click.echo(f"Changed {self.name} in {self.file}.")


@keys.command("list")
@configured
@JSON
def list_keys(config: Path | None, data: Path | None, as_json: bool) -> None:
    """Show every version of both keys, and how many rows need it."""

    async def work(core: Core) -> list[dict[str, Any]]:
        pepper, identity = await count_key_uses(core.database, core.clock.now())
        settings = core.configuration.settings
        return [
            *_versions(PEPPER, Keyring.parse(settings.pepper), pepper),
            *_versions(IDENTITY_KEY, Keyring.parse(settings.identity_key), identity),
        ]

    found = with_database(config, data, work)
    if as_json:
        print_json(found)
        return
    print_table(
        ("key", "version", "state", "needed by"),
        [(each["key"], each["version"], each["state"], _told(each["rows"])) for each in found],
    )


@keys.command()
@configured
@NAME
def add(config: Path | None, data: Path | None, name: str) -> None:
    """Add a new version, which opens but is not used until it is activated."""
    setting = _setting(config, data, name)
    if setting.ring.coming is not None:
        raise click.ClickException(f"{name}: version {setting.ring.coming} waits to be activated")
    version = max(setting.ring.keys) + 1
    entry = f"{Keyring.fresh(version)}:{NEXT}"
    setting.change(f"{setting.text} {entry}", f"Put behind what is there, after a space: {entry}")
    click.echo(f"Next: {RELOAD}; then `hufu keys activate {name}`.")


@keys.command()
@configured
@NAME
def activate(config: Path | None, data: Path | None, name: str) -> None:
    """Use the version that was added. Every server must know it by now."""
    setting = _setting(config, data, name)
    version = setting.ring.coming
    if version is None:
        raise click.ClickException(f"{name}: no version waits; `hufu keys add {name}` makes one")
    entry = setting.entry(version)
    setting.change(
        setting.text.replace(entry, entry.removesuffix(f":{NEXT}")),
        f"Take :{NEXT} off the end of version {version}.",
    )
    click.echo(f"Next: {RELOAD}. `hufu keys list` shows what still needs older versions.")


@keys.command()
@configured
def reseal(config: Path | None, data: Path | None) -> None:
    """Seal identity numbers with the current key now; servers do it by themselves, too."""

    async def work(core: Core) -> Resealed:
        version = core.secrets.identity_numbers.version
        _, uses = await count_key_uses(core.database, core.clock.now())
        with progress() as bar:
            task = bar.add_task(NUMBERS, total=sum(u.rows for u in uses if u.version < version))
            return await reseal_numbers(
                core.database, core.secrets, lambda page: bar.advance(task, page.done)
            )

    found = with_database(config, data, work)
    click.echo(f"Sealed {found.done} identity numbers anew.")
    if found.lost:
        raise click.ClickException(f"{found.lost} are under keys that are not in the settings")
    if found.done < found.old:
        raise click.ClickException(f"{found.old - found.done} were busy: do it again")


@keys.command()
@configured
@NAME
@click.argument("version", type=int)
@click.option("--lose", is_flag=True, help="Even if passwords or codes need the version.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(
    config: Path | None, data: Path | None, name: str, version: int, lose: bool, yes: bool
) -> None:
    """Take a version out. Refused while rows need it; of a pepper, --lose gives them up: such
    accounts sign in by a code or set a new password."""
    setting = _setting(config, data, name)
    if version not in setting.ring.keys:
        raise click.BadParameter(f"{name} has no version {version}", param_hint="VERSION")
    if version == setting.ring.current:
        raise click.ClickException(f"{name}: version {version} is in use")

    async def work(core: Core) -> dict[str, int]:
        pepper, identity = await count_key_uses(core.database, core.clock.now())
        uses = pepper if name == PEPPER else identity
        return {use.kind: use.rows for use in uses if use.version == version}

    needed = with_database(config, data, work)
    if needed:
        _consent(name, version, needed, lose=lose, yes=yes)
    rest = " ".join(each for each in setting.text.split() if each != setting.entry(version))
    setting.change(rest, f"Take version {version} out.")
    click.echo(
        f"Next: {RELOAD}. Backups from before need version {version}: keep a copy of it, apart "
        "from them, for as long as you keep them."
    )


def _consent(name: str, version: int, needed: dict[str, int], *, lose: bool, yes: bool) -> None:
    """What needs the version is given up, or the command ends."""
    if NUMBERS in needed:
        raise click.ClickException(
            f"{name}: version {version} is needed by {_told(needed)}; `hufu keys reseal` moves them"
        )
    if not lose:
        raise click.ClickException(
            f"{name}: version {version} is needed by {_told(needed)}; passwords move when their "
            "owners sign in, the rest goes within hours; --lose gives them up"
        )
    if not yes:
        click.confirm(f"{_told(needed)} will open nothing any more. Retire it?", abort=True)


def _setting(config: Path | None, data: Path | None, name: str) -> _Setting:
    """Raises SettingsRefused."""
    secrets = described(config, data).settings.data_dir / SECRETS_FILE
    variable = f"{PREFIX}{name.upper()}"
    if config is None and variable not in os.environ and not secrets.exists():
        raise click.ClickException(f"there are no keys in {secrets.parent} yet")
    found = configuration(config, data)
    text = getattr(found.settings, name)
    if found.sources[name] == variable:
        return _Setting(name, text, None)
    return _Setting(name, text, config or secrets)


def _versions(name: str, ring: Keyring, uses: Sequence[KeyUse]) -> list[dict[str, Any]]:
    states = dict.fromkeys(ring.past, "past") | {ring.current: "in use"}
    if ring.coming is not None:
        states[ring.coming] = NEXT
    missing = {use.version for use in uses} - states.keys()
    states |= dict.fromkeys(missing, "missing")
    return [
        {
            "key": name,
            "version": version,
            "state": states[version],
            "rows": {use.kind: use.rows for use in uses if use.version == version},
        }
        for version in sorted(states)
    ]


def _told(rows: dict[str, int]) -> str:
    counts = (f"{n} {kind if n > 1 else kind.removesuffix('s')}" for kind, n in rows.items())
    return ", ".join(counts) or "nothing"
