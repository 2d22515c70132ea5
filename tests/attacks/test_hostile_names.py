"""Names and other texts that mean harm to whoever reads them.

They are refused, or stored as they are and echoed only as JSON that no browser takes for a page.
There is no export that a spreadsheet would open.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors import UTIME, Company, Fomo, Rental
from attacks.attack import World, answering, attack
from attacks.attempts import unanimous
from attacks.holders import STATES, holder
from attacks.honest import NUMBERS, Spoilt, Way, ready, said_yes, send, way_to
from attacks.naming import names_taken
from attacks.slots import slot_of
from dialects.fields import card
from dialects.rows import ROWS, Row
from front_door import Answer
from hufu.domain import names
from hufu.wire.answers import Encoded, Mount
from hufu.wire.dialect import Reply
from rewarding import members

SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<svg/onload=alert(1)>",
    "=cmd|' /C calc'!A0",
    "+1+1|<b>",
    "@SUM(1)<i>",
)
READ = (
    *("customer/get_user_info", "customer/get_children", "customer/get_invitation"),
    *("user/getUserInfo", "user/checkFinishUserInfo", "api/check_login", "api/profile"),
    "api/profile/auth",
)
"""Where people see what was stored."""


def texts(row: Row) -> list[str]:
    """The row's fields that anybody can fill with text of their own."""
    return [
        field.name
        for field in row.fields()
        if field.gives is str
        and isinstance(field.value, str)
        and slot_of(row, field.name) is None
        and field.name not in {each.name for each in row.proof()}
    ]


async def answers_to(world: World, text: str) -> AsyncIterator[tuple[Row, Answer]]:
    """What every row answers to the text in each of its fields, and afterwards what shows it."""
    numbers = iter(NUMBERS)
    for row in ROWS:
        if not texts(row):
            continue
        way = await way_to(world, row, numbers)
        who = await ready(world, row, way, next(numbers))
        for name in texts(row):
            yield row, await send(world, row, way, who, Spoilt({name: text}))
        for reading in ROWS:
            if reading.endpoint.path in READ and reading.dialect is row.dialect:
                yield reading, await send(world, reading, Way(who.kinds, cookie=True), who)


# Scripts


def runs(answer: Answer) -> bool:
    """Whether a browser that opens the answer might run a script in it."""
    kind = answer.header("content-type") or ""
    inert = kind.startswith("application/json") and (
        answer.header("x-content-type-options") == "nosniff"
    )
    return b"<" in answer.body and not inert


def answers_are_pages(patch: pytest.MonkeyPatch) -> None:
    encoded = Mount.encoded

    def as_page(self: Mount, reply: Reply, **more: Any) -> Encoded:
        made = encoded(self, reply, **more)
        return Encoded(made.status, ((b"content-type", b"text/html"),), made.body)

    patch.setattr(Mount, "encoded", as_page)


SHOWN = 6
"""Of the calls below, so many repeat what they were told."""


async def shown_to_owners(world: World, text: str) -> list[Answer]:
    """What apps answer that were told the text, and then show it."""
    fomo, company, rental = Fomo(), Company(), Rental()
    who = await holder(world, 1, STATES[1])
    key = {"session_key": who.sessions["fomo"]}
    uid = {"uid": str(who.account_id), "sec": who.sessions["company"], "utime": UTIME}
    cookies = {"session_id": who.sessions["rental"]}
    details = dict.fromkeys(("company_name", "company_address", "user_name"), text)
    named = {"real_name": text, "id_card": card(1)}
    return [
        await fomo.form(world, "/customer/set_info", {**key, "name": text, "city": text}),
        await fomo.form(world, "/customer/get_user_info", key),
        await company.form(world, "/user/regDetail", {**uid, **details}),
        await company.form(world, "/user/getUserInfo", uid),
        await rental.json(world, "/api/profile/name", {"name": text}, cookies=cookies),
        await rental.get(world, "/api/profile", cookies),
        await rental.json(world, "/api/profile/auth", named, cookies=cookies),
        await rental.get(world, "/api/profile/auth", cookies),
    ]


@attack(25, without=answers_are_pages)
async def test_a_stored_script_runs(world: World) -> bool:
    answers = await shown_to_owners(world, SCRIPTS[0])
    shown = [answer for answer in answers if SCRIPTS[0] in answer.body.decode()]
    assert len(shown) == SHOWN
    return unanimous([runs(answer) for answer in shown])


@pytest.mark.parametrize("text", SCRIPTS)
async def test_a_stored_text_is_not_changed(world: World, text: str) -> None:
    answers = await shown_to_owners(world, text)
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    assert sum(quoted in answer.body.decode() for answer in answers) == SHOWN
    assert not any(runs(answer) for answer in answers)


async def test_no_row_answers_a_page(world: World) -> None:
    """To a script in any of its fields; every answer is seen to have its standing headers."""
    seen = [runs(answer) async for _, answer in answers_to(world, SCRIPTS[0])]
    assert len(seen) > 2 * len(READ)
    assert not any(seen)


async def test_another_persons_name_is_only_data(world: World) -> None:
    """In the list of those whom somebody invited."""
    inviter, invited = await members(world, 2)
    await invited.call(world, "set_info", name=SCRIPTS[0])
    await invited.call(world, "set_invitation", parent_code=inviter.code)
    answer = await inviter.answer(world, "get_children")
    assert [each["user_name"] for each in answer.json()["data"]["children"]] == [SCRIPTS[0]]
    assert not runs(answer)


# What is not drawn, or drawn elsewhere

UNSEEN = (
    *("老\u202e虎", "\u202d老虎", "老\u2066虎\u2069", "\u200e老虎", "老虎\u200f", "老\u061c虎"),
    *("老\u2028虎", "老\u2029虎", "老\n虎", "老\r虎", "老\x1b[31m虎", "老\x07虎", "老\x7f虎"),
    *("老\x85虎", "老\ufffe虎", "老\U0001ffff虎", "老\ufdd0虎", "老" + "\u0301" * 31),
)


def every_character_is_text(patch: pytest.MonkeyPatch) -> None:
    """Neither controls nor piles are looked for."""
    patch.setattr(names, "_REFUSED", re.compile("(?!)"))
    patch.setattr(names, "_piled", answering(False))


@attack(25, without=every_character_is_text)
async def test_a_name_turns_the_text_around_it(world: World) -> bool:
    return unanimous(await names_taken(world, UNSEEN))


@attack(25, without=every_character_is_text)
async def test_any_text_turns_the_text_around_it(world: World) -> bool:
    """In every field of every row."""
    text = UNSEEN[0]
    stored = [said_yes(row, answer) async for row, answer in answers_to(world, text)
              if row.endpoint.path not in READ]  # fmt: skip
    return any(stored)


BLANK = ("\u200b\u200b", "\u3164", "\u2800", "\u00ad", "\u115f\u1160", "\ufe0f", "\U000e0041")


def anything_can_be_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(names, "_visible", answering(True))


@attack(25, without=anything_can_be_seen)
async def test_a_name_cannot_be_seen(world: World) -> bool:
    return unanimous(await names_taken(world, BLANK))
