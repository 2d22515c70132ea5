"""Opening the provider that the settings name by their `kind`."""

from hufu.services.aliyun import AliyunProvider, AliyunSettings
from hufu.services.delivery import Provider
from hufu.services.smtp import SmtpProvider, SmtpSettings
from hufu.services.tencent import TencentProvider, TencentSettings
from hufu.services.twilio import TwilioProvider, TwilioSettings
from hufu.services.webhook import WebhookProvider, WebhookSettings

ProviderSettings = (
    SmtpSettings | WebhookSettings | AliyunSettings | TencentSettings | TwilioSettings
)


def open_provider(settings: ProviderSettings) -> Provider:
    """The provider, ready to send; raises ProviderMisconfigured.

    A vendor's SDK is imported here and not before: it may be missing, and it is slow to load.
    """
    match settings:
        case SmtpSettings():
            return SmtpProvider(settings)
        case WebhookSettings():
            return WebhookProvider(settings)
        case AliyunSettings():
            return AliyunProvider(settings)
        case TencentSettings():
            return TencentProvider(settings)
        case TwilioSettings():
            return TwilioProvider(settings)
