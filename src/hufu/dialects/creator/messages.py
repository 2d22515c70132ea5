"""Requests and answers of this dialect, field by field, and what a browser may not ask for."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal

import msgspec

from hufu.actions.deps import App
from hufu.actions.outbox import CodeSent
from hufu.actions.recovery import RecoverWithCode, SendRecoveryCode
from hufu.actions.sessions import LoggedOut, LogOutAccount, SessionToken, SignedIn
from hufu.actions.sign_in import AlreadySignedIn, LogIn, LogInWithCode, SendSignInCode
from hufu.actions.sign_up import (
    Registered,
    RegisterWithCode,
    RegisterWithName,
    SendRegistrationCode,
)
from hufu.dialects.creator.errors import FORBIDDEN, OK, WATCH_FOR_CODE, WATCH_FOR_SMS, says
from hufu.domain.errors import (
    ChallengeUnknown,
    CrossSite,
    Malformed,
    MessageNotWanted,
    NameMalformed,
    NotSignedIn,
    PhoneMalformed,
    RoleUnknown,
)
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.names import display_name
from hufu.domain.passwords import Password
from hufu.domain.permissions import Role
from hufu.services.identifiers import parse_account_name, parse_typed
from hufu.services.phones import parse_phone
from hufu.wire import dialect
from hufu.wire.body import Fields
from hufu.wire.deviations import (
    GET_WITH_EFFECT,
    LOGOUT_BY_ID,
    PHONE_IN_PATH,
    ROLE_FROM_CLIENT,
    SIGN_IN_AFTER_RESET,
    Deviation,
)
from hufu.wire.dialect import Endpoint, Head, Reply, SetCookie
from hufu.wire.fields import MAX_ID, Secret, Text, TextOrEmpty, Whole

SESSION_COOKIE = "session_id"
LONGEST_NAME = 64
LONGEST_IDENTIFIER = 254  # An e-mail address.

ROLES: Mapping[Role, str] = MappingProxyType(
    {
        Role.MEMBER: "normal_user",
        Role.VIP: "vip_user",
        Role.CREATOR: "creator",
        Role.ADMIN: "admin",
    }
)
_ROLES_BY_NAME = MappingProxyType({name: role for role, name in ROLES.items()})

Account = Annotated[str, Text(LONGEST_IDENTIFIER)]
Phone = Annotated[str, Text(55)]
Digits = Annotated[str, Text(12)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This dialect's own settings."""

    self_roles: Annotated[
        tuple[Literal["normal_user", "vip_user", "creator"], ...],
        msgspec.Meta(description="the roles that a client may give itself; never admin"),
    ] = ("normal_user",)
    bare_logout: Annotated[
        Literal["same_client", "cookie"],
        msgspec.Meta(description="whose sessions a logout without a cookie ends: its own, or none"),
    ] = "same_client"

    @property
    def same_client(self) -> bool:
        """Whether a client without a cookie is known by its network and user agent."""
        return self.bare_logout == "same_client"


Visit = dialect.Visit[Options]


def deviations(_: App, options: Options) -> tuple[Deviation, ...]:
    """What this dialect asks for that is weak."""
    given = set(options.self_roles) - {ROLES[Role.MEMBER]}
    roles = (ROLE_FROM_CLIENT,) if given else ()
    bare = (LOGOUT_BY_ID,) if options.same_client else ()
    return (GET_WITH_EFFECT, PHONE_IN_PATH, SIGN_IN_AFTER_RESET, *roles, *bare)


def guard(head: Head, _: Endpoint[Any]) -> None:
    """Refuse what a browser sends for another site, and a GET that it makes for a picture, a page
    or ahead of need: each would send a message. A HEAD of such a GET is refused like one.

    A logout by id needs no cookie, only the victim's own browser; so no call is spared.
    """
    if head.cross_site:
        raise CrossSite
    if head.method not in {"GET", "HEAD"}:
        return
    if head.method == "HEAD" or head.ahead_of_need:
        raise MessageNotWanted
    if head.header(b"sec-fetch-dest") not in {None, "empty"}:
        raise MessageNotWanted


def proof(_: Fields, session: str | None) -> SessionToken:
    """The session is a cookie."""
    if session is None:
        raise NotSignedIn
    return SessionToken(session)


def same_number(path: str, body: str) -> Identifier:
    """The one number that path and body name. Raises PhoneMalformed, ChallengeUnknown."""
    phone = parse_phone(path)
    try:
        same = parse_phone(body) == phone
    except PhoneMalformed:
        same = False
    if not same:
        raise ChallengeUnknown
    return phone


# Requests


