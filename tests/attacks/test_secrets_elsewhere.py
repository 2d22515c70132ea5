"""Token x endpoint: a secret of one kind is worth nothing in any other place.

For every row there is somebody who would get a yes from it. In each place where the row looks at a
secret it is shown, one after the other, all the other secrets that the same person holds.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from actors import md5
from attacks.attack import World, attack
from attacks.holders import (
    PASSWORD,
    Holder,
    give_captcha,
    give_grant,
    give_invitation,
    holder,
    matters,
)
from attacks.honest import NUMBERS, Spoilt, Way, names, ready, said_yes, send, way_to, ways_in
from attacks.removed import sessions_of_any_app
from attacks.slots import LOCKS, Slot, slot_of
from dialects.rows import ROWS, Row
from front_door import WorldWith
from hufu.actions.outbox import send_code
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.permissions import Client
from hufu.domain.verification import Purpose
from hufu.services.keys import token_hash
from rewarding import BALANCE, app_secret, tell

PATIENT = {
    "limits.guesses_per_code": 1000,
    "limits.guesses_per_day": 1000,
    "limits.password_guesses_per_quarter_hour": 1000,
    "limits.password_guesses_per_day": 1000,
    "limits.invitation_guesses_per_day": 1000,
}
"""Limits that would refuse what is to be refused for another reason."""

BOTH = (IdentifierKind.PHONE, IdentifierKind.EMAIL)

Secrets = dict[tuple[Slot, str], object]
"""Secrets by kind, and by app where each app has its own."""


async def secrets_of(world: World, who: Holder) -> Secrets:
    """Everything that the person holds or ever typed, all of it live."""
    other = Holder(who.number, who.account_id, who.kinds, who.sessions)
    await give_grant(world, other, "fomo")
    await give_captcha(world, other, "rental")
    await give_invitation(world, other)
    code_id, digits = await _code(world, who)
    return {
        **{(Slot.SESSION, app): token for app, token in who.sessions.items()},
        **{(slot, ""): value for slot, value in other.held.items()},
        (Slot.CODE, ""): digits,
        (Slot.CODE_ID, ""): code_id,
        (Slot.ACCOUNT, ""): who.account_id,
        (Slot.PASSWORD, ""): PASSWORD,
        (Slot.PASSWORD, "md5"): md5(PASSWORD),
        (Slot.APP_SECRET, ""): await app_secret(world),
    }


async def _code(world: World, who: Holder) -> tuple[int, str]:
    """A code that signs somebody in."""
    deps = world.deps("creator")
    address = f"code{who.number}@example.com"
    to = Identifier(IdentifierKind.EMAIL, address, address)
    async with deps.begin() as work:
        code = await send_code(
            deps, work, Client(None, ""), to, Purpose.SIGN_IN, account_id=who.account_id
        )
        await work.commit()
    return code.id, await world.code(address)


COOKIE = "cookie"


def places(row: Row, way: Way) -> Mapping[Slot, Collection[str]]:
    """Where the row looks at a secret: the fields of each kind, or the cookie."""
    found: dict[Slot, list[str]] = defaultdict(list)
    for name in names(row, way):
        slot = slot_of(row, name)
        compared = way.beside or way.password == PASSWORD  # A new password may be anything.
        if slot in LOCKS and (slot is not Slot.PASSWORD or compared):
            found[slot].append(name)
    if way.cookie and row.dialect.session_cookie:
        found[Slot.SESSION] = [COOKIE]
    assert found or not row.for_members
    return found


def _its_own(row: Row, slot: Slot, kind: tuple[Slot, str]) -> bool:
    """Whether the place is the one for that kind of secret."""
    if slot is Slot.SESSION:
        return kind == (Slot.SESSION, row.dialect.name)
    if slot is Slot.PASSWORD:
        return kind == (Slot.PASSWORD, "md5" if row.dialect.traits.md5_passwords else "")
    return kind[0] is slot


async def wrong_keys_that_open(world: World, row: Row, numbers: Iterator[int]) -> list[str]:
    """The places of the row that a secret of another kind opens."""
    opened = []
    for way in ways_in(row, await way_to(world, row, numbers)):
        who = await ready(world, row, way, next(numbers))
        secrets = await secrets_of(world, who)
        for slot, fields in places(row, way).items():
            before = await matters(world)
            for kind, secret in secrets.items():
                if _its_own(row, slot, kind):
                    continue
                answer = await send(world, row, way, who, _with(row, fields, str(secret)))
                if said_yes(row, answer) or await matters(world) != before:
                    opened.append(f"{slot}: {kind}")
                    who = await ready(world, row, way, next(numbers))
                    before = await matters(world)
                elif slot in {Slot.CAPTCHA, Slot.CAPTCHA_TEXT}:
                    await give_captcha(world, who, row.dialect.name)  # Spent by any answer.
        assert said_yes(row, await send(world, row, way, who)), "it was not the secret"
    return opened


def _with(row: Row, fields: Collection[str], secret: str) -> Spoilt:
    if COOKIE in fields:
        return Spoilt(cookies={str(row.dialect.session_cookie): secret})
    return Spoilt(dict.fromkeys(fields, secret))


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_no_place_takes_a_secret_of_another_kind(world_with: WorldWith, row: Row) -> None:
    async with world_with(PATIENT) as world:
        assert await wrong_keys_that_open(world, row, iter(NUMBERS)) == []


@attack(23, without=sessions_of_any_app, settings=PATIENT)
async def test_a_session_of_one_app_opens_another(world: World) -> bool:
    rows = [row for row in ROWS if row.endpoint.path in {"api/profile", "customer/get_user_info"}]
    assert len(rows) == 2
    numbers = iter(NUMBERS)
    return any([await wrong_keys_that_open(world, row, numbers) for row in rows])


# What is no row of a dialect


async def backends_let_in(world: World, secrets: Secrets, account_id: int) -> list[Any]:
    """The secrets with which somebody may act as an app's backend."""
    admitted = []
    for kind, secret in secrets.items():
        headers = [("authorization", f"Bearer {secret}")]
        path = f"{BALANCE}?user_id={account_id}"
        read = await world.get(path, headers=headers)
        told = await tell(world, str(secret), f"key-{len(admitted)}", account_id)
        if (read.status, told.status) != (401, 401):
            admitted.append(kind)
    return admitted


