"""The webhook provider, against an HTTP server on this machine."""

import asyncio
import hashlib
import hmac
import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web
from vendor_stand_ins import CODE, PHONE, TEXT, served, silent, sms, tells

from hufu.services.delivery import DeliveryFailed
from hufu.services.providers import ProviderSettings, open_provider
from hufu.services.webhook import WebhookProvider, WebhookSettings, signature

SECRET = "0123456789abcdef"
NOW = 1_700_000_000.9


class Receiver:
    """The operator's service: it takes only what is signed for its own secret."""

    def __init__(self) -> None:
        self.letters: list[dict[str, object]] = []
        self.keys: list[str] = []
        self.peers: set[object] = set()
        self.status = 200

    async def __call__(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed = request.headers["X-Hufu-Timestamp"].encode() + b"." + body
        expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if request.headers["X-Hufu-Signature"] != expected:
            return web.Response(status=401, text=body.decode())
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        self.keys.append(request.headers["Idempotency-Key"])
        self.letters.append(json.loads(body))
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def url(receiver: Receiver) -> AsyncIterator[str]:
    async with served(receiver) as address:
        yield f"{address}/letters?token=hidden"


LETTERS = """
import asyncio, sys
from vendor_stand_ins import sms
from hufu.services.webhook import WebhookProvider, WebhookSettings

looked_for = []

class Watching:
    def find_spec(self, name, path=None, target=None):
        looked_for.append(name)

async def letters():
    async def answer(reader, writer):
        for _ in range(2):
            await reader.readuntil(b"}")
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = "http://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]
    provider = WebhookProvider(WebhookSettings(url=url, secret="0123456789abcdef"))
    sys.meta_path.insert(0, Watching())
    await provider.send(sms())
    await provider.send(sms())
    print(*looked_for)
    await provider.close()

asyncio.run(letters())
"""


def provider(url: str, secret: str = SECRET, deadline: float = 10.0) -> WebhookProvider:
    settings = WebhookSettings(url=url, secret=secret, deadline_seconds=deadline)
    return WebhookProvider(settings, clock=lambda: NOW)


async def refused(webhook: WebhookProvider) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await webhook.send(sms())
    await webhook.close()
    assert not tells(caught.value, CODE, PHONE, TEXT)
    return caught.value


async def test_a_letter_arrives_whole_signed_and_with_its_id(url: str, receiver: Receiver) -> None:
    webhook = provider(url)
    await webhook.send(sms())
    await webhook.close()
    assert receiver.letters == [
        {
            "id": "1f0c",
            "channel": "sms",
            "to": PHONE,
            "app": "fomo",
            "purpose": "register",
            "language": "zh",
            "code": CODE,
            "subject": "",
            "text": TEXT,
        }
    ]
    assert receiver.keys == ["1f0c"]


async def test_the_connection_stays_open_between_letters(url: str, receiver: Receiver) -> None:
    webhook = provider(url)
    for _ in range(3):
        await webhook.send(sms())
    await webhook.close()
    assert len(receiver.letters) == 3
    assert len(receiver.peers) == 1


def test_the_signature_is_an_hmac_over_timestamp_dot_body() -> None:
    # Computed with `printf '1700000000.{}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    assert signature(SECRET, 1_700_000_000, b"{}") == (
        "v1=e4f8e2ecae2295b2ddb2f0b5584c8275e226c0ebe9b3b819e70156bb67122e3e"
    )


async def test_a_wrong_secret_is_refused(url: str, receiver: Receiver) -> None:
    failure = await refused(provider(url, secret="another-secret-16"))
    assert failure.reason == "webhook.status_401"
    assert receiver.letters == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_success(url: str, receiver: Receiver, status: int) -> None:
    receiver.status = status
    webhook = provider(url)
    await webhook.send(sms())
    await webhook.close()


@pytest.mark.parametrize("status", [302, 307, 408, 429, 500, 502, 503])
async def test_what_may_pass_is_not_permanent(url: str, receiver: Receiver, status: int) -> None:
    receiver.status = status
    failure = await refused(provider(url))
    assert (failure.reason, failure.permanent) == (f"webhook.status_{status}", False)
    assert len(receiver.letters) == 1  # A redirect is not followed.


@pytest.mark.parametrize("status", [400, 403, 404, 410, 422])
async def test_other_4xx_are_permanent(url: str, receiver: Receiver, status: int) -> None:
    receiver.status = status
    assert (await refused(provider(url))).permanent


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = await refused(provider(f"http://127.0.0.1:{port}/"))
    assert not failure.permanent


async def test_a_silent_server_is_given_up_on_at_the_deadline() -> None:
    async with asyncio.timeout(5), silent() as url:
        failure = await refused(provider(url, deadline=0.05))
    assert (failure.reason, failure.permanent) == ("webhook.timeout", False)


async def test_nothing_is_logged_of_the_letter_or_the_address(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook = provider(url)
    await webhook.send(sms())
    await webhook.close()
    for secret in (CODE, PHONE, TEXT, SECRET, "hidden"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "https://user:word@example.com/",
        "ftp://example.com/",
        "example.com",
        "https://",
        "https://example.com:port/",
    ],
)
def test_codes_do_not_travel_in_clear(url: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"kind": "webhook", "url": url, "secret": SECRET}, ProviderSettings)
    assert "example" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://localhost:8080/", "http://[::1]:1/"]
)
async def test_settings_open_the_provider(url: str) -> None:
    settings = msgspec.convert({"kind": "webhook", "url": url, "secret": SECRET}, ProviderSettings)
    webhook = open_provider(settings)
    assert isinstance(webhook, WebhookProvider)
    await webhook.close()
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    "change", [{"sceret": "x" * 16}, {"secret": "short"}, {"deadline_seconds": 0}, {"kind": "hook"}]
)
def test_a_typing_error_in_the_settings_is_refused(change: dict[str, object]) -> None:
    settings = {"kind": "webhook", "url": "https://example.com/", "secret": SECRET} | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(settings, ProviderSettings)


def test_no_module_is_looked_for_when_a_letter_is_due() -> None:
    """Neither those that there are nor one that there is not: everybody would wait meanwhile."""
    paths = {"PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", LETTERS]
    said = subprocess.run(
        command, check=True, capture_output=True, env=os.environ | paths, timeout=60
    )
    assert said.stdout == b"\n"