class Register(msgspec.Struct):
    account: Account
    password: Secret
    name: Annotated[str, TextOrEmpty(LONGEST_NAME)] = ""
    role: Annotated[str, TextOrEmpty(LONGEST_NAME)] = ""

    def command(self, visit: Visit) -> RegisterWithName:
        role = _ROLES_BY_NAME.get(self.role or ROLES[Role.MEMBER])
        if role is None:
            raise RoleUnknown("role")
        identifier = parse_account_name(self.account)
        return RegisterWithName(
            visit.client,
            identifier,
            Password.typed(self.password),
            self._name(identifier),
            role,
            frozenset(_ROLES_BY_NAME[name] for name in visit.options.self_roles),
        )

    def _name(self, identifier: Identifier) -> str | None:
        """The name to show: the one that was sent, or the account where it is fit to be shown."""
        if self.name:
            return display_name(self.name, LONGEST_NAME)
        if identifier.kind is not IdentifierKind.USER_NAME:
            return None
        try:
            return display_name(self.account, LONGEST_NAME)
        except NameMalformed:
            return None


class Login(msgspec.Struct):
    account: Account
    password: Secret

    def command(self, visit: Visit) -> LogIn:
        return LogIn(
            visit.client,
            parse_typed(self.account),
            Password.typed(self.password),
            replaces=visit.session,
        )


class Logout(msgspec.Struct):
    """0 is what a failed login answers, and nobody's id."""

    user_id: Annotated[int, Whole(0, MAX_ID)]

    def command(self, visit: Visit) -> LogOutAccount:
        same_client = visit.options.same_client
        return LogOutAccount(visit.client, self.user_id, visit.session, same_client)


class _OnPhone(msgspec.Struct):
    phone: Phone = msgspec.field(name="<phone>")


class SendToRegister(_OnPhone):
    def command(self, visit: Visit) -> SendRegistrationCode:
        return SendRegistrationCode(visit.client, parse_phone(self.phone))


class SendToLogIn(_OnPhone):
    def command(self, visit: Visit) -> SendSignInCode:
        same_client = visit.options.same_client
        return SendSignInCode(visit.client, parse_phone(self.phone), visit.session, same_client)


class SendToRecover(_OnPhone):
    def command(self, visit: Visit) -> SendRecoveryCode:
        return SendRecoveryCode(visit.client, parse_phone(self.phone))


class RegisterPhone(_OnPhone):
    phone_number: Phone
    identifying_code: Digits

    def command(self, visit: Visit) -> RegisterWithCode:
        identifier = same_number(self.phone, self.phone_number)
        return RegisterWithCode(visit.client, identifier, self.identifying_code, None)


class LoginPhone(_OnPhone):
    phone_number: Phone
    identifying_code: Digits

    def command(self, visit: Visit) -> LogInWithCode:
        identifier = same_number(self.phone, self.phone_number)
        return LogInWithCode(
            visit.client, identifier, self.identifying_code, replaces=visit.session
        )


class ForgetPassword(_OnPhone):
    """The code comes under one of two names."""

    phone_number: Phone
    new_password: Secret
    account: Annotated[str, TextOrEmpty(LONGEST_IDENTIFIER)] = ""
    identifying: Digits | None = None
    identifying_code: Digits | None = None

    def command(self, visit: Visit) -> RecoverWithCode:
        codes = {self.identifying, self.identifying_code} - {None}
        if len(codes) != 1:
            raise Malformed("identifying_code")
        return RecoverWithCode(
            visit.client,
            same_number(self.phone, self.phone_number),
            codes.pop() or "",
            Password.typed(self.new_password),
            account=parse_typed(self.account) if self.account else None,
            unknown_told_first=True,
            replaces=visit.session,
        )


# Answers


def registered(_: Registered, __: Visit) -> Reply:
    return says(OK, "register successful")


def signed_in(done: SignedIn, visit: Visit) -> Reply:
    body = says(OK, "login successful", user_id=done.account_id).body
    cookie = SetCookie(SESSION_COOKIE, done.token, visit.app.sessions.absolute)
    return Reply(body, cookies=(cookie,))


def logged_out(_: LoggedOut, visit: Visit) -> Reply:
    cookies = (SetCookie(SESSION_COOKIE, ""),) if visit.session else ()
    return Reply(says(OK, "logout successful").body, cookies=cookies)


def sms_sent(_: CodeSent, __: Visit) -> Reply:
    return says(OK, WATCH_FOR_SMS)


def sign_in_code_sent(sent: CodeSent | AlreadySignedIn, visit: Visit) -> Reply:
    if isinstance(sent, AlreadySignedIn):
        return says(FORBIDDEN, "已经登陆了", user_id=sent.account_id)
    return sms_sent(sent, visit)


def recovery_code_sent(_: CodeSent, __: Visit) -> Reply:
    return says(OK, WATCH_FOR_CODE)
