"""A newer version of the program beside this one: a copy of it with more migrations."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import hufu
from cli.serving import HUFU, clean
from hufu.storage.migrations import HEAD

STEPS = (
    *(
        f"ALTER TABLE {table} ADD COLUMN made_up text NOT NULL DEFAULT 'so'"
        for table in ("accounts", "identifiers", "passwords", "profiles", "sessions")
    ),
    "CREATE INDEX made_up_index ON accounts (made_up)",
    "CREATE TABLE made_up_table (id int PRIMARY KEY REFERENCES accounts)",
)
"""What nobody signs in without is changed, a table in each step, as docs/schema.md wants it."""

NEXT = f"{int(HEAD) + len(STEPS):04}"

MIGRATION = '''"""Made up: only adds."""

from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add."""
    op.execute("{step}")
'''


async def newer(folder: Path) -> dict[str, str]:
    """The environment in which `hufu` is the newer version, which is put into the folder."""
    await asyncio.to_thread(_copy, folder / "hufu")
    return {"PYTHONPATH": str(folder)}


def _copy(program: Path) -> None:
    here = Path(hufu.__file__).parent
    shutil.copytree(here, program, ignore=shutil.ignore_patterns("__pycache__"))
    migrations = program / "storage" / "migrations"
    for before, step in enumerate(STEPS, int(HEAD)):
        revision = f"{before + 1:04}"
        text = MIGRATION.format(revision=revision, before=f"{before:04}", step=step)
        (migrations / "versions" / f"v{revision}_made_up.py").write_text(text)
    module = migrations / "__init__.py"
    changed, found = re.subn(
        f'^HEAD = "{HEAD}"$', f'HEAD = "{NEXT}"', module.read_text(), flags=re.MULTILINE
    )
    assert found == 1
    module.write_text(changed)


async def migrate(url: str, program: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    """The exit status of that program's `hufu migrate`, and what it says."""
    done = await asyncio.to_thread(
        subprocess.run,
        [HUFU, "migrate", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=clean({"HUFU_DATABASE_URL": url, **program}),
    )
    return done.returncode, done.stdout + done.stderr
