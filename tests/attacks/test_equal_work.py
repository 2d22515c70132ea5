"""What an answer takes: the same statements to the database whoever it is about, in the same order.

Where answers are not to tell who has an account. `make timing` measures the times themselves.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from actors import Creator, Fomo
from asking import DOORS, FREE, PASSWORD, SQUATTED, SQUATTERS, WRONG_CODE, Door, statements
from attacks.attack import World, attack
from attacks.attempts import unanimous
from attacks.holders import EMAIL, PHONE, holder
from codes import phone
from dialects.rows import ROWS
from front_door import Answer, WorldWith
from hufu.actions import identifiers
from hufu.actions.accounts import taken
from hufu.actions.outbox import send_code
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.services.delivery import Notice
from hufu.settings import DIALECTS
from hufu.storage.identifiers import Identifiers
from hufu.storage.outbox import Outbox
from hufu.storage.sending import Sending
from hufu.storage.sessions import Sessions
from hufu.storage.sign_in import Guess, SignIns

STRICT: Mapping[str, object] = {f"apps.{name}.hardening": "strict" for name in DIALECTS}
NAMING = frozenset(
    ("login_name", "user_name", "account", "email", "phone", "mobile", "phone_number", "<phone>")
)
"""Fields that name somebody."""

ELSEWHERE = {
    "fomo POST customer/bind_email": "below, as it takes a member",
    "fomo POST customer/bind_phone": "below, as it takes a member",
    "company POST user/regDetail": "`user_name` is the name to show",
    "rental POST api/smscode": "sends to whoever is named",
    "rental POST api/profile/avatar": "as the profile",
    "rental POST api/profile/name": "as the profile",
    "rental GET api/profile/auth": "as the profile",
    "rental POST api/profile/auth": "as the profile",
}
"""Rows that name somebody and are no door, and why."""


async def asked(world: World, number: int) -> tuple[str, str]:
    """A number that has an account by all that the doors ask for, and one that has none."""
    known, unknown = phone(2 * number), phone(2 * number + 1)
    owner = Fomo(peer=f"192.0.2.{number}")
    await owner.register(world, known, PASSWORD)
    [row] = await world.sql("SELECT account_id FROM identifiers WHERE key = $1", f"+86{known}")
    for domain in (SQUATTED, FREE):
        await world.sql(
            "INSERT INTO identifiers VALUES ('main', 'email', $1, '', $1, $2, true, now())",
            f"{known}@{domain}",
            row["account_id"],
        )
    for each in (known, unknown):
        squatter = Creator(peer=f"198.51.100.{number}")
        await squatter.register(world, f"{each}@{SQUATTED}", PASSWORD)
    world.advance(hours=25)
    return known, unknown


def said(answer: Answer) -> tuple[int, object]:
    """An answer without the references in it, which are never the same twice."""
    body = answer.json()
    return answer.status, {**body, "data": sorted(body.get("data") or ())}


async def told_by(world: World, door: Door, known: str, unknown: str) -> bool:
    """Whether the work behind the door's answers tells the two apart; the answers must not."""
    answers, work = [], []
    for each in (known, unknown):
        with statements() as sent:
            answers.append(said(await door.ask(world, each, "2001:db8::1")))
        work.append(sent)
    assert answers[0] == answers[1], str(door)
    assert work[0], str(door)
    return work[0] != work[1]


def test_every_row_that_names_somebody_is_asked() -> None:
    naming = {
        str(row)
        for row in ROWS
        if NAMING & {*(field.name for field in row.fields()), str(row.parameter)}
    }
    assert naming == {door.row for door in DOORS} | ELSEWHERE.keys()


async def test_no_door_tells_by_its_work(world_with: WorldWith) -> None:
    async with world_with(dict(STRICT)) as world:
        pair = await asked(world, 1)
        assert [str(door) for door in DOORS if await told_by(world, door, *pair)] == []


async def doors_tell(world: World, doors: Iterable[Door]) -> bool:
    pair = await asked(world, 1)
    return unanimous([await told_by(world, door, *pair) for door in doors])


PASSWORDS = [
    door for door in DOORS if door.row.endswith(("login", "profile")) and door.sent != SQUATTERS
]
MESSAGES = [
    door
    for door in DOORS
    if door.row.endswith(("rec_pwd1", "forgetPassword/<phone>", "loginPhone/<phone>"))
    and door.sent != WRONG_CODE
]


