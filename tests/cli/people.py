"""Accounts for operators to work on, and how they look afterwards."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from front_door import World
from hufu.domain.events import EventKind
from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.sessions import Session, SignInMethod
from hufu.services.identifiers import parse_any
from hufu.services.keys import token_hash
from opened import add_session

ANNA, BERT = 1_390_633_695, 42
PHONE, MAIL, NAME = "13390633695", "Anna.Smith@126.com", "anna"
NUMBER = "11010519491231002X"


async def open_account(world: World, id: int, *identifiers: str, pool: str = "main") -> None:
    """An account with identifiers, two sessions, an identity number and an event."""
    deps = world.deps("rental")
    now = deps.now()
    async with deps.begin() as work:
        assert await work.accounts.claim(id, pool, now)
        for each in identifiers:
            assert await work.identifiers.claim(pool, parse_any(each), id, now)
        for agent in ("Fomo/1.0", "\x1b]0;mine\x07\x9b[red]Fomo"):
            life = timedelta(days=7)
            await add_session(
                work,
                Session(
                    uuid4(), id, "fomo", SignInMethod.PASSWORD, None, "203.0.113.7", agent, now,
                    now, life, now + life,
                ),
                token_hash(str(uuid4())),
            )  # fmt: skip
        sealed = deps.secrets.identity_numbers.seal(NUMBER, "test")
        identity = SealedIdentity("张三", sealed, str(id).encode())
        await work.identity_numbers.claim(
            id, "rental", identity, now, replace_unverified=False, sole=False
        )
        await work.events.add(EventKind.REGISTERED, now, app="fomo", account_id=id)
        await work.commit()


async def shown(hufu, id: int = ANNA) -> dict[str, Any]:
    result = await hufu("accounts", "show", id, "--json")
    assert result.exit_code == 0, result.output
    account: dict[str, Any] = json.loads(result.stdout)
    return account


async def newest_event(hufu) -> tuple[str, dict[str, str]]:
    event = (await shown(hufu))["events"][0]
    return event["kind"], event["facts"]
