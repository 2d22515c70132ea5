"""SMS through Twilio (API 2010-04-01)."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from msgspec import Meta

from hufu.services.delivery import (
    Channel,
    Deadlined,
    DeliveryFailed,
    Letter,
    check_url,
    refuse_channel,
)
from hufu.services.vendors import SdkThreads, import_sdk, silence

# www.twilio.com/docs/api/errors: a bad request is about this letter (the number, its country, its
# owner's wish), except for these, which are about the sender whatever the number. (21606 and 21659
# also say that this sender does not reach that country.)
SENDER_ERRORS = frozenset({21212, 21267, 21601, 21603, 21660, 21661, 21701, 21705})
ERROR_CODES = range(10_000, 100_000)


class TwilioSettings(Deadlined, frozen=True, kw_only=True, tag="twilio"):
    """SMS through Twilio."""

    account_sid: Annotated[str, Meta(min_length=1, description="the account's SID")]
    auth_token: Annotated[str, Meta(min_length=1, description="the account's token")]
    sender: Annotated[str | None, Meta(description="the number or name to send from")] = None
    messaging_service_sid: Annotated[
        str | None, Meta(description="the messaging service to send from, in place of `sender`")
    ] = None
    endpoint: Annotated[str, Meta(description="the vendor's address")] = "https://api.twilio.com"

    def __post_init__(self) -> None:
        """Raise ValueError unless there is one sender and a safe address."""
        check_url("endpoint", self.endpoint)
        if (self.sender is None) == (self.messaging_service_sid is None):
            raise ValueError("give either sender or messaging_service_sid")


class TwilioProvider:
    """Sends the letter's own text through the vendor's SDK."""

    def __init__(self, settings: TwilioSettings) -> None:
        rest, http, exceptions = import_sdk(
            "twilio", "twilio.rest", "twilio.http.http_client", "twilio.base.exceptions"
        )
        silence("twilio.http_client", "urllib3.connectionpool", "urllib3.util.retry")
        self._threads = SdkThreads("twilio", settings.deadline_seconds)
        self._sdk_error: type[Exception] = exceptions.TwilioException
        client = rest.Client(
            settings.account_sid,
            settings.auth_token,
            http_client=http.TwilioHttpClient(timeout=settings.deadline_seconds),
            # Else the SDK takes them from the process's environment and changes the endpoint.
            environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""},
        )
        client.api.base_url = settings.endpoint
        self._messages: Any = client.messages
        self._origin = (
            {"from_": settings.sender}
            if settings.sender is not None
            else {"messaging_service_sid": settings.messaging_service_sid}
        )

    async def send(self, letter: Letter) -> None:
        """Send an SMS; raises DeliveryFailed."""
        refuse_channel(letter, Channel.SMS)
        await self._threads.run(partial(self._outcome, letter.to, letter.text))

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.close()

    def _outcome(self, to: str, text: str) -> DeliveryFailed | None:
        try:
            self._messages.create(to=to, body=text, **self._origin)
        except self._sdk_error as error:
            return _failure(getattr(error, "status", None), getattr(error, "code", None))
        except (OSError, ValueError):  # No connection (requests), or an answer that is not JSON.
            return DeliveryFailed("twilio.unreachable")
        return None


def _failure(status: object, code: object) -> DeliveryFailed:
    known = code if isinstance(code, int) and code in ERROR_CODES else "unrecognised"
    return DeliveryFailed(
        f"twilio.{known}",
        permanent=status == HTTPStatus.BAD_REQUEST and known not in SENDER_ERRORS,
    )
