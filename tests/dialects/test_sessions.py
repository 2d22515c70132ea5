"""Sessions of every dialect: how they die, and that each is worth nothing anywhere else."""

from collections.abc import Awaitable, Callable
from itertools import permutations

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Session
from dialects.fields import without
from dialects.rows import ROWS, Row, Told, ask, told, written
from dialects.vocabulary import VOCABULARIES
from front_door import World
from hufu.actions.administration import (
    bar_account,
    close_account,
    end_sessions,
    unbar_account,
)

PHONE = "13390633695"
PASSWORD, WRONG = "correct horse 1", "battery staple 2"
MEMBERS = tuple(actor for actor in ACTORS if VOCABULARIES[actor.app].session_dead)

every_actor = pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
every_member = pytest.mark.parametrize("actor", MEMBERS, ids=lambda actor: actor.app)


def member_rows(actor: Actor) -> list[Row]:
    return [row for row in ROWS if row.dialect.name == actor.app and row.for_members]


async def shown(world: World, row: Row, session: Session) -> Told:
    """What the row answers to a request in order that shows this session."""
    proof = [field.name for field in row.proof()]
    pairs = [*session.fields.items(), *without(row.fields(), *proof)]
    kind = row.kinds[0]
    return told(await ask(world, row, kind, written(kind, pairs), cookies=session.cookies))


async def see_dead(world: World, actor: Actor, session: Session) -> None:
    said = VOCABULARIES[actor.app].session_dead
    assert said is not None
    for row in member_rows(actor):
        assert await shown(world, row, session) == (said.status, said.body), str(row)


async def signed_in(world: World, actor: Actor) -> Session:
    session = await actor.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    return session


@every_member
async def test_no_session_is_needed_and_none_is_adopted(world: World, actor: Actor) -> None:
    words = VOCABULARIES[actor.app]
    cookies = dict([words.cookie]) if words.cookie else {}
    fields = {} if words.cookie else {field.name: str(field.value) for field in words.proof}
    await see_dead(world, actor, Session(PHONE, 1, fields, cookies))
    assert await world.sql("SELECT FROM sessions") == []


Kill = Callable[[World, Session], Awaitable[None]]


async def _expire(world: World, _: Session) -> None:
    world.advance(days=400)


async def _revoke(world: World, session: Session) -> None:
    await end_sessions(world.deps("fomo"), session.account_id, "test")


async def _bar(world: World, session: Session) -> None:
    await bar_account(world.deps("fomo"), session.account_id, "test")


async def _bar_and_unbar(world: World, session: Session) -> None:
    await bar_account(world.deps("fomo"), session.account_id, "test")
    await unbar_account(world.deps("fomo"), session.account_id, "test")


async def _close(world: World, session: Session) -> None:
    await close_account(world.deps("fomo"), session.account_id, "test")


async def _change_password(world: World, _: Session) -> None:
    assert await Company().change_password(world, PHONE, WRONG)


@pytest.mark.parametrize("kill", [_expire, _revoke, _bar, _bar_and_unbar, _close, _change_password])
async def test_a_dead_session_is_dead_in_every_call(world: World, kill: Kill) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    sessions = [(actor, await signed_in(world, actor)) for actor in ACTORS]
    for actor, session in sessions:
        assert await actor.signed_in(world, session)
    await kill(world, sessions[0][1])
    for actor, session in sessions:
        assert not await actor.signed_in(world, session), actor.app
        if actor in MEMBERS:
            await see_dead(world, actor, session)
    creator, session = sessions[-1]
    assert isinstance(creator, Creator)
    assert told(await creator.log_out(world, session)) == (403, {"msg": "logout failure"})


@every_actor
async def test_a_barred_account_is_told_so_after_the_right_password_only(
    world: World, actor: Actor
) -> None:
    words = VOCABULARIES[actor.app]
    await Fomo().register(world, PHONE, PASSWORD)
    session = await signed_in(world, actor)
    await bar_account(world.deps(actor.app), session.account_id, "test")
    wrong = await actor.try_to_sign_in(world, PHONE, WRONG)
    assert told(wrong) == (words.password_wrong.status, words.password_wrong.body)
    right = await actor.try_to_sign_in(world, PHONE, PASSWORD)
    assert told(right) == (words.barred.status, words.barred.body)
    assert right.cookies() == {}


@every_actor
async def test_a_closed_account_is_nobodys(world: World, actor: Actor) -> None:
    words = VOCABULARIES[actor.app]
    await Fomo().register(world, PHONE, PASSWORD)
    session = await signed_in(world, actor)
    await close_account(world.deps(actor.app), session.account_id, "test")
    for password in (PASSWORD, WRONG):
        answer = await actor.try_to_sign_in(world, PHONE, password)
        assert told(answer) == (words.unknown_account.status, words.unknown_account.body)


def secret_of(session: Session) -> str:
    """The part of a session that nobody else knows."""
    return (session.fields.get("session_key") or session.fields.get("sec")) or session.cookies[
        "session_id"
    ]


def disguised(secret: str, session: Session) -> Session:
    """The secret where the session has its own."""
    own = secret_of(session)
    fields = {name: secret if value == own else value for name, value in session.fields.items()}
    cookies = dict.fromkeys(session.cookies, secret)
    return Session(session.identifier, session.account_id, fields, cookies)


async def test_a_session_is_worth_nothing_in_another_dialect(world: World) -> None:
    await Fomo().register(world, PHONE, PASSWORD)
    sessions = {actor: await signed_in(world, actor) for actor in ACTORS}
    for stranger, actor in permutations(ACTORS, 2):
        secret = secret_of(sessions[stranger])
        for part in (secret, secret[:16], secret.ljust(40, "0")[:40], secret.upper()):
            session = disguised(part, sessions[actor])
            assert not await actor.signed_in(world, session), f"{stranger.app} {actor.app}"
            for row in member_rows(actor):
                answer = await shown(world, row, session)
                dead = VOCABULARIES[actor.app].session_dead
                assert dead is not None
                assert answer in [(dead.status, dead.body), *row.malformed], str(row)
            if isinstance(actor, Creator):
                assert (await actor.log_out(world, session)).status == 403
    for actor, session in sessions.items():
        assert await actor.signed_in(world, session), actor.app


@every_member
async def test_one_persons_session_is_worth_nothing_for_another(world: World, actor: Actor) -> None:
    """As far as the wire names the account beside the secret."""
    await Fomo().register(world, PHONE, PASSWORD)
    await Fomo().register(world, "13800138000", WRONG)
    other = await actor.sign_in(world, "13800138000", WRONG)
    assert other is not None
    session = await signed_in(world, actor)
    if "uid" in session.fields:
        mixed = Session(PHONE, 0, {**session.fields, "uid": other.fields["uid"]})
        await see_dead(world, actor, mixed)
    assert await actor.signed_in(world, session)
    assert await actor.signed_in(world, other)
