"""Whose work it is that threads do, as they must know who share them out."""

from contextlib import AbstractContextManager, nullcontext

import pytest

from front_door import WorldWith
from hufu.services.argon2 import Argon2Hasher
from hufu.services.overload import ASKER

FIELDS = {"login_name": "13390633695", "pwd": "correct horse 1"}


@pytest.mark.parametrize(
    ("address", "asker"),
    [("203.0.113.7", "203.0.113.7/32"), ("2001:db8::1:2", "2001:db8::/64"), ("127.0.0.1", "")],
)
async def test_a_hash_is_for_the_network_of_its_client(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch, address: str, asker: str
) -> None:
    seen = []

    def place(_: Argon2Hasher) -> AbstractContextManager[None]:
        seen.append(ASKER.get())
        return nullcontext()

    monkeypatch.setattr(Argon2Hasher, "place", place)
    async with world_with({}) as world:
        await world.form("/fomo/customer/login", FIELDS, peer=address)
    assert seen == [asker]
