"""What befalls one letter befalls no other, and is told by the letter's id alone."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
import structlog

from actions.couriers import (
    PHONE,
    Provider,
    Scripted,
    ask_for_code,
    attempts,
    courier_of,
    deliver,
    leave_notice,
    outbox,
    taken,
)
from front_door import World, WorldWith, opened
from hufu.actions.delivery import (
    LEASE,
    NOTICE_ATTEMPTS,
    Courier,
    GivenUp,
    Lane,
    Route,
    Tell,
    Trouble,
)
from hufu.app import Server
from hufu.services.delivery import Channel, DeliveryFailed, Letter
from hufu.wire.metrics import GIVEN_UP

OTHERS = ("13800138000", "13800138001", "13800138002")
SMALLINT_MAX = 2**15 - 1


async def id_of(world: World, name: str = PHONE) -> int:
    (row,) = await world.sql("SELECT id FROM outbox WHERE recipient = $1", f"+86{name}")
    return int(row["id"])


async def test_one_letters_failure_stops_no_other(world: World) -> None:
    for name in (PHONE, *OTHERS):
        await ask_for_code(world, name)
    failed = asyncio.Event()

    async def step(letter: Letter) -> None:
        if letter.to == f"+86{PHONE}":
            failed.set()
            raise ZeroDivisionError(letter.text)
        await failed.wait()
        for _ in range(5):
            await asyncio.sleep(0)  # Time enough for being cancelled.

    carrier = Scripted(step)
    told = Trouble(await id_of(world), "ZeroDivisionError", given_up=None)
    assert await deliver(courier_of(world, carrier)) == (4, [told])
    assert sorted(letter.to for letter in carrier.sent) == [f"+86{name}" for name in OTHERS]
    world.clock.shift += LEASE
    assert await taken(world, carrier) == 1


async def test_a_letter_that_could_not_be_marked_is_not_sent_again(world_with: WorldWith) -> None:
    async with world_with({"database.statement_seconds": 1}) as world:
        await ask_for_code(world)
        held = await asyncpg.connect(world.url)

        async def step(_: Letter) -> None:
            await held.execute("BEGIN; SELECT FROM outbox FOR UPDATE")

        carrier = Scripted(step)
        courier = courier_of(world, carrier)
        told = Trouble(await id_of(world), "DatabaseUnavailable", given_up=None)
        try:
            assert await deliver(courier) == (1, [told])
        finally:
            await held.close()
        assert await outbox(world) == (False, False)
        world.clock.shift += LEASE
        assert await deliver(courier) == (0, [])
        assert await outbox(world) == (True, False)
        assert len(carrier.sent) == 1


async def test_a_letter_that_cannot_be_opened_is_given_up(world: World) -> None:
    await ask_for_code(world)
    await world.sql("UPDATE outbox SET sealed = '\\x00'")
    carrier = Provider()
    told = Trouble(await id_of(world), "SealBroken", given_up=GivenUp.UNREADABLE)
    assert await deliver(courier_of(world, carrier)) == (1, [told])
    assert await outbox(world) == (False, True)
    assert carrier.sent == []


@pytest.mark.parametrize(("permanent", "given_up"), [(False, None), (True, GivenUp.REFUSED)])
async def test_why_a_provider_did_not_take_a_letter_is_told(
    world: World, permanent: bool, given_up: GivenUp | None
) -> None:
    await ask_for_code(world)
    carrier = Provider(DeliveryFailed("provider.quota", permanent=permanent))
    told = Trouble(await id_of(world), "provider.quota", given_up=given_up)
    assert await deliver(courier_of(world, carrier)) == (1, [told])


async def test_a_letter_that_nobody_lives_to_mark_is_given_up_too(world: World) -> None:
    await leave_notice(world)
    carrier = Provider(ZeroDivisionError())
    for _ in range(NOTICE_ATTEMPTS):
        assert await outbox(world) == (False, False)
        assert await taken(world, carrier) == 1
        world.clock.shift += LEASE
    carrier.asked.clear()
    assert await taken(world, carrier) == 1
    assert await outbox(world) == (False, True)
    assert not carrier.asked.is_set()


async def test_attempts_are_counted_as_far_as_their_column_goes(world: World) -> None:
    await leave_notice(world)
    await world.sql("UPDATE outbox SET attempts = $1", SMALLINT_MAX)
    assert await taken(world, Provider()) == 1
    assert await attempts(world) == [SMALLINT_MAX]
    assert await outbox(world) == (False, True)


# The end of the process


async def test_a_letter_under_way_is_sent_and_marked_before_the_end(world: World) -> None:
    await ask_for_code(world)
    answer = asyncio.Event()
    carrier = Scripted(lambda _: answer.wait())
    ending = asyncio.create_task(deliver(courier_of(world, carrier)))
    await carrier.asked.wait()
    ending.cancel()
    for _ in range(5):
        await asyncio.sleep(0)  # Time enough for being cancelled.
    answer.set()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert len(carrier.sent) == 1
    assert await outbox(world) == (True, False)


@pytest.mark.parametrize("how", ["patience", "time"])
async def test_the_end_does_not_wait_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    await ask_for_code(world)
    monkeypatch.setattr("hufu.actions.delivery.DRAIN_SECONDS", 0.05 if how == "patience" else 60)
    stopped = asyncio.Event()

    async def step(_: Letter) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    carrier = Scripted(step)
    courier = courier_of(world, carrier)
    ending = asyncio.create_task(deliver(courier))
    await carrier.asked.wait()
    if how == "time":
        courier.ends_by = asyncio.get_running_loop().time() + 0.05
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(ending, 10)
    assert stopped.is_set()
    assert await outbox(world) == (False, False)


# The server


async def test_the_server_logs_the_letter_and_the_reason_and_nothing_of_what_it_says(
    world: World,
) -> None:
    code = await ask_for_code(world)
    carrier = Provider(DeliveryFailed("provider.down"))
    core = replace(world.core, courier=courier_of(world, carrier))
    with structlog.testing.capture_logs() as lines:
        async with Server(core).running():
            await carrier.asked.wait()
    assert lines == [
        {
            "event": "letter_not_sent",
            "log_level": "warning",
            "letter": await id_of(world),
            "reason": "provider.down",
            "given_up": False,
        }
    ]
    assert not any(secret in repr(lines) for secret in (PHONE, code))


async def test_the_server_counts_what_its_provider_refuses_for_good(world: World) -> None:
    GIVEN_UP.clear()
    await ask_for_code(world)
    carrier = Provider(DeliveryFailed("provider.status_401", permanent=True))
    core = replace(world.core, courier=courier_of(world, carrier))
    async with Server(core).running():
        metrics = (await world.get("/metrics")).body.decode()
        assert 'hufu_outbox_given_up_total{why="refused"}' in metrics
        async with asyncio.timeout(10):
            while 'hufu_outbox_given_up_total{why="refused"} 1.0' not in metrics:
                await asyncio.sleep(0.01)
                metrics = (await world.get("/metrics")).body.decode()
    assert 'hufu_outbox_given_up_total{why="expired"} 0.0' in metrics


async def test_a_provider_that_takes_its_time_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hufu.upkeep.LOOK_EVERY", 0.01)
    answered = asyncio.Event()

    async def later(_: Letter) -> None:
        await answered.wait()

    slow, quick = Scripted(later), Provider()
    routes = {
        ("fomo", Channel.SMS): Route(slow, "zh"),
        ("fomo", Channel.EMAIL): Route(quick, "zh"),
    }
    courier = Courier(world.core.database, world.clock, world.core.secrets.letters, routes)
    async with Server(replace(world.core, courier=courier)).running(), asyncio.timeout(10):
        await ask_for_code(world)
        await slow.asked.wait()
        await ask_for_code(world, "somebody@example.com")
        await quick.asked.wait()
        answered.set()


class Rounds(Courier):
    """A courier that says when it has looked for letters so often."""

    left = 5
    done: asyncio.Event

    async def deliver_due(self, tell: Tell, lane: Lane | None = None) -> int:
        self.left -= 1
        if not self.left:
            self.done.set()
        return await super().deliver_due(tell, lane)


async def test_a_database_without_tables_is_told_of_once(
    world: World, database_url: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hufu.upkeep.LOOK_EVERY", 0.01)
    await world.sql("CREATE DATABASE empty")
    try:
        async with opened(database_url.replace("/hufu?", "/empty?"), tmp_path, {}) as bare:
            kept = {("fomo", "sms"): Route(None, "zh")}
            rounds = Rounds(bare.core.database, bare.clock, bare.core.secrets.letters, kept)
            rounds.done = asyncio.Event()
            with structlog.testing.capture_logs() as lines:
                async with Server(replace(bare.core, courier=rounds)).running():
                    await rounds.done.wait()
    finally:
        await world.sql("DROP DATABASE empty")
    assert sorted((line["event"], line["error"]) for line in lines) == [
        ("delivery_broken", "UndefinedTableError"),
        ("outbox_watch_broken", "UndefinedTableError"),
    ]
