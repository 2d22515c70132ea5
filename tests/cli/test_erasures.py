"""`hufu accounts erasures` and `replay-erasures`."""

from pathlib import Path

import pytest

from cli.people import ANNA, BERT
from hufu.core import ERASURES
from hufu.services.erasures import read_erasures
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


async def test_a_journal_that_cannot_be_written_is_told(anna, hufu, tmp_path: Path) -> None:
    (tmp_path / ERASURES).mkdir()
    result = await hufu("accounts", "close", BERT, *WHY)
    assert (result.exit_code, result.stderr) == (
        1, "Error: the journal of erasures: Is a directory\n",
    )  # fmt: skip
    assert (await hufu("accounts", "close", BERT, *WHY)).exit_code == 1
