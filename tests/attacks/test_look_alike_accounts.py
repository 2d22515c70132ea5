"""Accounts of `creator` whose names look like somebody else's number, address, id or name.

There an account is made in one step, and nobody proves anything.
"""

import re
from dataclasses import replace
from typing import Any

import pytest

from actors import Creator, Fomo
from attacks.attack import World, attack
from attacks.attempts import unanimous
from attacks.removed import every_app_is_believed
from attacks.spellings import ADDRESS, ADDRESSES, ALMOST, MOBILE, PHONES
from hufu.dialects.creator import messages
from hufu.domain import names
from hufu.services import identifiers
from hufu.services.identifiers import parse_any
from hufu.storage.sign_in import Guess, SignIns

MINE, THEIRS = "correct horse 1", "battery staple 2"
"""The victim's password, and the attacker's."""


async def register(world: World, account: str, password: str = THEIRS) -> bool:
    """Whether an account of that name was made."""
    sent = {"account": account, "password": password}
    answer = await world.json("/creator/user/register", sent)
    assert answer.status < 500, account
    return bool(answer.json()["msg"] == "register successful")


async def comes_to_harm(world: World, identifier: str) -> bool:
    """Whether the owner of number or address is kept out, or somebody else let in."""
    fomo, creator = Fomo(), Creator()
    begun = await fomo.call(world, "register", user_name=identifier, pwd=MINE)
    if begun["status"] != 1:
        return True
    code = await world.code(identifier)
    done = await fomo.call(world, "complete_register", verify_code=code, **begun["data"])
    owner = done["data"]["user_id"]
    for actor in (fomo, creator):
        session = await actor.sign_in(world, identifier, MINE)
        if session is None or session.account_id != owner:
            return True
        stranger = await actor.sign_in(world, identifier, THEIRS)
        if stranger is not None and (actor is fomo or stranger.account_id == owner):
            return True
    return False


@attack(20, without=every_app_is_believed)
async def test_a_name_is_somebodys_address(world: World) -> bool:
    made = [await register(world, each) for each in (*ADDRESSES, *ALMOST)]
    assert any(made)
    return await comes_to_harm(world, ADDRESS)


def a_name_may_be_a_number(patch: pytest.MonkeyPatch) -> None:
    """Two defences, each of which suffices: a number is no name, and what nobody proved is
    believed in one app only."""
    every_app_is_believed(patch)
    patch.setattr(messages, "parse_account_name", parse_any)


@attack(20, without=a_name_may_be_a_number)
async def test_a_name_is_somebodys_number(world: World) -> bool:
    await register(world, PHONES[0])
    made = [await register(world, each) for each in PHONES[1:]]
    assert not any(made)
    return await comes_to_harm(world, MOBILE)


@attack(20, without=lambda patch: patch.setattr(messages, "parse_account_name", parse_any))
async def test_any_spelling_of_a_number_is_a_name(world: World) -> bool:
    """It does no harm yet, but nobody would look for it."""
    made = []
    for each in PHONES:
        made.append(await register(world, each))
        await world.sql("DELETE FROM identifiers")
    return unanimous(made)


def an_integer_is_a_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(names, "_INTEGER", re.compile("(?!)"))
    patch.setattr(identifiers, "reads_as_phone", lambda _: False)


@attack(20, without=an_integer_is_a_name)
async def test_a_name_is_somebodys_id(world: World) -> bool:
    fomo = Fomo()
    await fomo.register(world, ADDRESS, MINE)
    session = await fomo.sign_in(world, ADDRESS, MINE)
    assert session is not None
    id = session.account_id
    digits = str(id)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    arabic = "".join(chr(ord(digit) - ord("0") + 0x660) for digit in digits)
    made = []
    for each in (digits, f"0{digits}", f"-{digits}", f" {digits} ", f"{id:,}",
                 f"{id:_}", f"{digits[:1]} {digits[1:]}", wide, arabic, f"{digits}\u200b",
                 f"\u200b{digits}", f"\ufeff{wide}", f"\u2212{digits}"):  # fmt: skip
        made.append(await register(world, each))
        await world.sql("DELETE FROM identifiers WHERE kind = 'user_name'")
    return unanimous(made)


def twins_are_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(names, "name_key", lambda name: name)


@attack(20, without=twins_are_two)
async def test_a_name_is_the_twin_of_somebodys_name(world: World) -> bool:
    assert await register(world, "Kelvin_Straße", MINE)
    twins = ("kelvin_straße", "KELVIN_STRASSE", "Kelvin_Strasse",
             "Kelvin_\u017ftraße", "Ｋelvin_Straße", "Kelvin\uff3fStraße", "Kelvin\u200b_Straße",
             "Kelvin_Stra\u1e9ee", "Kelvin_Straße\ufe0f")  # fmt: skip
    return unanimous([await register(world, each) for each in twins])


def the_apps_own_name_comes_first(patch: pytest.MonkeyPatch) -> None:
    """Only the last of the accounts that a name may mean is tried."""
    claim_guess = SignIns.claim_guess

    async def last(*arguments: Any, **caps: Any) -> Guess | None:
        guess = await claim_guess(*arguments, **caps)
        return guess and replace(guess, candidates=guess.candidates[-1:])

    patch.setattr(SignIns, "claim_guess", last)


@attack(
    20,
    without=the_apps_own_name_comes_first,
    settings={"apps.creator.hardening": "strict"},
)
async def test_a_squatter_keeps_the_owner_out(world: World) -> bool:
    """Where nobody is told that an address is known, a stranger may have it as a name as well."""
    await Fomo().register(world, ADDRESS, MINE)
    assert await register(world, ADDRESS)
    owner = await Fomo().sign_in(world, ADDRESS, MINE)
    assert owner is not None
    session = await Creator().sign_in(world, ADDRESS, MINE)
    stranger = await Creator().sign_in(world, ADDRESS, THEIRS)
    assert stranger is not None
    assert stranger.account_id != owner.account_id
    return session is None or session.account_id != owner.account_id


@attack(20, without=every_app_is_believed)
async def test_a_name_that_nobody_proved_recovers(world: World) -> bool:
    """Codes go to who proved an address, and open that account."""
    assert await register(world, ADDRESS)
    begun = await Fomo().call(world, "rec_pwd1", user_name=ADDRESS)
    return bool(begun["status"] == 1)
