"""Idempotency keys: an event that is told again is rewarded once."""

from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from front_door import all_at_once
from hufu.actions.administration import bar_account
from hufu.actions.ledger import reverse_transfer
from hufu.actions.rewards import set_rule
from pages.backend import NOON, Backend, backend_of, ledger, new_rule, problem
from rewarding import EVENTS, TEN, audited, balance, member

REUSED = (422, "event_mistold")
NO_KEY = (400, "idempotency_key_missing")


async def test_a_repetition_is_answered_with_the_same_award(backend: Backend) -> None:
    first = await backend.tell("k", target_id=19)
    before = await ledger(backend.world)
    backend.world.advance(minutes=1)
    again = await backend.tell("k", target_id="19")
    assert (first.status, again.status) == (201, 200)
    assert again.body == first.body
    assert await ledger(backend.world) == before


async def _days_later(backend: Backend) -> None:
    backend.world.advance(days=400)


async def _no_rule(backend: Backend) -> None:
    await backend.rule(enabled=False)


async def _another_amount(backend: Backend) -> None:
    await backend.rule(amount=3 * TEN)


async def _full_day(backend: Backend) -> None:
    for target in (20, 21):
        await backend.award(f"k{target}", target_id=target)


async def _barred(backend: Backend) -> None:
    await bar_account(backend.world.deps("fomo"), backend.user.account_id, "test")


@pytest.mark.parametrize("happens", [_days_later, _no_rule, _another_amount, _full_day, _barred])
async def test_a_repetition_is_the_same_whatever_happened_meanwhile(
    backend: Backend, happens: Callable[[Backend], Awaitable[None]]
) -> None:
    first = await backend.tell("k", target_id=19)
    await happens(backend)
    before = await ledger(backend.world)
    again = await backend.tell("k", target_id=19)
    assert (again.status, again.body) == (200, first.body)
    assert await ledger(backend.world) == before


async def test_a_repetition_is_never_too_late(backend: Backend) -> None:
    first = await backend.tell("k", at=NOON.isoformat())
    backend.world.advance(days=400)
    again = await backend.tell("k", at=NOON.isoformat())
    assert (again.status, again.body) == (200, first.body)


async def test_a_repetition_shows_that_the_award_was_taken_back(backend: Backend) -> None:
    award = await backend.award("k")
    [transfer] = await backend.world.sql("SELECT id FROM transfers")
    await reverse_transfer(backend.world.deps("fomo"), transfer["id"], "test")
    again = await backend.tell("k")
    assert (again.status, again.json()) == (200, {**award, "reversed": True})


async def test_a_repetition_with_another_time_of_the_day_is_the_same_event(
    backend: Backend,
) -> None:
    award = await backend.award("k", at=NOON.isoformat())
    for at in (None, "2030-05-15T00:00:00+08:00", "2030-05-14T16:00:00Z"):
        again = await backend.tell("k", at=at)
        assert (again.status, again.json()) == (200, award)


@pytest.mark.parametrize(
    "changed",
    [
        {"item": "read_book"},
        {"target_id": 20},
        {"target_id": None},
        {"at": "2030-05-14T15:59:59Z"},
        {"at": "2030-05-15T16:00:00Z"},
        {"at": "1999-05-15T04:00:00Z"},
    ],
    ids=str,
)
async def test_the_key_of_another_event_is_refused(
    backend: Backend, changed: dict[str, object]
) -> None:
    deps = backend.world.deps("fomo")
    await set_rule(deps, new_rule("read_book", deps.now()))
    await backend.award("k", target_id=19)
    before = await ledger(backend.world)
    assert problem(await backend.tell("k", **{"target_id": 19, **changed})) == REUSED
    assert await ledger(backend.world) == before


async def test_the_key_of_another_users_event_is_refused(backend: Backend) -> None:
    await backend.award("k")
    before = await ledger(backend.world)
    other = await member(backend.world)
    assert problem(await backend.tell("k", user_id=other.account_id)) == REUSED
    assert await ledger(backend.world) == before


async def test_the_same_key_in_two_apps_is_two_events(backend: Backend) -> None:
    other = await backend_of(backend.world, "company")
    here = await backend.award("k", target_id=1)
    there = await other.award("k", user_id=backend.user.account_id, target_id=2)
    assert here["id"] != there["id"]
    assert await balance(backend.world, backend.user.account_id) == 2 * TEN


async def test_limits_are_each_apps_own(backend: Backend) -> None:
    other = await backend_of(backend.world, "company")
    await backend.award("k", target_id=1)
    await other.award("k", user_id=backend.user.account_id, target_id=1)


async def test_the_key_of_a_refused_event_may_be_used_again(backend: Backend) -> None:
    await backend.award("k", target_id=1)
    assert (await backend.tell("l", target_id=1)).status == 409
    assert (await backend.tell("l", item="read_book")).status == 422
    assert (await backend.tell("l", user_id=23)).status == 404
    assert (await backend.tell("l", target_id=-1)).status == 422
    await backend.award("l", target_id=2)


async def test_told_many_times_at_once(backend: Backend) -> None:
    answers = await all_at_once(backend.tell("k", target_id=1) for _ in range(20))
    assert Counter(answer.status for answer in answers) == {201: 1, 200: 19}
    assert len({answer.body for answer in answers}) == 1
    assert await balance(backend.world, backend.user.account_id) == TEN
    await audited(backend.world)


async def test_told_of_many_at_once_with_one_key(backend: Backend) -> None:
    """Where no limit tells the events apart either."""
    deps = backend.world.deps("fomo")
    await set_rule(deps, new_rule("read_book", deps.now()))
    answers = await all_at_once(backend.tell("k", item="read_book", target_id=n) for n in range(10))
    assert Counter(answer.status for answer in answers) == {201: 1, 422: 9}
    assert await balance(backend.world, backend.user.account_id) == TEN


# Their form


@pytest.mark.parametrize("key", ["k", "x" * 128, "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", '"k"', 'a"b'])
async def test_keys(backend: Backend, key: str) -> None:
    await backend.award(key)
    assert (await backend.tell(key)).status == 200


async def test_quotes_around_a_key_are_not_of_it(backend: Backend) -> None:
    """So it may be sent as the structured field that it is to become."""
    await backend.award("k")
    assert (await backend.tell('"k"')).status == 200


async def test_other_quotes_are_of_the_key(backend: Backend) -> None:
    for target, key in enumerate(('k"', '"k', '""k""')):
        await backend.award(key, target_id=target)


async def test_keys_differ_in_case(backend: Backend) -> None:
    await backend.award("k", target_id=1)
    await backend.award("K", target_id=2)


@pytest.mark.parametrize(
    "key",
    ["", '""', "a b", " k", "k\t", "x" * 129, f'"{"x" * 129}"', "caf\xe9", "k\0", "\x7f"],
)
async def test_what_is_no_key(backend: Backend, key: str) -> None:
    before = await ledger(backend.world)
    assert problem(await backend.tell(key)) == NO_KEY
    assert await ledger(backend.world) == before


@pytest.mark.parametrize("keys", [(), ("k", "k"), ("k", "l"), ("k", "")])
async def test_not_exactly_one_key(backend: Backend, keys: tuple[str, ...]) -> None:
    before = await ledger(backend.world)
    headers = [backend.shown, *(("idempotency-key", key) for key in keys)]
    event = {"user_id": backend.user.account_id, "item": "join_group"}
    answer = await backend.world.json(EVENTS, event, headers=headers)
    assert problem(answer) == NO_KEY
    assert await ledger(backend.world) == before
