"""Requests and answers of this dialect, field by field. Every value of an answer is a string."""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Annotated, ClassVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from hufu.actions.deps import App
from hufu.actions.details import (
    CheckDetails,
    Details,
    DetailsChecked,
    ReadDetails,
    SetDetails,
)
from hufu.actions.outbox import CodeSent
from hufu.actions.passwords import PasswordSet
from hufu.actions.recovery import RecoverWithCode
from hufu.actions.sessions import LoggedOut, LogOut, SessionToken, SignedIn
from hufu.actions.sign_in import LogIn
from hufu.actions.sign_up import RegisterWithCode, SendCodeForState
from hufu.dialects.company.errors import OK, says
from hufu.domain.errors import Malformed, PhoneMalformed
from hufu.domain.identifiers import Identifier
from hufu.domain.instants import SECOND, Instant, instant_of_unix
from hufu.domain.names import mask_phone
from hufu.domain.passwords import Password
from hufu.domain.permissions import Role
from hufu.services import randomness
from hufu.services.phones import national, parse_phone
from hufu.wire import dialect, metrics
from hufu.wire.body import Fields
from hufu.wire.deviations import (
    IDENTITY_NUMBER_SHOWN,
    MD5_PASSWORDS,
    RECOMMENDER_PHONE_SHOWN,
    SHORT_SESSION_CODE,
    UNKNOWN_LENGTH,
    Deviation,
)
from hufu.wire.dialect import Reply
from hufu.wire.fields import MAX_ID, Digits, Form, Matching, Reader, TextOrEmpty, Whole, WireId

MODULUS = 49477  # The protocol's prime.
MILLISECOND_DIGITS = 13  # No count of seconds is as long before the year 33658.
SECURITY_CODE_LENGTH = 16
LONGEST_ADDRESS = 500
LONGEST_HOST = 253

ROLES: Mapping[Role, str] = MappingProxyType({Role.MEMBER: "1", Role.SUPPORT: "2", Role.ADMIN: "3"})

Phone = Annotated[str, Digits(11, 11)]
Xid = Annotated[str, Matching("[0-9A-Za-z-]{32}")]
Yzm = Annotated[str, Digits(1, 12)]
Md5 = Annotated[str, Matching("[0-9A-Fa-f]{32}")]

# RFC 3986, 2: what an address is written in. What it leaves out, programs read differently.
_ADDRESS = re.compile(r"[!#-;=?-\[\]_a-z~]*")
_AUTHORITY = re.compile(r"[0-9A-Za-z.-]+(?::[0-9]{1,5})?")
# RFC 1123, 2.1; a name whose last label starts with a letter is never taken for a number.
_LABEL = "[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[a-z]){_LABEL}")


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This dialect's own settings."""

    bind_code_to_xid: Annotated[
        bool, msgspec.Meta(description="whether a code is good only with the xid that asked for it")
    ] = True
    utime_window_seconds: Annotated[
        int, msgspec.Meta(ge=0, description="how far utime may be off; 0: however far")
    ] = 0
    logo_hosts: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="the hosts that company_logo may be on; none named: any"),
    ] = ()
    logo_http: Annotated[
        bool, msgspec.Meta(description="whether company_logo may be http as well as https")
    ] = False
    full_recommend_phone: Annotated[
        bool, msgspec.Meta(description="whether the recommender's phone is shown in full")
    ] = False


Visit = dialect.Visit[Options]


def deviations(app: App, options: Options) -> tuple[Deviation, ...]:
    """What this dialect asks for that is weak."""
    shown = () if app.mask_identity_number else (IDENTITY_NUMBER_SHOWN,)
    recommender = (RECOMMENDER_PHONE_SHOWN,) if options.full_recommend_phone else ()
    return (MD5_PASSWORDS, UNKNOWN_LENGTH, SHORT_SESSION_CODE, *shown, *recommender)


def security_code() -> str:
    """A session token as this wire has them: 16 of 62 characters, 95 bits."""
    return randomness.text(randomness.BASE62, SECURITY_CODE_LENGTH)


class Session(msgspec.Struct):
    """What `proof` reads."""

    uid: WireId
    sec: Annotated[str, Matching(f"[0-9A-Za-z]{{{SECURITY_CODE_LENGTH}}}")]


