"""docs/schema.md names every table, and every index with the statements that it serves."""

import re
from pathlib import Path

import pytest

from storage.conftest import Sent, Visitor
from storage.plans import SMALL, plans

PAGE = Path(__file__).parents[2] / "docs" / "schema.md"
GENERATED = "| index | on | serves |\n"

INDEXES = """
SELECT i.relname AS name, t.relname AS table, x.indisunique AS is_unique,
    regexp_replace(pg_get_indexdef(i.oid), '^.* USING btree ', '') AS on
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND t.relname <> 'alembic_version'
ORDER BY t.relname, NOT x.indisprimary, i.relname
"""


async def described(crowd: Visitor, sent: Sent) -> str:
    """The table of indexes as it should be. An index that serves nothing is an error."""
    lines = [GENERATED, "| --- | --- | --- |\n"]
    async with crowd.core.database._connection() as connection:
        served: dict[str, set[str]] = {}
        for statement in (*sent.by_calls, *sent.besides):
            for plan in await plans(connection, statement):
                for index in plan.indexes():
                    served.setdefault(index, set()).add(statement.method)
        for row in await connection.fetch(INDEXES):
            serves = [f"`{method}`" for method in sorted(served.get(row["name"], ()))]
            if row["is_unique"]:
                serves.append("keeps rows unique")
            elif row["table"] in SMALL:
                serves.append("nothing as long as the table is small")
            assert serves, f"no statement uses {row['name']}"
            unique = "unique " if row["is_unique"] else ""
            on = f"{unique}`{row['table']}` `{row['on']}`"
            lines.append(f"| `{row['name']}` | {on} | {', '.join(serves)} |\n")
    return "".join(lines)


async def test_the_page_names_every_index(
    crowd: Visitor, sent: Sent, pytestconfig: pytest.Config
) -> None:
    text = PAGE.read_text("utf-8")
    by_hand = text.partition(GENERATED)[0]
    current = by_hand + await described(crowd, sent)
    if pytestconfig.getoption("record_samples"):
        PAGE.write_text(current, "utf-8", newline="\n")
    else:
        assert text == current, "`make samples` writes the table again"


async def test_the_page_names_every_table(crowd: Visitor) -> None:
    rows = await crowd.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    named = re.findall(
        r"^\| `(\w+)` \|", PAGE.read_text("utf-8").partition(GENERATED)[0], re.MULTILINE
    )
    assert sorted(named) == sorted({row["tablename"] for row in rows} - {"alembic_version"})
