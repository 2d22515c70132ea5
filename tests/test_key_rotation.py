"""Identity numbers move to a new key while people use them, and each is one account's meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from attacks.holders import PHONE, Holder, holder
from dialects.fields import card
from front_door import World, all_at_once, opened
from hufu.actions import keys
from hufu.actions.keys import Resealed, count_key_uses, reseal_page
from hufu.services.keys import Keyring
from hufu.storage.loss import DatabaseUnavailable

OLD, NEW, PEPPER = Keyring.fresh(), Keyring.fresh(2), Keyring.fresh()
PREPARED, ACTIVE = f"{OLD} {NEW}:next", f"{OLD} {NEW}"
UTIME = "1461137183"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "PAUSE", 0)


@pytest.fixture
def knowing(empty_database: str, tmp_path: Path):
    """Makes a server with this identity key; several may work on the database at once."""

    @asynccontextmanager
    async def make(identity_key: str) -> AsyncIterator[World]:
        settings = {"pepper": PEPPER, "identity_key": identity_key}
        async with opened(empty_database, tmp_path, settings) as world:
            yield world

    return make


async def tell(world: World, who: Holder, number: str) -> bool:
    """Whether `company` took the number for theirs."""
    sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": UTIME}
    answer = await world.json("/company/user/regDetail", {**sent, "identity_card": number})
    assert answer.status == 200, answer
    return bool(answer.json()["code"] == "200")


async def told(world: World, who: Holder) -> str:
    """The number that `company` shows them."""
    sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": UTIME}
    return str((await world.form("/company/user/getUserInfo", sent)).json()["identity_card"])


async def crowd(world: World, count: int) -> list[Holder]:
    """So many people who told their number."""
    people = [await holder(world, number, (PHONE,)) for number in range(count)]
    for who in people:
        assert await tell(world, who, card(who.number))
    return people


async def versions(world: World) -> dict[int, int]:
    """How many numbers there are under each key."""
    _, uses = await count_key_uses(world.core.database, world.clock.now())
    return {use.version: use.rows for use in uses}


async def reseal(world: World) -> int:
    """One pass over all numbers; how many were sealed anew."""
    return (await keys.reseal(world.core.database, world.core.secrets)).done


async def test_numbers_move_and_can_be_read_throughout(knowing) -> None:
    async with knowing(OLD) as old:
        people = await crowd(old, 5)
    async with knowing(PREPARED) as before, knowing(ACTIVE) as after:
        assert [await told(after, who) for who in people] == [card(n) for n in range(5)]
        assert await reseal(before) == 0
        assert await reseal(after) == 5
        assert await versions(after) == {2: 5}
        for world in (before, after):  # Also where the old key is still in use.
            assert [await told(world, who) for who in people] == [card(n) for n in range(5)]
        assert await reseal(before) == 0
        assert await versions(after) == {2: 5}
    async with knowing(NEW) as without:
        assert [await told(without, who) for who in people] == [card(n) for n in range(5)]
        assert not await tell(without, people[0], card(1))


async def test_a_number_is_one_accounts_under_whatever_key(knowing) -> None:
    async with knowing(PREPARED) as before, knowing(ACTIVE) as after:
        first, second = await crowd(before, 2)
        assert not await tell(after, first, card(1))
        assert await tell(after, first, card(7))
        assert not await tell(before, second, card(7))
        assert await tell(before, second, card(0))
        assert await tell(after, second, card(0))  # Their own, once more.


async def test_of_two_who_tell_it_at_once_one_has_it(knowing) -> None:
    async with knowing(PREPARED) as before, knowing(ACTIVE) as after:
        people = [await holder(before, number, (PHONE,)) for number in range(8)]
        for number in range(10, 20):
            answers = await all_at_once(
                tell((before, after)[who.number % 2], who, card(number)) for who in people
            )
            assert answers.count(True) == 1
            await reseal(after)
            assert [await tell(after, who, card(number)) for who in people] == answers
            await after.sql("DELETE FROM identity_numbers")


async def test_many_servers_seal_each_number_once(knowing, monkeypatch) -> None:
    monkeypatch.setattr(keys, "PAGE", 3)
    async with knowing(OLD) as old:
        people = await crowd(old, 10)
    async with knowing(ACTIVE) as one, knowing(ACTIVE) as two:
        changing = [tell(one, who, card(100 + who.number)) for who in people]
        done = await all_at_once([*(reseal(world) for world in (one, two, one, two)), *changing])
        assert sum(done[:4]) <= 10
        assert all(done[4:])
        await reseal(one)
        assert await versions(one) == {2: 10}
        assert [await told(two, who) for who in people] == [card(100 + n) for n in range(10)]


async def test_it_goes_on_where_it_ended(knowing, monkeypatch) -> None:
    monkeypatch.setattr(keys, "PAGE", 2)
    async with knowing(OLD) as old:
        await crowd(old, 5)
    async with knowing(ACTIVE) as world:
        page = await reseal_page(world.core.database, world.core.secrets)
        assert page is not None
        assert (page.done, await versions(world)) == (2, {1: 3, 2: 2})
    async with knowing(ACTIVE) as world:
        assert await reseal(world) == 3


async def test_it_waits_for_nobody(knowing) -> None:
    async with knowing(OLD) as old:
        people = await crowd(old, 3)
    async with knowing(ACTIVE) as world:
        busy = await asyncpg.connect(world.url)
        transaction = busy.transaction()
        await transaction.start()
        await busy.execute(
            "SELECT FROM identity_numbers WHERE account_id = $1 FOR UPDATE", people[1].account_id
        )
        page = await reseal_page(world.core.database, world.core.secrets)
        assert page == Resealed(old=3, done=2, lost=0, after=None)
        await transaction.rollback()
        await busy.close()
        assert await reseal(world) == 1


async def test_one_that_no_key_opens_holds_up_no_other(knowing) -> None:
    async with knowing(OLD) as old:
        people = await crowd(old, 3)
        await old.sql(
            "UPDATE identity_numbers SET sealed = '\\x0001' || substr(sealed, 3, 12) || '\\x00' "
            "WHERE account_id = $1",
            people[1].account_id,
        )
    async with knowing(ACTIVE) as world:
        page = await reseal_page(world.core.database, world.core.secrets)
        assert page == Resealed(old=3, done=2, lost=1, after=None)


async def test_of_two_who_had_it_before_keys_met_one_keeps_it(knowing) -> None:
    """Servers that did not know each other's key let two accounts have one number."""
    third = Keyring.fresh(3)
    async with knowing(OLD) as one, knowing(NEW) as two:
        people = [await holder(one, number, (PHONE,)) for number in range(4)]
        assert await tell(one, people[0], card(9))
        assert await tell(two, people[1], card(9))
        assert await tell(one, people[2], card(8))
    async with knowing(f"{OLD} {NEW} {third}") as world:
        assert await reseal(world) == 3
        assert [await told(world, who) for who in people[:3]] == [card(9), card(9), card(8)]
        assert not await tell(world, people[3], card(9))
        held = await world.sql("SELECT FROM identity_numbers WHERE sole IS NOT NULL")
        assert len(held) == 2


