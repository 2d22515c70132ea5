"""Fifty requests at once, over sockets, to a server with several workers."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any

from faults.connection import Answer, Connection
from faults.crowd import Crowd
from faults.looking import Look
from faults.people import PASSWORD, Person
from hufu.services.load import Sent
from population import phone

AT_ONCE = 50
HANDLE_SEEKERS = 10
LEAST_RIGHT = 5
"""Right codes at once of which so many are compared at least; others may be behind them."""
JSON = {"Content-Type": "application/json"}
OWN = 10**6
"""From here on, numbers of people who get nothing but a message."""

Ask = Callable[[Connection], Awaitable[Answer]]


class Racing:
    """Races among clients, each with a connection of its own; `took` is how long each answer did,
    in seconds."""

    def __init__(self, crowd: Crowd, look: Look, stack: ExitStack) -> None:
        self.took: list[float] = []
        self.broken = 0
        self._crowd = crowd
        self._look = look
        self._lanes = [stack.enter_context(closing(Connection(crowd.port))) for _ in range(AT_ONCE)]
        self._numbers = itertools.count(1)

    async def daily(self) -> bool:
        """One reward a day."""
        one = await self._someone()
        told = await self._fomo("sign_in_today", [{"session_key": one.session}] * AT_ONCE)
        return Counter(each["status"] for each in told) == {1: 1, 202: AT_ONCE - 1}

    async def registration(self) -> bool:
        """One account, told of to all whose code is compared."""
        one = self._crowd.person(self._lanes[0])
        answer = await self._form(self._lanes[0], "register", user_name=one.phone, pwd=PASSWORD)
        begun = answer.json()["data"]
        shown = {**begun, "verify_code": await self._look.code(one.phone)}
        told = await self._fomo("complete_register", [shown] * AT_ONCE)
        accounts = {each["data"]["user_id"] for each in told if each["success"]}
        statuses = Counter(each["status"] for each in told)
        return len(accounts) == 1 and set(statuses) <= {1, 106} and statuses[1] >= LEAST_RIGHT

    async def handle(self) -> bool:
        """One of ten has it."""
        name = f"the_one_{next(self._numbers)}"
        people = [await self._someone() for _ in range(HANDLE_SEEKERS)]
        asked = [{"session_key": each.session, "fomo_id": name} for each in people]
        told = await self._fomo("set_fomo_id", asked * (AT_ONCE // HANDLE_SEEKERS))
        owners = {each["data"]["user_id"] for each in told if each["success"]}
        return len(owners) == 1 and {each["status"] for each in told} == {1, 19}

    async def captcha(self) -> bool:
        """It pays for one message."""
        name = f"captcha{next(self._numbers)}"
        await self._lanes[0].get(f"/rental/api/imagecode?codeid={name}&pcodeid=")
        paid = {"image_code_id": name, "image_code_text": await self._look.captcha(name)}
        asked = [
            Sent("POST", "/rental/api/smscode", JSON, json.dumps({"mobile": to, **paid}).encode())
            for to in (phone(OWN + next(self._numbers)) for _ in range(AT_ONCE))
        ]
        told = await self._at_once([lambda lane, sent=sent: lane.ask(sent) for sent in asked])
        return Counter(each["errno"] for each in told) == {0: 1, 4002: AT_ONCE - 1}

    async def unbinding(self) -> bool:
        """Of the last two ways to reach an account one stays, whichever is asked for first."""
        one, lane = await self._someone(), self._lanes[0]
        session, email = {"session_key": one.session}, f"{one.phone}@example.com"
        verify = await self._begun("bind_email", email=email, **session)
        shown = {"verify_code": await self._look.code(email), "verfify_id": verify}
        await self._form(lane, "bind_completed", **session, **shown)
        asked = []
        for call, to in (("unbind_phone", one.phone), ("unbind_email", email)):
            verify = await self._begun(call, **session)
            code = await self._look.code(to)
            asked.append({**session, "verify_code": code, "verfify_id": verify})
        told = await self._fomo("unbind_completed", asked * (AT_ONCE // len(asked)))
        statuses = Counter(each["status"] for each in told)
        left = await self._look.identifiers((one.phone, email))
        return statuses[1] == 1 and left == 1

    async def _someone(self) -> Person:
        person = self._crowd.person(self._lanes[0])
        assert await person.register()
        assert await person.sign_in()
        return person

    async def _begun(self, call: str, **fields: str) -> Any:
        return (await self._form(self._lanes[0], call, **fields)).json()["data"]["verify_id"]

    async def _form(self, lane: Connection, call: str, **fields: object) -> Answer:
        return await lane.form(f"/fomo/customer/{call}", **fields)

    async def _fomo(self, call: str, asked: Sequence[dict[str, Any]]) -> list[Any]:
        """What each is told, all of them at once."""
        return await self._at_once(
            [lambda lane, fields=fields: self._form(lane, call, **fields) for fields in asked]
        )

    async def _at_once(self, asked: Sequence[Ask]) -> list[Any]:
        return await asyncio.gather(
            *(self._timed(ask, lane) for ask, lane in zip(asked, self._lanes, strict=True))
        )

    async def _timed(self, ask: Ask, lane: Connection) -> Any:
        began = time.monotonic()
        answer = await ask(lane)
        self.took.append(time.monotonic() - began)
        self.broken += answer.status >= 500
        return answer.json()
