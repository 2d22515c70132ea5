"""Form, multipart and JSON are three ways of saying the same."""

from typing import Any

import pytest

from actors import ACTORS, Actor, Fomo
from dialects.fields import phone, without
from dialects.rows import ROWS, Row, ask, told, written
from front_door import World

PASSWORD = "correct horse"
OWNERS = tuple(phone(number) for number in (97, 98, 99))
"""One member for each way of sending: what somebody does for the second time is answered
differently."""


def shape(value: Any, verdict: tuple[str, ...] = ()) -> Any:
    """The value without what differs from person to person."""
    if isinstance(value, dict):
        return {
            name: member if name in verdict else shape(member) for name, member in value.items()
        }
    return type(value).__name__


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.app)
async def test_three_content_types_one_answer(world: World, actor: Actor) -> None:
    for owner in OWNERS:
        await Fomo().register(world, owner, PASSWORD)
    for row in ROWS:
        if row.dialect.name != actor.app or row.endpoint.from_query or len(row.kinds) == 1:
            continue
        answers = [
            await answered(world, row, actor, kind, number) for number, kind in enumerate(row.kinds)
        ]
        assert answers[0] not in row.malformed, str(row)
        shapes = [(status, shape(body, row.words.verdict)) for status, body in answers]
        assert shapes == shapes[:1] * len(row.kinds), str(row)


async def answered(world: World, row: Row, actor: Actor, kind: str, number: int) -> Any:
    """The answer to somebody new, or to an owner where the row is for members."""
    owner = OWNERS[number]
    pairs, cookies = without(row.fields(number)), {}
    if row.for_members:
        proof = {field.name for field in row.proof()}
        pairs = without(row.fields(number), *proof)
        if proof == {"mobile", "password"}:
            pairs += [("mobile", owner), ("password", PASSWORD)]
        else:
            session = await actor.sign_in(world, owner, PASSWORD)
            assert session is not None
            pairs += list(session.fields.items())
            cookies = dict(session.cookies)
    more = {"path": row.at(number), "cookies": cookies}
    return told(await ask(world, row, kind, written(kind, pairs), **more))
