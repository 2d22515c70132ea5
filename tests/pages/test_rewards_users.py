"""Whom an app's backend may tell of, and what it reads of them."""

from dataclasses import replace

import pytest

from front_door import WorldWith
from hufu.actions.administration import bar_account, close_account, unbar_account
from hufu.actions.ledger import add_coin, reverse_transfer
from hufu.actions.rewards import set_rule
from pages.backend import UNKNOWN_ID, Backend, backend_of, ledger, new_rule, problem
from rewarding import BALANCE

UNKNOWN = (404, "user_unknown")
BARRED = (403, "user_barred")
MALFORMED = (422, "malformed")


async def test_nobody(backend: Backend) -> None:
    before = await ledger(backend.world)
    for user_id in (UNKNOWN_ID, 1, 2**31 - 1):
        assert problem(await backend.tell("k", user_id=user_id)) == UNKNOWN
        assert problem(await backend.balance(f"user_id={user_id}")) == UNKNOWN
    assert await ledger(backend.world) == before


async def test_somebody_of_another_pool(world_with: WorldWith) -> None:
    async with world_with({"apps.company.pool": "other"}) as world:
        fomo, company = await backend_of(world), await backend_of(world, "company")
        before = await ledger(world)
        for here, there in ((fomo, company), (company, fomo)):
            user_id = there.user.account_id
            assert problem(await here.tell("k", user_id=user_id)) == UNKNOWN
            assert problem(await here.balance(f"user_id={user_id}")) == UNKNOWN
        assert await ledger(world) == before


async def test_somebody_of_the_pool_who_never_used_the_app(backend: Backend) -> None:
    other = await backend_of(backend.world, "company")
    await other.award("k", user_id=backend.user.account_id)


async def test_a_barred_user(backend: Backend) -> None:
    deps = backend.world.deps("fomo")
    await bar_account(deps, backend.user.account_id, "test")
    before = await ledger(backend.world)
    assert problem(await backend.tell("k")) == BARRED
    assert await ledger(backend.world) == before
    assert (await backend.balance()).status == 200
    await unbar_account(deps, backend.user.account_id, "test")
    await backend.award("k")


async def test_a_closed_user(backend: Backend) -> None:
    await backend.award("k1", target_id=1)
    await close_account(backend.world.deps("fomo"), backend.user.account_id, "test")
    before = await ledger(backend.world)
    assert problem(await backend.tell("k2", target_id=2)) == UNKNOWN
    assert await ledger(backend.world) == before
    assert (await backend.balance()).json()["balances"] == [{"coin_id": 1, "amount": "10.0000"}]


# Balances


async def test_a_user_who_has_nothing(backend: Backend) -> None:
    answer = await backend.balance()
    assert (answer.status, answer.json()) == (
        200,
        {"user_id": backend.user.account_id, "balances": []},
    )


async def test_a_user_who_has_something_of_two_coins(backend: Backend) -> None:
    deps = backend.world.deps("fomo")
    coin = await add_coin(deps, "shell")
    assert coin is not None
    await set_rule(deps, replace(new_rule("read_book", deps.now()), coin_id=coin, amount=1))
    await backend.award("k1", target_id=1)
    await backend.award("k2", target_id=2)
    await backend.award("k3", item="read_book")
    assert (await backend.balance()).json() == {
        "user_id": backend.user.account_id,
        "balances": [
            {"coin_id": 1, "amount": "20.0000"},
            {"coin_id": coin, "amount": "0.0001"},
        ],
    }


async def test_what_was_taken_back_is_gone(backend: Backend) -> None:
    await backend.award("k")
    [transfer] = await backend.world.sql("SELECT id FROM transfers")
    await reverse_transfer(backend.world.deps("fomo"), transfer["id"], "test")
    assert (await backend.balance()).json()["balances"] == [{"coin_id": 1, "amount": "0.0000"}]


async def test_the_head_alone(backend: Backend) -> None:
    whole = await backend.balance()
    path = f"{BALANCE}?user_id={backend.user.account_id}"
    head = await backend.world.request("HEAD", path, headers=[backend.shown])
    assert (head.status, head.headers) == (whole.status, whole.headers)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "user_id",
        "user_id=",
        "user_id=0",
        "user_id=-1",
        "user_id=%2B7",
        "user_id=07",
        "user_id=7.0",
        "user_id=1e3",
        "user_id=%207",
        "user_id=%EF%BC%97",
        "user_id=%ff",
        "user_id=%00",
        "user_id=true",
        "user_id=2147483648",
        "user_id=99999999999999999999",
        "user_id=7&user_id=7",
        "USER_ID=7",
    ],
)
async def test_a_malformed_question(backend: Backend, query: str) -> None:
    assert problem(await backend.balance(query)) == MALFORMED
