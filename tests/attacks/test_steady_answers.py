"""Answers that leave at ticks, so that their time does not tell what was done for whom."""

import asyncio
import time

import pytest

from actors import Creator
from dialects.rows import ROWS
from front_door import World, WorldWith
from hufu.wire import serve

PHONE = "13390633695"
ABOUT_OTHERS = {"fomo POST customer/bind_email", "fomo POST customer/bind_phone"}
"""Calls of members in which they name what may be somebody else's."""


def test_every_row_that_may_tell_is_steady() -> None:
    steady = {str(row) for row in ROWS if row.endpoint.steady}
    assert steady == {str(row) for row in ROWS if not row.for_members} | ABOUT_OTHERS


def naps(patch: pytest.MonkeyPatch) -> list[float]:
    """How long the answers were kept back."""
    taken: list[float] = []
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        taken.append(seconds)
        await sleep(0)

    patch.setattr(serve.asyncio, "sleep", nap)
    return taken


@pytest.mark.parametrize(("hardening", "kept"), [("strict", 1), ("documented", 0)])
async def test_an_answer_leaves_at_a_tick(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch, hardening: str, kept: int
) -> None:
    """Whatever time the work took: the rest of the tick is waited for."""
    at = iter([100.0, 100.0 + 3 * serve.TICK + 0.007])

    class Hand:
        """The clock of the request."""

        @staticmethod
        def monotonic() -> float:
            return next(at, time.monotonic())

    async with world_with({"apps.creator.hardening": hardening}) as world:
        monkeypatch.setattr(serve, "time", Hand)
        taken = naps(monkeypatch)
        await asked(world)
    assert taken == [pytest.approx(serve.TICK - 0.007)] * kept


async def asked(world: World) -> None:
    answer = await Creator().get(world, f"/user/forgetPassword/{PHONE}")
    assert answer.status == 200
