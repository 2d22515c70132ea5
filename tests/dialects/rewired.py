"""A server whose rows do something else than they should."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from front_door import World
from hufu.app import Server
from hufu.domain.instants import instant_of
from hufu.domain.permissions import Caller, Role
from hufu.settings import DIALECTS

FROM_INSIDE = "what nobody outside may read"


class ReplyFailed(Exception):
    """What every reply function of the server raises."""


@dataclass
class Rewired:
    """The server; `action` is what every row of every dialect does."""

    world: World
    action: Callable[[], Awaitable[object]]


def _unwritten(*_: object) -> Any:
    raise ReplyFailed(FROM_INSIDE)


async def _nothing() -> object:
    return None


def rewire(world: World) -> Rewired:
    """The same server with other actions and replies in its tables."""
    rewired = Rewired(world, _nothing)

    async def act(*_: object) -> object:
        return await rewired.action()

    dialects = {
        name: replace(
            dialect,
            endpoints=tuple(
                replace(row, action=act, reply=_unwritten) for row in dialect.endpoints
            ),
        )
        for name, dialect in DIALECTS.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hufu.app.DIALECTS", dialects)
        rewired.world = replace(world, server=Server(world.core))
    return rewired


def admit_anybody(patch: pytest.MonkeyPatch) -> None:
    """From now on everybody is somebody, whatever they show."""

    async def anybody(*_: object) -> Caller:
        return Caller(1, None, instant_of(datetime.now(UTC)), Role.MEMBER)

    patch.setattr("hufu.wire.serve.authenticate", anybody)
    patch.setattr("hufu.wire.serve.authenticate_by_password", anybody)
