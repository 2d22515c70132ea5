"""The pages of development mode, asked for what cannot be."""

from urllib.parse import urlencode

import pytest

from actors import Fomo
from front_door import World

NOTHING = ["\0", "\0@x.y", "13900000001\0", "nobody", "\udcff", "a" * 9000]


@pytest.mark.parametrize("name", NOTHING, ids=ascii)
async def test_nothing_is_found_under_it(world: World, name: str) -> None:
    await Fomo().register(world, "13900000001", "open-sesame")
    asked = {"errors": "surrogatepass"}
    letters = await world.get(f"/_dev/outbox?{urlencode({'to': name}, **asked)}")
    assert (letters.status, letters.json()) == (200, [])
    captcha = await world.get(f"/_dev/captcha?{urlencode({'codeid': name}, **asked)}")
    assert captcha.status == 404
    assert captcha.json()["text"] is None
