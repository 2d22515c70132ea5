"""What a refusal costs: an Argon2id comparison wherever a yes costs one, whatever the reason.

The comparisons are counted that the thread pool computes, not the times that they take.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from actors import Creator, md5
from attacks.attack import World, attack
from attacks.attempts import unanimous
from attacks.holders import EMAIL, NEW_PASSWORD, PASSWORD, Holder, holder
from attacks.honest import NUMBERS, Spoilt, Way, names, ready, said_yes, send, way_to, ways_in
from attacks.slots import Slot, slot_of, takes
from dialects.rows import ROWS, Row
from front_door import WorldWith
from hufu.actions import sign_in
from hufu.actions.administration import bar_account, close_account
from hufu.domain.errors import AccountBarred
from hufu.domain.passwords import Verifier
from hufu.services import argon2
from hufu.services.argon2 import Argon2Hasher
from hufu.storage.sign_in import Guess

PATIENT = {
    "limits.password_guesses_per_quarter_hour": 1000,
    "limits.password_guesses_per_day": 1000,
}
SETTINGS = {
    "documented": PATIENT,
    "strict": {**PATIENT, **{f"apps.{row.dialect.name}.hardening": "strict" for row in ROWS}},
}

Change = Callable[[World, Holder], Awaitable[object]]


async def _nothing(_: World, __: Holder) -> None:
    return None


async def _bar(world: World, who: Holder) -> None:
    await bar_account(world.deps("fomo"), who.account_id, "test")


async def _close(world: World, who: Holder) -> None:
    await close_account(world.deps("fomo"), who.account_id, "test")


async def _forget_password(world: World, who: Holder) -> None:
    await world.sql("DELETE FROM passwords WHERE account_id = $1", who.account_id)


async def _never_was(world: World, who: Holder) -> None:
    await world.sql("DELETE FROM identifiers WHERE account_id = $1", who.account_id)


CASES: dict[str, tuple[Change, str]] = {
    "wrong": (_nothing, NEW_PASSWORD),
    "blank": (_nothing, " "),
    "unknown": (_never_was, PASSWORD),
    "unknown, blank": (_never_was, " "),
    "no password set": (_forget_password, PASSWORD),
    "no password set, blank": (_forget_password, " "),
    "barred": (_bar, PASSWORD),
    "barred, wrong": (_bar, NEW_PASSWORD),
    "closed": (_close, PASSWORD),
    "closed, wrong": (_close, NEW_PASSWORD),
}
"""What happened to the account, and the password that is sent."""


class Meter:
    """Counts the comparisons of a server."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.count = 0
        verify = argon2._verify

        def counted(hashed: bytes, secret: bytes) -> bool:
            self.count += 1
            return verify(hashed, secret)

        patch.setattr(argon2, "_verify", counted)

    async def of(self, call: Awaitable[Any]) -> tuple[int, Any]:
        """How many the call costs, and what it comes to."""
        before = self.count
        result = await call
        return self.count - before, result


async def doors(world: World, row: Row, numbers: Iterator[int]) -> list[Way]:
    """The ways into the row that a password opens."""
    return [
        way
        for way in ways_in(row, await way_to(world, row, numbers))
        if way.beside or (_password_field(row, way) and way.password == PASSWORD)
    ]


def _password_field(row: Row, way: Way) -> list[str]:
    return [name for name in names(row, way) if slot_of(row, name) is Slot.PASSWORD]


async def send_password(world: World, row: Row, way: Way, who: Holder, password: str) -> Any:
    shown = md5(password) if row.dialect.traits.md5_passwords else password
    filled = dict.fromkeys(_password_field(row, way), shown)
    return await send(world, row, way, who, Spoilt(filled))


async def cheaper(world: World, meter: Meter, row: Row, numbers: Iterator[int]) -> list[str]:
    """The refusals that cost another number of comparisons than a yes."""
    found = []
    for way in await doors(world, row, numbers):
        who = await ready(world, row, way, next(numbers))
        price, answer = await meter.of(send_password(world, row, way, who, PASSWORD))
        assert said_yes(row, answer)
        assert price > 0
        for case, (change, password) in CASES.items():
            who = await ready(world, row, way, next(numbers))
            await change(world, who)
            cost, answer = await meter.of(send_password(world, row, way, who, password))
            assert not said_yes(row, answer), case
            if cost != price:
                found.append(f"{case}: {cost}, not {price}")
    return found


