"""The janitor removes what ended long enough ago, all of it and nothing else, in nobody's way."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from actors import ACTORS
from front_door import World, WorldWith, all_at_once
from hufu.actions.janitor import Janitor, Pace, Swept
from hufu.domain.instants import instant_of
from hufu.domain.retention import Perishable, Retention
from hufu.wire.metrics import SWEPT_AT
from rewarding import served

PASSWORD = "correct horse 1"
AT = timedelta(hours=5)
RETENTION = Retention(
    sessions=timedelta(days=3), challenges=timedelta(hours=7), letters=timedelta(days=2)
)
IN_PASSING = Pace(timedelta(hours=1), pages=1, pause=0)
MOMENT = timedelta(microseconds=1)
AWAY = (-timedelta(days=400), -timedelta(seconds=1), -MOMENT, 0 * MOMENT, MOMENT, AT, AT * 24)
"""How far after the time until which things go they end; who says 0 or less, goes."""

_LETTER = "'fomo', 'sms', '1', n, ''::bytea, at - interval '2 days'"
ENDING: Mapping[Perishable, tuple[str, ...]] = {
    Perishable.SESSIONS: (
        (
            "gen_random_uuid(), 1, 'fomo', n::bytea, 'code', NULL, NULL, '', at, at, "
            "interval '9 years', at"
        ),
        (
            "gen_random_uuid(), 1, 'fomo', n::bytea, 'code', NULL, NULL, '', at, "
            "at - interval '9 days', interval '9 days', at + interval '1 year'"
        ),
    ),
    Perishable.CODES: (
        "n::int, 'main', 'fomo', 'bind', 'phone', '1', '1', '', NULL, ''::bytea, 0, at, at",
    ),
    Perishable.REGISTRATIONS: (
        "n::int, 'main', 'fomo', n::int, 'phone', '1', '1', 'plain', 1, '', NULL, at, at",
    ),
    Perishable.GRANTS: ("n::bytea, 1, 'fomo', at, at",),
    Perishable.CAPTCHAS: ("'rental', n, ''::bytea, ''::bytea, at, at",),
    Perishable.OUTBOX: (
        f"{_LETTER}, NULL, at - interval '1 day', 1, at, NULL::timestamptz",
        f"{_LETTER}, NULL, at + interval '1 day', 1, NULL::timestamptz, at",
        f"{_LETTER} + interval '1 day', NULL, at - interval '1 hour', 1, NULL::timestamptz, NULL",
        f"{_LETTER}, at, at - interval '1 hour', 1, NULL::timestamptz, NULL",
        f"{_LETTER}, at - interval '1 day', at, 1, NULL::timestamptz, NULL",
    ),
    Perishable.LIMITS: (
        "'sends_to', n, ARRAY[at - interval '1 hour', at]",
        "'sends_to', n, ARRAY[at, at - interval '1 second']",
    ),
    Perishable.SENDING: ("n, at, 1, 1",),
    Perishable.DEVICES: ("1, n::bytea, at",),
    Perishable.ALARMS: ("'a', n, at::date, at",),
}
"""The columns of rows that end `at` a time, and are told apart by `n`."""


async def add(world: World, kind: Perishable, values: str, at: datetime, number: int = 1) -> None:
    columns = ""
    if kind is Perishable.OUTBOX:
        columns = (
            "(app, channel, recipient, purpose, sealed, created_at, expires_at, due_at, attempts, "
            "sent_at, failed_at)"
        )
    await world.sql(
        f"INSERT INTO {kind} {columns} SELECT {values} "
        "FROM (SELECT $1::timestamptz AS at, $2::text AS n) AS given",
        at,
        str(number),
    )


def janitor(world: World, retention: Retention = RETENTION, pace: Pace = IN_PASSING) -> Janitor:
    return Janitor(world.core.database, world.clock, retention, pace)


async def swept(janitor: Janitor, *, dry: bool = False) -> Counter[Perishable]:
    """How many rows went, by table."""
    found: Counter[Perishable] = Counter()

    def tell(each: Swept) -> None:
        assert each.seen <= each.pages
        found[each.kind] += each.found

    await janitor.sweep(tell, dry=dry)
    return found


async def count(world: World, kind: Perishable) -> int:
    [[rows]] = await world.sql(f"SELECT count(*) FROM {kind}")
    return int(rows)


@pytest.mark.parametrize("kind", Perishable)
async def test_what_ended_long_enough_ago_goes_and_nothing_else(
    world: World, kind: Perishable
) -> None:
    await world.sql("INSERT INTO accounts VALUES (1, 'main', 'active', now())")
    still = datetime.now(UTC)
    world.clock.instant = lambda: instant_of(still)  # type: ignore[method-assign]
    until = RETENTION.until(kind, still)
    number, staying = 0, 0
    for values in ENDING[kind]:
        for away in AWAY:
            number += 1
            await add(world, kind, values, until + away, number)
            staying += away > timedelta(0)
    going = number - staying
    for other in set(Perishable) - {kind}:
        await add(world, other, ENDING[other][0], still)

    assert await swept(janitor(world), dry=True) == {kind: going} | dict.fromkeys(
        set(Perishable) - {kind}, 0
    )
    assert await count(world, kind) == number
    assert (await swept(janitor(world)))[kind] == going
    assert await count(world, kind) == staying
    assert (await swept(janitor(world))).total() == 0
    assert [await count(world, other) for other in set(Perishable) - {kind}] == [1] * 9


async def test_every_page_is_looked_at(world: World) -> None:
    await world.sql(
        "INSERT INTO captchas SELECT 'rental', n::text, '', '', now(), now() - n % 2 * "
        "interval '1 year' + interval '1 hour' FROM generate_series(1, 3000) AS n"
    )
    seen: list[Swept] = []
    await janitor(world, pace=Pace(timedelta(hours=1), pages=3, pause=0)).sweep(seen.append)
    captchas = [each for each in seen if each.kind is Perishable.CAPTCHAS]
    assert len(captchas) > 5
    assert captchas[-1].seen == captchas[-1].pages
    assert sum(each.found for each in captchas) == 1500 == await count(world, Perishable.CAPTCHAS)


async def test_what_somebody_holds_is_left_for_the_next_time(world: World) -> None:
    old = "now() - interval '1 year'"
    await world.sql(
        f"INSERT INTO captchas SELECT 'rental', n::text, '', '', {old}, {old} "
        "FROM generate_series(1, 5) AS n"
    )
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; SELECT FROM captchas WHERE id = '3' FOR UPDATE")
        assert (await swept(janitor(world)))[Perishable.CAPTCHAS] == 4
        await other.execute("COMMIT")
    finally:
        await other.close()
    assert (await swept(janitor(world)))[Perishable.CAPTCHAS] == 1


async def test_what_comes_to_life_while_it_is_looked_at_stays(world: World) -> None:
    """A captcha's id that is drawn anew, or a limit that is hit again, is the same row."""
    old = "now() - interval '1 year'"
    await world.sql(f"INSERT INTO captchas SELECT 'rental', '1', '', '', {old}, {old}")
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; UPDATE captchas SET expires_at = now() + interval '1 day'")
        assert (await swept(janitor(world)))[Perishable.CAPTCHAS] == 0
        await other.execute("COMMIT")
    finally:
        await other.close()
    assert (await swept(janitor(world)))[Perishable.CAPTCHAS] == 0
    assert await count(world, Perishable.CAPTCHAS) == 1


