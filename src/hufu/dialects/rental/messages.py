"""Requests and answers of this dialect, field by field, and how its pages prove who they are."""

from typing import Annotated, Any, Literal

import msgspec

from hufu.actions.avatars import AvatarSet, SetAvatar
from hufu.actions.captchas import CaptchaDrawn, DrawCaptcha, SendCodeForCaptcha
from hufu.actions.deps import App
from hufu.actions.identity_numbers import Identity, IdentitySet, ReadIdentity, SetIdentity
from hufu.actions.names import NameSet, ReadName, SetName
from hufu.actions.outbox import CodeSent
from hufu.actions.profiles import ReadProfile
from hufu.actions.sessions import LoggedOut, LogOut, SessionToken, SignedIn
from hufu.actions.sign_in import LogIn
from hufu.actions.sign_up import RegisterWithCode
from hufu.dialects.rental.errors import OK, says
from hufu.domain.errors import CrossSite, Malformed, MessageNotWanted, NotSignedIn
from hufu.domain.names import display_name
from hufu.domain.passwords import Password
from hufu.domain.profiles import Me
from hufu.services.phones import national, parse_phone
from hufu.wire import dialect
from hufu.wire.body import Fields
from hufu.wire.deviations import (
    GET_WITH_EFFECT,
    IDENTITY_NUMBER_SHOWN,
    NO_PASSWORD_CHANGE,
    PASSWORD_BESIDE_SESSION,
    Deviation,
)
from hufu.wire.dialect import JPEG, Endpoint, Head, PasswordProof, Proof, Reply, SetCookie
from hufu.wire.fields import Matching, Named, Reader, Secret, Text
from hufu.wire.forms import Upload

SESSION_COOKIE = "session_id"
VISITOR_COOKIE = "visitor_id"
AVATAR_LIMIT = 5 * 1024 * dialect.KIB
AVATAR_PATH = "api/profile/avatar"
IMAGE_PATH = "api/imagecode"
LONGEST_NAME = 32

Mobile = Annotated[str, Text(55)]
CaptchaId = Annotated[str, Named("[0-9A-Za-z-]{1,64}")]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This dialect's own settings."""

    check_login_data: Annotated[
        Literal["string", "object"],
        msgspec.Meta(description='what check_login answers: the name, or {"name": …}'),
    ] = "string"


Visit = dialect.Visit[Options]


def deviations(app: App, _: Options) -> tuple[Deviation, ...]:
    """What this dialect asks for that is weak."""
    shown = () if app.mask_identity_number else (IDENTITY_NUMBER_SHOWN,)
    return (GET_WITH_EFFECT, PASSWORD_BESIDE_SESSION, NO_PASSWORD_CHANGE, *shown)


# Who is asking


def guard(head: Head, endpoint: Endpoint[Any]) -> None:
    """Refuse what a browser sends on behalf of another site, and what it fetches ahead of need.

    Without a cookie too, or a foreign page could sign its visitor in as somebody else. A form of
    another site can send a cookie but no JSON, so with a cookie bodies must be JSON. What a page
    of a neighbouring host draws, as a picture or a frame, is none of these calls but the captcha.
    """
    if not head.says_nothing:
        _guard_browser(head, endpoint)
    if head.session is None:
        return
    if head.method == "POST":
        sent = (head.header(b"content-type") or "").partition(";")[0].strip().lower()
        picture = endpoint.path == AVATAR_PATH and sent == "multipart/form-data"
        if sent != "application/json" and not picture:
            raise CrossSite


def _guard_browser(head: Head, endpoint: Endpoint[Any]) -> None:
    if head.ahead_of_need:
        raise MessageNotWanted
    drawn = head.header(b"sec-fetch-dest") not in {None, "empty", "document"}
    if head.cross_site or (drawn and endpoint.path != IMAGE_PATH):
        raise CrossSite


def cookie_only(_: Fields, session: str | None) -> Proof:
    """The session is a cookie."""
    if session is None:
        raise NotSignedIn
    return SessionToken(session)


class Credentials(msgspec.Struct):
    """What `cookie_or_password` reads."""

    mobile: Mobile | None = None
    password: Secret | None = None


_CREDENTIALS = Reader(Credentials)


def cookie_or_password(fields: Fields, session: str | None) -> Proof:
    """The session cookie, or mobile and password in the body for this one call.

    A mobile beside the cookie must be the session's own.
    """
    sent = {name: value for name, value in fields.items() if value != ""}
    shown = _CREDENTIALS.read(sent)
    identifier = parse_phone(shown.mobile) if shown.mobile else None
    if session is not None:
        return SessionToken(session, identifier=identifier)
    if identifier is None or shown.password is None:
        raise NotSignedIn
    return PasswordProof(identifier, Password.typed(shown.password))


