"""People who are given rewards, the backend of their app, and what the audit trail keeps of it."""

import json
from dataclasses import dataclass
from typing import Any

from actors import Fomo, Session
from front_door import Answer, World

PHONE, OTHER_PHONE = "13390633695", "13800138000"
PASSWORD = "correct horse 1"


@dataclass(frozen=True)
class Member:
    """Somebody who is signed in to the app that gives rewards."""

    world: World
    actor: Fomo
    session: Session

    @property
    def id(self) -> int:
        return self.session.account_id

    async def call(self, name: str, /, **fields: object) -> Any:
        return await self.actor.call(self.world, name, **self.session.fields, **fields)

    async def sign_in_today(self) -> int:
        status: int = (await self.call("sign_in_today"))["status"]
        return status

    async def say(self, word: str) -> int:
        status: int = (await self.call("submit_word", word=word))["status"]
        return status

    async def given_today(self) -> dict[str, str]:
        """The amounts of today's awards, by item."""
        logs = (await self.call("get_today_award"))["data"]["award_logs"]
        return {each["award_item"]: each["amount"] for each in logs}


async def join(world: World, phone: str = PHONE, mount: str = "/fomo") -> Member:
    """Somebody new, signed in."""
    actor = Fomo(mount)
    await actor.register(world, phone, PASSWORD)
    session = await actor.sign_in(world, phone, PASSWORD)
    assert session
    return Member(world, actor, session)


async def tell(world: World, secret: str, key: str, **event: object) -> Answer:
    """What the app's backend is answered when it tells of an event."""
    headers = [("authorization", f"Bearer {secret}"), ("idempotency-key", key)]
    return await world.json("/v1/rewards/events", event, headers=headers)


async def recorded(world: World, kind: str) -> list[tuple[str | None, dict[str, Any]]]:
    """The app and the facts of each event of that kind, oldest first."""
    rows = await world.sql("SELECT app, facts FROM events WHERE kind = $1 ORDER BY id", kind)
    return [(row["app"], json.loads(row["facts"])) for row in rows]
