"""A new pepper takes over from the old one at each owner's next sign-in."""

import pytest

from actors import ACTORS, Actor, Fomo
from front_door import World, WorldWith
from hufu.services.keys import Keyring

PHONE, PASSWORD = "13390633695", "correct horse 1"
OLD = Keyring.fresh()
NEW = Keyring.fresh().replace("1:", "2:", 1)
KEYS = {"identity_key": Keyring.fresh()}


async def versions(world: World) -> set[int]:
    return {row["pepper_version"] for row in await world.sql("SELECT * FROM passwords")}


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_a_sign_in_moves_a_password_to_the_newest_pepper(
    world_with: WorldWith, actor: Actor
) -> None:
    async with world_with({**KEYS, "pepper": OLD}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        assert await versions(world) == {1}
    async with world_with({**KEYS, "pepper": f"{OLD} {NEW}"}) as world:
        assert await actor.sign_in(world, PHONE, "wrong horse 1") is None
        assert await versions(world) == {1}
        assert await actor.sign_in(world, PHONE, PASSWORD)
        assert await versions(world) == {2}
    async with world_with({**KEYS, "pepper": NEW}) as world:
        assert await actor.sign_in(world, PHONE, PASSWORD)


async def test_without_its_pepper_a_password_opens_nothing(world_with: WorldWith) -> None:
    async with world_with({**KEYS, "pepper": OLD}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
    async with world_with({**KEYS, "pepper": NEW}) as world:
        assert await Fomo().sign_in(world, PHONE, PASSWORD) is None
