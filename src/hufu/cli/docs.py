"""`hufu docs`."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import click

from hufu.cli.docs_deviations import deviations_page
from hufu.cli.docs_dialects import dialect_page, dialects_page
from hufu.cli.docs_samples import SAMPLES
from hufu.cli.docs_settings import settings_page
from hufu.settings import DIALECTS

PROJECT = "hufu"
DIALECT_PAGES = Path("docs", "dialects")
SETTINGS_PAGE = Path("docs", "settings.md")
DEVIATIONS_PAGE = Path("docs", "deviations.md")


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if a page is not current.")
def docs(check: bool) -> None:
    """Write docs/dialects, docs/settings.md and docs/deviations.md from the tables; for those who
    work on hufu."""
    repository = _repository(Path.cwd())
    current = dict(pages(repository))
    stale = [page for page, text in current.items() if _read(repository / page) != text]
    left_over = [page for page in sorted(_written(repository)) if page not in current]
    if check and (stale or left_over):
        names = ", ".join(map(str, (*stale, *left_over)))
        raise click.ClickException(f"not current: {names}; `hufu docs` writes them again")
    if check:
        return
    for page in stale:
        (repository / page).parent.mkdir(parents=True, exist_ok=True)
        (repository / page).write_text(current[page], "utf-8", newline="\n")
        click.echo(f"wrote {page}")
    for page in left_over:
        (repository / page).unlink()
        click.echo(f"removed {page}")


def pages(repository: Path) -> Iterator[tuple[Path, str]]:
    """Every generated page by its path in the repository."""
    yield DIALECT_PAGES / "README.md", dialects_page()
    for dialect in DIALECTS.values():
        samples = repository / SAMPLES.format(dialect=dialect.name)
        yield DIALECT_PAGES / f"{dialect.name}.md", dialect_page(dialect, samples)
    yield SETTINGS_PAGE, settings_page()
    yield DEVIATIONS_PAGE, deviations_page()


def _written(repository: Path) -> Iterator[Path]:
    for page in (repository / DIALECT_PAGES).glob("*.md"):
        yield page.relative_to(repository)


def _read(page: Path) -> str | None:
    return page.read_text("utf-8") if page.exists() else None


def _repository(start: Path) -> Path:
    """The nearest folder from `start` upwards that holds this project."""
    for folder in (start, *start.parents):
        project = folder / "pyproject.toml"
        if project.exists():
            named = tomllib.loads(project.read_text("utf-8")).get("project", {}).get("name")
            if named == PROJECT:
                return folder
    raise click.ClickException("this works only inside hufu's own repository")
