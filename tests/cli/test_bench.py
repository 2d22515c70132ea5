"""`hufu bench` against a real server of one worker."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.serving import Serving, free_port, serving
from hufu.cli.init import configuration_text
from hufu.cli.main import main

CHEAP = {"HUFU_HASH__MEMORY_KIB": "8", "HUFU_HASH__PASSES": "1"}
# The requests are used up long before the time is.
BRIEFLY = ("--seconds", "60", "--requests", "20", "--connections", "2", "--accounts", "2")
IDENTIFIER, PASSWORD = "walker", "open-sesame"
CALLS = {
    ("fomo", "session check, POST /fomo/customer/get_user_info"),
    ("fomo", "profile write, POST /fomo/customer/set_info"),
    ("fomo", "sign-in, POST /fomo/customer/login"),
    ("company", "session check, POST /company/user/getUserInfo"),
    ("company", "sign-in, POST /company/user/login"),
    ("rental", "session check, GET /rental/api/check_login"),
    ("rental", "profile write, POST /rental/api/profile/name"),
    ("rental", "sign-in, POST /rental/api/login"),
    ("creator", "sign-in, POST /creator/user/login"),
    ("creator", "register, POST /creator/user/register"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A development server."""
    with serving(tmp_path_factory.mktemp("bench") / "data", **CHEAP) as server:
        yield server


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Serving, Path]]:
    """A production server with one account that has a name, and its configuration."""
    folder = tmp_path_factory.mktemp("production")
    config = folder / "hufu.toml"
    text = configuration_text()
    config.write_text(text.replace('public_url = ""', 'public_url = "https://id.example.com"'))
    with serving(folder / "data", "--config", str(config), **CHEAP) as server:
        made = server.form("/creator/user/register", account=IDENTIFIER, password=PASSWORD)
        assert made.json() == {"msg": "register successful"}
        yield server, config


def bench(server: Serving, *options: str, typed: str = "", **environment: str) -> Result:
    """The result of the command, which has an event loop of its own."""
    where = ("--data", str(server.data), "--url", f"http://127.0.0.1:{server.port}")
    arguments = ["bench", *where, *BRIEFLY, *options]
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(CliRunner().invoke, main, arguments, input=typed, env=environment)
        return done.result()


def measured(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_every_operation_of_every_app_is_measured(server: Serving) -> None:
    found = measured(bench(server, "--json"))
    rows = found["rows"]
    asked = {(row["app"], row["operation"]) for row in rows}
    assert asked - {("fomo", "session check, GET /v1/session")} == CALLS
    assert all(row["errors"] == 0 for row in rows), rows
    assert all(0 < row["answers"] <= 20 for row in rows), rows
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in rows), rows


def test_it_tells_what_it_left_behind(server: Serving) -> None:
    found = measured(bench(server, "--json"))
    made = found["left_behind"]["accounts"]
    assert len(made) == 2
    for each in made:
        taken = server.form("/creator/user/register", account=each, password=PASSWORD)
        assert taken.json() == {"msg": "register failure"}
    assert found["left_behind"]["sessions_at_least"] > 0
    assert found["left_behind"]["accounts_registered_under_load"] > 0


def test_people_get_a_table(server: Serving) -> None:
    said = bench(server, "--app", "rental", "--app", "creator")
    assert said.exit_code == 0, said.output
    lines = said.stdout.splitlines()
    for column in ("app", "operation", "answers/s", "p50 ms", "p99 ms", "answers", "errors"):
        assert column in lines[0]
    assert {line.split()[0] for line in lines[1:6]} == {"rental", "creator"}
    assert "Left behind: the accounts 13" in said.stdout


def test_production_is_asked_with_an_account_that_exists(
    production: tuple[Serving, Path],
) -> None:
    server, config = production
    known = {"BENCH_IDENTIFIER": IDENTIFIER, "BENCH_PASSWORD": PASSWORD}
    options = ("--config", str(config), "--app", "creator", "--json")
    found = measured(bench(server, *options, **known))
    asked = {row["operation"] for row in found["rows"]}
    assert asked - {"session check, GET /v1/session"} == {"sign-in, POST /creator/user/login"}
    assert found["left_behind"]["accounts"] == []
    prompted = bench(server, *options, typed=f"{IDENTIFIER}\n{PASSWORD}\n")
    assert measured(prompted)["rows"]


def test_a_wrong_password_is_told_without_it(production: tuple[Serving, Path]) -> None:
    server, config = production
    wrong = {"BENCH_IDENTIFIER": IDENTIFIER, "BENCH_PASSWORD": "battery-staple"}
    said = bench(server, "--config", str(config), "--app", "creator", **wrong)
    assert said.exit_code == 1
    assert said.stderr.endswith("Error: the server refused POST /creator/user/login\n")
    assert "battery-staple" not in said.output


def test_an_app_that_refuses_the_account_is_left_out(production: tuple[Serving, Path]) -> None:
    server, config = production
    known = {"BENCH_IDENTIFIER": IDENTIFIER, "BENCH_PASSWORD": PASSWORD}
    options = ("--config", str(config), "--app", "rental", "--app", "creator", "--json")
    said = bench(server, *options, **known)
    assert {row["app"] for row in measured(said)["rows"]} == {"creator"}
    assert said.stderr == "Without rental: it refused POST /rental/api/login\n"


# What it will not do


def refused(*options: str) -> str:
    result = CliRunner().invoke(main, ["bench", *options])
    assert result.exit_code == 2, result.output
    return result.stderr


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1:8000", "http://id.example.com", "http://[2001:db8::1]"]
)
def test_another_machine_is_no_target(url: str) -> None:
    assert "--i-run-this-server" in refused("--url", url)


@pytest.mark.parametrize("url", ["https://127.0.0.1", "127.0.0.1:8000", "http://", "http://[::1"])
def test_a_target_is_an_http_address(url: str) -> None:
    assert "--url" in refused("--url", url)


def test_an_unknown_app_is_told() -> None:
    assert "must be one of fomo, company, rental, creator" in refused("--app", "fama")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--seconds", "61"),
        ("--requests", "1000001"),
        ("--connections", "257"),
        ("--accounts", "65"),
    ],
)
def test_load_has_bounds(option: str, value: str) -> None:
    assert option in refused(option, value)


def test_nobody_listening_is_told_in_a_line() -> None:
    port = free_port()
    result = CliRunner().invoke(main, ["bench", "--url", f"http://127.0.0.1:{port}"])
    assert result.exit_code == 1
    assert result.stderr == f"Error: http://127.0.0.1:{port} does not answer: Connection refused\n"
