"""One person, four doors: what is done through one dialect holds in all of them at once."""

from itertools import product

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Rental, Session, md5
from front_door import World
from hufu.actions.administration import bar_account, close_account, find_accounts, unbar_account
from hufu.services.identifiers import parse_any

PHONE = "13390633695"
EMAIL = "owner@example.com"
PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
RESETTERS = tuple(actor for actor in ACTORS if actor.resets_passwords)


def named(value: object) -> str:
    if isinstance(value, Actor):
        return value.app
    return "+".join(value) if isinstance(value, tuple) else str(value)


async def account_of(world: World, identifier: str) -> int:
    (account_id,) = await find_accounts(world.deps("fomo"), parse_any(identifier))
    return account_id


async def signed_in_everywhere(world: World, password: str) -> list[tuple[Actor, Session]]:
    sessions = []
    for actor in ACTORS:
        session = await actor.sign_in(world, PHONE, password)
        assert session is not None, actor.app
        assert await actor.signed_in(world, session)
        sessions.append((actor, session))
    return sessions


async def live(world: World, sessions: list[tuple[Actor, Session]]) -> set[str]:
    return {actor.app for actor, session in sessions if await actor.signed_in(world, session)}


async def opened_by(world: World, identifier: str, password: str) -> set[str]:
    """The apps whose door the password opens."""
    return {actor.app for actor in ACTORS if await actor.sign_in(world, identifier, password)}


EVERYWHERE = {actor.app for actor in ACTORS}


@pytest.mark.parametrize(("first", "second"), list(product(ACTORS, ACTORS)), ids=named)
async def test_register_in_one_and_sign_in_through_another(
    world: World, first: Actor, second: Actor
) -> None:
    await first.register(world, PHONE, PASSWORD)
    session = await second.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    assert session.account_id == await account_of(world, PHONE)
    assert await second.signed_in(world, session)
    assert await second.sign_in(world, PHONE, NEW_PASSWORD) is None


@pytest.mark.parametrize(
    ("first", "identifier", "doors"),
    [
        (Fomo(), EMAIL, ("fomo", "creator")),
        (Creator(), "li_lei", ("fomo", "creator")),
        (Creator(), EMAIL, ("creator",)),
    ],
    ids=named,
)
async def test_identifiers_that_only_some_doors_take(
    world: World, first: Actor, identifier: str, doors: tuple[str, ...]
) -> None:
    await first.register(world, identifier, PASSWORD)
    takers = (Fomo(), Creator(), Rental())
    for actor in takers:
        session = await actor.sign_in(world, identifier, PASSWORD)
        assert (session is not None) is (actor.app in doors), actor.app
        if session is not None:
            assert session.account_id == await account_of(world, identifier)
            assert await actor.sign_in(world, identifier, NEW_PASSWORD) is None
            assert await actor.signed_in(world, session)


@pytest.mark.parametrize("first", ACTORS, ids=named)
async def test_the_digest_typed_as_a_password_opens_nothing(world: World, first: Actor) -> None:
    await first.register(world, PHONE, PASSWORD)
    for digest in (md5(PASSWORD), md5(PASSWORD).upper(), md5(md5(PASSWORD))):
        for actor in (Fomo(), Rental(), Creator()):
            assert await actor.sign_in(world, PHONE, digest) is None, actor.app
    beside = {"mobile": PHONE, "password": md5(PASSWORD)}
    assert (await Rental().json(world, "/api/profile", beside, "GET")).json()["errno"] == 4004
    world.advance(minutes=16)  # Ten guesses were made.
    assert await opened_by(world, PHONE, PASSWORD) == EVERYWHERE


async def test_the_digest_as_a_password_of_its_own_is_another_password(world: World) -> None:
    await Fomo().register(world, PHONE, md5(PASSWORD))
    assert await Company().sign_in(world, PHONE, PASSWORD) is None
    assert await opened_by(world, PHONE, md5(PASSWORD)) == EVERYWHERE


async def test_a_digest_in_capitals_is_the_same_password(world: World) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    sent = {"phone": PHONE, "xid": Company().xid, "pwd": md5(PASSWORD).upper()}
    assert (await Company().call(world, "login", **sent))["code"] == "200"


async def test_one_bar_and_one_unbar_are_seen_by_all(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    sessions = await signed_in_everywhere(world, PASSWORD)
    account_id = await account_of(world, PHONE)

    await bar_account(world.deps("rental"), account_id, "test")
    assert await live(world, sessions) == set()
    assert await opened_by(world, PHONE, PASSWORD) == set()

    await unbar_account(world.deps("creator"), account_id, "test")
    assert await live(world, sessions) == set()
    assert await opened_by(world, PHONE, PASSWORD) == EVERYWHERE


@pytest.mark.parametrize("changer", RESETTERS, ids=named)
async def test_one_password_change_is_seen_by_all(world: World, changer: Actor) -> None:
    await Rental().register(world, PHONE, PASSWORD)
    sessions = await signed_in_everywhere(world, PASSWORD)

    assert await changer.change_password(world, PHONE, NEW_PASSWORD)
    assert await live(world, sessions) == set()
    assert await opened_by(world, PHONE, PASSWORD) == set()
    assert await opened_by(world, PHONE, NEW_PASSWORD) == EVERYWHERE


async def test_one_closing_is_seen_by_all(world: World) -> None:
    await Company().register(world, PHONE, PASSWORD)
    sessions = await signed_in_everywhere(world, PASSWORD)
    old = await account_of(world, PHONE)

    await close_account(world.deps("company"), old, "test")
    assert await live(world, sessions) == set()
    assert await opened_by(world, PHONE, PASSWORD) == set()
    for changer in RESETTERS:
        assert not await changer.change_password(world, PHONE, NEW_PASSWORD)

    await Rental().register(world, PHONE, NEW_PASSWORD)
    assert await account_of(world, PHONE) != old
    assert await live(world, sessions) == set()
    assert await opened_by(world, PHONE, PASSWORD) == set()
    assert await opened_by(world, PHONE, NEW_PASSWORD) == EVERYWHERE
