"""The mail provider, against real mail servers on this machine."""

import asyncio
import datetime as dt
import email
import email.policy
import ipaddress
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from vendor_stand_ins import CODE, tells

from hufu.services.delivery import Channel, DeliveryFailed, Letter, ProviderMisconfigured
from hufu.services.providers import ProviderSettings, open_provider
from hufu.services.smtp import SmtpProvider, SmtpSettings

TO = "li.lei@example.cn"
TEXT = f"您好：\n\n您的验证码是：\n\n    {CODE}\n\n请勿告诉任何人，" + "很长的一行。" * 40
SENT_AT = dt.datetime(2026, 3, 1, 8, 30, tzinfo=dt.UTC)
PASSWORD = "correct horse"


class Mailbox:
    """A handler that keeps what it takes, and answers each command as told."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.greeted: list[str] = []
        self.encrypted: list[bool] = []
        self.rcpt = "250 OK"
        self.mail = "250 OK"
        self.data = "250 OK"
        self.data_asked = asyncio.Event()
        self.data_allowed = asyncio.Event()
        self.data_allowed.set()

    async def handle_EHLO(  # noqa: N802
        self, _: SMTP, session: Any, __: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, _: SMTP, __: Any, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802
        self, _: SMTP, __: Any, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _: Any, envelope: Envelope) -> str:  # noqa: N802
        self.data_asked.set()
        await self.data_allowed.wait()
        if self.data.startswith("2"):
            self.taken.append(envelope)
            self.encrypted.append(server.transport.get_extra_info("sslcontext") is not None)
        return self.data

    def message(self) -> EmailMessage:
        [envelope] = self.taken
        content = envelope.content
        assert isinstance(content, bytes)
        return email.message_from_bytes(content, policy=email.policy.default)


@asynccontextmanager
async def serve(
    mailbox: Mailbox, implicit_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    """The port of a mail server in this event loop."""
    loop = asyncio.get_running_loop()
    servers: list[SMTP] = []

    def session() -> SMTP:
        servers.append(SMTP(mailbox, loop=loop, hostname="mail.test", **options))
        return servers[-1]

    listening = await loop.create_server(session, "127.0.0.1", 0, ssl=implicit_tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for server in servers:
            if server.transport is not None:
                # Early 3.11 cannot abort TLS that the client has closed already.
                with suppress(AttributeError):
                    server.transport.abort()
        await listening.wait_closed()


@pytest.fixture
async def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
async def port(mailbox: Mailbox) -> AsyncIterator[int]:
    async with serve(mailbox) as number:
        yield number


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-made certificate of 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "mail.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture(scope="module")
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def letter(**changes: Any) -> Letter:
    facts = {
        "id": "1f0c",
        "channel": Channel.EMAIL,
        "to": TO,
        "app": "fomo",
        "purpose": "register",
        "language": "zh",
        "code": CODE,
        "subject": "虎符 注册验证码",
        "text": TEXT,
    }
    return Letter(**(facts | changes))


def settings(port: int, **changes: Any) -> SmtpSettings:
    facts = {
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "虎符 <no-reply@example.com>",
    }
    return msgspec.convert(facts | changes, SmtpSettings)


def provider(port: int, **changes: Any) -> SmtpProvider:
    return SmtpProvider(settings(port, **changes), now=lambda: SENT_AT)


async def refused(smtp: SmtpProvider, sent: Letter | None = None) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await smtp.send(sent or letter())
    assert not tells(caught.value, CODE, TO, "li.lei", TEXT)
    return caught.value


async def test_a_letter_arrives_with_proper_headers(port: int, mailbox: Mailbox) -> None:
    await provider(port).send(letter())
    message = mailbox.message()
    assert mailbox.taken[0].mail_from == "no-reply@example.com"
    assert mailbox.taken[0].rcpt_tos == [TO]
    assert message["From"] == "虎符 <no-reply@example.com>"
    assert message["To"] == TO
    assert message["Subject"] == "虎符 注册验证码"
    assert message["Date"].datetime == SENT_AT
    assert message["Message-ID"] == "<1f0c@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"
    assert message.get_content().splitlines() == TEXT.splitlines()


@pytest.mark.parametrize("text", [TEXT, f"您好：{CODE}", "x" * 5000])
async def test_what_is_sent_is_ascii_in_short_lines(port: int, mailbox: Mailbox, text: str) -> None:
    await provider(port).send(letter(text=text))
    content = mailbox.taken[0].original_content
    assert content is not None
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78


async def test_the_client_greets_with_the_senders_domain(port: int, mailbox: Mailbox) -> None:
    await provider(port).send(letter())
    assert mailbox.greeted == ["example.com"]


async def test_a_letter_sent_again_has_the_same_message_id(port: int, mailbox: Mailbox) -> None:
    smtp = provider(port)
    await smtp.send(letter())
    await smtp.send(letter())
    first, second = mailbox.taken
    assert isinstance(first.content, bytes)
    assert first.content == second.content


async def test_starttls_and_password(
    mailbox: Mailbox, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    options = {
        "tls_context": server_tls,
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticator,
    }
    async with serve(mailbox, **options) as port:
        login = {"username": "hufu", "password": PASSWORD}
        tls = {"security": "starttls", "ca_file": str(certificate)}
        await provider(port, **tls, **login).send(letter())
        assert mailbox.encrypted == [True]

        wrong = await refused(provider(port, **tls, username="hufu", password="guess"))
        assert wrong.reason == "smtp.connect_535"
        assert wrong.provider_at_fault

        anonymous = await refused(provider(port, **tls))
        assert anonymous.reason == "smtp.send_530"
    assert len(mailbox.taken) == 1


def authenticator(_: SMTP, __: Any, ___: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert mechanism in {"LOGIN", "PLAIN"}
    known = data == LoginPassword(b"hufu", PASSWORD.encode())
    return AuthResult(success=known, handled=False)


async def test_tls_from_the_start(
    mailbox: Mailbox, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    async with serve(mailbox, implicit_tls=server_tls) as port:
        await provider(port, security="tls", ca_file=str(certificate)).send(letter())
    assert mailbox.encrypted == [True]


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_an_unknown_certificate_is_not_trusted(
    mailbox: Mailbox, server_tls: ssl.SSLContext, security: str
) -> None:
    implicit = server_tls if security == "tls" else None
    async with serve(mailbox, implicit_tls=implicit, tls_context=server_tls) as port:
        failure = await refused(provider(port, security=security))
    assert failure.provider_at_fault
    assert mailbox.taken == []


async def test_starttls_is_not_given_up_when_the_server_lacks_it(
    port: int, mailbox: Mailbox
) -> None:
    assert (await refused(provider(port, security="starttls"))).provider_at_fault
    assert mailbox.taken == []


@pytest.mark.parametrize("reply", [f"550 5.1.1 <{TO}> unknown", "553 5.1.3 bad", "554 no"])
async def test_a_refused_recipient_is_permanent(port: int, mailbox: Mailbox, reply: str) -> None:
    mailbox.rcpt = reply
    failure = await refused(provider(port))
    assert (failure.reason, failure.permanent) == (f"smtp.recipient_{reply[:3]}", True)


@pytest.mark.parametrize(
    "reply", ["450 4.1.2 domain not found", "451 4.7.1 greylisted", "452 full"]
)
async def test_a_deferred_recipient_says_nothing_about_the_server(
    port: int, mailbox: Mailbox, reply: str
) -> None:
    mailbox.rcpt = reply
    failure = await refused(provider(port))
    assert not failure.permanent
    assert not failure.provider_at_fault


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("mail", "553 5.7.1 sender not yours"),
        ("mail", "451 4.3.0 local error"),
        ("rcpt", "421 4.3.2 closing"),
        ("data", "451 4.3.0 local error"),
    ],
)
async def test_what_concerns_every_letter_is_not_permanent(
    port: int, mailbox: Mailbox, command: str, reply: str
) -> None:
    setattr(mailbox, command, reply)
    assert (await refused(provider(port))).provider_at_fault


async def test_refused_content_is_permanent(port: int, mailbox: Mailbox) -> None:
    mailbox.data = f"554 5.7.1 {CODE} looks like spam"
    failure = await refused(provider(port))
    assert (failure.reason, failure.permanent) == ("smtp.data_554", True)


async def test_a_closed_port_fails() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    failure = await refused(provider(port))
    assert failure.reason == "smtp.connect_SMTPConnectError"
    assert failure.provider_at_fault


async def test_a_slow_server_is_given_up_on_at_the_deadline(port: int, mailbox: Mailbox) -> None:
    mailbox.data_allowed.clear()
    async with asyncio.timeout(5):
        failure = await refused(provider(port, deadline_seconds=0.1))
    assert failure.reason == "smtp.timeout"
    assert failure.provider_at_fault


async def test_a_server_that_says_nothing_is_given_up_on_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with asyncio.timeout(5):
            failure = await refused(provider(mute.getsockname()[1], deadline_seconds=0.05))
    assert failure.reason == "smtp.timeout"


async def test_a_cancelled_send_closes_its_connection(port: int, mailbox: Mailbox) -> None:
    mailbox.data_allowed.clear()
    sending = asyncio.create_task(provider(port).send(letter()))
    await mailbox.data_asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_server_that_hangs_up_after_taking_the_letter_has_taken_it() -> None:
    """The letter must not be sent twice because QUIT was not answered."""
    done = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        for reply in (b"250 mail.test", b"250 OK", b"250 OK", b"354 go on"):
            await reader.readline()
            writer.write(reply + b"\r\n")
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 taken\r\n")
        await reader.readline()  # QUIT
        writer.close()
        await writer.wait_closed()
        done.set()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        await provider(server.sockets[0].getsockname()[1]).send(letter())
        await done.wait()


@pytest.mark.parametrize(
    "change",
    [
        {"to": "a@example.com\r\nBcc: b@example.com"},
        {"to": "a@example.com, b@example.com"},
        {"to": "A <a@example.com>"},
        {"to": "nobody"},
        {"to": ""},
        {"subject": "one\r\nBcc: b@example.com"},
        {"id": "1\r\nBcc: b@example.com"},
    ],
)
async def test_nothing_is_smuggled_into_the_headers(
    port: int, mailbox: Mailbox, change: dict[str, str]
) -> None:
    failure = await refused(provider(port), letter(**change))
    assert (failure.reason, failure.permanent) == ("smtp.malformed", True)
    assert mailbox.taken == []


async def test_an_address_that_the_server_cannot_take_is_permanent(
    port: int, mailbox: Mailbox
) -> None:
    failure = await refused(provider(port), letter(to="李雷@example.cn"))
    assert failure.permanent
    assert mailbox.taken == []


async def test_an_sms_is_not_sent_by_mail(port: int, mailbox: Mailbox) -> None:
    failure = await refused(provider(port), letter(channel=Channel.SMS))
    assert (failure.reason, failure.permanent) == ("sms.not_served", True)
    assert mailbox.taken == []


async def test_nothing_is_logged_of_the_letter(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.CRITICAL, logger="mail")  # The server's own log.
    await provider(port).send(letter())
    for secret in (CODE, TO, TEXT):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@c.d", "李@例子.cn"],
)
def test_a_sender_that_is_no_address_is_named(sender: str) -> None:
    with pytest.raises(ProviderMisconfigured, match="sender"):
        provider(25, sender=sender)


def test_a_missing_authority_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProviderMisconfigured, match="ca_file"):
        provider(25, security="tls", ca_file=str(tmp_path / "none.pem"))


@pytest.mark.parametrize(
    "change",
    [
        {"username": "hufu"},
        {"password": "x"},
        {"host": "mail.example.com", "username": "hufu", "password": "x"},
        {"security": "ssl"},
        {"port": 0},
        {"hots": "127.0.0.1"},
    ],
)
def test_a_mistake_in_the_settings_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(25, **change) if "port" not in change else settings(**change)


async def test_settings_open_the_provider() -> None:
    raw = {"kind": "smtp", "host": "mail.example.com", "sender": "a@example.com"}
    decoded = msgspec.convert(raw | {"username": "u", "password": PASSWORD}, ProviderSettings)
    assert isinstance(decoded, SmtpSettings)
    assert (decoded.port, decoded.security) == (587, "starttls")
    assert PASSWORD not in repr(decoded)
    smtp = open_provider(decoded)
    assert isinstance(smtp, SmtpProvider)
    await smtp.close()
