"""Phones and addresses of `fomo` accounts: who binds one, and how many may go."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from actors import Company, Creator, Fomo, Session
from attacks.attack import World, answering, answering_later, attack
from attacks.attempts import count, unanimous
from front_door import all_at_once
from hufu.actions import identifiers, recovery
from hufu.domain.identifiers import BoundIdentifier
from hufu.domain.recovery import may_recover
from hufu.services.delivery import Notice

PHONE, EMAIL = "13390633695", "owner@example.com"
NAME = "li_lei"
OWN_PHONE, OWN_EMAIL = "13800138000", "thief@example.com"
PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
APPS = ("fomo", "company", "creator")
DELAYED: dict[str, object] = {f"apps.{app}.recovery_delay_hours": 72 for app in APPS}
FOMO = Fomo()


async def stolen(world: World, owner: str) -> Session:
    """The session of an account whose owner has this phone or address."""
    await FOMO.register(world, owner, PASSWORD)
    session = await FOMO.sign_in(world, owner, PASSWORD)
    assert session is not None
    return session


async def bind(world: World, session: Session, new: str) -> bool:
    """Whether the phone or address is bound to the session's account."""
    kind = "email" if "@" in new else "phone"
    begun = await FOMO.call(world, f"bind_{kind}", **{kind: new}, **session.fields)
    if begun["status"] != 1:
        assert begun["status"] == 2
        return False
    sent = {"verify_code": await world.code(new), "verfify_id": begun["data"]["verify_id"]}
    return bool((await FOMO.call(world, "bind_completed", **sent, **session.fields))["success"])


# One more


def old_sessions_bind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identifiers, "require_recent", answering_later(None))


@attack(13, without=old_sessions_bind, settings=DELAYED)
async def test_an_old_stolen_session_binds_an_address(world: World) -> bool:
    """A session that was stolen long after its sign-in gives the account the thief's address and
    phone."""
    phones, emails = await stolen(world, PHONE), await stolen(world, EMAIL)
    world.advance(minutes=16)
    tries = ((phones, OWN_EMAIL), (emails, OWN_PHONE))
    return unanimous([await bind(world, session, new) for session, new in tries])


def new_identifiers_recover(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "may_recover", answering(True))


async def recovered_by_email(world: World) -> bool:
    """Whether the thief of a fresh session gets the account by an address of their own."""
    session = await stolen(world, PHONE)
    assert await bind(world, session, OWN_EMAIL)
    world.advance(hours=71, minutes=59)
    return await FOMO.change_password(world, OWN_EMAIL, NEW_PASSWORD)


@attack(13, without=new_identifiers_recover, settings=DELAYED)
async def test_a_stolen_session_becomes_an_account_by_email(world: World) -> bool:
    """The thief of a fresh session binds an address and recovers through it within 72 hours."""
    taken = await recovered_by_email(world)
    opens = await FOMO.sign_in(world, OWN_EMAIL, NEW_PASSWORD) is not None
    if not taken:
        world.advance(minutes=2)
        assert await FOMO.change_password(world, OWN_EMAIL, NEW_PASSWORD)
    return unanimous([taken, opens])


@attack(13, without=new_identifiers_recover, settings=DELAYED)
async def test_a_stolen_session_becomes_an_account_by_phone(world: World) -> bool:
    """The same with a phone, through every app that recovers by one."""
    session = await stolen(world, EMAIL)
    assert await bind(world, session, OWN_PHONE)
    world.advance(hours=71, minutes=30)
    doors = (FOMO, Company(), Creator())
    taken = []
    for number, door in enumerate(doors):
        await door.change_password(world, OWN_PHONE, f"new-password-{number}")
        taken.append(await FOMO.sign_in(world, OWN_PHONE, f"new-password-{number}") is not None)
    return unanimous(taken)


def names_are_none(patch: pytest.MonkeyPatch) -> None:
    def rule(bound: BoundIdentifier, others: int, delay: timedelta, now: datetime) -> bool:
        return may_recover(bound, others - 1, delay, now)

    patch.setattr(recovery, "may_recover", rule)


