"""Whoever was erased stays so: the journal knows before the database does, and undoes a restore."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from actors import Fomo
from attacks.canary_tour import PNG
from faults.waiting import until_so
from front_door import World, all_at_once
from hufu.actions import erasures
from hufu.actions.administration import close_account
from hufu.actions.deps import Deps
from hufu.actions.erasures import replay_erasures
from hufu.core import ERASURES, UPLOADS
from hufu.domain.erasures import Erasure
from hufu.services.erasures import ErasureJournal, JournalUnavailable, read_erasures

PHONE, PASSWORD = "13390633695", "correct horse 1"
BACK = "UPDATE accounts SET state = 'active' WHERE id = $1"


@pytest.fixture
async def account_id(world: World) -> int:
    await Fomo().register(world, PHONE, PASSWORD)
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session.account_id


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / ERASURES


def pools(world: World) -> list[Deps]:
    return [world.deps("fomo")]


async def state(world: World, account_id: int) -> str:
    [row] = await world.sql("SELECT state FROM accounts WHERE id = $1", account_id)
    return str(row["state"])


async def test_the_journal_names_no_person(world: World, account_id: int, journal) -> None:
    await close_account(world.deps("fomo"), account_id, "asked for it in person")
    lines = journal.read_text().split()
    assert len(lines) == 8  # Four names, four values.
    assert json.loads(journal.read_text()).keys() == {"account", "pool", "since", "erased"}
    assert PHONE not in journal.read_text()
    assert journal.stat().st_mode & 0o777 == 0o600


async def test_no_verifier_of_it_is_left(world: World, account_id: int) -> None:
    """Neither where it was registered."""
    await close_account(world.deps("fomo"), account_id, "test")
    kept = "SELECT argon2 FROM passwords UNION ALL SELECT argon2 FROM registrations"
    assert await world.sql(kept) == [("",)]


async def test_what_cannot_be_written_down_is_not_done(
    world: World, account_id: int, journal
) -> None:
    journal.mkdir()
    with pytest.raises(JournalUnavailable):
        await close_account(world.deps("fomo"), account_id, "test")
    assert await state(world, account_id) == "active"
    assert await Fomo().sign_in(world, PHONE, PASSWORD)


async def test_what_is_there_again_is_erased_again_once(
    world: World, account_id: int, journal
) -> None:
    await close_account(world.deps("fomo"), account_id, "test")
    written = read_erasures(journal)
    assert await replay_erasures(pools(world), written) == 0
    await world.sql(BACK, account_id)
    assert sorted(
        await all_at_once(replay_erasures(pools(world), written) for _ in range(5))
    ) == [0, 0, 0, 0, 1]  # fmt: skip
    assert await state(world, account_id) == "closed"
    assert read_erasures(journal) == written
    closed = await world.sql("SELECT facts FROM events WHERE kind = 'closed' ORDER BY id")
    assert "a restore had brought it back" in closed[-1]["facts"]


async def test_only_the_same_account_is_erased(world: World, account_id: int) -> None:
    """After a restore, somebody else may be given the id."""
    [row] = await world.sql("SELECT * FROM accounts WHERE id = $1", account_id)
    same = Erasure(account_id, row["pool"], row["created_at"], row["created_at"])
    other = Erasure(account_id, "main", row["created_at"] - timedelta(days=1), row["created_at"])
    elsewhere = Erasure(account_id, "another", row["created_at"], row["created_at"])
    nobody = Erasure(account_id % 1000 + 1, "main", row["created_at"], row["created_at"])
    assert await replay_erasures(pools(world), [other, elsewhere, nobody]) == 0
    assert await state(world, account_id) == "active"
    assert await replay_erasures(pools(world), [other, same, other]) == 1


async def test_what_was_cut_short_hides_nothing(world: World, account_id: int, journal) -> None:
    journal.write_text('{"account": 1, "pool": "ma')
    await close_account(world.deps("fomo"), account_id, "test")
    with journal.open("a") as more:
        more.write('nonsense\n[]\n{"account": 1}\n{"account": "1", "pool": "main", "since": 1}\n')
    assert [each.account_id for each in read_erasures(journal)] == [account_id]


async def test_who_cannot_read_yet_reads_again(
    world: World, account_id: int, journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await close_account(world.deps("fomo"), account_id, "test")
    await world.sql(BACK, account_id)
    aside = journal.with_name("aside")
    journal.rename(aside)
    journal.mkdir()

    async def mend(_: float) -> None:
        journal.rmdir()
        aside.rename(journal)

    monkeypatch.setattr(erasures.asyncio, "sleep", mend)
    told: list[int] = []
    broken: list[Exception] = []
    await erasures.keep_erased(pools(world), told.append, broken.append)
    assert told == [1]
    assert [str(each) for each in broken] == ["Is a directory"]
    assert await state(world, account_id) == "closed"


async def test_who_cannot_read_says_so_and_is_not_ready(
    world: World, account_id: int, journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it breaks: each kind is told once, and when it is well again."""
    monkeypatch.setattr(erasures, "AGAIN", 0.01)
    await close_account(world.deps("fomo"), account_id, "test")
    await world.sql(BACK, account_id)
    reads: list[Exception] = [JournalUnavailable("Permission denied")] * 3 + [RuntimeError("x")] * 3
    read, mended = ErasureJournal.read, asyncio.Event()

    async def unreadable(self: ErasureJournal) -> list[Erasure]:
        if reads:
            raise reads.pop(0)
        await mended.wait()
        return await read(self)

    monkeypatch.setattr(ErasureJournal, "read", unreadable)
    with capture_logs() as lines:
        async with world.server.running():
            await until_so(lambda: not reads, 20)
            answer = await world.get("/ready")
            assert answer.status == 503
            assert answer.json()["problems"] == {"erasures": "cannot be replayed (RuntimeError)"}
            mended.set()
            while (answer := await world.get("/ready")).status != 200:
                assert await state(world, account_id) in {"active", "closed"}
            assert await state(world, account_id) == "closed"
    assert lines == [
        {"event": "replay_broken", "log_level": "error", "error": "JournalUnavailable",
         "reason": "Permission denied"},
        {"event": "replay_broken", "log_level": "error", "error": "RuntimeError", "reason": None},
        {"event": "replay_mended", "log_level": "warning"},
        {"event": "erased_again", "log_level": "warning", "accounts": 1},
    ]  # fmt: skip


