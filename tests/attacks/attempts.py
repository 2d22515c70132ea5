"""How often an attack is attempted, how several attempts are judged, and what several share."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from front_door import World
from hufu.settings import DIALECTS
from hufu.wire.dialect import no_guard

SCALE = float(os.environ.get("HUFU_ATTACK_SCALE", "0.02"))
"""How much of a large number of attempts is made; 1 for all of them, which takes minutes."""


def scaled(full: int) -> int:
    """How many attempts stand for the full number."""
    return max(1, round(full * SCALE))


def unanimous(successes: Iterable[bool]) -> bool:
    """What all attempts came to. One that comes to something else than the others is a failure of
    the test, whether the defence is there or not."""
    seen = list(successes)
    assert len(set(seen)) == 1, f"only some attempts succeeded: {seen}"
    return seen[0]


async def count(world: World, rows: str) -> int:
    """How many rows there are: `sessions WHERE account_id = 7`."""
    (row,) = await world.sql(f"SELECT count(*) FROM {rows}")
    return int(row["count"])


def leave_unguarded(patch: pytest.MonkeyPatch, dialect: str) -> None:
    """From now on the dialect asks nothing about who made a browser send a request."""
    unguarded: dict[str, Any] = {
        name: replace(each, guard=no_guard) if name == dialect else each
        for name, each in DIALECTS.items()
    }
    patch.setattr("hufu.app.DIALECTS", unguarded)


class Anything(str):
    """A text that equals every other."""

    __slots__ = ()

    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = str.__hash__


class Anybody(int):
    """A number that equals every other."""

    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = int.__hash__
