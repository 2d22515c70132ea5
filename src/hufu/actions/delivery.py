"""Taking letters out of the outbox and handing them to their providers."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import inf
from typing import Any, Protocol, TypeAlias

from hufu.actions.outbox import SEALED_AS
from hufu.domain.sending import NOTICE_LIFE
from hufu.services.breaker import BreakerOpen
from hufu.services.clock import Clock
from hufu.services.delivery import Channel, DeliveryFailed, Letter
from hufu.services.keys import SealBroken, Sealer
from hufu.storage.database import Database
from hufu.storage.loss import DatabaseUnavailable
from hufu.storage.outbox import SealedLetter

BATCH = 20
LEASE = timedelta(seconds=90)
"""How long a worker may take over a letter before another one tries it: a provider's longest
deadline, and the time to mark the letter."""

FIRST_RETRY = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=15)
DOUBLINGS = 8
MAX_ATTEMPTS = 6
NOTICE_ATTEMPTS = 120
"""More than fit into a notice's life: the bound is there for workers that end without a word."""

DRAIN_SECONDS = 5.0
"""How long letters under way are waited for at the end of the process."""


class Carrier(Protocol):
    """A provider behind its breaker."""

    @property
    def rest(self) -> float:
        """Seconds for which nothing is tried, because it keeps failing; or else 0."""
        ...

    async def send(self, letter: Letter) -> None:
        """Deliver the letter. Raises DeliveryFailed, BreakerOpen."""
        ...


@dataclass(frozen=True, slots=True)
class Route:
    """How letters of one app and channel leave; without a carrier they stay in the outbox."""

    carrier: Carrier | None
    language: str


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """The apps and channels whose letters leave by one provider, or stay for want of one. Each lane
    is delivered by itself: a provider that takes its time holds up no other's letters.

    `letters` is set when some may have come.
    """

    routed: Collection[tuple[str, str]]
    letters: asyncio.Event = field(default_factory=asyncio.Event)


class GivenUp(StrEnum):
    """Why a letter is tried no more."""

    EXPIRED = "expired"  # It is not worth sending any more.
    ATTEMPTS = "attempts"  # It was tried often enough.
    UNREADABLE = "unreadable"  # No key opens it.
    REFUSED = "refused"  # Its provider would refuse it again.


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a letter, named by its id alone, did not leave; if it is tried no more, why that."""

    letter: int
    reason: str
    given_up: GivenUp | None


Tell: TypeAlias = Callable[[Trouble], None]


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter of the outbox as it can be read."""

    sealed: SealedLetter
    code: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Backlog:
    """So many letters have to leave; the oldest waits for `age` seconds."""

    letters: int
    age: float


