"""Services that fail in ways that answers tell of."""

from contextlib import AbstractContextManager

from dialects.sampling import Stage
from hufu.domain.instants import Instant
from hufu.domain.passwords import Password, Scheme, Verifier
from hufu.services.clock import Clock
from hufu.services.delivery import Channel
from hufu.services.overload import Overloaded


class _NoChannels:
    def rest(self, app: str, channel: Channel) -> float:
        del app, channel
        return 28.2


class _BusyHasher:
    retry_after = 5

    def place(self) -> AbstractContextManager[None]:
        raise Overloaded(5)

    def turns_away(self, asker: str) -> bool:
        del asker
        return True

    async def make(self, password: Password, scheme: Scheme) -> Verifier:
        raise Overloaded(5)

    async def matches(self, password: Password, verifier: Verifier | None) -> bool:
        raise Overloaded(5)

    def outdated(self, verifier: Verifier, scheme: Scheme) -> bool:
        raise Overloaded(5)


class _StoppedClock(Clock):
    """Tells no time."""

    def instant(self) -> Instant:
        raise ArithmeticError


def failing_provider(stage: Stage) -> None:
    """From now on the breakers of the message providers are open."""
    stage.swap(channels=_NoChannels())


def overloaded(stage: Stage) -> None:
    """From now on too many password hashes are waiting."""
    stage.swap(hasher=_BusyHasher())


def broken(stage: Stage) -> None:
    """From now on something unforeseen happens in every request."""
    stage.swap(clock=_StoppedClock())
