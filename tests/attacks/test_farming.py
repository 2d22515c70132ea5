"""Accounts by the hundred from one place, to earn rewards for one of them."""

import os
from typing import Any

import pytest

from actors import Fomo
from attacks.attack import attack
from front_door import World
from hufu.storage.rewards import Awards
from rewarding import members

FARM = int(os.environ.get("HUFU_FARM", "70"))
INVITES, SENDS = 50, 20
HERE = "203.0.113.7"
PASSWORD = "open-sesame"


def no_day_is_full(patch: pytest.MonkeyPatch) -> None:
    """A rule's number of awards a day does not hold."""
    claim = Awards.claim

    async def claim_any(self: Any, award: Any, _: int | None) -> Any:
        return await claim(self, award, None)

    patch.setattr(Awards, "claim", claim_any)


@attack(29, without=no_day_is_full)
async def test_a_farm_invites_for_its_owner(world: World) -> bool:
    """One parent is given more invitation rewards in a day than its rule allows."""
    parent, *farm = await members(world, FARM)
    for each in farm:
        await each.status(world, "set_invitation", parent_code=parent.code)
    given = await world.sql("SELECT FROM awards WHERE item = 'invite'")
    assert len(await world.sql("SELECT FROM invitations")) == FARM - 1
    return len(given) > INVITES


@attack(29, without=no_day_is_full)
async def test_a_farm_signs_in_all_day(world: World) -> bool:
    """An account is given more than one sign-in reward a day."""
    farm = await members(world, 10)
    for each in farm * 3:
        await each.status(world, "sign_in_today")
    return len(await world.sql("SELECT FROM awards WHERE item = 'sign_in'")) > len(farm)


def one_network_is_many(patch: pytest.MonkeyPatch) -> None:
    """Nobody is recognised by their network."""
    patch.setattr("hufu.wire.clients.network_of", lambda _: None)


@attack(29, without=one_network_is_many)
async def test_a_farm_grows_in_one_network(world: World) -> bool:
    """More accounts are registered from one network in an hour than it is sent codes."""
    fomo = Fomo(peer=HERE)
    for number in range(SENDS + 3):
        sent = {"user_name": f"1390000{number:04d}", "pwd": PASSWORD}
        begun = await fomo.call(world, "register", **sent)
        if begun["status"] == 1:
            code = await world.code(sent["user_name"])
            await fomo.call(world, "complete_register", verify_code=code, **begun["data"])
    return len(await world.sql("SELECT FROM accounts")) > SENDS
