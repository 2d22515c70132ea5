"""Any message through an HTTP service of the operator's own, signed."""

import asyncio
import hashlib
import hmac
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Annotated

import msgspec

from hufu.services.delivery import Deadlined, DeliveryFailed, Letter, check_url
from hufu.services.vendors import silence

SUCCESS = range(200, 300)
CLIENT_ERRORS = range(400, 500)
WORTH_RETRYING = frozenset({408, 429})


class WebhookSettings(Deadlined, frozen=True, kw_only=True, tag="webhook"):
    """Any message through an HTTP service of the operator's own."""

    url: Annotated[str, msgspec.Meta(description="where letters are posted")]
    secret: Annotated[str, msgspec.Meta(min_length=16, description="the key of the signature")]

    def __post_init__(self) -> None:
        """Raise ValueError for an address that would send codes in clear."""
        check_url("url", self.url)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA-256 over `<timestamp>.<body>`; Unix time in seconds."""
    signed = str(timestamp).encode() + b"." + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class WebhookProvider:
    """Posts letters as JSON over connections that stay open."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], float] = time.time) -> None:
        import anyio  # noqa: PLC0415
        import httpx  # noqa: PLC0415  # Slow to load, and most servers post to nobody.

        if find_spec("sniffio") is None:  # It would be looked for 20 times a letter, and cost half.
            sys.modules["sniffio"] = None  # type: ignore[assignment]  # Python's word for absent.
        anyio.Event()  # Loads what httpx needs of it, 30 modules, which the first letter would.
        silence("httpx")
        self._settings = settings
        self._clock = clock
        self._client = httpx.AsyncClient(timeout=settings.deadline_seconds, follow_redirects=False)

    async def send(self, letter: Letter) -> None:
        """Post the letter; raises DeliveryFailed unless the answer is 2xx."""
        failure = await self._outcome(letter)
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _outcome(self, letter: Letter) -> DeliveryFailed | None:
        from httpx import HTTPError, TimeoutException  # noqa: PLC0415

        body = msgspec.json.encode(letter)
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                answer = await self._client.post(
                    self._settings.url, content=body, headers=self._headers(letter, body)
                )
        except (TimeoutError, TimeoutException):
            return DeliveryFailed("webhook.timeout")
        except HTTPError as error:
            return DeliveryFailed(f"webhook.{type(error).__name__}")
        return _failure(answer.status_code)

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        timestamp = int(self._clock())
        return {
            "Content-Type": "application/json",
            "User-Agent": "hufu",
            "Idempotency-Key": letter.id,
            "X-Hufu-Timestamp": str(timestamp),
            "X-Hufu-Signature": signature(self._settings.secret, timestamp, body),
        }


def _failure(status: int) -> DeliveryFailed | None:
    if status in SUCCESS:
        return None
    permanent = status in CLIENT_ERRORS and status not in WORTH_RETRYING
    return DeliveryFailed(f"webhook.status_{status}", permanent=permanent)
