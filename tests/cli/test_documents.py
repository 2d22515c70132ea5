"""What docs/security.md, asvs.md and deviations.md name exists, and nothing is left out."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from asvs import LEVELS
from hufu.cli.settings import TABLES
from hufu.settings import DIALECTS, AppSettings, Settings, fields_of
from hufu.wire.deviations import ALL, Deviation

REPOSITORY = Path(__file__).parents[2]
DOCS, TESTS = REPOSITORY / "docs", REPOSITORY / "tests"
SECURITY, ASVS, DEVIATIONS = DOCS / "security.md", DOCS / "asvs.md", DOCS / "deviations.md"

TEST = re.compile(r"\[`([\w/.-]+\.py)::(\w+)`\]\(\.\./tests/([^)]+)\)")
SETTING = re.compile(r"\[`(\w+)`\]\(settings\.md[^)]*\)")
DEVIATION = re.compile(r"`([\w-]+)`\]\((?:deviations\.md)?#([\w-]+)\)")
ROW = re.compile(r"^\| ([\d., ]+) \| ([\d, ]+) \| (.*?) \| (.*) \|$", re.MULTILINE)
CHAPTER = re.compile(r"^\| V(\d+) .* \| .+ \|$", re.MULTILINE)
ATTACK = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| (.*) \|$", re.MULTILINE)
WORDS = ("By design: ", "Operator: ", "Open: ", "Not applicable: ")
ASSESSED = 2
ATTACKS = 34

each_page = pytest.mark.parametrize(
    "page", [SECURITY, ASVS, DEVIATIONS], ids=lambda page: page.name
)


def named_tests(text: str) -> list[tuple[str, str]]:
    """File and name of every test that a text links to."""
    found = TEST.findall(text)
    assert all(file == target for file, _, target in found), "a link leads elsewhere than it says"
    assert text.count(".py::") == len(found), "a test is named without a link"
    return [(file, name) for file, name, _ in found]


@cache
def known_tests(file: str) -> dict[str, int | None]:
    """The tests of a file, each with the number of its attack where it has one."""
    path = TESTS / file
    if not path.is_file():
        return {}
    tree = ast.parse(path.read_text("utf-8"))
    numbered = {
        target.id: number
        for node in tree.body
        if isinstance(node, ast.Assign) and (number := attack_of(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, int | None] = {}
    inside = [each for node in tree.body if isinstance(node, ast.ClassDef) for each in node.body]
    for node in [*tree.body, *inside]:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made_by = node.value.func
            number = numbered.get(made_by.id) if isinstance(made_by, ast.Name) else None
            found |= {each.id: number for each in node.targets if isinstance(each, ast.Name)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            numbers = [*map(attack_of, node.decorator_list)]
            numbers += [
                numbered.get(each.id) for each in node.decorator_list if isinstance(each, ast.Name)
            ]
            found[node.name] = next(filter(None, numbers), None)
    return {name: number for name, number in found.items() if name.startswith("test_")}


def attack_of(node: ast.expr) -> int | None:
    """The number of an `attack(…)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "attack":
        number = node.args[0]
        return number.value if isinstance(number, ast.Constant) else None
    return None


def unknown(text: str) -> Iterator[str]:
    """What a text names and nobody has."""
    for file, name in named_tests(text):
        if name not in known_tests(file):
            yield f"{file}::{name}"
    yield from set(SETTING.findall(text)) - settings()
    yield from {each for pair in DEVIATION.findall(text) for each in pair} - {
        each.id for each in ALL
    }


def settings() -> set[str]:
    """The names of all settings."""
    kinds = [Settings, AppSettings, *TABLES.values()]
    kinds += [dialect.options for dialect in DIALECTS.values()]
    return {name for kind in kinds for name in fields_of(kind)}


# What is named


@each_page
def test_whatever_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    assert named_tests(text)
    assert list(unknown(text)) == []


@pytest.mark.parametrize(
    "named",
    [
        "[`test_headers.py::test_no_such_test`](../tests/test_headers.py)",
        "[`test_nowhere.py::test_every_kind_of_answer`](../tests/test_nowhere.py)",
        "[`no_such_setting`](settings.md)",
        "[`no-such-deviation`](deviations.md#no-such-deviation)",
        "[deviation `md5-passwords`](deviations.md#no-such-deviation)",
    ],
)
def test_what_does_not_exist_is_noticed(named: str) -> None:
    assert list(unknown(f"| 1.1.1 | 2 | something | {named} |"))


@pytest.mark.parametrize(
    "named",
    [
        "`test_headers.py::test_every_kind_of_answer`",
        "[`test_headers.py::test_every_kind_of_answer`](../tests/test_deviations.py)",
    ],
)
def test_a_test_is_named_with_its_own_file(named: str) -> None:
    with pytest.raises(AssertionError):
        named_tests(named)


@pytest.mark.parametrize("deviation", ALL, ids=lambda each: each.id)
def test_what_contains_a_deviation_is_tested(deviation: Deviation) -> None:
    assert deviation.tests
    for test in deviation.tests:
        file, _, name = test.removeprefix("tests/").partition("::")
        assert name in known_tests(file), test


# The requirements


def rows() -> dict[str, tuple[str, str]]:
    """Level and evidence of each requirement's row."""
    found: dict[str, tuple[str, str]] = {}
    for numbers, levels, _, evidence in ROW.findall(ASVS.read_text("utf-8")):
        for number in numbers.split(", "):
            assert number not in found, f"{number} has two rows"
            found[number] = levels, evidence
    return found


def test_the_published_table_is_whole() -> None:
    assert [[*LEVELS.values()].count(level) for level in (1, 2, 3)] == [70, 183, 92]


def test_every_requirement_up_to_level_2_has_one_row() -> None:
    left_out = {f"{chapter}." for chapter in CHAPTER.findall(ASVS.read_text("utf-8"))}
    assert left_out == {"9.", "10.", "17."}
    wanted = {
        number
        for number, level in LEVELS.items()
        if level <= ASSESSED and not number.startswith(tuple(left_out))
    }
    asked = {each.requirement for each in ALL}
    assert wanted - set(rows()) == set()
    assert set(rows()) - wanted <= asked


def test_every_row_has_its_level_and_something_to_show() -> None:
    for number, (levels, evidence) in rows().items():
        assert str(LEVELS[number]) in levels.split(", "), number
        assert "](" in evidence or evidence.startswith(WORDS), number


@pytest.mark.parametrize("deviation", ALL, ids=lambda each: each.id)
def test_a_requirement_that_is_broken_says_so(deviation: Deviation) -> None:
    _, evidence = rows()[deviation.requirement]
    assert f"(deviations.md#{deviation.id})" in evidence


# The attacks


def test_every_attack_has_a_row() -> None:
    assert [int(row[0]) for row in attack_rows()] == [*range(1, ATTACKS + 1)]


@pytest.mark.parametrize("number", range(1, ATTACKS + 1))
def test_every_attack_is_tested(number: int) -> None:
    named = named_tests(attack_rows()[number - 1][3])
    assert named
    for file, name in named:
        assert known_tests(file)[name] in {number, None}, f"{name} is of another attack"


def attack_rows() -> list[tuple[str, str, str, str]]:
    """Number, attack, defence and tests of each row of the table."""
    return ATTACK.findall(SECURITY.read_text("utf-8"))
