"""`hufu settings`: all of them, with their sources and without their secrets."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hufu.cli.main import main
from hufu.cli.settings import safe
from hufu.domain.limits import Limits
from hufu.http.bounds import Bounds
from hufu.services.aliyun import AliyunSettings
from hufu.services.keys import Keyring
from hufu.services.smtp import SmtpSettings
from hufu.services.tencent import TencentSettings
from hufu.services.twilio import TwilioSettings
from hufu.services.webhook import WebhookSettings
from hufu.settings import (
    DIALECTS,
    AppSettings,
    DatabaseSettings,
    HashSettings,
    JanitorSettings,
    Settings,
    fields_of,
)

SECRETS = {
    SmtpSettings: {"password"},
    WebhookSettings: {"secret"},
    AliyunSettings: {"access_key_secret"},
    TencentSettings: {"secret_key"},
    TwilioSettings: {"auth_token"},
    Settings: {"pepper", "identity_key"},
    AppSettings: set(),
    Limits: set(),
    HashSettings: set(),
    JanitorSettings: set(),
    DatabaseSettings: set(),
    **{dialect.options: set() for dialect in DIALECTS.values()},
}
PROVIDERS = """
[providers.mail]
kind = "smtp"
host = "mail.example.com"
sender = "Fomo <no-reply@example.com>"
username = "hufu"
password = "first-of-secrets"

[providers.hook]
kind = "webhook"
url = "https://hook.example.com/in?key=second-of-secrets"
secret = "third-of-all-the-secrets"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def listed(*arguments: object, env: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(main, ["settings", "--json", *map(str, arguments)], env=env)
    assert result.exit_code == 0, result.output
    return {row["path"]: row for row in json.loads(result.stdout)}


TABLES: dict[str, type] = {
    "limits": Limits,
    "hash": HashSettings,
    "database": DatabaseSettings,
    "http": Bounds,
    "janitor": JanitorSettings,
}


def test_every_setting_is_there_with_its_meaning(production: Path) -> None:
    production.write_text(production.read_text() + PROVIDERS)
    rows = listed("--config", production)
    paths = fields_of(Settings).keys() - {*TABLES, "providers", "apps"}
    for table, kind in TABLES.items():
        paths |= {f"{table}.{name}" for name in fields_of(kind)}
    for name, dialect in DIALECTS.items():
        own = fields_of(AppSettings).keys() | fields_of(dialect.options).keys()
        paths |= {f"apps.{name}.{setting}" for setting in own}
    for name, provider in (("mail", SmtpSettings), ("hook", WebhookSettings)):
        paths |= {f"providers.{name}.{setting}" for setting in {"kind", *fields_of(provider)}}
    assert rows.keys() == paths
    assert all(row["meaning"] for row in rows.values())


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_secret_is_shown(production: Path, form: list[str]) -> None:
    production.write_text(production.read_text() + PROVIDERS)
    env = {"HUFU_DATABASE_URL": "postgresql://hufu:fourth@secret@db.example.com/hufu"}
    result = CliRunner().invoke(main, ["settings", "--config", str(production), *form], env=env)
    assert result.exit_code == 0
    assert "of-secrets" not in result.output
    assert "of-all-the-secrets" not in result.output
    assert "fourth" not in result.output
    assert "postgresql://hufu:***@db.example.com/hufu" in result.output
    for line in production.read_text().splitlines():
        if line.startswith(("pepper", "identity_key")):
            assert line.split('"')[1] not in result.output


def test_whether_a_secret_is_set_is_shown(production: Path) -> None:
    production.write_text(production.read_text() + PROVIDERS.replace("password", "# ", 1))
    text = production.read_text().replace('username = "hufu"', "")
    production.write_text(text)
    rows = listed("--config", production)
    assert rows["pepper"]["value"] == "(set)"
    assert rows["providers.hook.secret"]["value"] == "(set)"
    assert rows["providers.mail.password"]["value"] == ""


@pytest.mark.parametrize("kind", SECRETS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_secrets_are_known_by_name(kind: Any) -> None:
    assert {name for name in fields_of(kind) if safe(name, "x") == "(set)"} == SECRETS[kind]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("postgresql://hufu@/hufu?host=%2Ftmp&port=5432", None),
        ("postgresql://db.example.com:5432/hufu", None),
        ("postgresql://[::1]:5432/hufu", None),
        ("postgresql://hufu:a@db/hufu", "postgresql://hufu:***@db/hufu"),
        ("postgresql://hufu:a/b?c#d@e@db/hufu", "postgresql://hufu:***@db/hufu"),
        ("postgresql://:a@db/hufu", "postgresql://:***@db/hufu"),
        ("postgresql://db/hufu?password=a&port=1", "postgresql://db/hufu?password=***&port=1"),
        ("postgresql://db/hufu?sslpassword=a", "postgresql://db/hufu?sslpassword=***"),
    ],
)
def test_a_database_password_is_hidden_wherever_it_stands(url: str, shown: str | None) -> None:
    assert safe("database_url", url) == (url if shown is None else shown)


