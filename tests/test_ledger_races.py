"""Many at once at words and at the ledger itself: no share is lost, doubled or waited for in vain.

Each race is run once; `HUFU_RACE_ROUNDS` makes it more often.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from front_door import World, all_at_once
from hufu.actions.ledger import reverse_transfer
from hufu.actions.words import add_word, close_word
from hufu.domain.ledger import UNITS, Overdrawn, TransferRepeated
from rewarding import (
    RACE_ROUNDS,
    TEN,
    Member,
    app_secret,
    audited,
    balance,
    member,
    members,
    tell,
)

AT_ONCE = 50
WAITING = (
    "SELECT FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)

pytestmark = pytest.mark.timeout(60 * RACE_ROUNDS)


async def add(world: World, word: str, amount: int, count: int) -> None:
    deps = world.deps("fomo")
    await add_word(deps, word, 1, amount, count, deps.now() + timedelta(hours=1))


async def test_five_shares_go_to_five_of_fifty(world: World) -> None:
    for number in range(RACE_ROUNDS):
        takers = await members(world, AT_ONCE)
        amount = 10 * UNITS + number
        await add(world, f"word {number}", amount, 5)
        answers = await all_at_once(
            each.call(world, "submit_word", word=f"Word {number}") for each in takers
        )
        assert Counter(each["status"] for each in answers) == {1: 5, 203: AT_ONCE - 5}
        taken = [each["data"] for each in answers if each["success"]]
        assert sum(round(each["award_value"] * UNITS) for each in taken) == amount
        counts = sorted(int(each["word_info"]["used_count"]) for each in taken)
        assert counts == [1, 2, 3, 4, 5]
        held = [await balance(world, each.account_id) for each in takers]
        assert sum(held) == amount
        assert sum(each > 0 for each in held) == 5
    await audited(world)


async def test_one_account_has_one_share_of_a_word(world: World) -> None:
    for number in range(RACE_ROUNDS):
        one = await member(world)
        await add(world, f"word {number}", 10 * UNITS, AT_ONCE)
        answers = await all_at_once(
            one.status(world, "submit_word", word=f"word {number}") for _ in range(AT_ONCE)
        )
        assert Counter(answers) == {1: 1, 205: AT_ONCE - 1}
        [row] = await world.sql(
            "SELECT w.taken, w.taken_amount FROM words w WHERE word = $1", f"word {number}"
        )
        assert row["taken"] == 1
        assert row["taken_amount"] == await balance(world, one.account_id) > 0
    await audited(world)


async def test_one_word_is_made_once(world: World) -> None:
    for number in range(RACE_ROUNDS):
        made: list[Any] = await _settled(
            [add(world, f"word {number}", 10 * UNITS, 5) for _ in range(10)]
        )
        assert made.count(None) == 1
        assert {type(each).__name__ for each in made if each} == {"WordRefused"}
    [row] = await world.sql("SELECT sum(amount) AS kept FROM balances WHERE holder = 'pot'")
    assert row["kept"] == 10 * UNITS * RACE_ROUNDS
    await audited(world)


async def test_what_is_left_of_a_word_is_either_taken_or_given_back(world: World) -> None:
    for number in range(RACE_ROUNDS):
        takers = await members(world, 20)
        word, amount = f"word {number}", 10 * UNITS
        await add(world, word, amount, 20)
        answers = await all_at_once(
            [
                *(each.status(world, "submit_word", word=word) for each in takers[:10]),
                close_word(world.deps("fomo"), word),
                *(each.status(world, "submit_word", word=word) for each in takers[10:]),
            ]
        )
        left = answers.pop(10)
        assert set(answers) <= {1, 203}
        held = [await balance(world, each.account_id) for each in takers]
        assert [each > 0 for each in held] == [each == 1 for each in answers]
        assert sum(held) + left == amount
    [row] = await world.sql("SELECT sum(amount) AS kept FROM balances WHERE holder = 'pot'")
    assert row["kept"] == 0
    await audited(world)


@pytest.mark.parametrize("more", [[], ["set_info"]])
async def test_one_transfer_is_taken_back_once(world: World, more: list[str]) -> None:
    """Whether or not there is more that could be taken; where there is not, the late ones may be
    told that nothing is left."""
    deps = world.deps("fomo")
    for _ in range(RACE_ROUNDS):
        one = await member(world)
        for name in ("sign_in_today", *more):
            assert await one.status(world, name, city="上海") == 1
        [row, *_] = await world.sql(
            "SELECT transfer_id FROM postings WHERE holder = 'user' AND holder_id = $1",
            one.account_id,
        )
        made = await _settled(
            [reverse_transfer(deps, row["transfer_id"], "a mistake") for _ in range(10)]
        )
        told = Counter(type(each) for each in made)
        late = told[TransferRepeated] + (0 if more else told[Overdrawn])
        assert (told[int], late) == (1, 9)
        assert await balance(world, one.account_id) == TEN * len(more)
    await audited(world)


async def test_all_sorts_of_moves_at_once_lose_and_double_nothing(world: World) -> None:
    """Shares, gifts in a chain of invitations, events and corrections, all at once; none waits for
    another in a circle."""
    deps = world.deps("fomo")
    secret = await app_secret(world)
    for number in range(RACE_ROUNDS):
        crowd = await members(world, 8)
        words = {f"a{number}": crowd[0], f"b{number}": crowd[1]}
        for word, first in words.items():
            await add(world, word, 10 * UNITS, 8)
            assert await first.status(world, "submit_word", word=word) == 1
        for each in crowd:
            assert await each.status(world, "set_info", city="上海") == 1
        given = await world.sql(
            "SELECT transfer_id FROM postings WHERE holder = 'user' AND holder_id = ANY($1)",
            [each.account_id for each in crowd],
        )
        calls: list[Awaitable[Any]] = [
            each.status(world, "submit_word", word=word)
            for word, first in words.items()
            for each in crowd
            if each != first
        ]
        calls += [each.status(world, "sign_in_today") for each in crowd]
        calls += [
            younger.status(world, "set_invitation", parent_code=older.code)
            for older, younger in pairwise(crowd)
        ]
        calls += [_told(world, secret, f"{number}-{n}", each) for n, each in enumerate(crowd)]
        calls += [reverse_transfer(deps, row["transfer_id"], "a mistake") for row in given]
        done = await _settled(calls)
        taken_back = done[-len(given) :]
        assert set(done[: -len(given)]) == {1, 201}, done
        assert len(taken_back) == len(crowd) + len(words)
        assert all(isinstance(each, int) for each in taken_back), taken_back
    await audited(world)


async def test_shares_taken_and_taken_back_do_not_wait_for_each_other_in_a_circle(
    world: World,
) -> None:
    """Anna takes of one pot what Bert gives back to it, and he of the other what she gives back."""
    deps = world.deps("fomo")
    anna, bert = await members(world, 2)
    back = []
    for word, who in (("first", anna), ("second", bert)):
        await add(world, word, 10 * UNITS, 5)
        assert await who.status(world, "submit_word", word=word) == 1
        rows = await world.sql("SELECT id FROM transfers WHERE kind = 'pot_shared'")
        back += [row["id"] for row in rows if row["id"] not in back]
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; SELECT FROM balances WHERE holder = 'pot' FOR UPDATE")
        taking = [
            asyncio.create_task(who.status(world, "submit_word", word=word))
            for word, who in (("second", anna), ("first", bert))
        ]
        await _waiting(world, 2)
        giving = [asyncio.create_task(reverse_transfer(deps, id, "a mistake")) for id in back]
        await _waiting(world, 4)
        await other.execute("COMMIT")
    finally:
        await other.close()
    given, taken = await _settled(giving), await _settled(taking)
    assert taken == [1, 1]
    assert {type(each) for each in given} == {int}
    await audited(world)


async def _waiting(world: World, count: int) -> None:
    """Until so many statements wait for a lock."""
    waiting = 0
    while waiting < count:
        waiting = len(await world.sql(WAITING))


async def _told(world: World, secret: str, key: str, who: Member) -> int:
    return (await tell(world, secret, key, who.account_id)).status


async def _settled(calls: Sequence[Awaitable[Any]]) -> list[Any]:
    """What each came to, or raised."""

    async def settle(call: Awaitable[Any]) -> Any:
        try:
            return await call
        except Exception as error:  # noqa: BLE001
            return error

    return await all_at_once(settle(each) for each in calls)
