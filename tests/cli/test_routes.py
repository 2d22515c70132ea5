"""`hufu routes`: the endpoint table, down to the line."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hufu.cli.main import main
from hufu.settings import DIALECTS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def routes(*arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(main, ["routes", "--json", *arguments])
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


@pytest.mark.parametrize("name", DIALECTS)
def test_the_table_is_the_dialects_own(name: str) -> None:
    rows = routes(name)
    said = [(each["who"], each["method"], each["path"], each["action"]) for each in rows]
    assert said == [
        (type(each).__name__, each.method, each.path, each.action.__name__)
        for each in DIALECTS[name].endpoints
    ]


@pytest.mark.parametrize("name", DIALECTS)
def test_the_line_holds_the_row(name: str) -> None:
    for row in routes(name):
        file = Path(row["file"])
        assert file.parts[-3:] == ("dialects", name, "endpoints.py")
        rest_of_file = file.read_text().splitlines()[row["line"] - 1 :]
        first, _, inside = " ".join(rest_of_file).strip().partition("(")
        assert first == row["who"]
        words = [word.strip() for word in inside.split(",")[:4]]
        assert words[0] == f'"{row["method"]}"'
        assert words[1] == f'"{row["path"]}"' or words[1].startswith("m.")
        assert words[2] in {f"m.{row['request']}", f"r.{row['request']}"}
        assert words[3] == row["action"]


def test_no_two_rows_stand_in_one_line() -> None:
    places = [(each["file"], each["line"]) for each in routes()]
    assert len(set(places)) == len(places) == sum(len(each.endpoints) for each in DIALECTS.values())


def test_addresses_are_those_of_the_configuration(production: Path) -> None:
    urls = {url for each in routes("--config", str(production)) for url in each["urls"]}
    assert "https://id.example.com/fomo/customer/login" in urls


def test_people_see_file_and_line() -> None:
    result = CliRunner().invoke(main, ["routes", "fomo"])
    row = next(each for each in routes("fomo") if each["path"] == "customer/set_fomo_id")
    line = next(line for line in result.stdout.splitlines() if "customer/set_fomo_id" in line)
    assert line.split() == [
        "POST",
        "customer/set_fomo_id",
        "Member",
        "SetFomoId",
        "set_handle",
        f"hufu/dialects/fomo/endpoints.py:{row['line']}",
    ]


def test_an_unknown_dialect_is_refused() -> None:
    result = CliRunner().invoke(main, ["routes", "formo"])
    assert result.exit_code == 2
    assert "fomo" in result.stderr


def test_nothing_is_made_on_disk(folder: Path) -> None:
    routes()
    assert list(folder.iterdir()) == []
