"""A new pepper takes over from the old one at each owner's next sign-in."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path

import pytest

from actors import ACTORS, Actor, Company, Fomo, Rental
from front_door import World, WorldWith, all_at_once, opened
from hufu.services.keys import Keyring
from test_round_trips import counting

PHONE, PASSWORD = "13390633695", "correct horse 1"
OLD = Keyring.fresh()
NEW = Keyring.fresh(2)
PREPARED, ACTIVE = f"{OLD} {NEW}:next", f"{OLD} {NEW}"
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


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_only_the_sign_in_that_moves_it_asks_more(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch, actor: Actor
) -> None:
    async with world_with({**KEYS, "pepper": OLD}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        assert await actor.sign_in(world, PHONE, PASSWORD)
    async with world_with({**KEYS, "pepper": ACTIVE}) as world:
        asked = []
        for _ in range(2):
            with counting(monkeypatch) as counted:
                await actor.try_to_sign_in(world, PHONE, PASSWORD)
            asked.append(counted.asked)
    assert asked == [4, 2]


async def test_a_server_that_is_restarted_later_moves_nothing_back(world_with: WorldWith) -> None:
    async with world_with({**KEYS, "pepper": ACTIVE}) as world:
        await Fomo().register(world, PHONE, PASSWORD)
    async with world_with({**KEYS, "pepper": PREPARED}) as world:
        assert await Fomo().sign_in(world, PHONE, PASSWORD)
        assert await versions(world) == {2}


async def test_what_one_server_sent_another_takes(world_with: WorldWith) -> None:
    """Codes, captchas and messages, from a server with either key in use to one with the other."""
    for asked, answers in ((PREPARED, ACTIVE), (ACTIVE, PREPARED)):
        phone = {PREPARED: PHONE, ACTIVE: "13390633696"}[asked]
        rental = Rental()
        async with world_with({**KEYS, "pepper": asked}) as world:
            assert (await rental.ask_code(world, phone))["errno"] == 0
        async with world_with({**KEYS, "pepper": answers}) as world:
            sent = {"mobile": phone, "phonecode": await world.code(phone), "password": PASSWORD}
            assert (await rental.json(world, "/api/register", sent)).json()["errno"] == 0


async def test_no_sign_in_fails_while_the_pepper_changes(
    empty_database: str, tmp_path: Path
) -> None:
    """Two servers, each replaced in turn for each step, with sign-ins at both all the time."""
    phones = [f"139000000{number:02d}" for number in range(8)]
    actors = cycle((Fomo(), Company(), Rental()))
    outcomes: Counter[bool] = Counter()
    async with AsyncExitStack() as stack:

        async def server(pepper: str) -> World:
            settings = {**KEYS, "pepper": pepper}
            return await stack.enter_async_context(opened(empty_database, tmp_path, settings))

        async def sign_in(world: World, phone: str, actor: Actor) -> None:
            outcomes[bool(await actor.sign_in(world, phone, PASSWORD))] += 1

        def round_of(servers: list[World]) -> Iterator[object]:
            return (sign_in(world, phone, next(actors)) for world in servers for phone in phones)

        servers = [await server(OLD), await server(OLD)]
        await all_at_once(Fomo().register(servers[0], phone, PASSWORD) for phone in phones)
        for pepper in (PREPARED, ACTIVE):
            for place in range(2):
                under_way = asyncio.gather(*round_of(servers))
                servers[place] = await server(pepper)
                await under_way
                await all_at_once(round_of(servers))
        assert await versions(servers[0]) == {2}
        servers = [await server(NEW), await server(ACTIVE)]
        await all_at_once(round_of(servers))
    assert outcomes == {True: 9 * 2 * len(phones)}
