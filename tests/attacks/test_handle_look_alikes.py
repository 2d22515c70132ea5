"""Handles that look like somebody else's, and one handle for many."""

import re
from datetime import datetime
from typing import Any

import pytest

from attacks.attack import World, attack
from attacks.attempts import unanimous
from front_door import all_at_once
from hufu.dialects.fomo import messages
from hufu.domain import names
from hufu.storage.handles import Handles
from rewarding import Member, members

TAKEN = 19
CLAIMANTS = 50


async def claims(who: Member, world: World, handle: str) -> bool:
    """Whether the person has the handle now."""
    answer = await who.call(world, "set_fomo_id", fomo_id=handle)
    assert answer["status"] in {0, 1, TAKEN}, (handle, answer)
    return bool(answer["status"] == 1)


LOOK_ALIKES = (
    *("\u212aelvin", "\u017ftar_x", "ｋelvin", "Ｋｅｌｖｉｎ", "kelvin＿", "kеlvin", "kelv\u0131n"),
    *("kelvin\n", "\nkelvin", "kelvin\r", "kelvin ", " kelvin", "kelvin\t", "kelvin\u200b"),
    *("kelvin\u00a0", "\ufeffkelvin", "kel\u00advin", "kelvin\u0301", "kelvin\x85", "kelvin\u2028"),
    *("kelvin\u202e", "kelvin.", "kelvin-1", "ke1vin²", "kelvin\x1f", "k\u0307elvin", "老虎老虎"),
)


def any_word_is_a_handle(patch: pytest.MonkeyPatch) -> None:
    """A handle is any text of 3 to 30 characters."""
    patch.setattr(names, "_HANDLE", re.compile(r"(?s:.{3,30})"))


@attack(26, without=any_word_is_a_handle)
async def test_a_handle_is_written_with_other_letters(world: World) -> bool:
    (who,) = await members(world, 1)
    return unanimous([await claims(who, world, each) for each in LOOK_ALIKES])


def the_end_of_a_line_is_the_end(patch: pytest.MonkeyPatch) -> None:
    """A pattern that ends in `$`, which also matches before a line feed."""
    form = re.compile(r"^[A-Za-z0-9_]{3,22}$")

    def handle(raw: str) -> tuple[str, str]:
        assert form.match(raw)
        return raw, raw.lower()

    patch.setattr(messages, "handle", handle)


@attack(26, without=the_end_of_a_line_is_the_end)
async def test_a_handle_ends_in_a_line_feed(world: World) -> bool:
    owner, other = await members(world, 2)
    assert await claims(owner, world, "kelvin")
    return await claims(other, world, "kelvin\n")


def handles_are_compared_as_typed(patch: pytest.MonkeyPatch) -> None:
    claim = Handles.claim

    async def typed(self: Handles, app: str, _: str, shown: str, *more: Any) -> bool:
        return await claim(self, app, shown, shown, *more)

    patch.setattr(Handles, "claim", typed)


@attack(26, without=handles_are_compared_as_typed)
async def test_a_handle_is_somebodys_in_another_case(world: World) -> bool:
    owner, other = await members(world, 2)
    assert await claims(owner, world, "Kelvin_1")
    twins = ("kelvin_1", "KELVIN_1", "kELVIN_1")
    return unanimous([await claims(other, world, each) for each in twins])


def nothing_is_reserved(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks who has the handle, or had it a moment ago."""

    async def claim(
        self: Handles, app: str, key: str, shown: str, account_id: int, _: datetime
    ) -> bool:
        await self._connection.execute(
            "INSERT INTO handles AS h (app, key, shown, account_id) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (app, key) DO UPDATE SET shown = $3, account_id = $4, released_at = NULL",
            app,
            key,
            shown,
            account_id,
        )
        return True

    async def is_free(*_: Any) -> bool:
        return True

    patch.setattr(Handles, "is_free", is_free)
    patch.setattr(Handles, "claim", claim)


@attack(26, without=nothing_is_reserved)
async def test_many_claimants_have_one_handle(world: World) -> bool:
    people = await members(world, CLAIMANTS)
    told = await all_at_once(claims(who, world, "tiger_tally") for who in people)
    assert any(told)
    return sum(told) > 1


@attack(26, without=nothing_is_reserved)
async def test_a_handle_is_taken_that_its_owner_just_gave_up(world: World) -> bool:
    owner, other = await members(world, 2)
    assert await claims(owner, world, "tiger_tally")
    assert await claims(owner, world, "tiger_2")
    return await claims(other, world, "tiger_tally")


def anybody_may_pose(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(names, "_poses_as_operator", lambda _: False)


@attack(26, without=anybody_may_pose)
async def test_a_handle_poses_as_the_operator(world: World) -> bool:
    (who,) = await members(world, 1)
    posing = ("admin", "ADMIN", "Adm1n", "a_d_m_i_n", "_admin_", "official", "0fficial", "r00t",
              "system", "hufu", "support", "adrnin", "Customer_Service")  # fmt: skip
    return unanimous([await claims(who, world, each) for each in posing])
