"""Column x endpoint: nobody sets a column by sending its name.

For every row there is somebody who would get a yes from it. They get it, and others like them get
it who send the name of every stored column beside it, with a value of its type, or a tempting one.
Nothing in the database may take a value that was sent so.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from attacks.attack import World, attack
from attacks.holders import holder, look
from attacks.honest import NUMBERS, Spoilt, pairs, ready, said_yes, send, way_to
from dialects.rows import ROWS, Row
from hufu.actions.profiles import SetProfile
from hufu.dialects.fomo.messages import SetInfo
from hufu.domain.identifiers import IdentifierKind
from hufu.wire.fields import Reader
from rewarding import EVENTS, app_secret

AT_ONCE = 60
"""So many names are sent in one request, which takes no more than 100."""

COLUMNS = """
SELECT column_name AS name, min(data_type) AS type FROM information_schema.columns
WHERE table_schema = 'public' AND table_name <> 'alembic_version' GROUP BY 1 ORDER BY 1
"""

TABLES = """
SELECT table_name AS name, string_agg(column_name, ', ') AS key
FROM information_schema.table_constraints
JOIN information_schema.key_column_usage USING (table_schema, table_name, constraint_name)
WHERE table_schema = 'public' AND constraint_type = 'PRIMARY KEY'
    AND table_name <> 'alembic_version'
GROUP BY 1
"""

MARKS: Mapping[str, object] = {
    "integer": 1_234_567_891,
    "bigint": 1_234_567_892,
    "smallint": 12_321,
    "boolean": True,
    "timestamp with time zone": "2001-02-03T12:00:00+00:00",
    "date": "2001-02-03",
    "interval": "12345 days",
    "uuid": "12345678-1234-4234-8234-123456789012",
    "bytea": "\\xfeedface",
    "jsonb": '{"sent": "by a stranger"}',
    "ARRAY": "{1}",
}
"""A value of each type that nothing else has; that of a text column is made of its name."""

TEMPTING: Mapping[str, object] = {
    "state": "barred",
    "role": "admin",
    "scope": "",
    "pool": "b",
    "verified": True,
    "enabled": False,
    "guesses": 0,
    "amount": 0,
    "kind": "user_name",
    "purpose": "payment",
}
"""What somebody might gain by. Columns that name an account get a bystander's id."""

OF_ACCOUNTS = frozenset({"id", "account_id", "inviter_id", "holder_id"})

Cells = Mapping[tuple[str, str], Mapping[str, object]]
"""Every stored value: by table and key, then by column."""


async def everything(world: World) -> Cells:
    """The whole database."""
    statement = " UNION ALL ".join(
        f"SELECT '{table}' AS name, jsonb_build_array({key})::text AS key, to_jsonb(t)::text AS row"
        f" FROM {table} AS t"
        for table, key in await look(world, TABLES)
    )
    return {
        (each["name"], each["key"]): json.loads(each["row"])
        for each in await look(world, statement)
    }


def became(before: Cells, after: Cells) -> Counter[tuple[str, str]]:
    """The values that columns have taken, and how often."""
    return Counter(
        (column, str(value))
        for place, row in after.items()
        for column, value in row.items()
        if place not in before or before[place][column] != value
    )


def tables_changed(before: Cells, after: Cells) -> set[str]:
    """The tables in which anything is new, gone or another."""
    places = before.keys() | after.keys()
    return {table for table, key in places if before.get((table, key)) != after.get((table, key))}


async def values_sent(world: World, bystander: int) -> list[dict[str, object]]:
    """Names and values of all columns, in requests' sizes: first marks, then what is tempting."""
    columns = await look(world, COLUMNS)
    marks = {name: MARKS.get(type_, f"sent as {name}") for name, type_ in columns}
    assert marks.keys() >= TEMPTING.keys() | OF_ACCOUNTS
    tempting = {**marks, **TEMPTING, **dict.fromkeys(OF_ACCOUNTS, bystander)}
    names = list(marks)
    return [
        {name: values[name] for name in names[start : start + AT_ONCE]}
        for values in (marks, tempting)
        for start in range(0, len(names), AT_ONCE)
    ]


async def assigned(world: World, row: Row, numbers: Iterator[int]) -> list[str]:
    """The columns that took what was sent under their names, and tables that changed by it."""
    way = await way_to(world, row, numbers)
    bystander = await holder(world, next(numbers), (IdentifierKind.PHONE,))
    plain, tables = await _effect(world, row, {}, numbers)
    found = []
    for sent in await values_sent(world, bystander.account_id):
        own = pairs(row, way, bystander).keys()
        beside = {name: value for name, value in sent.items() if name not in own}
        taken, changed = await _effect(world, row, beside, numbers)
        found += [f"the table {table}" for table in changed ^ tables]
        cells = [(name, str(value)) for name, value in beside.items()]
        found += [name for name, value in cells if taken[name, value] > plain[name, value]]
    return found


async def _effect(
    world: World, row: Row, beside: Mapping[str, object], numbers: Iterator[int]
) -> tuple[Counter[tuple[str, str]], set[str]]:
    """What changes by a yes to somebody new who sends all this beside."""
    way = await way_to(world, row, numbers)
    who = await ready(world, row, way, next(numbers))
    before = await everything(world)
    answer = await send(world, row, way, who, Spoilt(beside))
    assert said_yes(row, answer), (answer, beside)
    after = await everything(world)
    return became(before, after), tables_changed(before, after)


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_no_column_is_set_by_its_name(world: World, row: Row) -> None:
    assert await assigned(world, row, iter(NUMBERS)) == []


async def test_a_backend_may_send_nothing_else(world: World) -> None:
    who = await holder(world, 1, (IdentifierKind.PHONE,))
    headers = [("authorization", f"Bearer {await app_secret(world)}"), ("idempotency-key", "k")]
    event = {"user_id": who.account_id, "item": "join_group"}
    before = await everything(world)
    for sent in await values_sent(world, who.account_id):
        for name, value in sent.items():
            if name not in {"user_id", "item", "at"}:
                answer = await world.json(EVENTS, {**event, name: value}, headers=headers)
                assert answer.status == 422, name
    assert await everything(world) == before


def whatever_is_sent_is_saved(patch: pytest.MonkeyPatch) -> None:
    """A request has every field that a profile has a column for."""
    read = Reader.read

    def everything_sent(self: Any, fields: Any) -> Any:
        request = read(self, fields)
        if isinstance(request, SetInfo):
            sent = {name: fields[name] for name in ("avatar", "organisation") if name in fields}
            patch.setattr(SetInfo, "command", lambda *_: SetProfile(None, sent))
        return request

    patch.setattr(Reader, "read", everything_sent)


@attack(24, without=whatever_is_sent_is_saved)
async def test_a_column_is_set_by_its_name(world: World) -> bool:
    rows = [row for row in ROWS if row.endpoint.request is SetInfo]
    assert len(rows) == 1
    return bool(await assigned(world, rows[0], iter(NUMBERS)))
