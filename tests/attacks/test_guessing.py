"""Guessing passwords: one budget over all doors, which strangers use up for strangers only."""

from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Rental
from attacks.attack import attack
from front_door import Answer, World
from hufu.domain.limits import Cap, Limit, Limits
from hufu.storage.sign_in import Guess, SignIns

PHONE, PASSWORD, WRONG = "13390633695", "correct horse 1", "battery staple 2"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
ATTEMPTS = 60


class Beside(Rental):
    """The profile call that takes a password beside no session."""

    async def try_to_sign_in(self, world: World, identifier: str, password: str) -> Answer:
        sent = {"mobile": identifier, "password": password}
        return await self.json(world, "/api/profile", sent, "GET")


DOORS: tuple[Actor, ...] = (*ACTORS, Beside())


def from_peer(actor: Actor, peer: str) -> Actor:
    return replace(actor, peer=peer)


async def guessed(world: World, password: str, peers: list[str], count: int) -> int:
    """How many of so many guesses, spread over all doors and these addresses, were evaluated."""
    before = await counted(world)
    doors = cycle(from_peer(door, peer) for peer in peers for door in DOORS)
    for door in islice(doors, count):
        await door.try_to_sign_in(world, PHONE, password)
    return await counted(world) - before


async def counted(world: World) -> int:
    """Guesses that were compared and found wrong."""
    return len(await world.sql("SELECT FROM events WHERE kind = 'sign_in_refused'"))


def no_caps(patch: pytest.MonkeyPatch) -> None:
    """No limit limits anything."""
    patch.setattr(Limits, "caps", lambda *_: ())


def one_budget_a_door(patch: pytest.MonkeyPatch) -> None:
    """Guesses are counted by client network alone."""

    caps = Limits.caps

    def by_network(self: Limits, limit: Limit) -> tuple[Cap, ...]:
        return caps(self, limit) if limit is Limit.PASSWORD_GUESSES_FROM else ()

    patch.setattr(Limits, "caps", by_network)


@attack(21, without=no_caps)
async def test_guesses_are_spread_over_all_doors(world: World) -> bool:
    """More than ten guesses at one account are evaluated in a quarter of an hour."""
    await Rental().register(world, PHONE, PASSWORD)
    return await guessed(world, WRONG, ["127.0.0.1"], ATTEMPTS) > 10


@attack(21, without=one_budget_a_door)
async def test_guesses_are_spread_over_networks_and_doors(world: World) -> bool:
    """As many addresses as there are give no more guesses."""
    await Rental().register(world, PHONE, PASSWORD)
    peers = [f"198.51.100.{n}" for n in range(1, 13)]
    return await guessed(world, WRONG, peers, ATTEMPTS) > 10


def refund_all(patch: pytest.MonkeyPatch) -> None:
    """A right password takes back every guess that was made."""

    claim = SignIns.claim

    async def refund(self: SignIns, opening: Any, proved: Any, guess: Guess) -> Any:
        await self._connection.execute(
            "DELETE FROM limits WHERE name = $1 AND subject = $2", guess.limit, guess.subject
        )
        return await claim(self, opening, proved, guess)

    patch.setattr(SignIns, "claim", refund)


@attack(21, without=refund_all)
async def test_the_owner_s_success_gives_guesses_back(world: World) -> bool:
    """While the owner signs in now and then, more than ten guesses are evaluated."""
    await Rental().register(world, PHONE, PASSWORD)
    evaluated = 0
    for _ in range(3):
        evaluated += await guessed(world, WRONG, ["127.0.0.1"], 8)
        await Creator().sign_in(world, PHONE, PASSWORD)
    return evaluated > 10


def nobody_is_known(patch: pytest.MonkeyPatch) -> None:
    """No device is told from a stranger."""
    patch.setattr("hufu.actions.sign_in.marks_of", lambda *_: ())


