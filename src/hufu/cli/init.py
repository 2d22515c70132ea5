"""`hufu init`."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec

from hufu.cli.settings import KIND, TABLES
from hufu.domain.verification import Purpose
from hufu.services.delivery import Language
from hufu.services.keys import Keyring
from hufu.services.providers import ProviderSettings
from hufu.settings import DIALECTS, AppSettings, Described, Settings, default_apps, fields_of

MEANING_AT = 40  # Column.
FIRST_LINES = """\
# hufu: configuration of a production server. It holds keys: keep it from other eyes, and keep a
# copy of it away from the database's backups. Without these keys no password opens.
#
# What is commented out is at its default. Without a value, it is as the app's dialect or its
# `hardening` has it. Every setting can also be given in the environment: HUFU_ and its path, with
# __ between the levels, such as HUFU_LIMITS__SENDS_PER_MINUTE.
# `hufu settings --config` shows what is in force and where it comes from.
"""
PUBLIC_URL = "# This one is yours to fill in; without it the server does not start.\n"
APPS = """
# Apps: each binds a dialect to a path prefix, to host names, or to both. The name is yours;
# delete the apps that you do not have. Messages stay unsent until an app names its providers.
"""
PROVIDERS = """
# Providers: who takes messages out of the outbox. The name is yours, and apps use it in
# `sms_provider` and `email_provider`.
"""


@click.command()
@click.argument(
    "file", default="hufu.toml", type=click.Path(dir_okay=False, path_type=Path), required=False
)
def init(file: Path) -> None:
    """Write a production configuration with fresh keys and every setting explained."""
    text = configuration_text()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(
            f"{file} is there already and may hold keys that nothing else holds; it was not touched"
        ) from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    click.echo(
        f"Wrote {file}, which its owner alone can read. Next:\n"
        f"  1. fill in public_url, and look through the apps and providers\n"
        f"  2. hufu migrate --config {file}\n"
        f"  3. hufu serve --config {file}"
    )


def configuration_text() -> str:
    """A whole configuration file with keys of its own; only `public_url` remains to be set."""
    given = {"public_url": "", "pepper": Keyring.fresh(), "identity_key": Keyring.fresh()}
    lines = [FIRST_LINES, PUBLIC_URL + _line("public_url", fields_of(Settings)["public_url"], "")]
    for name, each in fields_of(Settings).items():
        if name not in {*TABLES, "apps", "providers", "public_url"}:
            lines.append(_line(name, each, given.get(name)))
    for name, kind in TABLES.items():
        lines.append(f"\n[{name}]")
        lines += [_line(setting, each) for setting, each in fields_of(kind).items()]
    lines.append(APPS.rstrip())
    for name, app in default_apps().items():
        lines += _app(name, app)
    lines.append(PROVIDERS.rstrip())
    for provider in get_args(ProviderSettings):
        lines += _provider(provider)
    return "\n".join(lines) + "\n"


def _app(name: str, app: dict[str, Any]) -> Iterator[str]:
    """The app with the place that it has by default, but of the hosts none."""
    yield f"\n[apps.{name}]"
    for setting, each in fields_of(AppSettings).items():
        yield _line(setting, each, None if setting == "hosts" else app.get(setting))
    for setting, each in fields_of(DIALECTS[app["dialect"]].options).items():
        yield _line(setting, each)


def _provider(kind: type[ProviderSettings]) -> Iterator[str]:
    """A provider, wholly commented out; what it cannot do without comes first."""
    tag = kind.__struct_config__.tag
    required = {each.name for each in msgspec.structs.fields(kind) if each.required}
    yield f"\n# {kind.__doc__}\n# [providers.{tag}]"
    yield f'# {KIND} = "{tag}"'
    for name, each in fields_of(kind).items():
        if name in required:
            for setting, value in _samples(name):
                yield "# " + _line(setting, each, value)
    for name, each in fields_of(kind).items():
        if name not in required:
            yield "# " + _line(name, each)


def _samples(name: str) -> list[tuple[str, Any]]:
    """What stands for a value that only the operator knows."""
    if name != "templates":
        return [(name, "")]
    ids = {str(purpose): "" for purpose in Purpose}
    return [(f"{name}.{language}", ids) for language in Language]


def _line(name: str, each: Described, given: object = None) -> str:
    """`name = value  # meaning`; commented out unless a value is given."""
    value = each.default if given is None else given
    setting = f"{name} = {'' if value is None else _toml(value)}".rstrip()
    if given is None:
        setting = f"# {setting}"
    return f"{setting:<{MEANING_AT}}  # {each.meaning}"


def _toml(value: Any) -> str:
    """The value as TOML writes it, where it is more than JSON writes: paths and inline tables."""
    if isinstance(value, dict):
        inside = ", ".join(f"{name} = {_toml(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)
