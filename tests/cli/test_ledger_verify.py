"""`hufu ledger verify`: it finds whatever was changed behind the server's back, and names it."""

import asyncio
import contextlib
import json
import os
import pty
import re
import subprocess
from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from cli.meddling import BERTS, CHANGES, KEPT, MADE_ANEW
from cli.members import OTHER_PHONE, join
from cli.serving import HUFU, PATIENCE, clean
from conftest import APPEND_ONLY
from front_door import World

REASON = ("--reason", "ticket 2024-01-31-0001")


@pytest.fixture
async def kept(world: World, hufu) -> AsyncIterator[World]:
    """A ledger of five transfers: two awards, a word with one of its shares, and a reversal, with
    anchors after the third and the last of them."""
    anna, bert = await join(world), await join(world, OTHER_PHONE)
    assert await anna.sign_in_today() == 1
    await hufu("rewards", "add-word", "gift", "--amount", "1", "--count", "2", "--expires", "1h")
    assert await anna.say("gift") == 1
    await anchor(world)
    assert await bert.sign_in_today() == 1
    await hufu("ledger", "reverse", BERTS, *REASON, "--yes")
    await anchor(world)
    rows = await world.sql("SELECT id, kind FROM transfers ORDER BY id")
    assert [tuple(row) for row in rows] == [*KEPT.items()]
    yield world
    await world.sql("DELETE FROM ledger_chains")
    await world.sql(
        "INSERT INTO ledger_chains SELECT chain, 0, sha256(('hufu ledger ' || chain)::bytea) "
        "FROM generate_series(0, 63) AS chain"
    )


async def anchor(world: World) -> None:
    deps = world.deps("fomo")
    async with deps.begin() as work:
        await work.chains.add(deps.now())
        await work.commit()


async def meddle(world: World, statements: str) -> None:
    """Do what the database refuses everybody but its owner; each statement changes something."""
    connection = await asyncpg.connect(world.url)
    try:
        async with connection.transaction():
            for table in APPEND_ONLY:
                await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in statements.split("; "):
                done = await connection.execute(statement)
                assert not done.endswith(" 0"), statement
            await connection.execute("; ".join(protecting()))
    finally:
        await connection.close()


def protecting() -> Iterable[str]:
    for table in APPEND_ONLY:
        for trigger in ("stay", "all_stay"):
            yield f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{trigger}"
    yield "ALTER TABLE postings ENABLE ALWAYS TRIGGER postings_balanced"


async def newest(world: World) -> str:
    """The newest anchor, as it is noted down."""
    [row] = await world.sql("SELECT id, hash FROM ledger_anchors ORDER BY id DESC LIMIT 1")
    return f"{row['id']}:{row['hash'].hex()}"


# What is as it was written


async def test_an_empty_ledger(world, hufu) -> None:
    result = await hufu("ledger", "verify")
    said = "0 transfers, all of them as they were written; no anchor yet\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, said, "")
    found = json.loads((await hufu("ledger", "verify", "--json")).stdout)
    assert found == {"transfers": 0, "wrong": None, "anchor": None}


async def test_a_ledger_that_nobody_touched(kept, hufu) -> None:
    noted = await newest(kept)
    result = await hufu("ledger", "verify")
    said = f"5 transfers, all of them as they were written; anchor {noted}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (0, said, "")
    found = json.loads((await hufu("ledger", "verify", "--json")).stdout)
    assert (found["transfers"], found["wrong"]) == (5, None)
    assert f"{found['anchor']['id']}:{found['anchor']['hash']}" == noted


async def test_however_the_database_writes_dates(kept, hufu) -> None:
    [(database,)] = await kept.sql("SELECT current_database()")
    await kept.sql(f"ALTER DATABASE {database} SET DateStyle = 'German'")
    try:
        result = await hufu("ledger", "verify")
    finally:
        await kept.sql(f"ALTER DATABASE {database} RESET DateStyle")
    assert (result.exit_code, result.stderr) == (0, "")


def on_a_terminal(*arguments: str, **environment: str) -> tuple[str, str]:
    """What a command prints, and what it shows on the terminal where it complains."""
    terminal, inside = pty.openpty()
    command, shown = [str(HUFU), *arguments], b""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=inside, env=clean(environment), text=True
    )
    os.close(inside)
    with contextlib.suppress(OSError):  # The other end is closed.
        while chunk := os.read(terminal, 4096):
            shown += chunk
    os.close(terminal)
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, shown
    return printed, shown.decode()


async def test_on_a_terminal_it_shows_how_far_it_is(kept, tmp_path) -> None:
    settings = {"HUFU_DATABASE_URL": kept.url, "HUFU_DATA_DIR": str(tmp_path), "TERM": "xterm"}
    printed, shown = await asyncio.to_thread(on_a_terminal, "ledger", "verify", **settings)
    assert printed.startswith("5 transfers, all of them")
    assert ("transfers" in shown, "5/5" in shown) == (True, True)


# Anchors that were noted down


async def test_an_anchor_that_was_noted_down(kept, hufu) -> None:
    for noted in (await newest(kept), (await newest(kept)).upper()):
        assert (await hufu("ledger", "verify", "--anchor", noted)).exit_code == 0
    for noted, said in (
        (f"2:{'0' * 64}", "anchor 2 is not the one that was noted down"),
        (f"3:{'0' * 64}", "anchor 3 is missing"),
    ):
        result = await hufu("ledger", "verify", "--anchor", noted)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"Error: {said}\n"


async def test_a_ledger_made_anew_is_not_the_one_that_was_noted_down(kept, hufu) -> None:
    """Only what was noted down elsewhere tells of it."""
    noted = await newest(kept)
    await meddle(kept, MADE_ANEW)
    result = await hufu("ledger", "verify")
    assert (result.exit_code, result.stdout[:11]) == (0, "4 transfers"), result.output
    result = await hufu("ledger", "verify", "--anchor", noted)
    assert (result.exit_code, result.stderr) == (1, "Error: anchor 2 is missing\n")


@pytest.mark.parametrize(
    "anchor", ["", "2", "2:", f":{'0' * 64}", f"0:{'0' * 64}", f"2:{'0' * 63}", f"2:{'g' * 64}"]
)
async def test_what_is_no_anchor(world, hufu, anchor: str) -> None:
    result = await hufu("ledger", "verify", "--anchor", anchor)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "must be like 12:" in result.stderr


# What was changed


@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_is_changed_is_found(kept, hufu, change: str) -> None:
    statements, said = CHANGES[change]
    await meddle(kept, statements)
    result = await hufu("ledger", "verify")
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert re.fullmatch(f"Error: (?:{said})\n", result.stderr), (result.stderr, result.exception)
    found = await hufu("ledger", "verify", "--json")
    assert found.exit_code == 1
    assert re.fullmatch(said, json.loads(found.stdout)["wrong"])
