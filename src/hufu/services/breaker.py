"""A circuit breaker: a provider that keeps failing is left alone for a while."""

import time
from collections.abc import Callable

from hufu.services.delivery import DeliveryFailed, Letter, Provider

TRIAL = 1.0
"""Seconds after which it is worth asking again while a letter is on trial."""


class BreakerOpen(DeliveryFailed):
    """The letter was not even tried, for its provider is known to be failing."""

    def __init__(self) -> None:
        super().__init__("breaker.open")


class Breaker:
    """A provider that refuses at once while the one behind it is known to be failing.

    It opens after `failures` in a row, and after `pause` seconds lets one letter through on trial.
    Only the provider's own failures count: a refused recipient says nothing about it.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        failures: int,
        pause: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = provider
        self._limit = failures
        self._pause = pause
        self._monotonic = monotonic
        self._failures = 0
        self._opened_at: float | None = None
        self._on_trial = False

    @property
    def available(self) -> bool:
        """Whether a letter would be tried now."""
        return not self.rest

    @property
    def rest(self) -> float:
        """Seconds for which no letter will be tried; what comes of a trial is known soon."""
        if self._opened_at is None:
            return 0.0
        left = max(0.0, self._opened_at + self._pause - self._monotonic())
        return max(left, TRIAL) if self._on_trial else left

    @property
    def open(self) -> bool:
        """Whether the provider is left alone, but for letters on trial."""
        return self._opened_at is not None

    async def send(self, letter: Letter) -> None:
        """Send through the provider; raises DeliveryFailed, and BreakerOpen at once while open."""
        if not self.available:
            raise BreakerOpen
        if self._opened_at is not None:
            await self._try_out(letter)
        else:
            await self._send_closed(letter)

    async def close(self) -> None:
        """Close the provider."""
        await self._provider.close()

    async def _send_closed(self, letter: Letter) -> None:
        try:
            await self._provider.send(letter)
        except DeliveryFailed as failure:
            if failure.provider_at_fault and self._opened_at is None:
                self._failures += 1
                if self._failures >= self._limit:
                    self._opened_at = self._monotonic()
            raise
        # A letter sent off before the breaker opened does not close it.
        if self._opened_at is None:
            self._failures = 0

    async def _try_out(self, letter: Letter) -> None:
        self._on_trial = True
        try:
            await self._provider.send(letter)
        except DeliveryFailed as failure:
            if failure.provider_at_fault:
                self._opened_at = self._monotonic()
            raise
        finally:
            # Also when the trial was cancelled: the next letter is then the trial.
            self._on_trial = False
        self._opened_at = None
        self._failures = 0