async def test_a_server_does_it_by_itself_and_tries_again(knowing, monkeypatch) -> None:
    async with knowing(OLD) as old:
        await crowd(old, 3)
    async with knowing(ACTIVE) as world:
        troubles = iter((DatabaseUnavailable("gone"), ZeroDivisionError()))
        found: asyncio.Queue[Resealed] = asyncio.Queue()
        broken: list[str] = []
        pass_over, pauses = keys.reseal, []

        async def troubled(*arguments: Any) -> Resealed:
            for trouble in troubles:
                raise trouble
            return await pass_over(*arguments)

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.Event().wait() if seconds == keys.EVERY else None

        monkeypatch.setattr(keys, "reseal", troubled)
        monkeypatch.setattr(keys.asyncio, "sleep", pause)
        working = asyncio.create_task(
            keys.keep_resealing(
                world.core.database, world.core.secrets, found.put_nowait, broken.append
            )
        )
        first, second = await found.get(), await found.get()
        while keys.EVERY not in pauses:
            await asyncio.wait([asyncio.ensure_future(versions(world))])
        working.cancel()
        await asyncio.wait([working])
        assert (first.done, second.done, broken) == (3, 0, ["ZeroDivisionError", None])
        assert [each for each in pauses if each] == [*[keys.AGAIN] * 3, keys.EVERY]
        assert await versions(world) == {2: 3}


async def test_the_server_counts_what_it_did(knowing) -> None:
    async with knowing(OLD) as old:
        await crowd(old, 3)
    async with knowing(ACTIVE) as world, world.server.running():
        while await versions(world) != {2: 3}:  # noqa: ASYNC110
            await asyncio.sleep(0)
        page = (await world.get("/metrics")).body.decode()
        assert 'hufu_identity_numbers_resealed_total{outcome="done"}' in page


async def test_without_a_key_of_the_past_there_is_nothing_to_do(knowing) -> None:
    async with knowing(PREPARED) as world:
        await keys.keep_resealing(world.core.database, world.core.secrets, fail, fail)


def fail(_: object) -> None:
    raise AssertionError
