"""Letters leave the outbox once, in time, and come back when a provider fails."""

from collections.abc import Callable

import pytest

from front_door import World, all_at_once
from hufu.actions.delivery import LEASE, MAX_ATTEMPTS, Courier, Route
from hufu.services.delivery import Channel, DeliveryFailed, Letter

PHONE = "13390633695"


class Carrier:
    """A provider that a test tells what to do."""

    def __init__(self, failure: DeliveryFailed | None = None) -> None:
        self.failure = failure
        self.sent: list[Letter] = []
        self.available = True

    async def send(self, letter: Letter) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(letter)


Make = Callable[[Carrier], Courier]


@pytest.fixture
def courier(world: World) -> Make:
    def make(carrier: Carrier) -> Courier:
        routes = {
            ("fomo", Channel.SMS): Route(carrier, "zh"),
            ("fomo", Channel.EMAIL): Route(None, "zh"),
        }
        secrets = world.core.secrets
        return Courier(world.core.database, world.clock, secrets.letters, routes)

    return make


async def ask_for_code(world: World, name: str = PHONE) -> str:
    answer = await world.form("/fomo/customer/register", {"user_name": name, "pwd": "secret99"})
    assert answer.json()["status"] == 1
    return await world.code(name)


async def outbox(world: World) -> tuple[bool, bool]:
    """Whether the one letter was sent, and whether it was given up."""
    (row,) = await world.sql("SELECT sent_at, failed_at FROM outbox")
    return row["sent_at"] is not None, row["failed_at"] is not None


async def test_a_letter_is_delivered_with_its_code_and_once(world: World, courier: Make) -> None:
    code = await ask_for_code(world)
    carrier = Carrier()
    assert await courier(carrier).deliver_due() == 1
    assert await courier(carrier).deliver_due() == 0
    (letter,) = carrier.sent
    assert (letter.to, letter.app, letter.purpose, letter.code) == (
        f"+86{PHONE}",
        "fomo",
        "register",
        code,
    )
    assert code in letter.text
    assert await outbox(world) == (True, False)


async def test_couriers_at_once_share_the_letters(world: World, courier: Make) -> None:
    for n in range(30):
        await ask_for_code(world, f"139000000{n:02d}")
    carrier = Carrier()
    await all_at_once(courier(carrier).deliver_due() for _ in range(4))
    assert len({letter.to for letter in carrier.sent}) == len(carrier.sent) == 30


async def test_an_expired_code_is_never_sent(world: World, courier: Make) -> None:
    await ask_for_code(world)
    world.advance(minutes=10)
    carrier = Carrier()
    await courier(carrier).deliver_due()
    assert carrier.sent == []
    assert await outbox(world) == (False, True)


async def test_a_failed_letter_comes_back_later(world: World, courier: Make) -> None:
    await ask_for_code(world)
    carrier = Carrier(DeliveryFailed("provider.down"))
    await courier(carrier).deliver_due()
    assert await outbox(world) == (False, False)
    carrier.failure = None
    assert await courier(carrier).deliver_due() == 0
    world.advance(seconds=6)
    assert await courier(carrier).deliver_due() == 1
    assert len(carrier.sent) == 1


async def test_a_refused_letter_does_not_come_back(world: World, courier: Make) -> None:
    await ask_for_code(world)
    carrier = Carrier(DeliveryFailed("number.rejected", permanent=True))
    await courier(carrier).deliver_due()
    assert await outbox(world) == (False, True)


async def test_a_letter_is_given_up_after_so_many_attempts(world: World, courier: Make) -> None:
    await ask_for_code(world)
    await world.sql("UPDATE outbox SET expires_at = NULL")
    carrier = Carrier(DeliveryFailed("provider.down"))
    for _ in range(MAX_ATTEMPTS):
        assert await outbox(world) == (False, False)
        assert await courier(carrier).deliver_due() == 1
        world.advance(minutes=10)
    assert await outbox(world) == (False, True)


async def test_a_crash_between_sending_and_marking_sends_once_more(
    world: World, courier: Make
) -> None:
    await ask_for_code(world)
    carrier = Carrier()
    await courier(carrier).deliver_due()
    await world.sql("UPDATE outbox SET sent_at = NULL")  # As if the worker died before its mark.
    assert await courier(carrier).deliver_due() == 0
    world.clock.shift += LEASE
    assert await courier(carrier).deliver_due() == 1
    assert len(carrier.sent) == 2
    assert len({letter.id for letter in carrier.sent}) == 1


async def test_letters_of_an_app_that_is_gone_are_given_up(world: World) -> None:
    await ask_for_code(world)
    courier = Courier(world.core.database, world.clock, world.core.secrets.letters, {})
    await courier.deliver_due()
    assert await outbox(world) == (False, True)


async def test_the_outbox_shows_no_code_to_who_reads_the_database(world: World) -> None:
    code = await ask_for_code(world)
    (row,) = await world.sql("SELECT outbox::text AS everything, sealed FROM outbox")
    assert code not in row["everything"]
    assert code.encode() not in row["sealed"]


async def test_nothing_is_asked_of_a_provider_that_is_known_to_fail(
    world: World, courier: Make
) -> None:
    carrier = Carrier()
    one = courier(carrier)
    assert one.available("fomo", Channel.SMS)
    assert one.available("fomo", Channel.EMAIL)
    carrier.available = False
    assert not one.available("fomo", Channel.SMS)
