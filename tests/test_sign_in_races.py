"""Fifty sign-ins whose passwords were right when they were compared, and what came in between."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from nacl.pwhash import argon2id

from actors import ACTORS, Actor, Fomo
from front_door import Answer, World, all_at_once
from hufu.actions import sign_in
from hufu.actions.administration import bar_account, close_account
from hufu.domain.passwords import Password

PHONE, PASSWORD, NEW_PASSWORD = "13390633695", "correct horse 1", "battery staple 2"
AT_ONCE = 50
PATIENT = {
    "limits.password_guesses_per_quarter_hour": 1000,
    "limits.password_guesses_per_day": 1000,
}


async def account_of(world: World) -> int:
    (row,) = await world.sql("SELECT account_id FROM identifiers WHERE key = $1", f"+86{PHONE}")
    return int(row["account_id"])


async def bar(world: World) -> None:
    await bar_account(world.deps("fomo"), await account_of(world), "test")


async def close(world: World) -> None:
    await close_account(world.deps("fomo"), await account_of(world), "test")


async def change(world: World) -> None:
    assert await Fomo().change_password(world, PHONE, NEW_PASSWORD)


def meanwhile(
    patch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]], after: int
) -> None:
    """When so many passwords were compared, and before the last of them opens a session, this
    happens; the others go on at the same time."""
    prove, proved = sign_in.prove_password, 0

    async def proving(*arguments: Any) -> Any:
        nonlocal proved
        result = await prove(*arguments)
        proved += 1
        if proved == after:
            await happens()
        return result

    patch.setattr(sign_in, "prove_password", proving)


async def opened(world: World) -> int:
    return len(await world.sql("SELECT FROM sessions"))


CHANGES = [change, bar, close]


@pytest.mark.parametrize("happens", CHANGES, ids=lambda each: each.__name__)
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_nobody_is_in_after_it(
    world_with: Any,
    monkeypatch: pytest.MonkeyPatch,
    actor: Actor,
    happens: Callable[[World], Awaitable[None]],
) -> None:
    async with world_with(PATIENT) as world:
        await Fomo().register(world, PHONE, PASSWORD)
        assert await actor.sign_in(world, PHONE, PASSWORD) is not None
        meanwhile(monkeypatch, lambda: happens(world), after=5)
        answers: list[Answer] = await all_at_once(
            actor.try_to_sign_in(world, PHONE, PASSWORD) for _ in range(AT_ONCE)
        )
        assert all(answer.status < 500 for answer in answers)
        assert await opened(world) == 0


WAITING = (
    "SELECT FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"
)
ANOTHER = argon2id.str(b"another", opslimit=1, memlimit=argon2id.MEMLIMIT_MIN).decode()
LAST_MOMENT = {
    "changed": f"UPDATE passwords SET argon2 = '{ANOTHER}'",
    "forgotten": "DELETE FROM passwords",
    "barred": "UPDATE accounts SET state = 'barred'",
    "closed": "UPDATE accounts SET state = 'closed'",
}


async def at_the_last_moment(world: World, actor: Actor, change: str) -> None:
    """The sign-in's one statement has begun, and waits for the account: what it saw when it began
    is not what counts."""
    await Fomo().register(world, PHONE, PASSWORD)
    assert await actor.sign_in(world, PHONE, PASSWORD) is not None
    other = await asyncpg.connect(world.url)
    try:
        await other.execute("BEGIN; SELECT FROM accounts FOR NO KEY UPDATE")
        signing_in = asyncio.create_task(actor.try_to_sign_in(world, PHONE, PASSWORD))
        while not await world.sql(WAITING):
            assert not signing_in.done()
        await other.execute(f"{change}; DELETE FROM sessions; COMMIT")
    finally:
        await other.close()
    await signing_in


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_a_verifier_that_is_made_anew_meanwhile_fits_as_well(
    world: World, actor: Actor
) -> None:
    """As a server does that has a newer pepper, or another cost."""
    deps = world.deps("fomo")
    anew = (await deps.hasher.make(Password.typed(PASSWORD), deps.app.scheme)).argon2
    await at_the_last_moment(world, actor, f"UPDATE passwords SET argon2 = '{anew}'")
    assert await opened(world) == 1


@pytest.mark.parametrize("change", LAST_MOMENT.values(), ids=LAST_MOMENT)
@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_what_holds_is_what_the_account_s_holder_left(
    world: World, actor: Actor, change: str
) -> None:
    await at_the_last_moment(world, actor, change)
    assert await opened(world) == 0
    assert await world.sql("SELECT FROM limits WHERE name ~ '^password' AND hits <> '{}'") == []


async def test_right_ones_at_once_all_get_in_and_leave_no_guess(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    peers = [f"203.0.113.{n}" for n in range(10)]
    answers = await all_at_once(
        Fomo(peer=peer).try_to_sign_in(world, PHONE, PASSWORD) for peer in peers
    )
    assert Counter(answer.json()["status"] for answer in answers) == {1: 10}
    assert await opened(world) == 10
    assert await world.sql("SELECT FROM limits WHERE name ~ '^password' AND hits <> '{}'") == []
