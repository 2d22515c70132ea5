"""Taking letters out of the outbox and handing them to their providers."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from hufu.actions.outbox import SEALED_AS
from hufu.services.clock import Clock
from hufu.services.delivery import Channel, DeliveryFailed, Letter
from hufu.services.keys import Sealer
from hufu.storage.database import Database
from hufu.storage.outbox import SealedLetter

BATCH = 20
LEASE = timedelta(seconds=60)
"""How long a worker may take over a letter before another one tries it."""

FIRST_RETRY = timedelta(seconds=5)
MAX_ATTEMPTS = 6


class Carrier(Protocol):
    """A provider behind its breaker."""

    @property
    def available(self) -> bool:
        """Whether it is thought to be working."""
        ...

    async def send(self, letter: Letter) -> None:
        """Deliver the letter. Raises DeliveryFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """How letters of one app and channel leave; without a carrier they stay in the outbox."""

    carrier: Carrier | None
    language: str


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter of the outbox as it can be read."""

    sealed: SealedLetter
    code: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class Courier:
    """Delivers what is due. Any number of them may work on one outbox."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        routes: Mapping[tuple[str, str], Route],
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._routes = routes

    def available(self, app: str, channel: Channel) -> bool:
        """Whether the app's messages would leave now."""
        carrier = self._routes[app, channel].carrier
        return carrier is None or carrier.available

    async def deliver_due(self) -> int:
        """Take one batch of due letters and deliver them; how many were taken.

        A letter is marked after its provider took it, so a crash in between sends it once more.
        """
        now = self._clock.now()
        async with self._database.look() as work:
            letters = await work.outbox.claim_due(now, now + LEASE, BATCH)
        async with asyncio.TaskGroup() as group:
            for letter in letters:
                group.create_task(self._deliver(letter))
        return len(letters)

    async def _deliver(self, letter: SealedLetter) -> None:
        route = self._routes.get((letter.app, letter.channel))
        now = self._clock.now()
        if route is None or (letter.expires_at is not None and letter.expires_at <= now):
            async with self._database.look() as work:
                await work.outbox.save_failed(letter.id, now)
            return
        try:
            if route.carrier is not None:
                await route.carrier.send(self._addressed(letter, route))
        except DeliveryFailed as error:
            await self._put_back(letter, permanent=error.permanent)
            return
        async with self._database.look() as work:
            await work.outbox.save_sent(letter.id, self._clock.now())

    async def _put_back(self, letter: SealedLetter, *, permanent: bool) -> None:
        now = self._clock.now()
        async with self._database.look() as work:
            if permanent or letter.attempts >= MAX_ATTEMPTS:
                await work.outbox.save_failed(letter.id, now)
            else:
                pause = FIRST_RETRY * 2 ** (letter.attempts - 1)
                await work.outbox.save_retry(letter.id, now + pause)

    def _addressed(self, letter: SealedLetter, route: Route) -> Letter:
        opened = open_letter(self._sealer, letter)
        return Letter(
            id=str(letter.id),
            channel=Channel(letter.channel),
            to=letter.recipient,
            app=letter.app,
            purpose=letter.purpose,
            language=route.language,
            code=opened.code,
            subject=opened.subject,
            text=opened.text,
        )


def open_letter(sealer: Sealer, letter: SealedLetter) -> OpenedLetter:
    """The letter with what it says. Raises SealBroken."""
    content = json.loads(sealer.open(letter.sealed, SEALED_AS))
    return OpenedLetter(letter, content["code"], content["subject"], content["text"])


async def newest_letters(
    database: Database, sealer: Sealer, recipient: str | None, most: int
) -> list[OpenedLetter]:
    """The newest letters of the outbox, to one recipient or to anybody."""
    async with database.look() as work:
        letters = await work.outbox.newest(recipient, most)
    return [open_letter(sealer, letter) for letter in letters]