def test_sources(production: Path, folder: Path) -> None:
    env = {"HUFU_LIMITS__SENDS_PER_HOUR": "7", "HUFU_APPS__FOMO__HOSTS": "a.example, b.example"}
    rows = listed("--config", production, "--data", folder / "data", env=env)
    said = {path: (row["value"], row["default"], row["source"]) for path, row in rows.items()}
    assert said["public_url"] == ("https://id.example.com", "", "file")
    assert said["limits.sends_per_hour"] == (7, 5, "HUFU_LIMITS__SENDS_PER_HOUR")
    hosts = (["a.example", "b.example"], [], "HUFU_APPS__FOMO__HOSTS")
    assert said["apps.fomo.hosts"] == hosts
    assert said["data_dir"] == (str(folder / "data"), "hufu-data", "command line")
    assert said["port"] == (8000, 8000, "default")


def test_a_setting_that_is_a_table_has_a_source(production: Path) -> None:
    production.write_text(
        production.read_text()
        + '[providers.sms]\nkind = "aliyun"\naccess_key_id = "a"\naccess_key_secret = "b"\n'
        + 'sign_name = "c"\n[providers.sms.templates.zh]\nregister = "1"\nrecover = "2"\n'
        + 'bind = "3"\nunbind = "4"\nsign_in = "5"\n'
    )
    row = listed("--config", production)["providers.sms.templates"]
    assert row["source"] == "file"
    assert row["value"]["zh"]["recover"] == "2"


def test_development_is_told_and_makes_nothing_on_disk(folder: Path) -> None:
    rows = listed(env={"HUFU_PEPPER": Keyring.fresh()})
    assert rows["public_url"]["source"] == "development"
    assert rows["pepper"] == rows["pepper"] | {"value": "(set)", "source": "HUFU_PEPPER"}
    assert rows["identity_key"]["source"] == "development"
    assert rows["apps.fomo.prefix"]["value"] == "/fomo"
    assert list(folder.iterdir()) == []


def test_people_see_values_as_they_are_written(production: Path) -> None:
    env = {"HUFU_APPS__FOMO__HOSTS": "a.example,b.example", "HUFU_APPS__COMPANY__LOGO_HTTP": "true"}
    result = CliRunner().invoke(main, ["settings", "--config", str(production)], env=env)
    rows = {words[0]: words[1:] for line in result.stdout.splitlines() if (words := line.split())}
    assert rows["apps.fomo.hosts"][:2] == ["a.example,", "b.example"]
    assert rows["apps.company.logo_http"][:2] == ["true", "false"]


def test_settings_that_are_refused_are_not_listed(production: Path) -> None:
    result = CliRunner().invoke(
        main, ["settings", "--config", str(production)], env={"HUFU_PORTT": "1"}
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: portt: there is no such setting; did you mean port?")
