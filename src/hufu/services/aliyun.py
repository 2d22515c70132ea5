"""SMS through Alibaba Cloud (Dysmsapi 2017-05-25)."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from hufu.services.delivery import Channel, DeliveryFailed, Letter, refuse_channel
from hufu.services.vendors import (
    SdkThreads,
    TextsByTemplate,
    import_sdk,
    silence,
    vendor_failure,
)

# help.aliyun.com/document_detail/101346.html: what depends on the number or on how often it was
# sent to. The account's own limits and all that is wrong with the configuration are not here.
REFUSED_FOR_GOOD = frozenset(
    {
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.BUSINESS_LIMIT_CONTROL",
        "isv.CUSTOMER_REFUSED",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.NOT_SUPPORTED_COUNTRY",
        "isv.SMS_TEST_NUMBER_LIMIT",
    }
)


class AliyunSettings(TextsByTemplate, frozen=True, kw_only=True, tag="aliyun"):
    """SMS through Alibaba Cloud."""

    access_key_id: Annotated[str, Meta(min_length=1, description="the AccessKey's id")]
    access_key_secret: Annotated[str, Meta(min_length=1, description="the AccessKey's secret")]
    sign_name: Annotated[str, Meta(min_length=1, description="the approved signature")]
    parameters: Annotated[
        dict[str, str], Meta(description="the templates' variables; {code} stands for the code")
    ] = msgspec.field(default_factory=lambda: {"code": "{code}"})
    endpoint: Annotated[str, Meta(description="the vendor's address")] = (
        "https://dysmsapi.aliyuncs.com"
    )

    def __post_init__(self) -> None:
        """Raise ValueError for settings with which some code could not be sent."""
        self.check(self.endpoint, " ".join(self.parameters.values()))


class AliyunProvider:
    """Sends approved templates through the vendor's SDK."""

    def __init__(self, settings: AliyunSettings) -> None:
        client, self._models, config, exceptions = import_sdk(
            "aliyun",
            "alibabacloud_dysmsapi20170525.client",
            "alibabacloud_dysmsapi20170525.models",
            "alibabacloud_tea_openapi.utils_models",
            "Tea.exceptions",
        )
        silence("darabonba-core", "urllib3.connectionpool", "urllib3.util.retry")
        endpoint = urlsplit(settings.endpoint)
        milliseconds = int(settings.deadline_seconds * 1000)
        self._settings = settings
        self._templates = settings.template_ids()
        self._threads = SdkThreads("aliyun", settings.deadline_seconds)
        self._sdk_error: type[Exception] = exceptions.TeaException
        self._client: Any = client.Client(
            config.Config(
                access_key_id=settings.access_key_id,
                access_key_secret=settings.access_key_secret,
                endpoint=endpoint.netloc,
                protocol=endpoint.scheme.upper(),
                connect_timeout=milliseconds,
                read_timeout=milliseconds,
            )
        )

    async def send(self, letter: Letter) -> None:
        """Send an SMS; raises DeliveryFailed."""
        refuse_channel(letter, Channel.SMS)
        template = self._templates.get((letter.language, letter.purpose))
        if template is None:
            raise DeliveryFailed("aliyun.no_template", permanent=True)
        await self._threads.run(partial(self._outcome, self._request(letter, template)))

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.close()

    def _request(self, letter: Letter, template: str) -> Any:
        parameters = None
        if letter.code is not None:
            values = self._settings.parameters.items()
            filled = {name: value.replace("{code}", letter.code) for name, value in values}
            parameters = msgspec.json.encode(filled).decode()
        return self._models.SendSmsRequest(
            # Abroad the vendor wants country code and number, at home it takes that too.
            phone_numbers=letter.to.removeprefix("+"),
            sign_name=self._settings.sign_name,
            template_code=template,
            template_param=parameters,
            out_id=letter.id,
        )

    def _outcome(self, request: Any) -> DeliveryFailed | None:
        try:
            code: object = getattr(self._client.send_sms(request).body, "code", None)
        except self._sdk_error as error:
            code = getattr(error, "code", None) or "unreachable"
        if code == "OK":
            return None
        return vendor_failure("aliyun", code, REFUSED_FOR_GOOD)
