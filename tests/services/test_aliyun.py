"""The Alibaba Cloud provider, its real SDK against a stand-in that checks the signature."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from vendor_stand_ins import CODE, PHONE, AliyunStandIn, served, silent, sms, tells

from hufu.services import vendors
from hufu.services.aliyun import REFUSED_FOR_GOOD, AliyunProvider, AliyunSettings
from hufu.services.delivery import Channel, DeliveryFailed, ProviderMisconfigured
from hufu.services.providers import ProviderSettings, open_provider

NUMBER = PHONE.removeprefix("+86")
TEMPLATES = {
    "zh": {
        "register": "SMS_1",
        "recover": "SMS_2",
        "bind": "SMS_3",
        "unbind": "SMS_4",
        "sign_in": "SMS_5",
    }
}


@pytest.fixture
def vendor() -> AliyunStandIn:
    return AliyunStandIn()


@pytest.fixture
async def endpoint(vendor: AliyunStandIn) -> AsyncIterator[str]:
    async with served(vendor) as url:
        yield url


def settings(endpoint: str, **changes: Any) -> AliyunSettings:
    facts = {
        "kind": "aliyun",
        "access_key_id": "LTAI-test",
        "access_key_secret": "aliyun-secret",
        "sign_name": "虎符 测试",
        "templates": TEMPLATES,
        "endpoint": endpoint,
    }
    return msgspec.convert(facts | changes, AliyunSettings)


async def refused(endpoint: str, **changes: Any) -> DeliveryFailed:
    provider = AliyunProvider(settings(endpoint, **changes))
    with pytest.raises(DeliveryFailed) as caught:
        await provider.send(sms())
    await provider.close()
    assert not tells(caught.value, CODE, NUMBER)
    return caught.value


async def test_a_letter_is_sent_as_the_approved_template(
    endpoint: str, vendor: AliyunStandIn
) -> None:
    provider = open_provider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    [taken] = vendor.taken
    assert json.loads(taken.pop("TemplateParam")) == {"code": CODE}
    assert taken == {
        "action": "SendSms",
        "PhoneNumbers": "86" + NUMBER,
        "SignName": "虎符 测试",
        "TemplateCode": "SMS_1",
        "OutId": "1f0c",
    }


async def test_the_variables_are_the_operators(endpoint: str, vendor: AliyunStandIn) -> None:
    provider = AliyunProvider(settings(endpoint, parameters={"yzm": "{code}", "product": '虎符"'}))
    await provider.send(sms())
    await provider.close()
    assert json.loads(vendor.taken[0]["TemplateParam"]) == {"yzm": CODE, "product": '虎符"'}


async def test_a_language_without_templates_borrows_anothers(
    endpoint: str, vendor: AliyunStandIn
) -> None:
    provider = AliyunProvider(settings(endpoint))
    await provider.send(sms(language="en", purpose="bind"))
    await provider.close()
    assert vendor.taken[0]["TemplateCode"] == "SMS_3"


async def test_a_notice_has_no_variables_and_its_own_template(
    endpoint: str, vendor: AliyunStandIn
) -> None:
    provider = AliyunProvider(settings(endpoint, notices={"zh": {"notice_bound": "SMS_9"}}))
    await provider.send(sms(purpose="notice_bound", code=None))
    assert vendor.taken[0]["TemplateCode"] == "SMS_9"
    assert "TemplateParam" not in vendor.taken[0]
    with pytest.raises(DeliveryFailed, match=r"^aliyun\.no_template$") as caught:
        await provider.send(sms(purpose="notice_unbound", code=None))
    assert caught.value.permanent
    await provider.close()


@pytest.mark.parametrize(
    "change", [{"access_key_secret": "another"}, {"access_key_id": "LTAI-other"}]
)
async def test_wrong_keys_are_the_providers_fault(
    endpoint: str, vendor: AliyunStandIn, change: dict[str, str]
) -> None:
    failure = await refused(endpoint, **change)
    assert failure.reason == "aliyun.SignatureDoesNotMatch"
    assert failure.provider_at_fault
    assert vendor.taken == []


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "code", ["isv.OUT_OF_SERVICE", "isv.DAY_LIMIT_CONTROL", "isp.SYSTEM_ERROR", "Throttling.User"]
)
async def test_what_concerns_every_letter_is_not_permanent(
    endpoint: str, vendor: AliyunStandIn, code: str, status: int
) -> None:
    vendor.answer = (status, json.dumps({"Code": code, "Message": f"{PHONE} {CODE}"}))
    failure = await refused(endpoint)
    assert failure.reason == f"aliyun.{code}"
    assert failure.provider_at_fault


@pytest.mark.parametrize("code", sorted(REFUSED_FOR_GOOD))
async def test_what_the_number_provokes_is_permanent(
    endpoint: str, vendor: AliyunStandIn, code: str
) -> None:
    vendor.answer = (200, json.dumps({"Code": code, "Message": f"{PHONE} 触发分钟级流控"}))
    failure = await refused(endpoint)
    assert (failure.reason, failure.permanent) == (f"aliyun.{code}", True)


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "<html>"),
        (200, "[]"),
        (200, "{}"),
        (200, ""),
        (500, "<html>"),
        (500, "[]"),
        (200, json.dumps({"Code": CODE})),
        (200, json.dumps({"Code": {"number": NUMBER}})),
        (400, json.dumps({"Code": f"No {NUMBER}"})),
    ],
)
async def test_an_answer_that_is_none_is_a_failure(
    endpoint: str, vendor: AliyunStandIn, status: int, answer: str
) -> None:
    vendor.answer = (status, answer)
    assert (await refused(endpoint)).provider_at_fault


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert (await refused(f"http://127.0.0.1:{port}")).reason == "aliyun.unreachable"


async def test_a_silent_vendor_is_given_up_on_at_the_deadline() -> None:
    async with asyncio.timeout(5), silent() as url:
        failure = await refused(url, deadline_seconds=0.05)
    assert failure.reason in {"aliyun.timeout", "aliyun.unreachable"}
    assert failure.provider_at_fault


async def test_nothing_is_logged_of_the_letter(
    endpoint: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    caplog.set_level(logging.DEBUG)
    provider = AliyunProvider(settings(endpoint))
    await provider.send(sms())
    await provider.close()
    assert CODE not in caplog.text
    assert NUMBER not in caplog.text


async def test_an_e_mail_is_not_sent_by_sms(endpoint: str, vendor: AliyunStandIn) -> None:
    provider = AliyunProvider(settings(endpoint))
    with pytest.raises(DeliveryFailed, match=r"^email\.not_served$") as caught:
        await provider.send(sms(channel=Channel.EMAIL))
    await provider.close()
    assert caught.value.permanent
    assert vendor.taken == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"templates": {"zh": TEMPLATES["zh"] | {"registre": "SMS_1"}}}, "registre"),
        ({"templates": {"zh": {"register": "SMS_1"}}}, "zh lacks recover, bind, unbind, sign_in"),
        ({"templates": {"fr": TEMPLATES["zh"]}}, "fr"),
        ({"templates": {}}, "templates"),
        ({"notices": {"zh": {"bound": "SMS_9"}}}, "bound"),
        ({"parameters": {"code": "482915"}}, "{code}"),
        ({"endpoint": "http://dysmsapi.aliyuncs.com"}, "endpoint"),
        ({"endpoint": "https://dysmsapi.aliyuncs.com/path"}, "endpoint"),
        ({"region": "cn-hangzhou"}, "region"),
    ],
)
def test_a_mistake_in_the_settings_is_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        settings(**({"endpoint": "http://127.0.0.1:1"} | change))
    assert named in str(caught.value)


def test_the_settings_repr_shows_no_secret() -> None:
    assert "aliyun-secret" not in repr(settings("https://dysmsapi.aliyuncs.com"))


def test_the_kind_chooses_the_settings() -> None:
    raw = {"kind": "aliyun", "access_key_id": "a", "access_key_secret": "b", "sign_name": "c"}
    decoded = msgspec.convert(raw | {"templates": TEMPLATES}, ProviderSettings)
    assert isinstance(decoded, AliyunSettings)
    assert decoded.endpoint == "https://dysmsapi.aliyuncs.com"


def test_a_missing_extra_names_itself() -> None:
    with pytest.raises(ProviderMisconfigured, match=r"pip install hufu\[aliyun\]"):
        vendors.import_sdk("aliyun", "alibabacloud_that_is_not_installed.client")
