"""Letters leave the outbox once, in time, and come back when a provider fails."""

from datetime import timedelta

from actions.couriers import (
    PHONE,
    Provider,
    ask_for_code,
    attempts,
    courier_of,
    deliver,
    leave_notice,
    outbox,
    taken,
)
from front_door import World, WorldWith, all_at_once
from hufu.actions.delivery import LEASE, LONGEST_PAUSE, MAX_ATTEMPTS, NOTICE_LIFE
from hufu.services.breaker import BreakerOpen
from hufu.services.delivery import Channel, DeliveryFailed


async def test_a_letter_is_delivered_with_its_code_and_once(world: World) -> None:
    code = await ask_for_code(world)
    carrier = Provider()
    assert await taken(world, carrier) == 1
    assert await taken(world, carrier) == 0
    (letter,) = carrier.sent
    assert (letter.to, letter.app, letter.purpose, letter.code) == (
        f"+86{PHONE}",
        "fomo",
        "register",
        code,
    )
    assert code in letter.text
    assert await outbox(world) == (True, False)


async def test_couriers_at_once_share_the_letters(world: World) -> None:
    for n in range(30):
        await ask_for_code(world, f"139000000{n:02d}")
    carrier = Provider()
    await all_at_once(taken(world, carrier) for _ in range(4))
    assert len({letter.to for letter in carrier.sent}) == len(carrier.sent) == 30


async def test_an_expired_code_is_never_sent(world: World) -> None:
    await ask_for_code(world)
    world.advance(minutes=10)
    carrier = Provider()
    await taken(world, carrier)
    assert carrier.sent == []
    assert await outbox(world) == (False, True)


async def test_a_failed_letter_comes_back_later(world: World) -> None:
    await ask_for_code(world)
    carrier = Provider(DeliveryFailed("provider.down"))
    await taken(world, carrier)
    assert await outbox(world) == (False, False)
    carrier.failure = None
    assert await taken(world, carrier) == 0
    world.advance(seconds=6)
    assert await taken(world, carrier) == 1
    assert len(carrier.sent) == 1


async def test_a_refused_letter_does_not_come_back(world: World) -> None:
    await ask_for_code(world)
    carrier = Provider(DeliveryFailed("number.rejected", permanent=True))
    await taken(world, carrier)
    assert await outbox(world) == (False, True)


async def test_a_code_is_given_up_after_so_many_attempts(world: World) -> None:
    await ask_for_code(world)
    carrier = Provider(DeliveryFailed("provider.down"))
    for _ in range(MAX_ATTEMPTS):
        assert await outbox(world) == (False, False)
        assert await taken(world, carrier) == 1
        world.advance(seconds=90)
    assert await outbox(world) == (False, True)


async def test_a_notice_is_tried_for_a_day_with_pauses_that_stay_short(world: World) -> None:
    await leave_notice(world)
    carrier, waited = Provider(DeliveryFailed("provider.down")), timedelta()
    while not (await outbox(world))[1]:
        assert await taken(world, carrier) == 1
        (row,) = await world.sql("SELECT due_at, failed_at FROM outbox")
        pause = row["due_at"] - world.clock.now()
        assert row["failed_at"] or pause <= LONGEST_PAUSE
        world.clock.shift += pause
        waited += pause
    assert NOTICE_LIFE - LONGEST_PAUSE <= waited <= NOTICE_LIFE + LONGEST_PAUSE
    world.advance(days=2)
    assert await taken(world, carrier) == 0


async def test_a_notice_gets_through_after_hours(world: World) -> None:
    await leave_notice(world)
    carrier = Provider(DeliveryFailed("provider.down"))
    for _ in range(40):
        await taken(world, carrier)
        world.clock.shift += LONGEST_PAUSE
    carrier.failure = None
    assert await taken(world, carrier) == 1
    assert await outbox(world) == (True, False)


async def test_letters_that_an_open_breaker_refuses_lose_no_attempt(world: World) -> None:
    await leave_notice(world)
    carrier = Provider(BreakerOpen())
    for _ in range(3 * MAX_ATTEMPTS):
        assert await deliver(courier_of(world, carrier)) == (1, [])
        assert await attempts(world) == [0]
        assert await taken(world, carrier) == 0
        world.advance(minutes=1)
    carrier.failure = None
    assert await taken(world, carrier) == 1
    assert await outbox(world) == (True, False)


async def test_letters_wait_in_peace_while_their_provider_is_known_to_fail(world: World) -> None:
    await ask_for_code(world)
    carrier = Provider()
    carrier.rest = 28.0
    assert await taken(world, carrier) == 0
    assert await attempts(world) == [0]
    carrier.rest = 0.0
    assert await taken(world, carrier) == 1
    assert await outbox(world) == (True, False)


async def test_a_crash_between_sending_and_marking_sends_once_more(world: World) -> None:
    await ask_for_code(world)
    carrier = Provider()
    await taken(world, carrier)
    await world.sql("UPDATE outbox SET sent_at = NULL")  # As if the worker died before its mark.
    assert await taken(world, carrier) == 0
    world.clock.shift += LEASE
    assert await taken(world, carrier) == 1
    assert len(carrier.sent) == 2
    assert len({letter.id for letter in carrier.sent}) == 1


async def test_letters_of_other_apps_and_channels_are_left_to_who_routes_them(
    world: World, world_with: WorldWith
) -> None:
    await ask_for_code(world)
    async with world_with({"only_app": "rental"}) as alone:
        for _ in range(2 * MAX_ATTEMPTS):
            assert await deliver(alone.core.courier) == (0, [])
            alone.clock.shift += LEASE
    assert await attempts(world) == [0]
    await world.sql("UPDATE outbox SET channel = 'email'")
    carrier = Provider()
    assert await taken(world, carrier) == 1
    assert carrier.sent == []
    assert await outbox(world) == (True, False)


async def test_the_outbox_shows_no_code_to_who_reads_the_database(world: World) -> None:
    code = await ask_for_code(world)
    (row,) = await world.sql("SELECT outbox::text AS everything, sealed FROM outbox")
    assert code not in row["everything"]
    assert code.encode() not in row["sealed"]


async def test_nothing_is_asked_of_a_provider_that_is_known_to_fail(world: World) -> None:
    carrier = Provider()
    one = courier_of(world, carrier)
    assert one.rest("fomo", Channel.SMS) == 0
    assert one.rest("fomo", Channel.EMAIL) == 0
    carrier.rest = 28.0
    assert one.rest("fomo", Channel.SMS) == 28
