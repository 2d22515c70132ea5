"""The backend of an app at the front door, and what it is answered."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from front_door import JSON, Answer, World
from hufu.actions.rewards import find_rule, set_rule
from hufu.app import Server
from hufu.domain.instants import Instant
from hufu.domain.rewards import Once, RewardType, Rule
from hufu.services.clock import Clock
from rewarding import BALANCE, EVENTS, TEN, Member, app_secret, at, member

NOON = at("2030-05-15 04:00:00")
"""Midday in Shanghai, where a day of rewards begins and ends."""

TODAY, YESTERDAY = "2030-05-15", "2030-05-14"
ITEM = "join_group"
UNKNOWN_ID = 23
LEDGER = ("awards", "transfers", "postings", "balances", "ledger_chains", "ledger_anchors")

Header = tuple[str, str]


@dataclass(frozen=True)
class Backend:
    """What an app's backend knows: its secret, and one user."""

    world: World
    secret: str = field(repr=False)
    user: Member

    @property
    def shown(self) -> Header:
        """How it shows its secret."""
        return ("authorization", f"Bearer {self.secret}")

    async def send(
        self,
        body: bytes | Iterable[bytes],
        key: str = "k",
        content_type: str | None = JSON,
        headers: Iterable[Header] = (),
    ) -> Answer:
        """What such a body is answered."""
        shown = [self.shown, ("idempotency-key", key), *headers]
        return checked(
            await self.world.request(
                "POST", EVENTS, body=body, content_type=content_type, headers=shown
            )
        )

    async def tell(self, key: str = "k", /, **more: object) -> Answer:
        """What an event of the user is answered; `more` are other members, or other values."""
        event = {"user_id": self.user.account_id, "item": ITEM, **more}
        headers = [self.shown, ("idempotency-key", key)]
        return checked(await self.world.json(EVENTS, event, headers=headers))

    async def award(self, key: str = "k", /, **more: object) -> dict[str, Any]:
        """The award for an event, which must be a new one."""
        answer = await self.tell(key, **more)
        assert answer.status == 201, answer
        return dict(answer.json())

    async def balance(self, query: str | None = None) -> Answer:
        """What is answered to this query, by default the user's."""
        query = f"user_id={self.user.account_id}" if query is None else query
        return checked(await self.world.get(f"{BALANCE}?{query}", headers=[self.shown]))

    async def rule(self, **changes: Any) -> None:
        """From now on another rule holds in the app, like the first one but for the changes."""
        deps = self.world.deps("fomo")
        rule = await find_rule(deps, "fomo", ITEM)
        assert rule is not None
        given = {"app": "fomo", "active_from": deps.now(), "active_to": None, **changes}
        await set_rule(deps, replace(rule, **given))


async def backend_of(world: World, app: str = "fomo") -> Backend:
    """The app's backend, with a new secret and a new user."""
    return Backend(world, await app_secret(world, app), await member(world, app))


def new_rule(
    item: str, now: datetime, once: Once | None = None, per_day: int | None = None
) -> Rule:
    """A rule of the app for an item that has none."""
    return Rule("fomo", item, RewardType.DAILY, TEN, 1, once, per_day, True, now, None)


class TroubledClock(Clock):
    """A clock that cannot tell the time."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def instant(self) -> Instant:
        raise self._error


def troubled(backend: Backend, error: Exception) -> Backend:
    """The same backend, at a server where telling of an event fails so."""
    core = backend.world.core
    deps = replace(core.apps["fomo"], clock=TroubledClock(error))
    core = replace(core, apps={**core.apps, "fomo": deps})
    return replace(backend, world=replace(backend.world, core=core, server=Server(core)))


def checked(answer: Answer) -> Answer:
    """The answer, once it was seen to be what every answer is."""
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-content-type-options") == "nosniff"
    if answer.status == 204:
        assert (answer.body, answer.header("content-type")) == (b"", None)
        return answer
    assert answer.header("content-length") == str(len(answer.body))
    if answer.status < 400:
        assert answer.header("content-type") == "application/json"
        return answer
    assert answer.header("content-type") == "application/problem+json"
    said = answer.json()
    assert list(said) == ["type", "title", "status", "detail", "code"]
    assert (said["type"], said["status"]) == ("about:blank", answer.status)
    assert said["title"]
    assert said["detail"]
    return answer


def problem(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.status >= 400, answer
    return answer.status, checked(answer).json()["code"]


async def ledger(world: World) -> dict[str, list[str]]:
    """Everything that was ever given or moved."""
    return {
        table: [str(row) for row in await world.sql(f"SELECT * FROM {table} ORDER BY 1, 2")]
        for table in LEDGER
    }
