"""An account that is closed while a call of its own is under way: nothing is written to it."""

import base64
from typing import Any

import pytest
from sample_pictures import encoded, marked

from actors import Fomo, Session
from front_door import World
from hufu.actions import sessions
from hufu.actions.administration import close_account
from hufu.domain.permissions import Caller

PHONE, EMAIL, PASSWORD = "13390633695", "abc@126.com", "open-sesame"
SESSION_DEAD = 3
WRITES = "SELECT (SELECT count(*) FROM profiles) + (SELECT count(*) FROM identifiers) + ({}) AS n"
HANDLES = "SELECT count(*) FROM handles WHERE released_at IS NULL"


def close_once_recognised(world: World, patch: pytest.MonkeyPatch) -> None:
    """From now on an operator closes every account right after it was recognised."""
    recognised = sessions.authenticate

    async def authenticate(*arguments: Any) -> Caller:
        caller = await recognised(*arguments)
        await close_account(world.deps("fomo"), caller.account_id, "test")
        return caller

    patch.setattr("hufu.wire.serve.authenticate", authenticate)


async def fields_for(world: World, call: str, session: Session) -> dict[str, object]:
    """What the call needs to succeed."""
    match call:
        case "set_info":
            return {"name": "老虎"}
        case "set_fomo_id":
            return {"fomo_id": "tiger_1"}
        case "update_avatar":
            return {"base64_string": base64.b64encode(encoded(marked(), "PNG")).decode()}
    begun = await Fomo().call(world, "bind_email", email=EMAIL, **session.fields)
    return {"verify_code": await world.code(EMAIL), "verfify_id": begun["data"]["verify_id"]}


@pytest.mark.parametrize("call", ["set_info", "set_fomo_id", "update_avatar", "bind_completed"])
async def test_nothing_is_written(world: World, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    fomo = Fomo()
    await fomo.register(world, PHONE, PASSWORD)
    session = await fomo.sign_in(world, PHONE, PASSWORD)
    assert session is not None
    sent = {**session.fields, **await fields_for(world, call, session)}
    close_once_recognised(world, monkeypatch)
    answer = await world.form(f"/fomo/customer/{call}", sent)
    assert answer.json()["status"] == SESSION_DEAD
    assert await world.sql(WRITES.format(HANDLES)) == [(0,)]
    assert not list((world.core.configuration.settings.data_dir / "uploads").rglob("*.png"))
