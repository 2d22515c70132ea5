"""Whose work it is that threads do, as they must know who share them out."""

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
    monkeypatch.setattr(Argon2Hasher, "refuse_if_full", lambda _: seen.append(ASKER.get()))
    async with world_with({}) as world:
        await world.form("/fomo/customer/login", FIELDS, peer=address)
    assert seen == [asker]
