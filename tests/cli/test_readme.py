"""The pages that people read say what is so."""

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from cli.serving import PATIENCE, serving
from hufu.cli.main import main

REPOSITORY = Path(__file__).parents[2]
README, CHINESE = REPOSITORY / "README.md", REPOSITORY / "README.zh-CN.md"
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])

FENCED = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WALK = re.compile(r"^<!-- walk:.*-->\n```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
HEADING = re.compile(r"^(#+) ", re.MULTILINE)
OPTION = re.compile(r"(?<= )--[a-z-]+")
REGISTRIES = re.compile(r"pypi[.]org|pythonhosted[.]org|npmjs[.]|registry[.]")

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def walk_of(page: Path) -> str:
    found = WALK.search(page.read_text("utf-8"))
    assert found, f"{page.name} has no walk"
    return found[1]


def prose_of(page: Path) -> str:
    return FENCED.sub("", page.read_text("utf-8"))


def commands_in(page: Path, program: str) -> Iterator[list[str]]:
    """The words after each mention of a program in code."""
    text = page.read_text("utf-8")
    lines = [line for block in FENCED.findall(text) for line in block.splitlines()]
    for code in [*lines, *SPAN.findall(prose_of(page))]:
        if found := re.fullmatch(rf"(?:[\w./]+/)?{program}(?: (.*))?", code):
            yield (found[1] or "").split()


# The walk


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the walk prints against a new server, line by line."""
    with serving(tmp_path_factory.mktemp("walk") / "data") as server:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {"H": f"http://127.0.0.1:{server.port}", "PATH": path}
        done = subprocess.run(
            ["bash", "-eu", "-c", walk_of(README)],
            capture_output=True,
            text=True,
            env=environment,
            timeout=PATIENCE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (0, r'\{"success":true,.*"fomo_id":"fm_\w{5}"\}\}'),
        (1, r'\{"success":true,.*"phone":"13900000001".*\}\{"success":true,.*"reward_id":\d+\}\}'),
        (2, r'\{"code":"200"\}(\{"code":"200","uid":"\d+","sec":"\w{16}","user_role":"1"\}){2}'),
        (3, r'(\{"errno":0,"errmsg":"OK"\}){2}\{"errno":0,"errmsg":"OK","data":"用户\w{6}"\}'),
        (4, r'\{"msg":"register successful"\}\{"msg":"login successful","user_id":\d+\}'),
        (5, r'\{"errno":0,"errmsg":"OK"\}'),
    ],
    ids=["fomo", "fomo user and reward", "company", "rental", "creator", "company at rental"],
)
def test_every_step_of_the_walk_succeeds(walked: list[str], line: int, shown: str) -> None:
    assert re.fullmatch(shown, walked[line])


def test_the_walk_prints_nothing_else(walked: list[str]) -> None:
    assert len(walked) == 6


# Both languages


def test_both_languages_have_the_same_walk() -> None:
    assert walk_of(CHINESE) == walk_of(README)


def test_both_languages_have_the_same_blocks() -> None:
    blocks = [FENCED.findall(page.read_text("utf-8")) for page in (README, CHINESE)]
    assert blocks[0] == blocks[1]


def test_both_languages_have_the_same_headings() -> None:
    levels = [HEADING.findall(prose_of(page)) for page in (README, CHINESE)]
    assert levels[0] == levels[1]


def test_both_languages_have_the_same_links() -> None:
    links = [LINK.findall(prose_of(page)) for page in (README, CHINESE)]
    assert links[0].pop(0) == CHINESE.name
    assert links[1].pop(0) == README.name
    assert links[0] == links[1]


def test_both_languages_have_the_same_code() -> None:
    spans = [set(SPAN.findall(prose_of(page))) for page in (README, CHINESE)]
    assert spans[0] == spans[1]


# What is named exists


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(prose_of(page)):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = page.parent / parts.path if parts.path else page
        assert target.exists(), f"{page.name} leads to {link}"
        if parts.fragment:
            assert parts.fragment in anchors_of(target), f"{page.name} leads to {link}"


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@each_page
def test_every_command_named_exists(page: Path) -> None:
    for words in commands_in(page, "hufu"):
        command: click.Command = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            part = command.get_command(click.Context(command), words[0])
            assert part is not None, f"{page.name} names hufu {' '.join(words)}"
            command = part
            words.pop(0)
        known = {option for parameter in command.params for option in parameter.opts}
        for option in OPTION.findall(f" {' '.join(words)}"):
            assert option in known, f"{page.name} names {option}, unknown to hufu {command.name}"


@each_page
def test_every_make_target_named_exists(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    for words in commands_in(page, "make"):
        assert words, page.name
        assert words[0] in targets, f"{page.name} names make {words[0]}"


def test_commands_are_found() -> None:
    assert ["serve", "--config", "hufu.toml", "--workers", "2"] in commands_in(README, "hufu")
    assert ["run"] in commands_in(README, "make")


# What must not be named


def test_no_file_names_a_registry_or_a_place_on_this_machine() -> None:
    places = [re.escape(place) for place in own_places()]
    named = re.compile("|".join([REGISTRIES.pattern, *places]))
    for file in files():
        found = named.search(file.read_text("utf-8", errors="ignore"))
        assert not found, f"{file.relative_to(REPOSITORY)} names {found[0]}"


def own_places() -> Iterator[str]:
    """This checkout, and where this machine's pip gets its packages from."""
    yield str(REPOSITORY)
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    settings = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    settings.read_string(f"[pip]\n{listed}")
    for name, value in settings["pip"].items():
        if name.rpartition(".")[2] in {"index-url", "extra-index-url", "find-links"}:
            for place in value.strip("'").split():
                yield urlsplit(place).hostname or urlsplit(place).path


def files() -> Iterable[Path]:
    """Every file of the repository, those not yet committed included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        check=True,
    ).stdout
    return [file for name in listed.split("\0") if name and (file := REPOSITORY / name).is_file()]
