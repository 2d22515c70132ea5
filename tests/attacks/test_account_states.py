"""Account state x door: who is barred, closed or not yet registered gets in nowhere.

For every row there is somebody who would get a yes from it; then their account changes, and they
send what they were about to send. Codes are asked for before the change, and again after it.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from attacks.attack import World, answering, answering_later, attack
from attacks.holders import NEW_PASSWORD, PASSWORD, PHONE, Holder, holder, look
from attacks.honest import (
    NUMBERS,
    Way,
    equip,
    get_code,
    ready,
    said_yes,
    send,
    way_to,
    ways_in,
)
from attacks.slots import Slot, takes
from dialects.fields import phone
from dialects.rows import ROWS, Row
from front_door import Answer
from hufu.actions import sessions
from hufu.actions.administration import bar_account, close_account
from hufu.domain.accounts import Account
from hufu.domain.instants import Instant
from hufu.domain.registrations import Registration
from hufu.storage.registrations import Registrations
from hufu.storage.sessions import Sessions

Change = Callable[[World, Holder], Awaitable[None]]

BELONGINGS = """
SELECT jsonb_build_array(
    (SELECT jsonb_agg(s ORDER BY id) FROM sessions AS s WHERE account_id = $1),
    (SELECT jsonb_agg(p ORDER BY purpose) FROM passwords AS p WHERE account_id = $1),
    (SELECT jsonb_agg(i ORDER BY kind) FROM identifiers AS i WHERE account_id = $1),
    (SELECT jsonb_agg(p ORDER BY app) FROM profiles AS p WHERE account_id = $1),
    (SELECT jsonb_agg(h ORDER BY app) FROM handles AS h WHERE account_id = $1),
    (SELECT jsonb_agg(n ORDER BY app) FROM identity_numbers AS n WHERE account_id = $1),
    (SELECT jsonb_agg(r ORDER BY app) FROM roles AS r WHERE account_id = $1)
) AS everything
"""
"""What an account has, and who is signed in to it."""


async def barred(world: World, who: Holder) -> None:
    await bar_account(world.deps("fomo"), who.account_id, "test")


async def closed(world: World, who: Holder) -> None:
    await close_account(world.deps("fomo"), who.account_id, "test")


async def belongings(world: World, who: Holder) -> Any:
    return await look(world, BELONGINGS, who.account_id)


async def doors_open(
    world: World, row: Row, change: Change, numbers: Iterator[int]
) -> list[Answer]:
    """What the row answered where it let somebody in after the change."""
    opened = []
    for way in ways_in(row, await way_to(world, row, numbers)):
        for asked_after in (False, True) if way.asked else (False,):
            who = await _changed(world, row, way, change, next(numbers), asked_after=asked_after)
            if who is None:
                continue
            before = await belongings(world, who)
            answer = await send(world, row, way, who)
            await _use_grant(world, answer, who)
            got_in = row.for_members and said_yes(row, answer)
            if got_in or await belongings(world, who) != before:
                opened.append(answer)
    return opened


async def _changed(
    world: World, row: Row, way: Way, change: Change, number: int, *, asked_after: bool
) -> Holder | None:
    """Somebody who is ready for the row, with their account changed; None if they get no code."""
    if not asked_after:
        who = await ready(world, row, way, number)
        await change(world, who)
        return who
    who = await holder(world, number, way.kinds)
    await equip(world, row, who)
    await change(world, who)
    assert way.asked is not None
    return who if await get_code(world, way.asked, who) else None


async def _use_grant(world: World, answer: Answer, who: Holder) -> None:
    """Take the next step where the answer gave a grant for one."""
    if answer.header("content-type") == "image/jpeg":
        return
    granted = (answer.json().get("data") or {}) if isinstance(answer.json(), dict) else {}
    if isinstance(granted, dict) and "tmp_session" in granted:
        who.held[Slot.GRANT] = granted["tmp_session"]
        for row in ROWS:
            if takes(row, Slot.GRANT):
                await send(world, row, Way(who.kinds, NEW_PASSWORD), who)


@pytest.mark.parametrize("change", [barred, closed])
@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_no_door_opens(world: World, row: Row, change: Change) -> None:
    assert await doors_open(world, row, change, iter(NUMBERS)) == []


def rows_of(*dialects: str, members: bool) -> list[Row]:
    return [row for row in ROWS if row.dialect.name in dialects and row.for_members is members]


def everybody_is_admitted(patch: pytest.MonkeyPatch) -> None:
    """Nor is it asked again when an app sees an account for the first time."""
    patch.setattr(Account, "admit", answering(None))
    patch.setattr("hufu.actions.names.lock_active", answering_later(None))


@attack(22, without=everybody_is_admitted)
async def test_somebody_who_is_barred_gets_in(world: World) -> bool:
    numbers = iter(NUMBERS)
    rows = rows_of("creator", members=False)
    return any([await doors_open(world, row, barred, numbers) for row in rows])


def sessions_outlive_the_account(patch: pytest.MonkeyPatch) -> None:
    """Two defences, each of which suffices: a bar and a closing end every session, and a session
    counts only while the account is active."""

    def counts(_: object, found: Any, __: object, now: Instant) -> bool:
        return bool(now < found.ends_at)

    patch.setattr(Sessions, "delete_all", answering_later(None))
    patch.setattr(sessions, "proves", counts)


@attack(22, without=sessions_outlive_the_account)
async def test_a_session_outlives_a_bar(world: World) -> bool:
    numbers = iter(NUMBERS)
    rows = rows_of("rental", "company", members=True)
    return any([await doors_open(world, row, barred, numbers) for row in rows])


@attack(22, without=sessions_outlive_the_account)
async def test_a_session_outlives_a_closing(world: World) -> bool:
    numbers = iter(NUMBERS)
    rows = rows_of("fomo", members=True)
    return any([await doors_open(world, row, closed, numbers) for row in rows])


# Who asked for an account and has not proved the identifier yet


async def pending(world: World, number: int) -> Holder:
    """Somebody with a password and two references, but without a code."""
    fields = {"user_name": phone(number), "pwd": PASSWORD}
    data = (await world.form("/fomo/customer/register", fields)).json()["data"]
    tokens = {app: deps.app.mint_token() for app, deps in world.core.apps.items()}
    who = Holder(number, data["tmp_user_id"], (PHONE,), tokens)
    who.held |= {Slot.CODE_ID: data["verify_id"], Slot.REGISTRATION: data["tmp_user_id"]}
    who.held |= {Slot.ALIAS: data["tmp_user_id"]}
    return who


HAS_ACCOUNT = (
    "SELECT account_id FROM identifiers WHERE key = '+86' || $1 UNION ALL "
    "SELECT account_id FROM sessions"
)


async def pending_gets_in(world: World, row: Row, numbers: Iterator[int]) -> bool:
    """Whether the row lets in somebody whose registration is pending."""
    who = await pending(world, next(numbers))
    if not takes(row, Slot.GRANT):  # There is no account that a grant could be for.
        await equip(world, row, who)
    ways = [Way((PHONE,), password, cookie) for password in (PASSWORD, NEW_PASSWORD)
            for cookie in (True, False)]  # fmt: skip
    if row.for_members and row.endpoint.proof is not None:
        ways.append(replace(ways[0], cookie=False, beside=True))
    before = await look(world, HAS_ACCOUNT, phone(who.number))
    for way in ways:
        answer = await send(world, row, way, who)
        if row.for_members and said_yes(row, answer):
            return True
    return bool(await look(world, HAS_ACCOUNT, phone(who.number)) != before)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_a_pending_registration_opens_no_door(world: World, row: Row) -> None:
    assert not await pending_gets_in(world, row, iter(NUMBERS))


def the_code_may_come_later(patch: pytest.MonkeyPatch) -> None:
    """There is an account from the first step on."""
    claim_id = Registrations.claim_id

    async def claim(
        self: Registrations, pool: str, wish: Registration, network: str | None, now: datetime
    ) -> bool:
        what, how = wish.identifier, wish.verifier
        for statement, values in (
            ("accounts VALUES ($1, $2, 'active', $3)", (wish.id, pool, now)),
            ("identifiers VALUES ($1, $2, $3, '', $3, $4, true, $5)",
             (pool, what.kind, what.key, wish.id, now)),
            ("passwords VALUES ($1, 'sign_in', $2, $3, $4, $5)",
             (wish.id, how.scheme, how.pepper_version, how.argon2, now)),
        ):  # fmt: skip
            await self._connection.execute(f"INSERT INTO {statement}", *values)
        return await claim_id(self, pool, wish, network, now)

    patch.setattr(Registrations, "claim_id", claim)


@attack(22, without=the_code_may_come_later)
async def test_a_pending_registration_gets_in(world: World) -> bool:
    numbers = iter(NUMBERS)
    rows = [row for row in ROWS if row.endpoint.path.endswith("ogin")]
    assert len(rows) >= 4
    for row in rows:
        who = await pending(world, next(numbers))
        for password in (PASSWORD, NEW_PASSWORD):
            await send(world, row, Way((PHONE,), password), who)
    return bool(await look(world, "SELECT FROM sessions"))
