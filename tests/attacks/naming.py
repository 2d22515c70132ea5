"""Wherever somebody can show a name of their choice."""

from collections.abc import Iterable

from actors import Creator, Rental
from attacks.holders import PHONE, Holder, holder
from front_door import World
from rewarding import members


async def names_taken(world: World, tried: Iterable[str]) -> list[bool]:
    """Whether each name could be had, in each of the places that show one."""
    taken = []
    (who,) = await members(world, 1)
    tenant = await holder(world, 1, (PHONE,))
    for number, name in enumerate(tried):
        taken.append((await who.call(world, "set_info", name=name))["status"] == 1)
        taken.append(await tenant_is_called(world, tenant, name))
        sent = {"account": f"walker_{number}", "password": "correct horse 1", "name": name}
        answer = await Creator().form(world, "/user/register", sent)
        taken.append(answer.json()["msg"] == "register successful")
    return taken


async def tenant_is_called(world: World, who: Holder, name: str) -> bool:
    cookies = {"session_id": who.sessions["rental"]}
    answer = await Rental().json(world, "/api/profile/name", {"name": name}, cookies=cookies)
    return bool(answer.json()["errno"] == 0)
