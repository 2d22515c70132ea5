"""Clients that use fomo as its app does: they ask again until they know."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

from faults.connection import Answer, Connection, Unanswered, Unsent
from faults.history import History, Kind, Operation, Outcome
from hufu.services.keys import token_hash

PASSWORD = "correct horse 1"
GIVE_UP = 300.0
"""Seconds after which a client asks no more."""

MOST_BEGINNINGS = 3
"""A request that was given up on may be done after its repetition, and make that void."""

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
DONE = 1

Codes = Callable[[str], Awaitable[str | None]]
"""The newest code sent to a number."""


class Person:
    """Somebody with a phone, whose operations are noted down."""

    def __init__(self, connection: Connection, history: History, codes: Codes, phone: str) -> None:
        self.phone = phone
        self.session = ""
        self._connection = connection
        self._history = history
        self._codes = codes
        self._written = itertools.count(1)

    async def register(self) -> bool:
        """Ask for a code and show it; whether there is an account now."""
        for _ in range(MOST_BEGINNINGS):
            begun = await self._until_known(
                Kind.REGISTER, "register", user_name=self.phone, pwd=PASSWORD
            )
            if begun is None:
                return False
            code = await self._code()
            fields = begun.json()["data"]
            if await self._until_known(
                Kind.COMPLETE, "complete_register", verify_code=code, **fields
            ):
                return True
        return False

    async def sign_in(self) -> bool:
        """Open a session; whether that was done."""
        answer = await self._until_known(Kind.SIGN_IN, "login", login_name=self.phone, pwd=PASSWORD)
        if answer is not None:
            self.session = answer.json()["data"]["session_key"]
        return answer is not None

    async def sign_in_today(self) -> None:
        """Take the day's reward."""
        await self._until_known(Kind.DAILY, "sign_in_today", session_key=self.session)

    async def write(self) -> None:
        """Change the profile."""
        city = f"City {next(self._written)}"
        await self._until_known(Kind.WRITE, "set_info", city, session_key=self.session, city=city)

    async def show(self, picture: str) -> None:
        """Change the profile's picture."""
        fields = {"session_key": self.session, "base64_string": picture}
        await self._until_known(Kind.PICTURE, "update_avatar", **fields)

    async def check(self) -> None:
        """Show the profile."""
        await self._until_known(Kind.CHECK, "get_user_info", session_key=self.session)

    async def recover(self) -> None:
        """Ask for a code as if the password were forgotten, and show it; the grant is not used."""
        begun = await self._until_known(Kind.FORGET, "rec_pwd1", user_name=self.phone)
        if begun is not None:
            fields = begun.json()["data"]
            code = await self._code()
            await self._until_known(Kind.RECOVER, "rec_pwd2", verify_code=code, **fields)

    async def draw(self) -> None:
        """Have a captcha drawn; whether it comes does not matter."""
        with suppress(Unsent, Unanswered):
            await self._connection.get(f"/rental/api/imagecode?codeid={self.phone}&pcodeid=")

    async def all(self) -> None:
        """Register, sign in, take the day's reward, change the profile."""
        if await self.register() and await self.sign_in():
            await self.sign_in_today()
            await self.write()

    def hang_up(self) -> None:
        """Close the connection, which is opened again when it is needed."""
        self._connection.close()

    async def once(self, kind: Kind, call: str, asked: str = "", **fields: object) -> Any:
        """Ask once; the data of the answer, None where there is none."""
        answer = await self._ask(self._history.intend(kind, self.phone, asked), call, fields)
        return answer and answer.json()["data"]

    async def _code(self) -> str:
        for _ in _attempts():
            if code := await self._codes(self.phone):
                return code
            await asyncio.sleep(FIRST_PAUSE)
        return ""

    async def _until_known(
        self, kind: Kind, call: str, asked: str = "", **fields: object
    ) -> Answer | None:
        """Ask until it was done, and give the answer, or until it was refused."""
        pause = FIRST_PAUSE
        for _ in _attempts():
            operation = self._history.intend(kind, self.phone, asked)
            answer = await self._ask(operation, call, fields)
            if operation.outcome is Outcome.ACKNOWLEDGED:
                return answer
            if operation.outcome is Outcome.REFUSED:
                return None
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        return None

    async def _ask(
        self, operation: Operation, call: str, fields: dict[str, object]
    ) -> Answer | None:
        try:
            answer = await self._connection.form(f"/fomo/customer/{call}", **fields)
        except Unsent:
            operation.end(Outcome.UNSENT)
            return None
        except Unanswered:
            operation.end(Outcome.UNKNOWN)
            return None
        operation.status = answer.status
        operation.retry_after = answer.headers.get("retry-after")
        if answer.status >= 500:  # Noisy, and no sign of what was done.
            operation.end(Outcome.UNKNOWN)
            return None
        said = answer.json()
        if said["status"] == DONE:
            operation.told = _told(operation.kind, said["data"])
            operation.end(Outcome.ACKNOWLEDGED)
        else:
            operation.refusal = said["status"]
            operation.end(Outcome.REFUSED)
        return answer


def _told(kind: Kind, data: Any) -> dict[str, object]:
    """What has to be found again."""
    if kind is Kind.COMPLETE:
        return {"account": data["user_id"]}
    if kind is Kind.SIGN_IN:
        return {"session": token_hash(data["session_key"]).hex()}
    if kind is Kind.DAILY:
        return {"reward": data["reward_id"]}
    if kind is Kind.PICTURE:
        return {"picture": data.rpartition("/")[2]}
    return {}


def _attempts() -> Iterable[None]:
    end = time.monotonic() + GIVE_UP
    while time.monotonic() < end:
        yield None
