"""`hufu docs`: pages made from the tables, the settings and the recorded samples."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dialects import sample_files
from hufu.cli.docs_fields import form_in_words
from hufu.cli.docs_samples import SAMPLES, SEPARATOR, rows
from hufu.cli.main import main
from hufu.configuration import load
from hufu.settings import DIALECTS
from hufu.wire.fields import Digits, Form, Matching, Text, TextOrEmpty, Verbatim, Whole

SAMPLE = f"""\
POST /fomo/customer/login HTTP/1.1
content-type: application/x-www-form-urlencoded

login_name=13390633695&pwd={"9" * 2000}
{"=" * 60}
HTTP/1.1 200 OK
content-type: application/json; charset=utf-8
content-length: «length»
cache-control: no-store

{{"success":true}}
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of this project without any page or sample."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "hufu"\n')
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    return tmp_path


def hufu_docs(*options: str) -> Result:
    return CliRunner().invoke(main, ["docs", *options])


def record(repository: Path, name: str, text: str = SAMPLE) -> None:
    file = repository / SAMPLES.format(dialect="fomo") / "customer.login" / f"{name}.http"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_what_was_written_is_current(repository: Path) -> None:
    assert hufu_docs().exit_code == 0
    checked = hufu_docs("--check")
    assert (checked.exit_code, checked.output) == (0, "")
    written = {str(page.relative_to(repository)) for page in repository.rglob("*.md")}
    dialects = {f"docs/dialects/{name}.md" for name in (*DIALECTS, "README")}
    assert written == dialects | {"docs/settings.md", "docs/deviations.md"}


def test_stale_missing_and_left_over_pages_are_named(repository: Path) -> None:
    hufu_docs()
    pages = repository / "docs" / "dialects"
    (pages / "rental.md").write_text("# Dialect `rental`\n")
    (pages / "company.md").unlink()
    (pages / "former.md").touch()
    checked = hufu_docs("--check")
    assert checked.exit_code == 1
    assert checked.stderr == (
        "Error: not current: docs/dialects/company.md, docs/dialects/rental.md, "
        "docs/dialects/former.md; `hufu docs` writes them again\n"
    )
    hufu_docs()
    assert not (pages / "former.md").exists()
    assert hufu_docs("--check").exit_code == 0


def test_outside_the_repository_it_refuses(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "pyproject.toml").write_text('[project]\nname = "another"\n')
    refused = hufu_docs()
    assert refused.exit_code == 1
    assert refused.stderr == "Error: this works only inside hufu's own repository\n"
    assert not (repository / "docs").exists()


def test_every_call_and_field_is_on_its_page(repository: Path) -> None:
    hufu_docs()
    for dialect in DIALECTS.values():
        page = (repository / "docs" / "dialects" / f"{dialect.name}.md").read_text()
        for endpoint in dialect.endpoints:
            assert f"## `{endpoint.method} {endpoint.path}`" in page
    fomo = (repository / "docs" / "dialects" / "fomo.md").read_text()
    assert "| `verify_code` | body | text, 1 to 12 code points |" in fomo
    assert "| `zip` | body, optional | text, 0 to 20 code points |" in fomo
    rental = (repository / "docs" / "dialects" / "rental.md").read_text()
    assert "| `codeid` | query | `[0-9A-Za-z-]{1,64}` |" in rental
    assert "| `avatar` | body | file |" in rental
    creator = (repository / "docs" / "dialects" / "creator.md").read_text()
    assert "| `<phone>` | path | text, 1 to 55 code points |" in creator


def test_a_recorded_sample_is_shown_without_what_every_answer_has(repository: Path) -> None:
    record(repository, "ok")
    hufu_docs()
    page = (repository / "docs" / "dialects" / "fomo.md").read_text()
    shown = page.partition("```http\n")[2].partition("```")[0]
    assert shown.startswith("POST /fomo/customer/login HTTP/1.1\ncontent-type: ")
    assert shown.endswith('charset=utf-8\n\n{"success":true}\n')
    assert "cache-control" not in shown
    assert max(map(len, shown.splitlines())) == 1001


def test_recorded_refusals_are_grouped_by_answer(repository: Path) -> None:
    record(repository, "ok")
    for name in ("12-wrong-password", "12-unknown-strict"):
        record(repository, name, SAMPLE.replace('{"success":true}', '{"status":12}'))
    record(repository, "503-overloaded", SAMPLE.replace("200 OK", "503 Service Unavailable"))
    hufu_docs()
    page = (repository / "docs" / "dialects" / "fomo.md").read_text()
    folder = "../../tests/dialects/fomo/samples/customer.login"
    unknown = f"[unknown strict]({folder}/12-unknown-strict.http)"
    wrong = f"[wrong password]({folder}/12-wrong-password.http)"
    assert f'| `{{"status":12}}` | {unknown}, {wrong} |' in page
    assert '| HTTP 503 `{"success":true}` | [overloaded]' in page


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())
def test_samples_are_looked_for_where_they_are_recorded(dialect) -> None:
    recorded = [
        sample_files.path_of(dialect.name, row, "ok").parent.name
        for row in sample_files.rows(dialect)
    ]
    assert [row for row, _ in rows(dialect)] == recorded
    assert sample_files.folder(dialect.name).match(SAMPLES.format(dialect=dialect.name))
    assert SEPARATOR.strip() == sample_files.SEPARATOR


def test_every_setting_is_listed(repository: Path) -> None:
    hufu_docs()
    page = (repository / "docs" / "settings.md").read_text()
    for line in (
        "| `port` | integer, ",
        "| `dialect` | text | required | `HUFU_APPS__NAME__DIALECT` |",
        '| `language` | `"zh"` or `"en"` | `"zh"` | `HUFU_APPS__NAME__LANGUAGE` |',
        "| `logo_hosts` | list of text | `[]` | `HUFU_APPS__NAME__LOGO_HOSTS` |",
        "| `sends_per_minute` | integer | `1` | `HUFU_LIMITS__SENDS_PER_MINUTE` |",
        "| `deadline_seconds` | number, above 0, up to 60 | `10.0` |",
    ):
        assert f"\n{line}" in page


def test_a_variable_as_listed_sets_its_setting(tmp_path: Path) -> None:
    found = load(None, {"HUFU_APPS__RENTAL__LANGUAGE": "en"}, {"data_dir": str(tmp_path)})
    assert found.settings.apps["rental"].language == "en"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        (Text(125), "text, 1 to 125 code points"),
        (TextOrEmpty(20), "text, 0 to 20 code points"),
        (Verbatim(128), "text, 1 to 128 code points, taken as sent"),
        (Digits(11, 11), "11 digits"),
        (Digits(1, 12), "1 to 12 digits"),
        (Whole(1, 2**31 - 1), "id"),
        (Whole(0, 2), "integer, 0 to 2"),
        (Matching("[a-f]{2}"), "`[a-f]{2}`"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_forms_are_put_into_words(form: Form, words: str) -> None:
    assert form_in_words(form) == words


def test_a_form_of_a_dialect_is_told_by_its_docstring() -> None:
    class Own(Form):
        """An even number, written out."""

        def read(self, value: object) -> object:
            return value

    assert form_in_words(Own()) == "An even number, written out"
