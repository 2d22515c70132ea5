"""Calling the vendors' own SDKs, which block, log what they send, and quote it in exceptions."""

import asyncio
import importlib
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from hufu.domain.verification import Purpose
from hufu.services.delivery import (
    Deadlined,
    DeliveryFailed,
    Language,
    Notice,
    ProviderMisconfigured,
    check_url,
)

THREADS = 8
"""Letters under way at once, for each SDK that blocks."""

# Letters only, so that neither a number nor a code passes.
_REASON = re.compile(r"[A-Za-z][A-Za-z_.:-]{0,79}")


class TextsByTemplate(Deadlined, frozen=True, kw_only=True):
    """Settings of the vendors that send only texts which they approved beforehand."""

    templates: Annotated[
        dict[Language, dict[Purpose, str]],
        msgspec.Meta(
            min_length=1, description="ids of the texts with a code, by language and purpose"
        ),
    ]
    notices: Annotated[
        dict[Language, dict[Notice, str]],
        msgspec.Meta(description="ids of the texts without one; a notice without id is not sent"),
    ] = msgspec.field(default_factory=dict)

    def template_ids(self) -> dict[tuple[str, str], str]:
        """Template ids by language and purpose; a language without any borrows another's."""
        return _by_language(self.templates) | _by_language(self.notices)

    def check(self, endpoint: str, parameters: str) -> None:
        """Raise ValueError when a purpose has no text, or no text could show the code."""
        check_url("endpoint", endpoint)
        if urlsplit(endpoint).path not in {"", "/"}:
            raise ValueError("endpoint has no path")
        if "{code}" not in parameters:
            raise ValueError("parameters must hold {code}")
        for language, ids in self.templates.items():
            if lacking := [purpose for purpose in Purpose if not ids.get(purpose)]:
                raise ValueError(f"templates.{language} lacks {', '.join(lacking)}")


def _by_language(
    ids: Mapping[Language, dict[Purpose, str]] | Mapping[Language, dict[Notice, str]],
) -> dict[tuple[str, str], str]:
    any_language: Mapping[Any, str] = next(iter(ids.values()), {})
    return {
        (language, purpose): template
        for language in Language
        for purpose, template in ids.get(language, any_language).items()
    }


def vendor_failure(vendor: str, code: object, permanent: frozenset[str]) -> DeliveryFailed:
    """The failure that the vendor's error code means, if it looks like an error code at all."""
    known = code if isinstance(code, str) and _REASON.fullmatch(code) else "unrecognised"
    return DeliveryFailed(f"{vendor}.{known}", permanent=known in permanent)


def import_sdk(extra: str, *modules: str) -> tuple[ModuleType, ...]:
    """The SDK's modules; raises ProviderMisconfigured, naming the extra, when it is missing."""
    try:
        return tuple(importlib.import_module(module) for module in modules)
    except ModuleNotFoundError as missing:
        raise ProviderMisconfigured(
            f"the provider {extra} needs a package more: pip install hufu[{extra}]"
        ) from missing


def silence(*loggers: str) -> None:
    """Drop all that these loggers say: it holds numbers, codes or secret addresses."""
    for name in loggers:
        logging.getLogger(name).addFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False


class SdkThreads:
    """A pool for calls that block: at most `size` under way, those given up on included."""

    def __init__(self, vendor: str, deadline: float, size: int = THREADS) -> None:
        self._vendor = vendor
        self._deadline = deadline
        self._free = asyncio.Semaphore(size)
        self._pool = ThreadPoolExecutor(size, thread_name_prefix=f"hufu-{vendor}")

    async def run(self, call: Callable[[], DeliveryFailed | None]) -> None:
        """Wait for the call, at most for the deadline (seconds), and raise what it returns."""
        failure = await self._outcome(call)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Start nothing more; a call under way ends by its own time-out."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _outcome(self, call: Callable[[], DeliveryFailed | None]) -> DeliveryFailed | None:
        try:
            async with asyncio.timeout(self._deadline):
                await self._free.acquire()
                return await self._started(call)
        except TimeoutError:
            return DeliveryFailed(f"{self._vendor}.timeout")

    def _started(
        self, call: Callable[[], DeliveryFailed | None]
    ) -> asyncio.Future[DeliveryFailed | None]:
        loop = asyncio.get_running_loop()

        def release(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._free.release)

        job = self._pool.submit(call)
        job.add_done_callback(release)
        return asyncio.wrap_future(job)