_SESSION = Reader(Session)


def proof(fields: Fields, _: str | None) -> SessionToken:
    """The session is a pair of ordinary fields; where one is absent, the request is malformed."""
    shown = _SESSION.read(fields)
    return SessionToken(shown.sec, account_id=shown.uid)


def read_pair(text: str) -> SessionToken:
    """The same pair in one text, `<uid>:<sec>`, as a backend passes it on."""
    uid, _, sec = text.partition(":")
    return proof({"uid": uid, "sec": sec}, None)


def remainder(phone: str, utime: str) -> str:
    """The `sec` of a request for a code. There is no secret in it, so it proves nothing."""
    return str((int(phone) - int(utime)) % MODULUS)


def clock_skew(utime: str, now: Instant) -> float:
    """How far the client's time is off, in seconds; 13 digits are milliseconds, fewer seconds."""
    unit = 1000 if len(utime) == MILLISECOND_DIGITS else 1
    return abs(now - instant_of_unix(int(utime) / unit)) / SECOND


def mobile(digits: str) -> Identifier:
    """The number behind 11 digits, here national ones without a prefix; raises PhoneMalformed."""
    identifier = parse_phone(digits)
    if national(identifier.key) != digits:
        raise PhoneMalformed("phone")
    return identifier


def web_address(text: str) -> SplitResult:
    """The address taken apart, if all programs take it apart alike; raises Malformed.

    It is http or https, without a user; its host is a name, or an IPv4 address in its one spelling.
    """
    refusal = Malformed("company_logo")
    try:
        address = urlsplit(text)
        _ = address.port
    except ValueError:
        raise refusal from None
    if address.scheme not in {"http", "https"} or not _ADDRESS.fullmatch(text):
        raise refusal
    if not _AUTHORITY.fullmatch(address.netloc) or not _is_host(address.hostname or ""):
        raise refusal
    return address


def _is_host(host: str) -> bool:
    if _HOST_NAME.fullmatch(host):
        return len(host) <= LONGEST_HOST
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


class WebAddressOrEmpty(Form):
    """What `web_address` takes, left as it was sent, or nothing."""

    __slots__ = ()

    def read(self, value: object) -> str:
        text = TextOrEmpty(LONGEST_ADDRESS).read(value)
        if text:
            web_address(text)
        return text


class IdOrEmpty(Form):
    """An id, or 0 for the empty text that stands in a form where nobody was named."""

    __slots__ = ()

    gives: ClassVar[type] = int

    def read(self, value: object) -> int:
        return 0 if value == "" else Whole(1, MAX_ID).read(value)


# Requests


class _Timed(msgspec.Struct):
    utime: Annotated[str, Digits(8, MILLISECOND_DIGITS)]

    def note_clock(self, visit: Visit) -> None:
        """Record how far the client's clock is off; raises Malformed where that is limited."""
        skew = clock_skew(self.utime, visit.instant())
        metrics.add_clock_skew(visit.app.name, skew)
        window = visit.options.utime_window_seconds
        if window and skew > window:
            raise Malformed("utime")


class Sms(_Timed):
    phone: Phone
    xid: Xid
    sec: Annotated[str, Digits(1, 5)]

    def command(self, visit: Visit) -> SendCodeForState:
        self.note_clock(visit)
        if self.sec != remainder(self.phone, self.utime):
            raise Malformed("sec")
        return SendCodeForState(visit.client, mobile(self.phone), _binding(self.xid, visit))


class Reg(_Timed):
    phone: Phone
    xid: Xid
    yzm: Yzm
    pwd: Md5

    def command(self, visit: Visit) -> RegisterWithCode:
        self.note_clock(visit)
        return RegisterWithCode(
            visit.client,
            mobile(self.phone),
            self.yzm,
            Password.digested(self.pwd),
            state_binding=_binding(self.xid, visit),
            device=self.xid,
        )


class CheckFinishUserInfo(msgspec.Struct):
    def command(self, _: Visit) -> CheckDetails:
        return CheckDetails()


