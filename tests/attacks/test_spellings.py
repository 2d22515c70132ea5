"""One number, address or identity number in many spellings is one person, and one counter."""

from dataclasses import replace
from typing import Any

import pytest

from actors import ACTORS, Creator, Fomo, Rental
from attacks.attack import World, attack
from attacks.attempts import unanimous
from attacks.holders import PHONE, Holder, holder
from attacks.spellings import ADDRESS, ADDRESSES, IDENTITY_NUMBERS, MOBILE, PHONES
from dialects.fields import card
from hufu.actions import identity_numbers
from hufu.dialects.creator import messages as creator
from hufu.dialects.rental import messages as rental
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.identity_numbers import IdentityNumber
from hufu.services import identifiers

PASSWORD, WRONG = "correct horse 1", "battery staple 2"
KEYS = {each: f"+86{int(MOBILE) + number}" for number, each in enumerate(PHONES)}


def numbers_as_typed(patch: pytest.MonkeyPatch) -> None:
    """Each spelling of a number is a number of its own."""

    def typed(raw: str) -> Identifier:
        key = KEYS[raw]
        return Identifier(IdentifierKind.PHONE, key, key)

    for module in (identifiers, rental, creator):
        patch.setattr(module, "parse_phone", typed)


def addresses_as_typed(patch: pytest.MonkeyPatch) -> None:
    """An address is compared as it was typed."""

    def typed(raw: str) -> Identifier:
        return Identifier(IdentifierKind.EMAIL, raw, ADDRESS)

    patch.setattr(identifiers, "parse_email", typed)


async def ask_by(world: World, door: str, spelling: str) -> None:
    """Ask for a code that registers."""
    match door:
        case "fomo":
            await Fomo().call(world, "register", user_name=spelling, pwd=PASSWORD)
        case "rental":
            await Rental().ask_code(world, spelling)
        case "creator":
            await Creator().get(world, f"/user/registerPhone/{spelling}")


async def received(world: World) -> int:
    """How many messages were sent."""
    return len(await world.letters())


@attack(27, without=numbers_as_typed, generous=False)
async def test_a_number_has_a_counter_for_each_spelling(world: World) -> bool:
    doors = ("fomo", "rental", "creator")
    for spelling in PHONES:
        for door in doors:
            if door != "creator" or "/" not in spelling:  # It would be another path.
                await ask_by(world, door, spelling)
    assert await received(world)
    return await received(world) > 1


@attack(27, without=addresses_as_typed, generous=False)
async def test_an_address_has_a_counter_for_each_spelling(world: World) -> bool:
    for spelling in ADDRESSES:
        await ask_by(world, "fomo", spelling)
    assert await received(world)
    return await received(world) > 1


@attack(27, without=numbers_as_typed)
async def test_a_number_has_an_account_for_each_spelling(world: World) -> bool:
    await Fomo().register(world, MOBILE, PASSWORD)
    spelt = [each for each in PHONES if each.strip() != MOBILE]
    begun = [await Fomo().call(world, "register", user_name=each, pwd=WRONG) for each in spelt]
    return unanimous([answer["status"] == 1 for answer in begun])


@attack(27, without=addresses_as_typed)
async def test_an_address_has_an_account_for_each_spelling(world: World) -> bool:
    await Fomo().register(world, ADDRESS, PASSWORD)
    spelt = [each for each in ADDRESSES if each.strip() != ADDRESS]
    begun = [await Fomo().call(world, "register", user_name=each, pwd=WRONG) for each in spelt]
    return unanimous([answer["status"] == 1 for answer in begun])


GUESSES = {"limits.password_guesses_per_quarter_hour": 3}


@attack(27, without=numbers_as_typed, settings=GUESSES)
async def test_an_unknown_number_has_guesses_for_each_spelling(world: World) -> bool:
    """As long as nobody is found, it is the number that is counted."""
    for each in PHONES:
        await Fomo().sign_in(world, each, WRONG)
        await Rental().sign_in(world, each, WRONG)
    rows = await world.sql("SELECT DISTINCT subject FROM limits WHERE name = 'password_guesses'")
    assert rows
    return len(rows) > 1


async def test_every_spelling_signs_in(world: World) -> None:
    """They are all the owner's."""
    await Fomo().register(world, MOBILE, PASSWORD)
    for actor in ACTORS:
        for each in PHONES if actor.app != "company" else PHONES[:1]:
            assert await actor.sign_in(world, each, PASSWORD), (actor.app, each)
            world.advance(minutes=1)


# Identity numbers


def identity_numbers_as_typed(patch: pytest.MonkeyPatch) -> None:
    """An identity number is compared as it was typed."""
    patch.setattr(identity_numbers, "parse", lambda raw, _: IdentityNumber(raw))


async def companys_number(world: World, who: Holder, number: str) -> bool:
    """Whether the number was put on record."""
    sent = {"uid": who.account_id, "sec": who.sessions["company"], "utime": "1461137183"}
    answer = await world.json("/company/user/regDetail", {**sent, "identity_card": number})
    return bool(answer.json()["code"] == "200")


@attack(27, without=identity_numbers_as_typed)
async def test_an_identity_number_has_a_person_for_each_spelling(world: World) -> bool:
    owner, other = [await holder(world, number, (PHONE,)) for number in (1, 2)]
    assert await companys_number(world, owner, IDENTITY_NUMBERS[0])
    spelt = [each for each in IDENTITY_NUMBERS[1:] if each.strip() != IDENTITY_NUMBERS[0]]
    return unanimous([await companys_number(world, other, each) for each in spelt])


def anybody_may_have_it(patch: pytest.MonkeyPatch) -> None:
    """Two accounts of an app may have one number."""
    claim = identity_numbers.record_identity

    async def twice(deps: Any, *arguments: Any, **more: Any) -> None:
        app = replace(deps.app, sole_identity_numbers=False)
        await claim(replace(deps, app=app), *arguments, **more)

    patch.setattr("hufu.actions.details.record_identity", twice)


@attack(27, without=anybody_may_have_it)
async def test_an_identity_number_has_two_persons(world: World) -> bool:
    owner, other = [await holder(world, number, (PHONE,)) for number in (1, 2)]
    assert await companys_number(world, owner, card(1))
    return await companys_number(world, other, card(1))


@pytest.mark.parametrize("strict", [False, True])
async def test_what_is_sent_goes_to_the_address_as_its_owner_spells_it(
    world_with: Any, strict: bool
) -> None:
    """Where a mail host tells Owner@ from owner@, the other one is somebody else."""
    settings = {"apps.fomo.hardening": "strict"} if strict else {}
    async with world_with(settings) as world:
        await Fomo().register(world, "Owner@example.com", PASSWORD)
        await Fomo().call(world, "rec_pwd1", user_name="owner@example.com")
        await Fomo().call(world, "register", user_name="OWNER@example.com", pwd=PASSWORD)
        other = Fomo()
        await other.register(world, MOBILE, PASSWORD)
        session = await other.sign_in(world, MOBILE, PASSWORD)
        assert session is not None
        await other.call(world, "bind_email", email="oWNER@example.com", **session.fields)
        told = [letter.sealed.recipient for letter in await world.letters()]
        assert [each for each in told if each != f"+86{MOBILE}"] == [
            "Owner@example.com" for _ in range(4 if strict else 2)
        ]