def any_session_is_a_backend(patch: pytest.MonkeyPatch) -> None:
    """Who is signed in to an app may speak for it."""

    async def app_of(database: Any, secret: str) -> str | None:
        async with database.look() as work:
            app: str | None = await work.sessions._connection.fetchval(
                "SELECT app FROM sessions WHERE token_hash = $1 "
                "UNION ALL SELECT app FROM app_secrets WHERE hash = $1", token_hash(secret),
            )  # fmt: skip
            return app

    patch.setattr("hufu.app.app_of_secret", app_of)


@attack(23, without=any_session_is_a_backend)
async def test_a_clients_secret_speaks_for_the_app(world: World) -> bool:
    who = await holder(world, 1, BOTH)
    admitted = await backends_let_in(world, await secrets_of(world, who), who.account_id)
    assert (Slot.APP_SECRET, "") in admitted
    return len(admitted) > 1


def any_visitor(patch: pytest.MonkeyPatch) -> None:
    """A captcha is drawn again for whoever names it."""
    patch.setattr("hufu.actions.captchas.token_hash", lambda _: b"anybody")


@attack(23, without=any_visitor)
async def test_another_secret_passes_for_a_visitors(world: World) -> bool:
    """It would draw the visitor's captcha again."""
    who = await holder(world, 1, BOTH)
    secrets = await secrets_of(world, who)
    captcha = secrets[Slot.CAPTCHA, ""]
    drawn = []
    for kind, secret in secrets.items():
        path = f"/rental/api/imagecode?codeid={captcha}"
        answer = await world.get(path, cookies={"visitor_id": str(secret)})
        if answer.status == 200:
            drawn.append(kind)
    assert (Slot.VISITOR, "") in drawn
    return len(drawn) > 1
