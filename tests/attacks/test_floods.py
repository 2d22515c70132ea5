"""Floods, in small: guesses at codes for a day, and messages asked for from everywhere.

`make floods` runs them in full.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from typing import Any

import pytest

from actors import Company, Creator, Fomo
from attacks.attack import Removal, answering_later, attack, production
from codes import Code, Person, codes_for, wrong
from front_door import World, all_at_once
from hufu.domain.limits import Cap, Limit, Limits
from hufu.settings import DIALECTS
from hufu.storage.limits import LimitCounters
from hufu.storage.sending import Sending

PHONE = "13390633695"
PASSWORD = "correct horse 1"
A_DAY, A_NETWORK = Limits().guesses_per_day, Limits().sends_per_network_hour
A_BLOCK = Limits().sends_per_block_hour
BUDGET = 20


def unlimited(limit: Limit) -> Removal:
    """Takes out the one limit."""

    def remove(patch: pytest.MonkeyPatch) -> None:
        caps = Limits.caps

        def others(self: Limits, asked: Limit) -> tuple[Cap, ...]:
            return () if asked is limit else caps(self, asked)

        patch.setattr(Limits, "caps", others)

    return remove


def addresses() -> Iterator[str]:
    """Clients of networks of their own."""
    return (f"2001:db8:1:{n:x}::{n:x}" for n in range(2**16))


def numbers() -> Iterator[str]:
    """Mobile numbers that lie far apart."""
    return (f"13{n * 15_485_863 % 10**9:09d}" for n in range(1, 10**6))


# Guesses


@contextmanager
def compared(world: World) -> Iterator[Counter[int]]:
    """How often a guess is compared with each code meanwhile, by the code's id."""
    digester: Any = world.core.secrets.codes
    counted: Counter[int] = Counter()
    matches = digester.matches

    def count(message: str, digest: bytes) -> bool:
        counted[int(message.partition(":")[0])] += 1
        return bool(matches(message, digest))

    digester.matches = count
    try:
        yield counted
    finally:
        del digester.matches


async def register(world: World) -> Person:
    """Somebody with an account."""
    await Company(peer="192.0.2.1").register(world, PHONE, PASSWORD)
    world.advance(hours=25)
    return Person(PHONE)


async def guess(world: World, code: Code, who: Person, peers: Iterable[str]) -> None:
    """Have a code sent, and guess at it more often than one may, from all those addresses."""
    await code.ask(world, who)
    digits = wrong(await world.code(who.phone))
    for peer in peers:
        who.peer = peer
        assert not await code.open(world, who, digits)


@attack(31, without=unlimited(Limit.CODE_GUESSES), generous=False, config=production)
async def test_guess_and_resend_for_a_day(world: World) -> bool:
    """At every call that recovers an account in turn, as often as a new code is sent."""
    who, peers = await register(world), addresses()
    with compared(world) as counted:
        for number, code in enumerate(islice(cycle(codes_for("recover")), 10)):
            who.peer = next(peers)
            await guess(world, code, who, islice(peers, 7))
            world.advance(**({"hours": 2} if number == 4 else {"minutes": 2}))
    return sum(counted.values()) > A_DAY


@attack(31, without=unlimited(Limit.CODE_GUESSES), config=production)
async def test_guesses_at_the_codes_of_every_app_at_once(world: World) -> bool:
    """Each of them lives, so each of them takes guesses."""
    people = [(code, Person(PHONE)) for code in codes_for("register")]
    for code, who in people:
        await code.ask(world, who)
        world.advance(seconds=61)
    with compared(world) as counted:
        guesses = (
            code.open(world, Person(PHONE, peer=peer, references=who.references), f"{number:06d}")
            for number, peer in enumerate(islice(addresses(), 10))
            for code, who in people
        )
        await all_at_once(guesses)
    return sum(counted.values()) > A_DAY


# Messages

Send = Callable[[World, str, str], Awaitable[Any]]


