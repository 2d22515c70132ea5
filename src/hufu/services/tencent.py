"""SMS through Tencent Cloud (SMS 2021-01-11)."""

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Meta

from hufu.services.delivery import Channel, DeliveryFailed, Letter, refuse_channel
from hufu.services.vendors import (
    SdkThreads,
    TextsByTemplate,
    import_sdk,
    silence,
    vendor_failure,
)

# The SDK's sms/v20210111/errorcodes.py: what depends on the number, its country or on how often it
# was sent to. The account's own limits and all that is wrong with the configuration are not here.
REFUSED_FOR_GOOD = frozenset(
    {
        "FailedOperation.PhoneNumberInBlacklist",
        "FailedOperation.PhoneNumberParseFail",
        "InvalidParameterValue.IncorrectPhoneNumber",
        "LimitExceeded.AppCountryOrRegionDailyLimit",
        "LimitExceeded.AppCountryOrRegionInBlacklist",
        "LimitExceeded.AppGlobalDailyLimit",
        "LimitExceeded.DailyLimit",
        "LimitExceeded.DeliveryFrequencyLimit",
        "LimitExceeded.GlobalSmsSendingRateLimit",
        "LimitExceeded.PhoneNumberDailyLimit",
        "LimitExceeded.PhoneNumberOneHourLimit",
        "LimitExceeded.PhoneNumberSameContentDailyLimit",
        "LimitExceeded.PhoneNumberThirtySecondLimit",
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        "UnsupportedOperation.ContainDomesticPhoneNumber",
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
        "UnsupportedOperation.UnsupportedRegion",
    }
)


class TencentSettings(TextsByTemplate, frozen=True, kw_only=True, tag="tencent"):
    """SMS through Tencent Cloud."""

    secret_id: Annotated[str, Meta(min_length=1, description="the API key's id")]
    secret_key: Annotated[str, Meta(min_length=1, description="the API key's secret")]
    app_id: Annotated[str, Meta(min_length=1, description="the SdkAppId")]
    sign_name: Annotated[str, Meta(min_length=1, description="the approved signature")]
    region: Annotated[str, Meta(min_length=1, description="the vendor's region")] = "ap-guangzhou"
    parameters: Annotated[
        tuple[str, ...],
        Meta(description="what {1}, {2} … of the templates show; {code} stands for the code"),
    ] = ("{code}",)
    endpoint: Annotated[str, Meta(description="the vendor's address")] = (
        "https://sms.tencentcloudapi.com"
    )

    def __post_init__(self) -> None:
        """Raise ValueError for settings with which some code could not be sent."""
        self.check(self.endpoint, " ".join(self.parameters))


class TencentProvider:
    """Sends approved templates through the vendor's SDK."""

    def __init__(self, settings: TencentSettings) -> None:
        sms, self._models, credential, client, http, exception = import_sdk(
            "tencent",
            "tencentcloud.sms.v20210111.sms_client",
            "tencentcloud.sms.v20210111.models",
            "tencentcloud.common.credential",
            "tencentcloud.common.profile.client_profile",
            "tencentcloud.common.profile.http_profile",
            "tencentcloud.common.exception.tencent_cloud_sdk_exception",
        )
        silence("tencentcloud_sdk_common", "urllib3.connectionpool", "urllib3.util.retry")
        endpoint = urlsplit(settings.endpoint)
        profile = http.HttpProfile(
            protocol=endpoint.scheme,
            endpoint=endpoint.netloc,
            reqTimeout=settings.deadline_seconds,
            keepAlive=True,
        )
        self._settings = settings
        self._templates = settings.template_ids()
        self._threads = SdkThreads("tencent", settings.deadline_seconds)
        self._sdk_error: type[Exception] = exception.TencentCloudSDKException
        self._client: Any = sms.SmsClient(
            credential.Credential(settings.secret_id, settings.secret_key),
            settings.region,
            client.ClientProfile(httpProfile=profile, language="en-US"),
        )

    async def send(self, letter: Letter) -> None:
        """Send an SMS; raises DeliveryFailed."""
        refuse_channel(letter, Channel.SMS)
        template = self._templates.get((letter.language, letter.purpose))
        if template is None:
            raise DeliveryFailed("tencent.no_template", permanent=True)
        await self._threads.run(partial(self._outcome, self._request(letter, template)))

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.close()

    def _request(self, letter: Letter, template: str) -> Any:
        code = letter.code
        shown = () if code is None else self._settings.parameters
        request = self._models.SendSmsRequest()
        request.PhoneNumberSet = [letter.to]
        request.SmsSdkAppId = self._settings.app_id
        request.SignName = self._settings.sign_name
        request.TemplateId = template
        request.TemplateParamSet = [value.replace("{code}", code or "") for value in shown]
        request.SessionContext = letter.id
        return request

    def _outcome(self, request: Any) -> DeliveryFailed | None:
        try:
            statuses = self._client.SendSms(request).SendStatusSet
        except self._sdk_error as error:
            code: object = getattr(error, "code", None)
        else:
            code = statuses[0].Code if statuses else "no_status"
        if code == "Ok":
            return None
        return vendor_failure("tencent", code, REFUSED_FOR_GOOD)