@attack(13, without=names_are_none, settings=DELAYED)
async def test_a_stolen_session_becomes_an_account_that_has_only_a_name(world: World) -> bool:
    """Somebody's phone is not the only identifier of an account that has a user name."""
    creator = Creator()
    await creator.register(world, NAME, PASSWORD)
    session = await FOMO.sign_in(world, NAME, PASSWORD)
    assert session is not None
    assert await bind(world, session, OWN_PHONE)
    world.advance(hours=71, minutes=30)
    await creator.change_password(world, OWN_PHONE, NEW_PASSWORD)
    return await creator.sign_in(world, OWN_PHONE, NEW_PASSWORD) is not None


def the_first_one_is_new_too(patch: pytest.MonkeyPatch) -> None:
    def rule(bound: BoundIdentifier, others: int, delay: timedelta, now: datetime) -> bool:
        del others
        return bound.verified and now - bound.bound_at >= delay

    patch.setattr(recovery, "may_recover", rule)


@attack(13, without=the_first_one_is_new_too, settings=DELAYED)
async def test_a_thief_keeps_the_owner_from_recovering(world: World) -> bool:
    """The thief of a new account's session binds an address. Now the owner's own phone is no longer
    the only one, and counts as new, too."""
    session = await stolen(world, PHONE)
    assert await bind(world, session, OWN_EMAIL)
    world.advance(hours=24)
    return not await FOMO.change_password(world, PHONE, NEW_PASSWORD)


def the_owner_is_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identifiers, "_tell_all", answering_later(None))


@attack(13, without=the_owner_is_not_told, settings=DELAYED)
async def test_a_thief_binds_an_address_unseen(world: World) -> bool:
    """The owner of the account hears nothing of the new address or phone."""
    sides, unseen = ((PHONE, f"+86{PHONE}", OWN_EMAIL), (EMAIL, EMAIL, OWN_PHONE)), []
    for owner, recipient, new in sides:
        session = await stolen(world, owner)
        before = len(await world.letters(recipient))
        assert await bind(world, session, new)
        letters = await world.letters(recipient)
        told = [letter.sealed.purpose for letter in letters[: len(letters) - before]]
        unseen.append(Notice.BOUND not in told)
    return unanimous(unseen)


# One less


async def unbinding(world: World, session: Session, kind: str, to: str) -> dict[str, Any]:
    """What completes the unbinding of the account's phone or address."""
    begun = await FOMO.call(world, f"unbind_{kind}", **session.fields)
    assert begun["status"] == 1, begun
    return {"verify_code": await world.code(to), "verfify_id": begun["data"]["verify_id"]}


async def with_two(world: World) -> Session:
    session = await stolen(world, PHONE)
    assert await bind(world, session, EMAIL)
    return session


def the_two_do_not_wait_for_each_other(patch: pytest.MonkeyPatch) -> None:
    """Nothing holds the account while its identifiers are counted: both see two of them."""
    both = asyncio.Barrier(2)

    async def wait_for_the_other(*about: object) -> None:
        if Notice.UNBOUND in about:
            await both.wait()

    patch.setattr(identifiers, "lock_own", answering_later(None))
    patch.setattr(identifiers, "_tell_all", wait_for_the_other)


@attack(14, without=the_two_do_not_wait_for_each_other)
async def test_both_of_the_last_two_go_at_once(world: World) -> bool:
    """The account's phone and address are unbound at the same time, and nothing is left."""
    session = await with_two(world)
    sent = [
        await unbinding(world, session, "phone", PHONE),
        await unbinding(world, session, "email", EMAIL),
    ]
    answers = await all_at_once(
        FOMO.call(world, "unbind_completed", **each, **session.fields) for each in sent
    )
    told = sorted(answer["status"] for answer in answers)
    assert told in ([1, 54], [1, 1])
    return unanimous([told == [1, 1], await count(world, "identifiers") == 0])


def nothing_is_the_last_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identifiers, "_refuse_last", answering_later(None))


@attack(14, without=nothing_is_the_last_one)
async def test_the_last_two_go_one_after_the_other(world: World) -> bool:
    """Both are begun while there are two, and completed one by one."""
    session = await with_two(world)
    sent = [
        await unbinding(world, session, "phone", PHONE),
        await unbinding(world, session, "email", EMAIL),
    ]
    told = [
        (await FOMO.call(world, "unbind_completed", **each, **session.fields))["status"]
        for each in sent
    ]
    assert told in ([1, 54], [1, 1])
    return unanimous([told == [1, 1], await count(world, "identifiers") == 0])
