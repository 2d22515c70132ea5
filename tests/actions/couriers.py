"""Couriers whose provider a test tells what to do, and letters for them."""

import asyncio
from collections.abc import Awaitable, Callable

from front_door import World
from hufu.actions.delivery import Carrier, Courier, Route, Trouble
from hufu.services.delivery import Channel, Letter

PHONE = "13390633695"


class Provider:
    """A provider that fails as it is told, and has an event for being asked."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.sent: list[Letter] = []
        self.asked = asyncio.Event()
        self.rest = 0.0

    async def send(self, letter: Letter) -> None:
        self.asked.set()
        if self.failure is not None:
            raise self.failure
        self.sent.append(letter)


class Scripted(Provider):
    """A provider that does for each letter what a function of the test does."""

    def __init__(self, step: Callable[[Letter], Awaitable[None]]) -> None:
        super().__init__()
        self._step = step

    async def send(self, letter: Letter) -> None:
        self.asked.set()
        await self._step(letter)
        self.sent.append(letter)


def courier_of(world: World, carrier: Carrier) -> Courier:
    """A courier of fomo's messages alone; e-mails stay in the outbox."""
    routes = {
        ("fomo", Channel.SMS): Route(carrier, "zh"),
        ("fomo", Channel.EMAIL): Route(None, "zh"),
    }
    return Courier(world.core.database, world.clock, world.core.secrets.letters, routes)


async def deliver(courier: Courier) -> tuple[int, list[Trouble]]:
    """How many letters were taken, and what was told of them."""
    troubles: list[Trouble] = []
    return await courier.deliver_due(troubles.append), troubles


async def taken(world: World, carrier: Carrier) -> int:
    """How many letters a courier of its own took."""
    letters, _ = await deliver(courier_of(world, carrier))
    return letters


async def ask_for_code(world: World, name: str = PHONE) -> str:
    """Have fomo send a code, which expires."""
    answer = await world.form("/fomo/customer/register", {"user_name": name, "pwd": "secret99"})
    assert answer.json()["status"] == 1
    return await world.code(name)


async def leave_notice(world: World) -> None:
    """Leave one letter without expiry in the outbox."""
    await ask_for_code(world)
    await world.sql("UPDATE outbox SET expires_at = NULL")


async def outbox(world: World) -> tuple[bool, bool]:
    """Whether the one letter was sent, and whether it was given up."""
    (row,) = await world.sql("SELECT sent_at, failed_at FROM outbox")
    return row["sent_at"] is not None, row["failed_at"] is not None


async def attempts(world: World) -> list[int]:
    """The attempts that count of each letter."""
    return [row["attempts"] for row in await world.sql("SELECT attempts FROM outbox ORDER BY id")]