@pytest.mark.parametrize("hardening", SETTINGS)
@pytest.mark.parametrize("row", [row for row in ROWS if takes(row, Slot.PASSWORD)], ids=str)
async def test_every_refusal_costs_a_comparison(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch, row: Row, hardening: str
) -> None:
    meter = Meter(monkeypatch)
    async with world_with(SETTINGS[hardening]) as world:
        assert await cheaper(world, meter, row, iter(NUMBERS)) == []


async def test_there_are_doors(world: World) -> None:
    numbers = iter(NUMBERS)
    found = {row.dialect.name for row in ROWS if await doors(world, row, numbers)}
    assert found == {row.dialect.name for row in ROWS}


def nothing_to_compare_costs_nothing(patch: pytest.MonkeyPatch) -> None:
    matches = Argon2Hasher.matches

    async def compared(self: Argon2Hasher, password: Any, verifier: Verifier | None) -> bool:
        return verifier is not None and await matches(self, password, verifier)

    patch.setattr(Argon2Hasher, "matches", compared)


def the_barred_are_refused_first(patch: pytest.MonkeyPatch) -> None:
    first_match = sign_in._first_match

    async def match(deps: Any, password: Any, guess: Guess, *more: Any) -> Any:
        if any(each.account.admit() for each in guess.candidates):
            raise AccountBarred
        return await first_match(deps, password, guess, *more)

    patch.setattr(sign_in, "_first_match", match)


async def any_door_is_cheaper(world: World) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        meter, numbers = Meter(patch), iter(NUMBERS)
        rows = [row for row in ROWS if await doors(world, row, numbers)]
        return unanimous([bool(await cheaper(world, meter, row, numbers)) for row in rows])


@attack(34, without=nothing_to_compare_costs_nothing, settings=PATIENT)
async def test_an_unknown_account_is_refused_for_less(world: World) -> bool:
    return await any_door_is_cheaper(world)


@attack(34, without=the_barred_are_refused_first, settings=PATIENT)
async def test_a_barred_account_is_refused_for_less(world: World) -> bool:
    return await any_door_is_cheaper(world)


async def test_no_password_at_all_costs_nothing_for_anybody(
    world_with: WorldWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is malformed whoever is named."""
    meter, numbers = Meter(monkeypatch), iter(NUMBERS)
    async with world_with(SETTINGS["strict"]) as world:
        for row in ROWS:
            for way in await doors(world, row, numbers):
                for change in (_nothing, _never_was, _forget_password, _bar):
                    who = await ready(world, row, way, next(numbers))
                    await change(world, who)
                    filled = dict.fromkeys(_password_field(row, way), "")
                    sent = send(world, row, way, who, Spoilt(filled))
                    assert (await meter.of(sent))[0] == 0


# A name that a stranger has too


def the_first_match_is_enough(patch: pytest.MonkeyPatch) -> None:
    """No more is compared once something fits, and no decoys where there is less to compare."""

    async def match(deps: Any, password: Any, guess: Guess, *_: Any) -> Any:
        for each in guess.candidates or [None]:
            if await deps.hasher.matches(password, each and each.verifier) and each:
                return each.account, each.verifier
        return None

    patch.setattr(sign_in, "_first_match", match)


@attack(34, without=the_first_match_is_enough, settings=SETTINGS["strict"])
async def test_a_squatter_learns_who_is_registered(world: World) -> bool:
    """By what it costs to sign in to an account of one's own, made under somebody's address."""
    known = await holder(world, 1, (EMAIL,))
    addresses = [known.identifiers[EMAIL], "nobody@example.com"]
    costs = []
    with pytest.MonkeyPatch.context() as patch:
        meter, creator = Meter(patch), Creator()
        for address in addresses:
            await creator.register(world, address, NEW_PASSWORD)
            for password in (NEW_PASSWORD, "another horse 3"):
                cost, _ = await meter.of(creator.try_to_sign_in(world, address, password))
                costs.append(cost)
    assert all(costs)
    return costs[:2] != costs[2:]