async def test_one_of_many_does_what_is_due(world: World) -> None:
    many = [janitor(world) for _ in range(8)]
    assert await janitor(world).done_at() is None
    done = await all_at_once(each.sweep_if_due(lambda _: None) for each in many)
    assert sum(done) == 1
    assert abs(await janitor(world).done_at() - world.clock.now()) < timedelta(minutes=1)
    world.advance(minutes=59)
    assert not await janitor(world).sweep_if_due(lambda _: None)
    world.advance(minutes=2)
    done = await all_at_once(each.sweep_if_due(lambda _: None) for each in many)
    assert sum(done) == 1


async def test_it_is_in_nobodys_way(world_with: WorldWith) -> None:
    """People register and sign in through every dialect while two janitors go round and round."""
    async with world_with({}) as world:
        at_once = Retention(*[timedelta(0)] * 3)
        rounds = 0

        async def clean() -> None:
            nonlocal rounds
            while True:
                await swept(janitor(world, at_once))
                rounds += 1

        async def live(number: int) -> None:
            actor, phone = ACTORS[number % 4], f"139{number:08d}"
            await actor.register(world, phone, PASSWORD)
            for _ in range(3):
                session = await actor.sign_in(world, phone, PASSWORD)
                assert session is not None
                assert await actor.signed_in(world, session)

        cleaning = [asyncio.create_task(clean()) for _ in range(2)]
        try:
            await all_at_once(live(number) for number in range(40))
            before = rounds
            while rounds < before + 2:
                assert not any(task.done() for task in cleaning), cleaning
                await asyncio.sleep(0)
        finally:
            for task in cleaning:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*cleaning)
        [[deadlocks]] = await world.sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        assert deadlocks == 0
        assert await count(world, Perishable.SESSIONS) > 0


async def test_a_server_does_it_by_itself(empty_database: str, tmp_path) -> None:
    settings = {"janitor.interval_seconds": 0.05, "janitor.pause_seconds": 0}
    old = "now() - interval '1 year'"
    async with served(empty_database, tmp_path, None, settings) as world:
        await world.core.clock.sync()
        await world.sql(f"INSERT INTO captchas SELECT 'rental', '1', '', '', {old}, {old}")
        async with world.server.running():
            while await count(world, Perishable.CAPTCHAS):
                pass
            metrics = ""
            while "hufu_janitor_done_timestamp_seconds 1." not in metrics:
                await asyncio.sleep(0)
                metrics = (await world.get("/metrics")).body.decode()
    assert 'hufu_janitor_rows_total{table="captchas"}' in metrics


async def test_a_server_that_is_told_not_to_shows_when_somebody_else_did(
    empty_database: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hufu.upkeep.WATCH_EVERY", 0.01)
    SWEPT_AT.set(0)
    old = "now() - interval '1 year'"
    async with served(empty_database, tmp_path, None, {"janitor.interval_seconds": 0}) as world:
        await world.core.clock.sync()
        await swept(world.core.janitor)
        await world.sql(f"INSERT INTO captchas SELECT 'rental', '1', '', '', {old}, {old}")
        async with world.server.running(), asyncio.timeout(10):
            metrics = ""
            while "hufu_janitor_done_timestamp_seconds 1." not in metrics:
                await asyncio.sleep(0.01)
                metrics = (await world.get("/metrics")).body.decode()
        assert await count(world, Perishable.CAPTCHAS) == 1
