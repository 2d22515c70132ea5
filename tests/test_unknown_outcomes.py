"""Where the answer to COMMIT is lost nobody knows what became of it: what is outside of the
database stays fit for both. Where COMMIT is refused, what was done outside is taken back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from actors import Fomo, Session
from attacks.canary_tour import PNG
from faults.postgres import Servers, open_folder
from faults.proxy import Fate, Proxy
from front_door import World, opened
from hufu.actions.administration import ClosingUnsettled, close_account
from hufu.actions.erasures import replay_erasures
from hufu.core import ERASURES, UPLOADS
from hufu.services.erasures import ErasureJournal, JournalUnavailable, read_erasures
from hufu.storage.loss import DatabaseUnavailable

PHONE, PASSWORD = "13390633695", "correct horse 1"
COMMIT = b"COMMIT\x00"
FULL = """
CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE disk_full; END $$
"""
AT_COMMIT = """
CREATE CONSTRAINT TRIGGER is_full AFTER UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION is_full()
"""


@dataclass
class Far:
    """A server whose way to its database can be cut."""

    world: World
    proxy: Proxy

    def cut(self, fate: Fate) -> None:
        """Have this happen to every COMMIT."""
        self.proxy.judge = lambda data: fate if COMMIT in data else Fate.PASS

    def mend(self) -> None:
        self.proxy.judge = lambda _: Fate.PASS


@pytest.fixture
async def far(template: Path, tmp_path: Path) -> AsyncIterator[Far]:
    with open_folder() as folder:
        servers = Servers(folder, template)
        try:
            primary = await servers.made()
            async with (
                Proxy(primary.port) as proxy,
                opened(primary.url_by(proxy.port), tmp_path, {}) as world,
            ):
                yield Far(world, proxy)
        finally:
            servers.close()


@asynccontextmanager
async def refusing(world: World, table: str) -> AsyncIterator[None]:
    """Meanwhile whoever changed a row of the table is refused by COMMIT itself."""
    await world.sql(FULL)
    await world.sql(AT_COMMIT.format(table=table))
    try:
        yield
    finally:
        await world.sql("DROP FUNCTION is_full CASCADE")


async def member(world: World) -> Session:
    await Fomo().register(world, PHONE, PASSWORD)
    session = await Fomo().sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session


async def show_picture(world: World, session: Session) -> int:
    sent = {**session.fields, "base64_string": PNG}
    return (await world.form("/fomo/customer/update_avatar", sent)).status


async def shown(world: World) -> list[str]:
    rows = await world.sql("SELECT avatar FROM profiles WHERE avatar IS NOT NULL")
    return [row["avatar"] for row in rows]


def kept(folder: Path) -> list[str]:
    return sorted(each.name for each in (folder / UPLOADS).iterdir())


async def state(world: World) -> str:
    [row] = await world.sql("SELECT state FROM accounts")
    return str(row["state"])


# Pictures


async def test_a_picture_that_may_be_shown_is_kept(far: Far, tmp_path: Path) -> None:
    session = await member(far.world)
    far.cut(Fate.CUT_ANSWER)
    assert await show_picture(far.world, session) == 503
    far.mend()
    [picture] = await shown(far.world)
    assert kept(tmp_path) == [picture]


async def test_a_picture_that_may_not_be_shown_is_kept_and_goes_with_the_account(
    far: Far, tmp_path: Path
) -> None:
    session = await member(far.world)
    far.cut(Fate.CUT_BEFORE)
    assert await show_picture(far.world, session) == 503
    far.mend()
    assert await shown(far.world) == []
    assert len(kept(tmp_path)) == 1
    await close_account(far.world.deps("fomo"), session.account_id, "test")
    assert kept(tmp_path) == []


async def test_the_picture_before_is_kept_while_it_may_be_shown(far: Far, tmp_path: Path) -> None:
    session = await member(far.world)
    assert await show_picture(far.world, session) == 200
    [before] = await shown(far.world)
    far.cut(Fate.CUT_BEFORE)
    assert await show_picture(far.world, session) == 503
    far.mend()
    assert await shown(far.world) == [before]
    assert before in kept(tmp_path)


async def test_a_picture_that_is_refused_goes(world: World, tmp_path: Path) -> None:
    session = await member(world)
    async with refusing(world, "profiles"):
        assert await show_picture(world, session) == 503
    assert await shown(world) == []
    assert kept(tmp_path) == []


# Erasures


async def test_a_closing_that_is_refused_is_taken_back(world: World, tmp_path: Path) -> None:
    session = await member(world)
    async with refusing(world, "accounts"):
        with pytest.raises(DatabaseUnavailable):
            await close_account(world.deps("fomo"), session.account_id, "test")
    assert read_erasures(tmp_path / ERASURES) == []
    assert await replay_erasures([world.deps("fomo")], read_erasures(tmp_path / ERASURES)) == 0
    assert await Fomo().signed_in(world, session)
    await close_account(world.deps("fomo"), session.account_id, "test")
    assert len(read_erasures(tmp_path / ERASURES)) == 1


async def test_a_closing_that_cannot_be_taken_back_is_told(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await member(world)

    async def full(*_: object) -> None:
        raise JournalUnavailable("No space left on device")

    monkeypatch.setattr(ErasureJournal, "take_back", full)
    async with refusing(world, "accounts"):
        with pytest.raises(ClosingUnsettled):
            await close_account(world.deps("fomo"), session.account_id, "test")
    assert len(read_erasures(tmp_path / ERASURES)) == 1


@pytest.mark.parametrize(
    ("fate", "then"), [(Fate.CUT_BEFORE, "active"), (Fate.CUT_ANSWER, "closed")]
)
async def test_a_closing_of_which_nobody_knows_is_completed(
    far: Far, tmp_path: Path, fate: Fate, then: str
) -> None:
    session = await member(far.world)
    far.cut(fate)
    with pytest.raises(ClosingUnsettled):
        await close_account(far.world.deps("fomo"), session.account_id, "test")
    far.mend()
    assert await state(far.world) == then
    written = read_erasures(tmp_path / ERASURES)
    assert [each.account_id for each in written] == [session.account_id]
    await replay_erasures([far.world.deps("fomo")], written)
    assert await state(far.world) == "closed"
