"""What only a newer version knows of a row keeps nobody from an answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from front_door import World
from hufu.actions.administration import grant_role
from hufu.domain.permissions import Role
from pages.tokens import Owner, introspected, signed_in
from rewarding import app_secret

NEWER = {
    "method": "UPDATE sessions SET method = 'passkey' WHERE account_id = {}",
    "role": "UPDATE roles SET role = 'owner' WHERE account_id = {}",
    "sex": "UPDATE profiles SET sex = 7 WHERE account_id = {}",
    "state": "UPDATE accounts SET state = 'asleep' WHERE id = {}",
}


@pytest.fixture
async def newer(world: World) -> AsyncIterator[World]:
    """A server over a schema that lets newer values in."""
    [(check,)] = await world.sql(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'accounts_state_check'"
    )
    await world.sql("ALTER TABLE accounts DROP CONSTRAINT accounts_state_check")
    yield world
    await world.sql("UPDATE accounts SET state = 'closed' WHERE state = 'asleep'")
    await world.sql(f"ALTER TABLE accounts ADD CONSTRAINT accounts_state_check {check}")


async def strange(world: World, what: str) -> Owner:
    """Somebody of whom something is known that this version does not know."""
    owner = await signed_in(world, "company")
    await grant_role(world.deps("company"), owner.account_id, Role.SUPPORT, "hired")
    await world.sql(NEWER[what].format(owner.account_id))
    return owner


@pytest.mark.parametrize("what", NEWER)
async def test_it_keeps_nobody_else_from_an_answer(newer: World, what: str) -> None:
    other, owner = await signed_in(newer), await strange(newer, what)
    answers = await asyncio.gather(other.session(), owner.session(), other.session())
    assert [each.status for each in answers] == [200, 401 if what == "state" else 200, 200]


async def test_an_unknown_role_is_that_of_an_ordinary_member(newer: World) -> None:
    owner = await strange(newer, "role")
    assert (await owner.session()).json()["roles"] == ["member"]


async def test_an_unknown_way_to_sign_in_is_shown_as_it_is(newer: World) -> None:
    owner = await strange(newer, "method")
    assert (await owner.session()).json()["method"] == "passkey"
    said = await introspected(newer, await app_secret(newer, "company"), {"token": owner.text})
    assert (said.json()["active"], said.json()["amr"]) == (True, [])
