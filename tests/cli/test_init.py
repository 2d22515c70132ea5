"""`hufu init`: the file that a production server starts from."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from click.testing import CliRunner

from hufu.cli.init import configuration_text
from hufu.cli.main import main
from hufu.configuration import load
from hufu.services.keys import Keyring
from hufu.services.providers import ProviderSettings
from hufu.settings import DIALECTS, AppSettings, Settings, fields_of

COMMENTED = re.compile(r"# (?=[a-z_.]+ = \S)")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def before_providers(text: str) -> str:
    return text[: text.index("# Providers:")]


def test_the_file_is_its_owners_alone_and_its_keys_are_not_told(folder: Path) -> None:
    result = CliRunner().invoke(main, ["init"])
    assert result.exit_code == 0
    file = folder / "hufu.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keys = tomllib.loads(file.read_text())
    for name in ("pepper", "identity_key"):
        assert Keyring.parse(keys[name]).current == 1
        assert keys[name] not in result.output
    assert keys["pepper"] != keys["identity_key"]


def test_every_file_has_keys_of_its_own() -> None:
    one, other = (tomllib.loads(configuration_text()) for _ in range(2))
    assert len({one["pepper"], one["identity_key"], other["pepper"], other["identity_key"]}) == 4


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_there_is_not_touched(folder: Path, kind: str) -> None:
    target = folder / "mine.toml"
    if kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(folder / "elsewhere")
    result = CliRunner().invoke(main, ["init", "mine.toml"])
    assert result.exit_code == 1
    assert "mine.toml is there already" in result.stderr
    assert kind == "link" or target.read_text() == "mine"
    assert not (folder / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_told(folder: Path) -> None:
    result = CliRunner().invoke(main, ["init", "no/hufu.toml"])
    assert result.exit_code == 1
    assert "no/hufu.toml: No such file or directory" in result.stderr


def test_a_server_asks_for_the_one_value_that_is_missing(folder: Path) -> None:
    CliRunner().invoke(main, ["init"])
    result = CliRunner().invoke(main, ["serve", "--config", "hufu.toml"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: public_url: must be set")


def test_filled_in_it_loads_with_one_app_for_each_dialect(production: Path) -> None:
    found = load(production, {})
    assert not found.development
    assert {app.dialect for app in found.settings.apps.values()} == set(DIALECTS)
    assert not any(app.hosts for app in found.settings.apps.values())
    assert not found.settings.providers


def test_what_is_commented_out_is_the_default(production: Path, tmp_path: Path) -> None:
    text = before_providers(production.read_text())
    whole = tmp_path / "whole.toml"
    whole.write_text(COMMENTED.sub("", text))
    assert len(tomllib.loads(whole.read_text())["limits"]) > 5
    loaded, spelled_out = load(production, {}), load(whole, {})
    assert spelled_out.settings == loaded.settings
    assert spelled_out.options == loaded.options
    assert len(spelled_out.sources) > len(loaded.sources)


def test_no_setting_is_forgotten() -> None:
    text = before_providers(configuration_text())
    top, *tables = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)
    sections = dict(zip(tables[::2], tables[1::2], strict=True))
    assert names_in(top) == fields_of(Settings).keys() - {"apps", "providers", *TABLES}
    for name, kind in TABLES.items():
        assert names_in(sections[name]) == fields_of(kind).keys()
    for name, dialect in DIALECTS.items():
        named = names_in(sections[f"apps.{name}"])
        assert named == fields_of(AppSettings).keys() | fields_of(dialect.options).keys()


TABLES: dict[str, Any] = {
    name: type(getattr(Settings(), name))
    for name in ("limits", "hash", "database", "http", "janitor")
}


def names_in(section: str) -> set[str]:
    return set(re.findall(r"^(?:# )?([a-z_]+) =", section, flags=re.MULTILINE))


def test_the_example_of_a_provider_lacks_nothing_but_the_values() -> None:
    text = configuration_text()
    examples = text[text.index("# Providers:") :].replace("\n# ", "\n")
    lines = [line for line in examples.splitlines() if re.match(r"\[|[a-z_.]+ = ", line)]
    providers = tomllib.loads("\n".join(lines))["providers"]
    for kind in get_args(ProviderSettings):
        tag = kind.__struct_config__.tag
        required = {each.name for each in msgspec.structs.fields(kind) if each.required}
        assert providers[tag].keys() == required | {"kind"}
        for name in fields_of(kind):
            assert re.search(rf"^(?:# )?{name}(?:\.zh)? =", examples, flags=re.MULTILINE)
