"""`hufu accounts erasures` and `replay-erasures`."""

from datetime import timedelta
from pathlib import Path

import pytest

from cli.people import ANNA, BERT
from hufu.core import ERASURES, UPLOADS
from hufu.domain.erasures import Erasure
from hufu.services.erasures import line_of, read_erasures
from hufu.storage.work import Work

WHY = ("--reason", "left", "--yes")


async def test_a_lost_journal_is_written_anew_and_replayed(anna, hufu, tmp_path: Path) -> None:
    for id in (ANNA, BERT):
        assert (await hufu("accounts", "close", id, *WHY)).exit_code == 0
    journal, copy = tmp_path / ERASURES, tmp_path / "copy.jsonl"
    result = await hufu("accounts", "erasures")
    copy.write_text(result.stdout)
    assert sorted((each.account_id, each.created_at) for each in read_erasures(copy)) == sorted(
        (each.account_id, each.created_at) for each in read_erasures(journal)
    )
    await anna.sql("UPDATE accounts SET state = 'active' WHERE id = $1", ANNA)
    result = await hufu("accounts", "replay-erasures", journal, copy)
    assert result.stdout == "4 erasures read, 1 accounts closed again.\n"
    assert len(read_erasures(journal)) == 2


async def test_a_closing_of_which_nobody_knows_is_told(
    anna, hufu, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(work: Work) -> None:
        work.may_last = True
        raise ConnectionResetError

    monkeypatch.setattr(Work, "commit", lost)
    result = await hufu("accounts", "close", BERT, *WHY)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: whether account {BERT} is closed is not known (ConnectionResetError); it stands "
        "in the journal of erasures, so the next start of a server completes it, or this command "
        "again\n"
    )


@pytest.mark.parametrize("command", ["close", "replay-erasures"])
async def test_nothing_is_erased_without_the_data_folder(
    anna, hufu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As where the command is run from another directory than the server."""
    journal, elsewhere = tmp_path / "copy.jsonl", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    account = (await anna.sql("SELECT pool, created_at FROM accounts WHERE id = $1", ANNA))[0]
    erased_at = account["created_at"] + timedelta(seconds=1)
    erasure = Erasure(ANNA, account["pool"], account["created_at"], erased_at)
    journal.write_text(line_of(erasure) + "\n")
    arguments = {"close": (ANNA, *WHY), "replay-erasures": (journal,)}[command]
    env = {"HUFU_DATA_DIR": "hufu-data"}
    result = await hufu("accounts", command, *arguments, env=env)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"Error: there is no folder {elsewhere / 'hufu-data'}: data_dir must be the server's "
        "(make it where the server has stored nothing yet)\n"
    )
    assert list(elsewhere.iterdir()) == []
    state = "SELECT state FROM accounts WHERE id = $1"
    assert (await anna.sql(state, ANNA))[0]["state"] == "active"
    assert (await hufu("accounts", "show", ANNA, env=env)).exit_code == 0
    (elsewhere / "hufu-data").mkdir(exist_ok=True)
    assert (await hufu("accounts", command, *arguments, env=env)).exit_code == 0
    assert (await anna.sql(state, ANNA))[0]["state"] == "closed"


async def test_a_picture_that_cannot_be_removed_is_told(anna, hufu, tmp_path: Path) -> None:
    """The account is closed all the same, and what is left of it goes when that is mended."""
    picture = tmp_path / UPLOADS / f"{BERT}_1_a.png"
    (picture / "in the way").mkdir(parents=True)
    result = await hufu("accounts", "close", BERT, *WHY)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: account {BERT} is closed, but not all of its pictures could be removed "
        "(IsADirectoryError); the next start of a server removes them, or `hufu accounts "
        "replay-erasures`\n"
    )
    state = await anna.sql("SELECT state FROM accounts WHERE id = $1", BERT)
    assert state[0]["state"] == "closed"
    (picture / "in the way").rmdir()
    picture.rmdir()
    picture.write_bytes(b"a picture")
    assert (await hufu("accounts", "replay-erasures", tmp_path / ERASURES)).exit_code == 0
    assert not picture.exists()


async def test_a_journal_that_cannot_be_written_is_told(anna, hufu, tmp_path: Path) -> None:
    (tmp_path / ERASURES).mkdir()
    result = await hufu("accounts", "close", BERT, *WHY)
    assert (result.exit_code, result.stderr) == (
        1, "Error: the journal of erasures: Is a directory\n",
    )  # fmt: skip
    assert (await hufu("accounts", "close", BERT, *WHY)).exit_code == 1