class RegDetail(_Timed):
    """Empty text takes a value away; an empty number or id says nothing, for neither can go."""

    company_logo: Annotated[str, WebAddressOrEmpty()] | None = None
    company_name: Annotated[str, TextOrEmpty(100)] | None = None
    company_address: Annotated[str, TextOrEmpty(200)] | None = None
    user_name: Annotated[str, TextOrEmpty(64)] | None = None
    identity_card: Annotated[str, TextOrEmpty(64)] | None = None
    qq_number: Annotated[str, Matching("(?:[0-9]{5,12})?")] | None = None
    recommend_user_id: Annotated[int, IdOrEmpty()] | None = None

    def command(self, visit: Visit) -> SetDetails:
        self.note_clock(visit)
        if self.company_logo:
            _admit_logo(web_address(self.company_logo), visit.options)
        sent = {
            "logo_url": self.company_logo,
            "organisation": self.company_name,
            "organisation_address": self.company_address,
            "person_name": self.user_name,
            "qq": self.qq_number,
        }
        changes = {field: text or None for field, text in sent.items() if text is not None}
        return SetDetails(changes, self.identity_card or None, self.recommend_user_id or None)


class Login(_Timed):
    phone: Phone
    xid: Xid
    pwd: Md5

    def command(self, visit: Visit) -> LogIn:
        self.note_clock(visit)
        password = Password.digested(self.pwd)
        return LogIn(visit.client, mobile(self.phone), password, device=self.xid)


class Pwd(_Timed):
    phone: Phone
    xid: Xid
    yzm: Yzm
    pwd: Md5

    def command(self, visit: Visit) -> RecoverWithCode:
        self.note_clock(visit)
        return RecoverWithCode(
            visit.client,
            mobile(self.phone),
            self.yzm,
            Password.digested(self.pwd),
            state_binding=_binding(self.xid, visit),
            unchanged_refused=True,
        )


class Loginout(_Timed):
    def command(self, visit: Visit) -> LogOut:
        self.note_clock(visit)
        return LogOut()


class GetUserInfo(_Timed):
    def command(self, visit: Visit) -> ReadDetails:
        self.note_clock(visit)
        return ReadDetails(visit.client)


def _binding(xid: str, visit: Visit) -> str:
    return xid if visit.options.bind_code_to_xid else ""


def _admit_logo(address: SplitResult, options: Options) -> None:
    """Raises Malformed for an address that the settings do not want."""
    hosts = {host.lower() for host in options.logo_hosts}
    if address.scheme == "http" and not options.logo_http:
        raise Malformed("company_logo")
    if hosts and address.hostname not in hosts:
        raise Malformed("company_logo")


# Answers


def code_sent(_: CodeSent, __: Visit) -> Reply:
    return says(OK)


def signed_in(done: SignedIn, _: Visit) -> Reply:
    return says(OK, uid=str(done.account_id), sec=done.token, user_role=_role(done.role))


def details_checked(checked: DetailsChecked, _: Visit) -> Reply:
    return says(OK, check_reg=_check_reg(checked))


def details_set(checked: DetailsChecked, visit: Visit) -> Reply:
    assert visit.session is not None  # A Member row shows one.
    return says(
        OK,
        uid=str(checked.account_id),
        sec=visit.session.token,
        check_reg=_check_reg(checked),
        user_role=_role(checked.role),
    )


def password_set(_: PasswordSet, __: Visit) -> Reply:
    return says(OK)


def logged_out(_: LoggedOut, __: Visit) -> Reply:
    return says(OK)


def details_shown(details: Details, visit: Visit) -> Reply:
    shown = details.profile
    phone = national(details.inviter_phone) if details.inviter_phone else ""
    if phone and not visit.options.full_recommend_phone:
        phone = mask_phone(phone)
    return says(
        OK,
        company_logo=shown.logo_url or "",
        company_name=shown.organisation or "",
        company_address=shown.organisation_address or "",
        user_name=shown.person_name or "",
        identity_card=details.identity_number or "",
        qq_number=shown.qq or "",
        recommend_phone=phone,
    )


def _check_reg(checked: DetailsChecked) -> str:
    return "1" if checked.complete else "2"


def _role(role: Role) -> str:
    """The role's number; one that this wire does not know is an ordinary user's."""
    return ROLES.get(role, ROLES[Role.MEMBER])