def refusals_of_nobody_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    record = SignIns.add_refusals

    async def of_accounts(self: SignIns, guess: Guess, *told: Any) -> None:
        if guess.candidates:
            await record(self, guess, *told)

    patch.setattr(SignIns, "add_refusals", of_accounts)


@attack(34, without=refusals_of_nobody_are_forgotten, settings=STRICT)
async def test_a_refused_password_tells_who_has_an_account(world: World) -> bool:
    """By what is written down about it."""
    return await doors_tell(world, PASSWORDS)


def decoys_are_cheap(patch: pytest.MonkeyPatch) -> None:
    """Nothing is written where nobody is to read it."""
    add, count = Outbox.add, Sending.add

    async def written(self: Outbox, *letter: Any) -> None:
        if letter[-1]:
            await add(self, *letter)

    async def counted(self: Sending, *place: Any, sent: int) -> None:
        if sent:
            await count(self, *place, sent=sent)

    patch.setattr(Outbox, "add", written)
    patch.setattr(Sending, "add", counted)


@attack(34, without=decoys_are_cheap, settings=STRICT)
async def test_a_message_that_is_sent_to_nobody_tells_it(world: World) -> bool:
    """By what it takes to send one."""
    return await doors_tell(world, MESSAGES)


def nobody_is_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """What belongs to an account is looked for where there is an account."""
    of, any_of_client = Identifiers.of, Sessions.any_of_client

    async def looked_for(self: Identifiers, account_id: int | None) -> Any:
        return [] if account_id is None else await of(self, account_id)

    async def looked(self: Sessions, app: str, account_id: int | None, *rest: Any) -> bool:
        return account_id is not None and await any_of_client(self, app, account_id, *rest)

    patch.setattr(Identifiers, "of", looked_for)
    patch.setattr(Sessions, "any_of_client", looked)


@attack(34, without=nobody_is_not_looked_at, settings=STRICT)
async def test_what_an_account_may_do_tells_that_there_is_one(world: World) -> bool:
    """By looking whether a code may recover it, or whether the asker is signed in to it."""
    return await doors_tell(world, MESSAGES)


# What a member would bind


async def bind(world: World, number: int, kind: IdentifierKind, value: str) -> Answer:
    """What another member for each number, who has none of the kind, is told that asks to bind
    it."""
    [own] = {PHONE, EMAIL} - {kind}
    who = await holder(world, number, (own,))
    sent = {"session_key": who.sessions["fomo"], kind: value}
    return await Fomo(peer="2001:db8::1").form(world, f"/customer/bind_{kind}", sent)


def others_are_refused_at_once(patch: pytest.MonkeyPatch) -> None:
    async def send(
        deps: Any, work: Any, client: Any, to: Identifier, *rest: Any, **more: Any
    ) -> Any:
        if more.get("decoy"):
            raise taken(to)
        return await send_code(deps, work, client, to, *rest, **more)

    patch.setattr(identifiers, "send_code", send)


@attack(34, without=others_are_refused_at_once, settings=STRICT)
async def test_a_member_learns_who_has_an_account(world: World) -> bool:
    """By asking to bind the number or address of each."""
    known, unknown = await asked(world, 1)
    told = []
    for number, (kind, ends) in enumerate(((PHONE, ""), (EMAIL, f"@{FREE}")), start=100):
        answers, work = [], []
        for place, each in enumerate((known, unknown)):
            with statements() as sent:
                answer = await bind(world, number * 2 + place, kind, each + ends)
            answers.append(said(answer))
            work.append(sent)
        told.append(answers[0] != answers[1] and work[0] != work[1])
    return unanimous(told)


async def test_who_has_what_a_member_would_bind_hears_of_it(world_with: WorldWith) -> None:
    async with world_with(dict(STRICT)) as world:
        known, _ = await asked(world, 1)
        assert (await bind(world, 100, PHONE, known)).json()["status"] == 1
        letter, *_ = await world.letters(f"+86{known}")
        assert (letter.sealed.purpose, letter.code) == (Notice.ALREADY_REGISTERED, None)


async def test_where_it_is_told_what_others_have_the_telling_is_counted(world: World) -> None:
    known = phone(1)
    await Fomo().register(world, known, PASSWORD)
    told = [await bind(world, 100 + number, PHONE, known) for number in range(61)]
    statuses = [answer.json()["status"] for answer in told]
    assert statuses == [15] * 60 + [0]