@attack(21, without=nobody_is_known)
async def test_strangers_lock_the_owner_out(world: World) -> bool:
    """Strangers guess until they are refused; then the owner is refused at home, at some door."""
    await Rental().register(world, PHONE, PASSWORD)
    at_home = [from_peer(door, HOME) for door in ACTORS]
    for door in at_home:
        assert await door.sign_in(world, PHONE, PASSWORD) is not None
    strangers = [f"198.51.100.{n}" for n in range(1, 9)]
    await guessed(world, WRONG, strangers, 40)
    stranger = from_peer(Fomo(), ELSEWHERE)
    assert await stranger.sign_in(world, PHONE, PASSWORD) is None, "strangers are not slowed"
    return any([await door.sign_in(world, PHONE, PASSWORD) is None for door in at_home])


async def test_a_known_device_has_guesses_of_its_own_and_no_more(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    assert await from_peer(Fomo(), HOME).sign_in(world, PHONE, PASSWORD) is not None
    assert await guessed(world, WRONG, [ELSEWHERE], 15) == 10
    assert await guessed(world, WRONG, [HOME], 15) == 10
    assert await from_peer(Fomo(), HOME).sign_in(world, PHONE, PASSWORD) is None
    world.advance(minutes=16)
    assert await from_peer(Fomo(), HOME).sign_in(world, PHONE, PASSWORD) is not None


async def test_a_device_is_known_by_its_own_id_wherever_it_is(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    assert await from_peer(Company(), HOME).sign_in(world, PHONE, PASSWORD) is not None
    strange = replace(Company(), xid="f" * 32, peer=ELSEWHERE)
    for _ in range(10):
        assert await strange.sign_in(world, PHONE, WRONG) is None
    assert await strange.sign_in(world, PHONE, PASSWORD) is None
    assert await from_peer(Company(), ELSEWHERE).sign_in(world, PHONE, PASSWORD) is not None


async def test_a_device_is_forgotten_with_the_password(world: World) -> None:
    """Who signed in with a stolen password is a stranger after the reset."""
    await Rental().register(world, PHONE, PASSWORD)
    assert await from_peer(Fomo(), ELSEWHERE).sign_in(world, PHONE, PASSWORD) is not None
    assert await from_peer(Fomo(), HOME).change_password(world, PHONE, "another-password")
    assert await world.sql("SELECT FROM devices") == []


async def test_a_device_is_forgotten_after_ninety_days(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    at_home = from_peer(Fomo(), HOME)
    assert await at_home.sign_in(world, PHONE, PASSWORD) is not None
    world.advance(days=91)
    assert await guessed(world, WRONG, [ELSEWHERE], 12) == 10
    assert await at_home.sign_in(world, PHONE, PASSWORD) is None


def uncounted(patch: pytest.MonkeyPatch) -> None:
    """A limit that cannot be counted lets everybody pass."""

    def found(method: Any) -> Any:
        async def run(self: SignIns, *arguments: Any, **caps: Any) -> Any:
            await self._connection.execute("ALTER TABLE mislaid RENAME TO limits")
            try:
                return await method(self, *arguments, **caps)
            finally:
                await self._connection.execute("ALTER TABLE limits RENAME TO mislaid")

        return run

    for name in ("claim_guess", "claim"):
        patch.setattr(SignIns, name, found(getattr(SignIns, name)))


@attack(21, without=uncounted)
async def test_what_cannot_be_counted_is_let_through(world: World) -> bool:
    """With the counters broken, the right password opens a session at some door."""
    await Rental().register(world, PHONE, PASSWORD)
    await world.sql("ALTER TABLE limits RENAME TO mislaid")
    try:
        answers = [await door.try_to_sign_in(world, PHONE, PASSWORD) for door in ACTORS]
    finally:
        await world.sql("ALTER TABLE mislaid RENAME TO limits")
    return any(answer.status not in {500, 503} for answer in answers)