class Courier:
    """Delivers what is due. Any number of them may work on one outbox."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        routes: Mapping[tuple[str, str], Route],
    ) -> None:
        self.ends_by = inf
        """When letters under way end at the latest, by the event loop's time."""
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self.lanes = _lanes(routes)
        self._routes = routes
        self._unmarked: set[int] = set()

    def wake(self) -> None:
        """There are new letters."""
        for lane in self.lanes:
            lane.letters.set()

    @property
    def keeps(self) -> frozenset[tuple[str, str]]:
        """The apps and channels whose messages stay in the outbox, for want of a provider."""
        return frozenset(pair for pair, route in self._routes.items() if route.carrier is None)

    def rest(self, app: str, channel: Channel) -> float:
        """Seconds for which the app's messages would not leave; 0 where they would."""
        carrier = self._routes[app, channel].carrier
        return carrier.rest if carrier else 0.0

    async def backlog(self) -> dict[tuple[str, str], Backlog]:
        """What has to leave, by app and channel, also where that is nothing."""
        now = self._clock.now()
        async with self._database.look() as work:
            found = await work.outbox.backlog()
        waiting = {
            pair: Backlog(letters, max(0.0, (now - oldest).total_seconds()))
            for pair, (letters, oldest) in found.items()
        }
        return {pair: waiting.get(pair, Backlog(0, 0.0)) for pair in self._routes}

    async def deliver_due(self, tell: Tell, lane: Lane | None = None) -> int:
        """Take one batch of due letters, of the lane or of all, and deliver each by itself; how
        many were taken.

        A letter is marked after its provider took it, so a crash in between sends it once more.
        On cancellation, letters under way are still waited for, DRAIN_SECONDS at most and no
        longer than until `ends_by`.
        """
        await self._mark_late()
        now = self._clock.now()
        pairs = self._routes if lane is None else lane.routed
        routed = [pair for pair in pairs if _open(self._routes[pair])]
        async with self._database.look() as work:
            letters = await work.outbox.claim_due(now, now + LEASE, BATCH, routed)
        if letters:
            sending = [asyncio.create_task(self._attempt(each, tell)) for each in letters]
            try:
                await asyncio.wait(sending)
            finally:
                await _ended(sending, self.ends_by)
        return len(letters)

    async def _attempt(self, letter: SealedLetter, tell: Tell) -> None:
        try:
            trouble = await self._deliver(letter)
        except Exception as error:  # noqa: BLE001  # Told; the letter comes back after its lease.
            trouble = Trouble(letter.id, type(error).__name__, given_up=None)
        if trouble:
            tell(trouble)

    async def _deliver(self, letter: SealedLetter) -> Trouble | None:
        if _useless_at(letter) <= self._clock.now():
            return await self._give_up(letter, GivenUp.EXPIRED)
        if letter.attempts > _most_attempts(letter):
            return await self._give_up(letter, GivenUp.ATTEMPTS)
        route = self._routes[letter.app, letter.channel]
        try:
            if route.carrier is not None:
                await route.carrier.send(self._addressed(letter, route))
        except SealBroken as error:
            return await self._give_up(letter, GivenUp.UNREADABLE, type(error).__name__)
        except BreakerOpen:
            await self._put_off(letter)
        except DeliveryFailed as failure:
            return await self._retry(letter, failure)
        else:
            await self._mark_sent(letter.id)
        return None

    async def _give_up(
        self, letter: SealedLetter, why: GivenUp, reason: str | None = None
    ) -> Trouble:
        async with self._database.look() as work:
            await work.outbox.save_failed(letter.id, self._clock.now())
        return Trouble(letter.id, reason or why.value, given_up=why)

    async def _put_off(self, letter: SealedLetter) -> None:
        """Nothing was tried, so nothing counts; what opened the breaker was told."""
        async with self._database.look() as work:
            due_at = self._clock.now() + FIRST_RETRY
            await work.outbox.save_retry(letter.id, due_at, letter.attempts - 1)

    async def _retry(self, letter: SealedLetter, failure: DeliveryFailed) -> Trouble:
        due_at = self._clock.now() + _pause(letter.attempts)
        if failure.permanent:
            return await self._give_up(letter, GivenUp.REFUSED, failure.reason)
        if letter.attempts >= _most_attempts(letter):
            return await self._give_up(letter, GivenUp.ATTEMPTS, failure.reason)
        if due_at >= _useless_at(letter):
            return await self._give_up(letter, GivenUp.EXPIRED, failure.reason)
        async with self._database.look() as work:
            await work.outbox.save_retry(letter.id, due_at, letter.attempts)
        return Trouble(letter.id, failure.reason, given_up=None)

    async def _mark_sent(self, id: int) -> None:
        try:
            async with self._database.look() as work:
                await work.outbox.save_sent(id, self._clock.now())
        except DatabaseUnavailable:
            self._unmarked.add(id)
            raise

    async def _mark_late(self) -> None:
        """Mark what was sent while the database was away, before it is taken for unsent."""
        while self._unmarked:
            await self._mark_sent(self._unmarked.pop())

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


def _lanes(routes: Mapping[tuple[str, str], Route]) -> tuple[Lane, ...]:
    by_carrier: dict[int, list[tuple[str, str]]] = {}
    for pair, route in routes.items():
        by_carrier.setdefault(id(route.carrier), []).append(pair)
    return tuple(map(Lane, by_carrier.values()))


def _open(route: Route) -> bool:
    return route.carrier is None or not route.carrier.rest


async def _ended(letters: Collection[asyncio.Task[Any]], by: float) -> None:
    left_over = max(0.0, by - asyncio.get_running_loop().time())
    _, left = await asyncio.wait(letters, timeout=min(DRAIN_SECONDS, left_over))
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _most_attempts(letter: SealedLetter) -> int:
    return NOTICE_ATTEMPTS if letter.expires_at is None else MAX_ATTEMPTS


def _useless_at(letter: SealedLetter) -> datetime:
    return letter.expires_at or letter.created_at + NOTICE_LIFE


def _pause(attempts: int) -> timedelta:
    doublings: int = 2 ** min(attempts - 1, DOUBLINGS)
    return min(FIRST_RETRY * doublings, LONGEST_PAUSE)


def open_letter(sealer: Sealer, letter: SealedLetter) -> OpenedLetter:
    """The letter with what it says. Raises SealBroken."""
    content = json.loads(sealer.open(letter.sealed, SEALED_AS))
    return OpenedLetter(letter, content["code"], content["subject"], content["text"])


async def newest_letters(
    database: Database, sealer: Sealer, recipient: str | None, most: int
) -> list[OpenedLetter]:
    """The newest letters of the outbox, to one recipient or to anybody, without those of a retired
    key. Raises SealBroken where no key opens any."""
    async with database.look() as work:
        letters = await work.outbox.newest(recipient, most)
    opened = []
    for letter in letters:
        with suppress(SealBroken):
            opened.append(open_letter(sealer, letter))
    if letters and not opened:
        raise SealBroken
    return opened
