"""E-mail through a mail server (RFC 5321), one connection for each letter."""

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Annotated, Literal

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from msgspec import Meta

from hufu.services.delivery import (
    Channel,
    Deadlined,
    DeliveryFailed,
    Letter,
    ProviderMisconfigured,
    is_loopback,
    refuse_channel,
)

QUIT_SECONDS = 1.0
CLOSING = 421
PERMANENT = range(500, 600)


class SmtpSettings(Deadlined, frozen=True, kw_only=True, tag="smtp"):
    """E-mail through a mail server."""

    host: Annotated[str, Meta(min_length=1, description="the mail server's name")]
    sender: Annotated[str, Meta(description="the From line, such as `Fomo <no-reply@example.com>`")]
    port: Annotated[int, Meta(ge=1, le=65535, description="the mail server's port")] = 587
    security: Annotated[
        Literal["none", "starttls", "tls"],
        Meta(description="`starttls` (usually port 587), `tls` from the start (465), or `none`"),
    ] = "starttls"
    username: Annotated[str | None, Meta(description="the name to sign in with")] = None
    password: Annotated[str | None, Meta(description="the password to sign in with")] = None
    ca_file: Annotated[
        str | None, Meta(description="a PEM file of the authorities to trust in place of the usual")
    ] = None

    def __post_init__(self) -> None:
        """Raise ValueError for settings that contradict each other."""
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password go together")
        if self.password and self.security == "none" and not is_loopback(self.host):
            raise ValueError("a password is not sent without TLS: change security")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SmtpProvider:
    """Hands letters to the operator's mail server."""

    def __init__(self, settings: SmtpSettings, now: Callable[[], datetime] = _utc_now) -> None:
        self._settings = settings
        self._sender = _sender(settings.sender)
        self._tls = _tls(settings)
        self._now = now

    async def send(self, letter: Letter) -> None:
        """Deliver an e-mail; raises DeliveryFailed."""
        refuse_channel(letter, Channel.EMAIL)
        failure = await self._outcome(letter)
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """Nothing stays open between two letters."""

    async def _outcome(self, letter: Letter) -> DeliveryFailed | None:
        message = _compose(letter, self._sender, self._now())
        if message is None:
            return DeliveryFailed("smtp.malformed", permanent=True)
        server = self._server()
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                failure = await _greet(server) or await _hand_over(server, message)
            await _part(server)
        except TimeoutError:
            return DeliveryFailed("smtp.timeout")
        finally:
            server.close()
        return failure

    def _server(self) -> SMTP:
        settings = self._settings
        return SMTP(
            hostname=settings.host,
            port=settings.port,
            local_hostname=self._sender.domain,
            timeout=None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls,
            username=settings.username,
            password=settings.password,
        )


def _sender(line: str) -> Address:
    probe = EmailMessage(policy=policy.SMTP)
    try:
        probe["From"] = line
    except ValueError:
        raise ProviderMisconfigured("smtp: sender is not one line") from None
    match probe["From"].addresses:
        case [Address() as sender] if sender.domain and sender.addr_spec.isascii():
            return sender
    raise ProviderMisconfigured("smtp: sender is not an address")


def _tls(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as unreadable:
        raise ProviderMisconfigured(f"smtp: ca_file {settings.ca_file}") from unreadable


def _compose(letter: Letter, sender: Address, date: datetime) -> EmailMessage | None:
    """The letter as a message (RFC 5322, RFC 3834), or None if it cannot be one."""
    message = EmailMessage(policy=policy.SMTP)
    try:
        message["From"] = sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = date
        # The same letter has the same id: a receiver may drop the second copy.
        message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    except ValueError:
        return None
    recipients: tuple[Address, ...] = message["To"].addresses
    if [to.addr_spec for to in recipients if to.domain] != [letter.to]:
        return None
    return message


async def _greet(server: SMTP) -> DeliveryFailed | None:
    """Connect, secure and sign in: what fails here concerns every letter."""
    try:
        await server.connect()
    except (SMTPException, OSError) as error:
        return DeliveryFailed(f"smtp.connect_{_digits(error)}")
    return None


async def _hand_over(server: SMTP, message: EmailMessage) -> DeliveryFailed | None:
    try:
        await server.send_message(message)
    except SMTPNotSupported:  # SMTPUTF8, which only this recipient's address asks for.
        return DeliveryFailed("smtp.address_not_supported", permanent=True)
    except SMTPRecipientsRefused as refused:
        code = refused.recipients[0].code
        return DeliveryFailed(
            f"smtp.recipient_{code}",
            permanent=code in PERMANENT,
            about_recipient=code != CLOSING,
        )
    except SMTPDataError as error:
        return DeliveryFailed(f"smtp.data_{_digits(error)}", permanent=error.code in PERMANENT)
    except (SMTPException, OSError) as error:
        return DeliveryFailed(f"smtp.send_{_digits(error)}")
    return None


async def _part(server: SMTP) -> None:
    """Say QUIT; whatever comes of it, the letter's fate is decided."""
    with contextlib.suppress(SMTPException, OSError):
        async with asyncio.timeout(QUIT_SECONDS):
            await server.quit()


def _digits(error: Exception) -> str:
    """The reply code (RFC 5321, 4.2), or the kind of failure when there was no reply."""
    return str(error.code) if isinstance(error, SMTPResponseException) else type(error).__name__