def _fomo(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Fomo(peer=peer).call(world, "register", user_name=phone, pwd=PASSWORD)


def _company(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Company(peer=peer).ask_code(world, phone)


def _creator(world: World, phone: str, peer: str) -> Awaitable[Any]:
    return Creator(peer=peer).get(world, f"/user/registerPhone/{phone}")


SENDERS: tuple[Send, ...] = (_fomo, _company, _creator)


async def pump(
    world: World, phones: Iterable[str], peers: Iterable[str], senders: Iterable[Send] = SENDERS
) -> int:
    """How many messages are sent when all of that is asked for at once."""
    await all_at_once(
        sender(world, phone, peer)
        for sender, phone, peer in zip(cycle(senders), phones, peers, strict=False)
    )
    [row] = await world.sql("SELECT count(*) FROM outbox")
    return int(row["count"])


def unbudgeted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LimitCounters, "claim_budget", answering_later(True))


SMALL_BUDGET = {
    f"apps.{name}.{setting}": value
    for name in DIALECTS
    for setting, value in (("price_per_message", 0.05), ("budget_per_day", 0.05 * BUDGET))
}


@attack(30, without=unbudgeted, settings=SMALL_BUDGET, config=production)
async def test_more_messages_than_are_paid_for(world: World) -> bool:
    """Asked for by clients and for numbers that have nothing in common."""
    sent = await pump(world, islice(numbers(), 4 * BUDGET), addresses(), [_company])
    return sent > BUDGET


@attack(30, without=unlimited(Limit.SENDS_FROM), generous=False, config=production)
async def test_one_client_and_many_numbers(world: World) -> bool:
    return await pump(world, islice(numbers(), 2 * A_NETWORK), cycle(["203.0.113.7"])) > A_NETWORK


@attack(30, without=unlimited(Limit.SENDS_TO), generous=False, config=production)
async def test_many_clients_and_one_number(world: World) -> bool:
    return await pump(world, cycle([PHONE]), islice(addresses(), 60)) > 1


def neighbours() -> Iterator[str]:
    """Numbers that differ in the last digits only."""
    return (f"1391234{n:04d}" for n in range(10**4))


@attack(30, without=unlimited(Limit.SENDS_AROUND), generous=False, config=production)
async def test_many_clients_and_neighbouring_numbers(world: World) -> bool:
    """Such as those that somebody who is paid for messages has rented."""
    sent = await pump(world, islice(neighbours(), A_BLOCK + 10), addresses())
    return sent > A_BLOCK


FEW_IN_A_BLOCK = {**SMALL_BUDGET, "limits.sends_per_block_hour": BUDGET // 4}


@attack(
    30,
    without=unlimited(Limit.SENDS_AROUND),
    settings=FEW_IN_A_BLOCK,
    generous=False,
    config=production,
)
async def test_a_flood_takes_the_messages_of_others(world: World) -> bool:
    """Whether it leaves a budget for those who ask from elsewhere for a number elsewhere."""
    await pump(world, islice(neighbours(), 2 * BUDGET), addresses(), [_company])
    await _company(world, PHONE, "192.0.2.1")
    return not await world.letters(f"+86{PHONE}")


def anywhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.outbox.country", lambda _: "+86")


@attack(30, without=anywhere, generous=False, config=production)
async def test_messages_to_where_they_cost_more(world: World) -> bool:
    return await pump(world, ["+447400123456", "+881612345678"], addresses(), [_fomo, _creator]) > 0


def unwatched(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sending, "stopped", answering_later(False))


UNUSED = 20
SOON = {"limits.sends_before_breaker": UNUSED}


def of_one_carrier() -> Iterator[str]:
    """Numbers that begin alike, each of them in a block of its own."""
    return (f"1391{n:03d}0000" for n in range(1000))


@attack(30, without=unwatched, settings=SOON, generous=False, config=production)
async def test_codes_that_nobody_uses(world: World) -> bool:
    """Whether messages go on to numbers where no code is ever used."""
    numbers, peers = of_one_carrier(), addresses()
    before = await pump(world, islice(numbers, UNUSED), peers)
    world.advance(minutes=10)
    return await pump(world, islice(numbers, UNUSED), peers) > before


async def test_refusals_of_a_flood_tell_nobody_who_has_an_account(world_with, tmp_path) -> None:
    """Where nothing more is sent to numbers that begin alike, and answers are to tell nothing."""
    strict = {f"apps.{name}.hardening": "strict" for name in DIALECTS}
    (tmp_path / "hufu.toml").write_text(production())
    async with world_with({**SOON, **strict}, tmp_path / "hufu.toml", generous=False) as world:
        numbers = of_one_carrier()
        known, unknown = next(numbers), next(numbers)
        await Company(peer="192.0.2.1").register(world, known, PASSWORD)
        world.advance(hours=25)
        await pump(world, islice(numbers, UNUSED), addresses())
        for call in ("register", "rec_pwd1"):
            world.advance(minutes=10)
            told = [
                (await Fomo(peer="203.0.113.7").call(world, call, user_name=each, pwd=PASSWORD))
                for each in (known, unknown)
            ]
            assert told[0]["status"] == told[1]["status"], call
