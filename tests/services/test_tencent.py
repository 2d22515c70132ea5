"""The Tencent Cloud provider, its real SDK against a stand-in that checks the signature."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from vendor_stand_ins import CODE, PHONE, TencentStandIn, served, silent, sms, tells

from hufu.services.delivery import Channel, DeliveryFailed
from hufu.services.providers import open_provider
from hufu.services.tencent import REFUSED_FOR_GOOD, TencentProvider, TencentSettings

NUMBER = PHONE.removeprefix("+86")
TEMPLATES = {
    "zh": {
        "register": "11",
        "recover": "12",
        "bind": "13",
        "unbind": "14",
        "sign_in": "15",
    },
    "en": {
        "register": "21",
        "recover": "22",
        "bind": "23",
        "unbind": "24",
        "sign_in": "25",
    },
}


@pytest.fixture
def vendor() -> TencentStandIn:
    return TencentStandIn()


@pytest.fixture
async def endpoint(vendor: TencentStandIn) -> AsyncIterator[str]:
    async with served(vendor) as url:
        yield url


def settings(endpoint: str, **changes: Any) -> TencentSettings:
    facts = {
        "kind": "tencent",
        "secret_id": "AKID-test",
        "secret_key": "tencent-secret",
        "app_id": "1400006666",
        "sign_name": "虎符",
        "templates": TEMPLATES,
        "endpoint": endpoint,
    }
    return msgspec.convert(facts | changes, TencentSettings)


async def refused(endpoint: str, **changes: Any) -> DeliveryFailed:
    provider = TencentProvider(settings(endpoint, **changes))
    with pytest.raises(DeliveryFailed) as caught:
        await provider.send(sms())
    await provider.close()
    assert not tells(caught.value, CODE, NUMBER)
    return caught.value


async def test_a_letter_is_sent_as_the_approved_template(
    endpoint: str, vendor: TencentStandIn
) -> None:
    provider = open_provider(settings(endpoint))
    await provider.send(sms(language="en", purpose="recover"))
    await provider.close()
    assert vendor.taken == [
        {
            "action": "SendSms",
            "region": "ap-guangzhou",
            "PhoneNumberSet": [PHONE],
            "SmsSdkAppId": "1400006666",
            "SignName": "虎符",
            "TemplateId": "22",
            "TemplateParamSet": [CODE],
            "SessionContext": "1f0c",
        }
    ]


async def test_the_variables_are_the_operators(endpoint: str, vendor: TencentStandIn) -> None:
    provider = TencentProvider(settings(endpoint, parameters=["{code}", "5"]))
    await provider.send(sms())
    await provider.close()
    assert vendor.taken[0]["TemplateParamSet"] == [CODE, "5"]


async def test_a_notice_has_no_variables_and_its_own_template(
    endpoint: str, vendor: TencentStandIn
) -> None:
    provider = TencentProvider(settings(endpoint, notices={"zh": {"notice_bound": "31"}}))
    await provider.send(sms(purpose="notice_bound", code=None))
    assert (vendor.taken[0]["TemplateId"], vendor.taken[0]["TemplateParamSet"]) == ("31", [])
    with pytest.raises(DeliveryFailed, match=r"^tencent\.no_template$"):
        await provider.send(sms(purpose="notice_unbound", code=None))
    await provider.close()


@pytest.mark.parametrize("change", [{"secret_key": "another"}, {"secret_id": "AKID-other"}])
async def test_wrong_keys_are_the_providers_fault(
    endpoint: str, vendor: TencentStandIn, change: dict[str, str]
) -> None:
    failure = await refused(endpoint, **change)
    assert failure.reason == "tencent.AuthFailure.SignatureFailure"
    assert failure.provider_at_fault
    assert vendor.taken == []


@pytest.mark.parametrize(
    "code",
    [
        "FailedOperation.InsufficientBalanceInSmsPackage",
        "FailedOperation.TemplateUnapprovedOrNotExist",
        "InternalError.Timeout",
        "LimitExceeded.AppDailyLimit",
    ],
)
async def test_what_concerns_every_letter_is_not_permanent(
    endpoint: str, vendor: TencentStandIn, code: str
) -> None:
    vendor.answer = (200, json.dumps(vendor.status(code)))
    failure = await refused(endpoint)
    assert failure.reason == f"tencent.{code}"
    assert failure.provider_at_fault


async def test_the_vendors_rate_limit_is_not_permanent(
    endpoint: str, vendor: TencentStandIn
) -> None:
    error = {"Code": "RequestLimitExceeded", "Message": f"{PHONE} {CODE}"}
    vendor.answer = (200, json.dumps({"Response": {"Error": error, "RequestId": "x"}}))
    failure = await refused(endpoint)
    assert failure.reason == "tencent.RequestLimitExceeded"
    assert failure.provider_at_fault


@pytest.mark.parametrize("code", sorted(REFUSED_FOR_GOOD))
async def test_what_the_number_provokes_is_permanent(
    endpoint: str, vendor: TencentStandIn, code: str
) -> None:
    vendor.answer = (200, json.dumps(vendor.status(code)))
    failure = await refused(endpoint)
    assert (failure.reason, failure.permanent) == (f"tencent.{code}", True)


async def test_the_permanent_codes_are_the_sdks() -> None:
    errorcodes = pytest.importorskip("tencentcloud.sms.v20210111.errorcodes")
    assert {value for name, value in vars(errorcodes).items() if name.isupper()} >= REFUSED_FOR_GOOD


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, json.dumps({"Response": {"SendStatusSet": []}})),
        (200, json.dumps(TencentStandIn.status(CODE))),
        (200, json.dumps(TencentStandIn.status(f"No {NUMBER}"))),
        (502, f"<html>{PHONE} {CODE}"),
    ],
)
async def test_an_answer_that_is_none_is_a_failure(
    endpoint: str, vendor: TencentStandIn, status: int, answer: str
) -> None:
    vendor.answer = (status, answer)
    assert (await refused(endpoint)).provider_at_fault


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = await refused(f"http://127.0.0.1:{port}")
    assert failure.reason == "tencent.ClientNetworkError"


async def test_a_silent_vendor_is_given_up_on_at_the_deadline() -> None:
    async with asyncio.timeout(5), silent() as url:
        failure = await refused(url, deadline_seconds=0.05)
    assert failure.reason in {"tencent.timeout", "tencent.ClientNetworkError"}


async def test_nothing_is_logged_of_the_letter(
    endpoint: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="tencentcloud_sdk_common")
    provider = TencentProvider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    assert CODE not in caplog.text
    assert NUMBER not in caplog.text


async def test_an_e_mail_is_not_sent_by_sms(endpoint: str, vendor: TencentStandIn) -> None:
    provider = TencentProvider(settings(endpoint))
    with pytest.raises(DeliveryFailed, match=r"^email\.not_served$"):
        await provider.send(sms(channel=Channel.EMAIL))
    await provider.close()
    assert vendor.taken == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"templates": {"zh": {"register": "1"}}}, "zh lacks recover"),
        ({"parameters": ["5"]}, "{code}"),
        ({"endpoint": "http://sms.tencentcloudapi.com"}, "endpoint"),
        ({"sdk_app_id": "1"}, "sdk_app_id"),
    ],
)
def test_a_mistake_in_the_settings_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        settings(**({"endpoint": "http://127.0.0.1:1"} | change))
    assert named in str(caught.value)
