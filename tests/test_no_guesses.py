"""Where a limit allows no guess, none is evaluated: the right one opens nothing either."""

from datetime import timedelta

from front_door import WorldWith
from hufu.actions.words import add_word
from hufu.domain.ledger import UNITS
from rewarding import member, members

REFUSED = 0


async def test_no_word_is_right(world_with: WorldWith) -> None:
    async with world_with({"limits.word_guesses_per_day": 0}) as world:
        one = await member(world)
        expires_at = world.clock.now() + timedelta(hours=1)
        await add_word(world.deps("fomo"), "sesame", 1, UNITS, 1, expires_at)
        assert await one.status(world, "submit_word", word="barley") == REFUSED
        assert await one.status(world, "submit_word", word="sesame") == REFUSED
        assert await world.sql("SELECT FROM word_takers") == []


async def test_nobody_is_an_inviter(world_with: WorldWith) -> None:
    async with world_with({"limits.invitation_guesses_per_day": 0}) as world:
        older, younger = await members(world, 2)
        for code in ("ZZZZZZZZZZZZ", older.code):
            assert await younger.status(world, "set_invitation", parent_code=code) == REFUSED
        assert await world.sql("SELECT FROM invitations") == []
