"""Two accounts that each want what the other has. Neither gets it, and both hear so at once: if
each gave up its own first, they would wait for one another."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from actors import Actor, Company, Fomo, Rental, Session
from front_door import World, WorldWith, all_at_once

PHONES = ("13390633695", "18736008450")
PASSWORD = "correct horse 1"
AT_ONCE = 50

Take = Callable[[World, Session, str], Awaitable[Any]]


async def handle(world: World, session: Session, wanted: str) -> Any:
    answer = await Fomo().call(world, "set_fomo_id", fomo_id=wanted, **session.fields)
    return answer["status"]


async def name(world: World, session: Session, wanted: str) -> Any:
    sent = {"name": wanted}
    answer = await Rental().json(world, "/api/profile/name", sent, cookies=session.cookies)
    return answer.json()["errno"]


async def number(world: World, session: Session, wanted: str) -> Any:
    return (await Company().call(world, "regDetail", identity_card=wanted, **session.fields))[
        "code"
    ]


EXCHANGES = {
    "handles": (Fomo(), handle, ("tiger_1", "tiger_2"), 1, 19, "handles"),
    "names": (Rental(), name, ("tiger", "tally"), 0, 4001, "profiles"),
    "numbers": (
        Company(),
        number,
        ("11010519491231002X", "440524188001010014"),
        "200",
        "400",
        "identity_numbers",
    ),
}
exchanges = pytest.mark.parametrize(
    ("actor", "take", "things", "done", "taken", "table"), EXCHANGES.values(), ids=EXCHANGES
)


async def owners(
    world: World, actor: Actor, take: Take, things: tuple[str, str], done: object
) -> list[Session]:
    """Two people, each with one of the things."""
    people = []
    for phone, thing in zip(PHONES, things, strict=True):
        await actor.register(world, phone, PASSWORD)
        session = await actor.sign_in(world, phone, PASSWORD)
        assert session is not None
        assert await take(world, session, thing) == done
        people.append(session)
    return people


@exchanges
async def test_who_wants_what_another_has_waits_for_nobody(
    world_with: WorldWith,
    actor: Actor,
    take: Take,
    things: tuple[str, str],
    done: object,
    taken: object,
    table: str,
) -> None:
    async with world_with({"database.lock_seconds": 1}) as world:
        people = await owners(world, actor, take, things, done)
        other = await asyncpg.connect(world.url)
        try:
            await other.execute(f"BEGIN; SELECT FROM {table} FOR UPDATE")
            answers = [
                await take(world, session, thing)
                for session, thing in zip(people, reversed(things), strict=True)
            ]
        finally:
            await other.close()
    assert answers == [taken, taken]


@exchanges
async def test_two_cannot_exchange_them(
    world: World,
    actor: Actor,
    take: Take,
    things: tuple[str, str],
    done: object,
    taken: object,
    table: str,
) -> None:
    people = await owners(world, actor, take, things, done)
    both = [*zip(people, reversed(things), strict=True)]
    answers = await all_at_once(
        take(world, session, thing) for session, thing in both * (AT_ONCE // 2)
    )
    assert answers == [taken] * AT_ONCE
