"""What large bodies may take of a worker's memory, all together and those of one network."""

import asyncio

import pytest

from front_door import Answer, World, WorldWith

MIB = 1024 * 1024
SETTINGS = {"http.bodies_bytes": 4 * MIB}
HERE, NEAR, THERE, ELSEWHERE = "203.0.113.7", "203.0.113.7", "198.51.100.7", "192.0.2.7"
FORM = "application/x-www-form-urlencoded"


async def upload(
    world: World, peer: str, size: int, end: asyncio.Event | None = None, path: str = ""
) -> Answer:
    """A picture of nobody's, which is refused for that at its end."""
    pieces: list[bytes | asyncio.Event] = [b"base64_string=", bytes(size).replace(b"\0", b"a")]
    pieces += [end, b"&session_key=nobody"] if end else [b"&session_key=nobody"]
    return await world.request(
        "POST", path or "/fomo/customer/update_avatar", body=pieces, content_type=FORM, peer=peer
    )


def refused(answer: Answer) -> bool:
    if answer.status == 503:
        assert answer.header("retry-after") == "1"
    return answer.status == 503


async def begun(world: World, peer: str, size: int) -> tuple[asyncio.Task[Answer], asyncio.Event]:
    """One whose end is still to come."""
    end = asyncio.Event()
    uploading = asyncio.create_task(upload(world, peer, size, end))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not uploading.done()
    return uploading, end


async def test_one_network_has_half_of_the_room(world_with: WorldWith) -> None:
    async with world_with(SETTINGS) as world:
        uploading, end = await begun(world, HERE, 3 * MIB // 2)
        assert refused(await upload(world, NEAR, MIB))
        assert not refused(await upload(world, NEAR, MIB // 4))
        assert not refused(await upload(world, THERE, MIB))
        end.set()
        assert not refused(await uploading)
        assert not refused(await upload(world, NEAR, MIB))


async def test_all_together_have_no_more_than_there_is(world_with: WorldWith) -> None:
    async with world_with(SETTINGS) as world:
        first, first_end = await begun(world, HERE, 2 * MIB - 100)
        second, second_end = await begun(world, THERE, 2 * MIB - 100)
        assert refused(await upload(world, ELSEWHERE, MIB))
        first_end.set()
        assert not refused(await first)
        assert not refused(await upload(world, ELSEWHERE, MIB))
        second_end.set()
        assert not refused(await second)


async def test_who_hangs_up_gives_room_back(world_with: WorldWith) -> None:
    async with world_with(SETTINGS) as world:
        uploading, _ = await begun(world, HERE, 3 * MIB // 2)
        uploading.cancel()
        await asyncio.gather(uploading, return_exceptions=True)
        assert not refused(await upload(world, NEAR, MIB))


@pytest.mark.parametrize("size", [1, 60_000])
async def test_small_bodies_need_none(world_with: WorldWith, size: int) -> None:
    async with world_with(SETTINGS) as world:
        uploading, end = await begun(world, HERE, 2 * MIB - 100)
        answer = await upload(world, NEAR, size, path="/fomo/customer/set_info")
        assert not refused(answer)
        end.set()
        await uploading