async def test_who_begins_to_serve_has_read_it(world: World, account_id: int) -> None:
    await close_account(world.deps("fomo"), account_id, "test")
    await world.sql(BACK, account_id)
    async with world.server.running():
        assert await state(world, account_id) == "closed"
        assert (await world.get("/ready")).status == 200


async def test_a_picture_that_is_there_again_goes_again(
    world: World, account_id: int, journal, tmp_path: Path
) -> None:
    """As after a restore of the uploads, with a database that knows nothing of it."""
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    await world.form("/fomo/customer/update_avatar", {**session.fields, "base64_string": PNG})
    uploads = tmp_path / UPLOADS
    [picture] = uploads.iterdir()
    data = picture.read_bytes()
    world.advance(seconds=1)
    await close_account(world.deps("fomo"), account_id, "test")
    assert [*uploads.iterdir()] == []
    later = int(world.clock.now().timestamp()) + 1
    of_others = {
        f"{account_id + 1}_1_a.png",
        f"{account_id}0_1_a.png",
        f"{account_id}_{later}_a.png",  # Somebody's who was given the same id.
    }
    for name in {picture.name, *of_others}:
        (uploads / name).write_bytes(data)
    assert await replay_erasures(pools(world), read_erasures(journal)) == 0
    assert {each.name for each in uploads.iterdir()} == of_others


async def test_without_a_journal_there_is_nothing_to_do(world: World) -> None:
    assert await world.deps("fomo").erasures.read() == []
