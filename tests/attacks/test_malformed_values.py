"""Values that programs trip over, in every field of every row: none breaks it, none opens it.

They come from people who would get a yes, so that whatever comes after reading is tried as well.
"""

import json
from collections.abc import Iterator

import pytest

from attacks.attack import World, answering, attack
from attacks.holders import PASSWORD
from attacks.honest import NUMBERS, Spoilt, cookies, pairs, ready, said_yes, send, way_to
from attacks.slots import LOCKS, Slot, slot_of
from dialects.rows import ROWS, Row, form
from front_door import FORM, JSON, Answer
from hufu.services.keys import Digester
from hufu.wire import fields, json_objects

ODD_NUMBERS = ("1_339_0633695", "0x1_0", "1e11", "NaN", "9" * 5000, "-13390633695", "１_0", "true")
RAW_JSON = (
    *("true", "NaN", "-Infinity", "1e400", "1.5", "[]", '{"$ne": null}', "9" * 5000, "9" * 19),
    *('"\\ud800"', '"a\\udfff\\ud800"', '"a\\u0000"', '"\\uffff"', '"\\u202e1"', '" "', '"\\n"'),
    *(json.dumps(each) for each in ODD_NUMBERS),
)
RAW_FORM = (
    *(b"%00", b"a%FF", b"%ED%A0%80", b"%C0%80", b"%", b"%E2%80%AE1", b"a&=&=b", b"%0A", b"%F4%90"),
    *(each.encode() for each in ODD_NUMBERS if each.isascii()),
)
NUMBERED = ("phone", "mobile", "phone_number", "login_name")


async def answers_to_odd_values(
    world: World, row: Row, numbers: Iterator[int]
) -> list[tuple[str, Answer]]:
    """What the row answers to each value in each of its fields, by field."""
    way = await way_to(world, row, numbers)
    who = await ready(world, row, way, next(numbers))
    filled, shown = pairs(row, way, who), cookies(row, way, who)
    bodies = []
    for name in filled:
        rest = [(each, value) for each, value in filled.items() if each != name]
        if "json" in row.kinds:
            whole = "".join(f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in rest)
            bodies += [
                (name, JSON, f"{{{whole}{json.dumps(name)}: {raw}}}".encode()) for raw in RAW_JSON
            ]
        if "form" in row.kinds and not shown:
            known = [(key, str(value).encode()) for key, value in rest]
            bodies += [(name, FORM, form([*known, (name, raw)])) for raw in RAW_FORM]
    path, method = row.at(who.number), row.endpoint.method
    return [
        (
            name,
            await world.request(method, path, body=sent, content_type=kind, cookies=shown),
        )
        for name, kind, sent in bodies
    ]


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_no_value_breaks_a_row(world: World, row: Row) -> None:
    for name, answer in await answers_to_odd_values(world, row, iter(NUMBERS)):
        assert answer.status < 500, (name, answer)
        assert name not in NUMBERED or not said_yes(row, answer), (name, answer)


def any_bytes_are_text(patch: pytest.MonkeyPatch) -> None:
    """Neither NUL nor half a character is looked for."""
    patch.setattr(fields, "is_text", answering(True))
    patch.setattr(json_objects, "is_text", answering(True))


@attack(27, without=any_bytes_are_text)
async def test_a_value_breaks_the_server(world: World) -> bool:
    rows = [row for row in ROWS if row.endpoint.path in {"customer/login", "user/register"}]
    assert len(rows) == 2
    numbers = iter(NUMBERS)
    answers = [each for row in rows for each in await answers_to_odd_values(world, row, numbers)]
    return any(answer.status >= 500 for _, answer in answers)


def integers_may_be_long(patch: pytest.MonkeyPatch) -> None:
    """Integers of any length, and numbers that are none, are read like others."""
    patch.setattr(json_objects, "_JSON", json.JSONDecoder())


@attack(27, without=integers_may_be_long)
async def test_a_long_integer_breaks_the_server(world: World) -> bool:
    """Python refuses to read more than 4,300 digits."""
    sent = b'{"user_name": "13390633695", "pwd": "correct horse", "page": %s}' % (b"9" * 5000)
    answer = await world.request("POST", "/fomo/customer/register", body=sent, content_type=JSON)
    return answer.status >= 500


# Values that are equal to everything where comparing is loose

LOOSE = (True, False, 0, 1, None, "", [], {}, [""], {"$ne": None}, {"$gt": ""}, "*", "%", "0e0")


async def loose_values_that_open(
    world: World, row: Row, numbers: Iterator[int]
) -> list[tuple[str, object]]:
    """The values that stand for a secret in one of the row's locks, by field."""
    way = await way_to(world, row, numbers)
    who = await ready(world, row, way, next(numbers))
    compared = LOCKS if way.password == PASSWORD else LOCKS - {Slot.PASSWORD}
    locks = [name for name in pairs(row, way, who) if slot_of(row, name) in compared]
    opened = []
    for name in locks:
        alike = [each for each in locks if slot_of(row, each) is slot_of(row, name)]
        for value in LOOSE:
            answer = await send(world, row, way, who, Spoilt(dict.fromkeys(alike, value)))
            if said_yes(row, answer):
                opened.append((name, value))
                who = await ready(world, row, way, next(numbers))
    return opened


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_no_lock_takes_what_is_no_secret(world: World, row: Row) -> None:
    assert await loose_values_that_open(world, row, iter(NUMBERS)) == []


def whatever_is_true_is_right(patch: pytest.MonkeyPatch) -> None:
    """Two defences, each of which suffices: only text is read as text, and it is compared as it
    is."""
    matches = Digester.matches

    def loosely(self: Digester, message: str, digest: bytes) -> bool:
        return message.endswith(":True") or matches(self, message, digest)

    patch.setattr(fields.Text, "read", lambda _, value: value)
    patch.setattr(Digester, "matches", loosely)


@attack(27, without=whatever_is_true_is_right)
async def test_true_is_the_code(world: World) -> bool:
    rows = [row for row in ROWS if row.endpoint.path in {"customer/rec_pwd2", "api/register"}]
    assert len(rows) == 2
    numbers = iter(NUMBERS)
    return any([await loose_values_that_open(world, row, numbers) for row in rows])
