"""How somebody gets a row of a dialect's table to say yes, found out by trying.

A matrix starts from a request that would be granted, and spoils one thing in it. So a row that
nobody can get a yes from is a mistake in the matrix, and a new row needs nothing said about it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from attacks.holders import (
    NEW_PASSWORD,
    PASSWORD,
    STATES,
    Holder,
    give_captcha,
    give_grant,
    give_invitation,
    give_word,
    holder,
    look,
    newest_code,
)
from attacks.slots import Slot, slot_of, takes
from dialects.rows import ROWS, Pair, Row, ask, written
from front_door import Answer, World
from hufu.domain.identifiers import IdentifierKind

NUMBERS = range(1, 998)

OPENS: Mapping[str, Callable[[Any], bool]] = {
    "fomo": lambda said: said["status"] == 1,
    "company": lambda said: said["code"] == "200",
    "rental": lambda said: said["errno"] == 0,
    "creator": lambda said: said["msg"].endswith("successful") or said["msg"].startswith("注意"),
}
"""Which answers of a dialect mean yes."""


def said_yes(row: Row, answer: Answer) -> bool:
    """Whether the row did what it was asked to do."""
    if answer.header("content-type") == "image/jpeg":
        return True
    return answer.status < 400 and OPENS[row.dialect.name](answer.json())


@dataclass(frozen=True)
class Way:
    """One way to a yes: what the asker has to sign in with, which password they send, what they
    show beside the fields, and which row sent them the code."""

    kinds: tuple[IdentifierKind, ...]
    password: str = NEW_PASSWORD
    cookie: bool = False
    beside: bool = False
    asked: Row | None = None


def pairs(row: Row, way: Way, who: Holder) -> dict[str, object]:
    """The fields of a request in order."""
    beside = {each.name for each in row.proof()} & {each.name for each in row.words.beside}
    filled: dict[str, object] = {}
    for each in row.fields(who.number):
        if each.name in beside:
            if way.beside:
                mine = {"mobile": who.identifiers.get(IdentifierKind.PHONE), "password": PASSWORD}
                filled[each.name] = mine[each.name]
            continue
        slot = slot_of(row, each.name)
        filled[each.name] = (
            each.value if slot is None else who.value(row, slot, password=way.password)
        )
    return filled


def names(row: Row, way: Way) -> list[str]:
    """The names of those fields."""
    return list(pairs(row, way, Holder(0, 0, way.kinds, defaultdict(str))))


def cookies(row: Row, way: Way, who: Holder) -> dict[str, str]:
    """The cookies of a request in order."""
    name = row.dialect.session_cookie
    return {name: who.sessions[row.dialect.name]} if name and way.cookie else {}


@dataclass(frozen=True)
class Spoilt:
    """What a request has in place of what is in order."""

    fields: Mapping[str, object] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)


IN_ORDER = Spoilt()


async def send(world: World, row: Row, way: Way, who: Holder, spoilt: Spoilt = IN_ORDER) -> Answer:
    """Send the request."""
    filled: list[Pair] = [*{**pairs(row, way, who), **spoilt.fields}.items()]
    shown = {**cookies(row, way, who), **spoilt.cookies}
    kind = row.kinds[0]
    body = written(kind, filled)
    return await ask(world, row, kind, body, path=row.at(who.number), cookies=shown)


async def ready(world: World, row: Row, way: Way, number: int) -> Holder:
    """Somebody who has everything that the way needs."""
    who = await holder(world, number, way.kinds)
    await equip(world, row, who)
    if way.asked is not None:
        assert await get_code(world, way.asked, who)
    return who


async def equip(world: World, row: Row, who: Holder) -> None:
    """Give them what the row takes and what no row sends."""
    if takes(row, Slot.GRANT):
        await give_grant(world, who, row.dialect.name)
    if takes(row, Slot.CAPTCHA):
        await give_captcha(world, who, row.dialect.name)
    if takes(row, Slot.INVITATION):
        await give_invitation(world, who)
    if takes(row, Slot.WORD):
        await give_word(world, who, row.dialect.name)


async def get_code(world: World, asked: Row, who: Holder) -> bool:
    """Have the row send them a code, and give them all references to it; False if it sends none.

    References that the row does not tell are those that are true of the code.
    """
    await equip(world, asked, who)
    before, _ = await newest_code(world)
    way = Way(who.kinds, cookie=asked.for_members)
    answer = await send(world, asked, way, who)
    newest, digits = await newest_code(world)
    if newest == before or digits is None:
        return False
    [code] = await look(world, "SELECT id FROM codes ORDER BY sent_at DESC LIMIT 1")
    told = answer.json().get("data") or {}
    who.held |= {
        Slot.CODE: digits,
        Slot.CODE_ID: code["id"],
        Slot.REGISTRATION: told.get("tmp_user_id", 1),
        Slot.ALIAS: told.get("user_id", 1),
    }
    return True


def askers(dialect: str) -> list[Row]:
    """The rows that might send a code."""
    return [row for row in ROWS if row.dialect.name == dialect and not takes(row, Slot.CODE)]


def takers() -> list[Row]:
    """The rows of all dialects that take a code."""
    return [row for row in ROWS if takes(row, Slot.CODE)]


def _ways(row: Row) -> Iterator[Way]:
    shown = (True,) if row.for_members else (False, True)
    asked = askers(row.dialect.name) if takes(row, Slot.CODE) else [None]
    for kinds in STATES:
        for cookie in shown:
            for sender in asked:
                yield Way(kinds, NEW_PASSWORD, cookie, asked=sender)
                if takes(row, Slot.PASSWORD) and sender is None:
                    yield Way(kinds, PASSWORD, cookie)


_FOUND: dict[str, Way] = {}
"""Ways that were found before in this process, by row; there is nothing of a world in them."""


async def way_to(world: World, row: Row, numbers: Iterator[int]) -> Way:
    """A way to the row's yes."""
    found = _FOUND.get(str(row))
    if found is not None:
        return found
    for way in _ways(row):
        who = await holder(world, next(numbers), way.kinds)
        await equip(world, row, who)
        if way.asked is not None and not await get_code(world, way.asked, who):
            continue
        if said_yes(row, await send(world, row, way, who)):
            _FOUND[str(row)] = way
            return way
    raise AssertionError(f"nobody gets a yes from {row}")


def ways_in(row: Row, way: Way) -> list[Way]:
    """The way, and the same with a password in place of a session where the row takes one."""
    if row.for_members and row.endpoint.proof is not None:
        with_phone = (IdentifierKind.PHONE, IdentifierKind.EMAIL)
        return [way, Way(with_phone, way.password, cookie=False, beside=True, asked=way.asked)]
    return [way]
