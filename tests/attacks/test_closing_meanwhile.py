"""A call that is under way while its account is closed: what was erased stays erased."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from attacks.attack import World, answering_later, attack
from attacks.holders import look
from attacks.honest import NUMBERS, ready, send, way_to, ways_in
from dialects.rows import ROWS, Row
from hufu.actions import names
from hufu.actions.administration import close_account
from hufu.domain.permissions import Caller
from hufu.wire import serve

PERSONAL = """
SELECT 'profiles' AS what FROM profiles WHERE account_id = $1
UNION ALL SELECT 'identity_numbers' FROM identity_numbers WHERE account_id = $1
UNION ALL SELECT 'handles' FROM handles WHERE account_id = $1 AND released_at IS NULL
UNION ALL SELECT 'identifiers' FROM identifiers WHERE account_id = $1
UNION ALL SELECT 'passwords' FROM passwords WHERE account_id = $1
UNION ALL SELECT 'sessions' FROM sessions WHERE account_id = $1
"""
"""What a closed account has no longer."""


def close_once_recognised(world: World, patch: pytest.MonkeyPatch) -> None:
    """From now on an operator closes every account right after it was recognised."""

    def closing(recognise: Callable[..., Awaitable[Caller]]) -> Callable[..., Awaitable[Caller]]:
        async def recognised(*arguments: Any) -> Caller:
            caller = await recognise(*arguments)
            await close_account(world.deps("fomo"), caller.account_id, "test")
            return caller

        return recognised

    for name in ("authenticate", "authenticate_by_password"):
        patch.setattr(serve, name, closing(getattr(serve, name)))


@pytest.mark.parametrize("row", [row for row in ROWS if row.for_members], ids=str)
async def test_a_call_under_way_leaves_nothing_in_a_closed_account(
    world: World, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    numbers = iter(NUMBERS)
    way = await way_to(world, row, numbers)
    people = [(each, await ready(world, row, each, next(numbers))) for each in ways_in(row, way)]
    close_once_recognised(world, monkeypatch)
    for each, who in people:
        await send(world, row, each, who)
        left = await look(world, PERSONAL, who.account_id)
        assert [found["what"] for found in left] == []


def nobody_looks_again(patch: pytest.MonkeyPatch) -> None:
    """Who was recognised once may write."""
    patch.setattr(names, "lock_own", answering_later(None))


@attack(22, without=nobody_looks_again)
async def test_a_call_under_way_writes_to_a_closed_account(world: World) -> bool:
    [row] = [row for row in ROWS if row.endpoint.path == "customer/set_fomo_id"]
    numbers = iter(NUMBERS)
    way = await way_to(world, row, numbers)
    who = await ready(world, row, way, next(numbers))
    with pytest.MonkeyPatch.context() as patch:
        close_once_recognised(world, patch)
        await send(world, row, way, who)
    return bool(await look(world, PERSONAL, who.account_id))
