"""What is delivered and who delivers it: the letter, the provider, and how a delivery fails."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

import msgspec


class Channel(StrEnum):
    """The way a letter travels."""

    SMS = "sms"
    EMAIL = "email"


class Language(StrEnum):
    """The languages that messages are written in."""

    ZH = "zh"
    EN = "en"


class Notice(StrEnum):
    """The messages without a code. Those with one are named after the code's `Purpose`."""

    BOUND = "notice_bound"
    UNBOUND = "notice_unbound"
    PASSWORD_CHANGED = "notice_password_changed"  # noqa: S105
    ALREADY_REGISTERED = "notice_already_registered"


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person; its repr shows neither the person nor the content.

    `id` stays the same when the letter is sent again. `to` is E.164 or an e-mail address.
    `purpose` is a `Purpose`, or a `Notice` and then `code` is None.
    """

    id: str
    channel: Channel
    to: str = field(repr=False)
    app: str
    purpose: str
    language: str
    code: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


class DeliveryFailed(Exception):
    """A provider did not take a letter; the text is a reason code and tells nothing of the letter.

    `permanent`: the same letter would fail again. `about_recipient`: another letter might not.
    A failure that anybody can provoke by naming a number or an address is one of the two at least,
    or else strangers could make a working provider look broken.
    """

    def __init__(
        self, reason: str, *, permanent: bool = False, about_recipient: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.about_recipient = about_recipient

    @property
    def provider_at_fault(self) -> bool:
        """Whether other letters would have failed as well."""
        return not (self.permanent or self.about_recipient)


class ProviderMisconfigured(Exception):
    """A provider cannot be opened; the text names the setting or the missing extra."""


class Provider(Protocol):
    """Something that delivers letters, each within a deadline."""

    async def send(self, letter: Letter) -> None:
        """Hand the letter over; raises DeliveryFailed."""

    async def close(self) -> None:
        """Let connections and threads go."""


class Deadlined(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"
):
    """What the settings of every provider have in common; their repr shows no secret."""

    deadline_seconds: Annotated[
        float, msgspec.Meta(gt=0, le=60, description="how long one letter may take, in seconds")
    ] = 10.0
    breaker_failures: Annotated[
        int, msgspec.Meta(ge=1, description="failures in a row after which it is left alone")
    ] = 5
    breaker_seconds: Annotated[
        float, msgspec.Meta(gt=0, description="how long, until one letter is sent on trial")
    ] = 30.0

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


def refuse_channel(letter: Letter, *served: Channel) -> None:
    """Raise DeliveryFailed when the letter travels another way than those served."""
    if letter.channel not in served:
        raise DeliveryFailed(f"{letter.channel}.not_served", permanent=True)


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine by its name or number alone, without a look-up."""
    if host is None:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(setting: str, url: str) -> None:
    """Raise ValueError unless the URL is https, or http on this machine."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError(f"{setting} is not a URL without user name")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError(f"{setting} must be https (http on loopback only)")
