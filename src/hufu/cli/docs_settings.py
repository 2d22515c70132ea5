"""docs/settings.md: every setting."""

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from hufu.cli.settings import KIND, TABLES
from hufu.services.providers import ProviderSettings
from hufu.settings import DIALECTS, AppSettings, Settings, fields_of
from hufu.variables import CONFIG_VARIABLE, PREFIX

INTRO = f"""\
# Settings

<!-- Written by `hufu docs`; change the tables in the code instead. -->

`hufu serve --config hufu.toml` (or the variable `{CONFIG_VARIABLE}`) names a TOML file; `hufu init`
writes one. Without a file hufu runs in development mode. Every setting can also be given in the
environment, where lists are written with commas, and a few on the command line. The command line
wins over the environment, the environment over the file. A name that does not exist stops the
start. `hufu settings` prints what is in force and where it comes from.

`public_url`, `pepper` and `identity_key` must be set; in development they are made up.
"""
APPS = """
Each app has a table of its own, named as you like: `[apps.shop]`. Without any, there is one app
for each dialect, named after it, at a prefix and a host of that name. In place of `NAME` a variable
has the app's name in capitals. Where the default is empty, `hardening` or the dialect decides.
"""
PROVIDERS = """
Each provider has a table of its own, named as you like: `[providers.post]`. Apps name it in
`sms_provider` and `email_provider`. `kind` decides which other settings it has.
"""
HEAD = (
    "| setting | type | default | environment | meaning |",
    "|---|---|---|---|---|",
)
TABLE = "table"
WORDS = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    Path: "path",
}


def settings_page() -> str:
    """The whole page."""
    skipped = {*TABLES, "apps", "providers"}
    lines = [INTRO, "## At the top of the file\n", *_table(Settings, (), skipped)]
    for name, kind in TABLES.items():
        lines += [f"\n## `[{name}]`\n", *_table(kind, (name,))]
    lines += [f"\n## `[apps.NAME]`\n{APPS}", *_table(AppSettings, ("apps", "NAME"))]
    for dialect in DIALECTS.values():
        if fields_of(dialect.options):
            lines.append(f"\n### Of apps that speak `{dialect.name}`\n")
            lines += _table(dialect.options, ("apps", "NAME"))
    lines.append(f"\n## `[providers.NAME]`\n{PROVIDERS}")
    for provider in get_args(ProviderSettings):
        lines.append(f"### `{KIND} = {_literal(provider.__struct_config__.tag)}`\n")
        lines += [*_table(provider, ("providers", "NAME")), ""]
    return "\n".join(lines).strip() + "\n"


def _table(kind: Any, above: tuple[str, ...], skipped: set[str] | None = None) -> Iterator[str]:
    yield from HEAD
    hints = get_type_hints(kind, include_extras=True)
    required = _required(kind)
    for name, each in fields_of(kind).items():
        if name not in (skipped or ()):
            default = "required" if name in required else _default(each.default)
            kind_of = _type(hints[name])
            variable = PREFIX + "__".join((*above, name)).upper()
            more = "__…" if kind_of == TABLE else ""
            meaning = each.meaning.replace("<", "&lt;")
            cells = (f"`{name}`", kind_of, default, f"`{variable}{more}`", meaning)
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _required(kind: Any) -> set[str]:
    if not issubclass(kind, msgspec.Struct):
        return set()
    return {each.name for each in msgspec.structs.fields(kind) if each.required}


def _default(value: object) -> str:
    return "" if value is None else f"`{_literal(value)}`"


def _literal(value: object) -> str:
    """The value as TOML has it."""
    return json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False)


def _type(hint: Any) -> str:
    """The type in words, with its bounds."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return ", ".join((_type(inside[0]), *_bounds(inside[1:])))
    if origin in {Union, types.UnionType}:
        return next(_type(each) for each in inside if each is not types.NoneType)
    if origin is Literal:
        return " or ".join(f"`{_literal(each)}`" for each in inside)
    if origin is tuple:
        return f"list of {_type(inside[0])}"
    return WORDS.get(hint, TABLE)


def _bounds(notes: tuple[object, ...]) -> Iterator[str]:
    for note in notes:
        if isinstance(note, Meta):
            if note.ge is not None and note.le is not None:
                yield f"{note.ge} to {note.le}"
            elif note.ge is not None:
                yield f"from {note.ge}"
            elif note.gt is not None:
                yield f"above {note.gt}"
                if note.le is not None:
                    yield f"up to {note.le}"
            if note.pattern is not None:
                yield f"`{note.pattern}`"
