"""docs/deviations.md: every deviation, with the dialects that have it."""

from collections.abc import Iterator

from hufu.configuration import load
from hufu.core import deviations
from hufu.services.keys import Keyring
from hufu.settings import DIALECTS, AppSettings, fields_of
from hufu.wire.deviations import ALL, Deviation

INTRO = """\
# Deviations

<!-- Written by `hufu docs`; change the tables in the code instead. -->

Where a protocol, or a setting that follows its document, forces something weaker than OWASP ASVS
5.0 asks for. Each has an id, the requirement that it breaks, what holds unless a setting says
otherwise, and tests that show what keeps it from mattering. `hufu serve` prints those in force when
it starts. What else the standard asks for is in [asvs.md](asvs.md), the settings are in
[settings.md](settings.md).

| deviation | breaks | dialects | stopped by |
|---|---|---|---|
"""
SAFE_URL = "https://id.example.com"
TESTS = "tests/"


def deviations_page() -> str:
    """The whole page."""
    found = {deviation.id: speakers(deviation) for deviation in ALL}
    lines = [INTRO + "\n".join(_row(each, found[each.id]) for each in ALL)]
    for deviation in ALL:
        lines += ["", *_section(deviation, found[deviation.id])]
    return "\n".join(lines) + "\n"


def speakers(deviation: Deviation) -> list[str]:
    """The dialects whose apps have the deviation where the settings let it be."""
    switch = deviation.switch
    return in_force(deviation, switch.setting, switch.lets) if switch else in_force(deviation)


def in_force(deviation: Deviation, setting: str = "", value: object = None) -> list[str]:
    """The dialects whose apps have the deviation when only this setting is not at its default."""
    overrides: dict[str, object] = {
        "public_url": SAFE_URL,
        "pepper": Keyring.fresh(),
        "identity_key": Keyring.fresh(),
    }
    if setting in overrides:
        overrides[setting] = value
    elif setting:
        owners = [name for name, each in DIALECTS.items() if setting in _settings(each.options)]
        overrides |= {f"apps.{name}.{setting}": value for name in owners}
    found = deviations(load(None, {}, overrides))
    return [name for name, each in found.items() if deviation in each]


def _settings(options: type[object]) -> set[str]:
    return {*fields_of(AppSettings), *fields_of(options)}


def _row(deviation: Deviation, dialects: list[str]) -> str:
    stopped = f"`{deviation.switch.remedy}`" if deviation.switch else "nothing"
    cells = (
        f"[`{deviation.id}`](#{deviation.id})",
        deviation.requirement,
        _named(dialects),
        stopped,
    )
    return f"| {' | '.join(cells)} |"


def _section(deviation: Deviation, dialects: list[str]) -> Iterator[str]:
    weakness = deviation.weakness
    yield f"## `{deviation.id}`"
    yield ""
    yield f"{weakness[:1].upper()}{weakness[1:]}."
    yield ""
    yield from ("| | |", "|---|---|")
    yield f"| breaks | ASVS {deviation.requirement} |"
    yield f"| dialects | {_named(dialects)} |"
    yield f"| by default | {deviation.default} |"
    yield f"| setting | {_setting(deviation)} |"
    yield f"| contained by | {deviation.contained_by} |"
    yield f"| tests | {'<br>'.join(map(_test, deviation.tests))} |"


def _setting(deviation: Deviation) -> str:
    if deviation.switch is None:
        return "none: the protocol leaves no choice"
    return f"`{deviation.switch.setting}`; stopped by `{deviation.switch.remedy}`"


def _named(dialects: list[str]) -> str:
    if len(dialects) == len(DIALECTS):
        return "all"
    return ", ".join(f"[`{name}`](dialects/{name}.md)" for name in dialects)


def _test(test: str) -> str:
    file, _, _ = test.partition("::")
    return f"[`{test.removeprefix(TESTS)}`](../{file})"
