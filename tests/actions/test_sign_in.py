"""What counts as a guess at a password."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import pytest

from actors import Creator, Fomo
from front_door import World
from hufu.actions.sign_in import prove_password
from hufu.domain.passwords import Password, Verifier
from hufu.domain.permissions import Client
from hufu.services.argon2 import Hasher
from hufu.services.identifiers import parse_any
from hufu.services.overload import Overloaded

EMAIL = "owner@example.com"
PASSWORD, OTHER_PASSWORD, WRONG = "correct horse 1", "battery staple 2", "wrong horse 3"


@dataclass
class Tiring:
    """A hasher that compares so often, and then has too much to do."""

    hasher: Hasher
    left: int

    def place(self) -> AbstractContextManager[None]:
        """It has room for everybody."""
        return nullcontext()

    async def matches(self, password: Password, verifier: Verifier | None) -> bool:
        if not self.left:
            raise Overloaded(1)
        self.left -= 1
        return await self.hasher.matches(password, verifier)


async def counted(world: World) -> list[int]:
    rows = await world.sql("SELECT cardinality(hits) FROM limits WHERE name ~ '^password'")
    return [row["cardinality"] for row in rows]


@pytest.mark.parametrize(("compared", "guesses"), [(0, 0), (1, 1)])
async def test_a_comparison_that_was_made_is_a_guess(
    world: World, compared: int, guesses: int
) -> None:
    """Of two accounts that an address leads to, the first one's password was tried already."""
    await Creator().register(world, EMAIL, OTHER_PASSWORD)
    await Fomo().register(world, EMAIL, PASSWORD)
    deps = world.deps("creator")
    tired = replace(deps, hasher=Tiring(deps.hasher, compared))
    client, wrong = Client("203.0.113.9", ""), Password.typed(WRONG)
    with pytest.raises(Overloaded):
        await prove_password(tired, client, parse_any(EMAIL), wrong)
    assert await counted(world) == [guesses] * 2


async def test_a_right_one_is_no_guess_though_another_was_still_to_be_compared(
    world: World,
) -> None:
    """Where nobody is to learn who has an account, both are compared."""
    await Creator().register(world, EMAIL, OTHER_PASSWORD)
    await Fomo().register(world, EMAIL, PASSWORD)
    deps = world.deps("creator")
    app = replace(deps.app, reveal_unknown_user=False)
    tired = replace(deps, app=app, hasher=Tiring(deps.hasher, 1))
    client, right = Client("203.0.113.9", ""), Password.typed(PASSWORD)
    with pytest.raises(Overloaded):
        await prove_password(tired, client, parse_any(EMAIL), right)
    assert await counted(world) == [0, 0]
