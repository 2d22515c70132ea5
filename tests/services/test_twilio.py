"""The Twilio provider, its real SDK against a stand-in that checks the credentials."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from vendor_stand_ins import CODE, PHONE, TEXT, TwilioStandIn, served, silent, sms, tells

from hufu.services.delivery import Channel, DeliveryFailed
from hufu.services.providers import open_provider
from hufu.services.twilio import TwilioProvider, TwilioSettings


@pytest.fixture
def vendor() -> TwilioStandIn:
    return TwilioStandIn()


@pytest.fixture
async def endpoint(vendor: TwilioStandIn) -> AsyncIterator[str]:
    async with served(vendor) as url:
        yield url


def settings(endpoint: str, **changes: Any) -> TwilioSettings:
    facts = {
        "kind": "twilio",
        "account_sid": "AC" + "0" * 32,
        "auth_token": "twilio-token",
        "sender": "+15557122661",
        "endpoint": endpoint,
    }
    return msgspec.convert(facts | changes, TwilioSettings)


async def refused(endpoint: str, **changes: Any) -> DeliveryFailed:
    provider = TwilioProvider(settings(endpoint, **changes))
    with pytest.raises(DeliveryFailed) as caught:
        await provider.send(sms())
    await provider.close()
    assert not tells(caught.value, CODE, PHONE, TEXT)
    return caught.value


async def test_a_letter_is_sent_with_its_own_text(endpoint: str, vendor: TwilioStandIn) -> None:
    provider = open_provider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    assert vendor.taken == [
        {
            "path": f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json",
            "To": PHONE,
            "From": "+15557122661",
            "Body": TEXT,
        }
    ]


async def test_a_messaging_service_stands_in_for_the_sender(
    endpoint: str, vendor: TwilioStandIn
) -> None:
    provider = TwilioProvider(settings(endpoint, sender=None, messaging_service_sid="MG1"))
    await provider.send(sms())
    await provider.close()
    assert vendor.taken[0]["MessagingServiceSid"] == "MG1"
    assert "From" not in vendor.taken[0]


async def test_the_environment_does_not_move_the_endpoint(
    endpoint: str, vendor: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    provider = TwilioProvider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    assert len(vendor.taken) == 1


@pytest.mark.parametrize("change", [{"auth_token": "another"}, {"account_sid": "AC1"}])
async def test_wrong_credentials_are_the_providers_fault(
    endpoint: str, vendor: TwilioStandIn, change: dict[str, str]
) -> None:
    failure = await refused(endpoint, **change)
    assert failure.reason == "twilio.20003"
    assert failure.provider_at_fault
    assert vendor.taken == []


@pytest.mark.parametrize("code", [21211, 21408, 21608, 21610, 21612, 21614, 21635, 21659])
async def test_what_the_number_provokes_is_permanent(
    endpoint: str, vendor: TwilioStandIn, code: int
) -> None:
    vendor.answer = (400, json.dumps(vendor.error(400, code)))
    failure = await refused(endpoint)
    assert (failure.reason, failure.permanent) == (f"twilio.{code}", True)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 21212), (400, 21660), (400, 21705), (404, 20404), (429, 20429), (500, 20500)],
)
async def test_what_concerns_every_letter_is_not_permanent(
    endpoint: str, vendor: TwilioStandIn, status: int, code: int
) -> None:
    vendor.answer = (status, json.dumps(vendor.error(status, code)))
    failure = await refused(endpoint)
    assert failure.reason == f"twilio.{code}"
    assert failure.provider_at_fault


async def test_an_error_as_a_problem_document_is_read_too(
    endpoint: str, vendor: TwilioStandIn
) -> None:
    problem = {"type": "about:blank", "title": TEXT, "status": 400, "code": 21211, "detail": PHONE}
    vendor.answer = (400, json.dumps(problem))
    failure = await refused(endpoint)
    assert (failure.reason, failure.permanent) == ("twilio.21211", True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (201, "<html>"),
        (503, f"<html>{PHONE} {CODE}"),
        (503, "[]"),
        (500, json.dumps({"code": int(CODE), "message": "x", "status": 500})),
        (500, json.dumps({"code": PHONE, "message": "x", "status": 500})),
    ],
)
async def test_an_answer_that_is_none_is_a_failure(
    endpoint: str, vendor: TwilioStandIn, status: int, answer: str
) -> None:
    vendor.answer = (status, answer)
    assert (await refused(endpoint)).provider_at_fault


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert (await refused(f"http://127.0.0.1:{port}")).reason == "twilio.unreachable"


async def test_a_silent_vendor_is_given_up_on_at_the_deadline() -> None:
    async with asyncio.timeout(5), silent() as url:
        failure = await refused(url, deadline_seconds=0.05)
    assert failure.reason in {"twilio.timeout", "twilio.unreachable"}


async def test_nothing_is_logged_of_the_letter(
    endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = TwilioProvider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    for secret in (CODE, PHONE, TEXT, "twilio-token", "AC0000"):
        assert secret not in caplog.text


async def test_an_e_mail_is_not_sent_by_sms(endpoint: str, vendor: TwilioStandIn) -> None:
    provider = TwilioProvider(settings(endpoint))
    with pytest.raises(DeliveryFailed, match=r"^email\.not_served$"):
        await provider.send(sms(channel=Channel.EMAIL))
    await provider.close()
    assert vendor.taken == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"sender": None}, "sender"),
        ({"messaging_service_sid": "MG1"}, "sender"),
        ({"endpoint": "http://api.twilio.com"}, "endpoint"),
        ({"from": "+1"}, "from"),
    ],
)
def test_a_mistake_in_the_settings_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        settings(**({"endpoint": "http://127.0.0.1:1"} | change))
    assert named in str(caught.value)