# Requests


class ImageCode(msgspec.Struct):
    codeid: CaptchaId
    pcodeid: Annotated[str, Matching("[0-9A-Za-z-]{0,64}")] | None = None

    def command(self, visit: Visit) -> DrawCaptcha:
        return DrawCaptcha(self.codeid, self.pcodeid or None, visit.visitor)


class SmsCode(msgspec.Struct):
    mobile: Mobile
    image_code_id: CaptchaId
    image_code_text: Annotated[str, Text(16)]

    def command(self, visit: Visit) -> SendCodeForCaptcha:
        mobile = parse_phone(self.mobile)
        return SendCodeForCaptcha(visit.client, mobile, self.image_code_id, self.image_code_text)


class Register(msgspec.Struct):
    """The captcha's text comes along under one of two names; it was spent on the SMS, and is not
    looked at again."""

    mobile: Mobile
    phonecode: Annotated[str, Text(12)]
    password: Secret
    password2: Secret | None = None

    def command(self, visit: Visit) -> RegisterWithCode:
        if self.password2 is not None and self.password2 != self.password:
            raise Malformed("password2")
        return RegisterWithCode(
            visit.client,
            parse_phone(self.mobile),
            self.phonecode,
            Password.typed(self.password),
            replaces=visit.session,
        )


class Login(msgspec.Struct):
    mobile: Mobile
    password: Secret

    def command(self, visit: Visit) -> LogIn:
        return LogIn(
            visit.client,
            parse_phone(self.mobile),
            Password.typed(self.password),
            replaces=visit.session,
        )


class CheckLogin(msgspec.Struct):
    def command(self, _: Visit) -> ReadName:
        return ReadName()


class Logout(msgspec.Struct):
    def command(self, _: Visit) -> LogOut:
        return LogOut()


class Profile(msgspec.Struct):
    def command(self, _: Visit) -> ReadProfile:
        return ReadProfile()


class ProfileAvatar(msgspec.Struct):
    avatar: Upload

    def command(self, _: Visit) -> SetAvatar:
        return SetAvatar(self.avatar.data)


class ProfileName(msgspec.Struct):
    name: Annotated[str, Text(LONGEST_NAME)]

    def command(self, _: Visit) -> SetName:
        return SetName(display_name(self.name, LONGEST_NAME))


class ProfileAuth(msgspec.Struct):
    def command(self, visit: Visit) -> ReadIdentity:
        return ReadIdentity(visit.client)


class SetProfileAuth(msgspec.Struct):
    real_name: Annotated[str, Text(64)]
    id_card: Annotated[str, Text(64)]

    def command(self, _: Visit) -> SetIdentity:
        return SetIdentity(self.real_name, self.id_card)


# Answers


def image_drawn(drawn: CaptchaDrawn, _: Visit) -> Reply:
    cookie = SetCookie(VISITOR_COOKIE, drawn.visitor)
    return Reply(drawn.picture, content_type=JPEG, cookies=(cookie,))


def code_sent(_: CodeSent, __: Visit) -> Reply:
    return says(OK, "OK")


def signed_in(done: SignedIn, visit: Visit) -> Reply:
    cookie = SetCookie(SESSION_COOKIE, done.token, visit.app.sessions.absolute)
    return Reply(says(OK, "OK").body, cookies=(cookie,))


def login_checked(name: str, visit: Visit) -> Reply:
    as_object = visit.options.check_login_data == "object"
    return says(OK, "OK", data={"name": name} if as_object else name)


def logged_out(_: LoggedOut, __: Visit) -> Reply:
    return Reply(says(OK, "OK").body, cookies=(SetCookie(SESSION_COOKIE, ""),))


def profile_shown(me: Me, visit: Visit) -> Reply:
    avatar = me.profile.avatar
    data = {
        "user_id": me.account_id,
        "name": me.profile.name,
        "mobile": national(me.phone) if me.phone else "",
        "avatar": visit.app.picture_url(avatar) if avatar else "",
    }
    return says(OK, "OK", data=data)


def avatar_set(done: AvatarSet, visit: Visit) -> Reply:
    url = visit.app.picture_url(done.picture)
    return says(OK, "OK", data=url, url=url)


def name_set(done: NameSet, _: Visit) -> Reply:
    return says(OK, "OK", data={"name": done.name})


def identity_shown(identity: Identity | None, _: Visit) -> Reply:
    data = {
        "real_name": identity.real_name if identity else "",
        "id_card": identity.number if identity else "",
    }
    return says(OK, "OK", data=data)


def identity_set(_: IdentitySet, __: Visit) -> Reply:
    return says(OK, "OK")
