"""Requests and answers of this dialect, field by field. Misspelt names are the document's own."""

from typing import Annotated

import msgspec

from hufu.actions.avatars import AvatarSet, SetAvatar
from hufu.actions.deps import App
from hufu.actions.identifiers import (
    BeginBinding,
    BeginUnbinding,
    ChallengeSent,
    CompleteBinding,
    CompleteUnbinding,
)
from hufu.actions.names import HandleSet, SetHandle
from hufu.actions.passwords import PasswordSet, ResetPassword, SetPaymentPassword
from hufu.actions.profiles import ReadProfile, SetProfile, SignedInAs
from hufu.actions.recovery import BeginRecovery, ConfirmRecovery, RecoveryBegun, RecoveryGranted
from hufu.actions.registrations import (
    BeginRegistration,
    CompleteRegistration,
    RegistrationBegun,
    RegistrationCompleted,
)
from hufu.actions.sessions import SessionToken
from hufu.actions.sign_in import LogIn
from hufu.dialects.fomo.errors import OK, says
from hufu.domain.errors import Malformed, NotSignedIn
from hufu.domain.identifiers import IdentifierKind
from hufu.domain.instants import unix
from hufu.domain.names import display_name, handle
from hufu.domain.passwords import Password
from hufu.domain.profiles import Me, Sex
from hufu.services.emails import parse_email
from hufu.services.identifiers import parse_identifier, parse_typed
from hufu.services.images import decode_base64
from hufu.services.phones import national, parse_phone
from hufu.wire import dialect
from hufu.wire.body import Fields
from hufu.wire.deviations import NO_LOGOUT, ONE_GRANT_TWO_POWERS, UNPAGED_LISTS, Deviation
from hufu.wire.dialect import Reply
from hufu.wire.fields import Secret, Text, TextOrEmpty, Verbatim, Whole, WireId

AVATAR_LIMIT = 7 * 1024 * dialect.KIB
LONGEST_SESSION_KEY = 125
LONGEST_NAME = 55

Address = Annotated[str, Text(125)]
Digits = Annotated[str, Text(12)]
Token = Annotated[str, Verbatim(125)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This dialect has no settings of its own."""


Visit = dialect.Visit[Options]


def deviations(_: App, __: Options) -> tuple[Deviation, ...]:
    """What this dialect asks for that is weak."""
    return (ONE_GRANT_TWO_POWERS, NO_LOGOUT, UNPAGED_LISTS)


class Session(msgspec.Struct):
    """What `proof` reads."""

    session_key: Annotated[str, Verbatim(LONGEST_SESSION_KEY)]


def proof(fields: Fields, _: str | None) -> SessionToken:
    """The session is an ordinary field."""
    key = fields.get("session_key", "")
    if not isinstance(key, str) or len(key) > LONGEST_SESSION_KEY:
        raise Malformed("session_key")
    if not key:
        raise NotSignedIn
    return SessionToken(key)


# Requests


class Register(msgspec.Struct):
    user_name: Address
    pwd: Secret

    def command(self, visit: Visit) -> BeginRegistration:
        identifier = parse_identifier(self.user_name)
        return BeginRegistration(visit.client, identifier, Password.typed(self.pwd))


class CompleteRegister(msgspec.Struct):
    verify_code: Digits
    verify_id: WireId
    tmp_user_id: WireId

    def command(self, visit: Visit) -> CompleteRegistration:
        return CompleteRegistration(
            visit.client, self.verify_id, self.tmp_user_id, self.verify_code
        )


class Login(msgspec.Struct):
    login_name: Address
    pwd: Secret

    def command(self, visit: Visit) -> LogIn:
        return LogIn(visit.client, parse_typed(self.login_name), Password.typed(self.pwd))


class UpdateAvatar(msgspec.Struct):
    base64_string: Annotated[str, Verbatim(AVATAR_LIMIT)]

    def command(self, _: Visit) -> SetAvatar:
        return SetAvatar(decode_base64(self.base64_string))


class GetUserInfo(msgspec.Struct):
    def command(self, _: Visit) -> ReadProfile:
        return ReadProfile()


class SetWalletPwd(msgspec.Struct):
    wallet_pwd: Secret
    tmp_session: Token

    def command(self, _: Visit) -> SetPaymentPassword:
        return SetPaymentPassword(self.tmp_session, Password.typed(self.wallet_pwd))


class SetInfo(msgspec.Struct):
    name: Annotated[str, Text(LONGEST_NAME)] | None = None
    sex: Annotated[int, Whole(0, max(Sex))] | None = None
    zip: Annotated[str, TextOrEmpty(20)] | None = None
    province: Annotated[str, TextOrEmpty(55)] | None = None
    city: Annotated[str, TextOrEmpty(55)] | None = None
    address: Annotated[str, TextOrEmpty(125)] | None = None
    country: Annotated[str, TextOrEmpty(55)] | None = None

    def command(self, _: Visit) -> SetProfile:
        sent = {
            "zip": self.zip,
            "province": self.province,
            "city": self.city,
            "address": self.address,
            "country": self.country,
        }
        changes: dict[str, object] = {
            field: text or None for field, text in sent.items() if text is not None
        }
        if self.sex is not None:
            changes["sex"] = self.sex
        name = None if self.name is None else display_name(self.name, LONGEST_NAME)
        return SetProfile(name, changes)


class SetFomoId(msgspec.Struct):
    fomo_id: Annotated[str, Verbatim(22)]

    def command(self, _: Visit) -> SetHandle:
        shown, _key = handle(self.fomo_id)
        return SetHandle(shown)


class RecPwd1(msgspec.Struct):
    user_name: Address

    def command(self, visit: Visit) -> BeginRecovery:
        return BeginRecovery(visit.client, parse_typed(self.user_name))


class RecPwd2(msgspec.Struct):
    verify_id: WireId
    user_id: WireId
    verify_code: Digits

    def command(self, visit: Visit) -> ConfirmRecovery:
        return ConfirmRecovery(visit.client, self.verify_id, self.user_id, self.verify_code)


class SetPwd(msgspec.Struct):
    tmp_session: Token
    pwd: Secret

    def command(self, _: Visit) -> ResetPassword:
        return ResetPassword(self.tmp_session, Password.typed(self.pwd))


class BindEmail(msgspec.Struct):
    email: Address

    def command(self, visit: Visit) -> BeginBinding:
        return BeginBinding(visit.client, parse_email(self.email))


class BindPhone(msgspec.Struct):
    phone: Annotated[str, Text(55)]

    def command(self, visit: Visit) -> BeginBinding:
        return BeginBinding(visit.client, parse_phone(self.phone))


class UnbindEmail(msgspec.Struct):
    def command(self, visit: Visit) -> BeginUnbinding:
        return BeginUnbinding(visit.client, IdentifierKind.EMAIL)


class UnbindPhone(msgspec.Struct):
    def command(self, visit: Visit) -> BeginUnbinding:
        return BeginUnbinding(visit.client, IdentifierKind.PHONE)


class _Completion(msgspec.Struct):
    verify_code: Digits
    verfify_id: WireId | None = None
    verify_id: WireId | None = None

    def reference(self) -> int:
        """The reference under either spelling; two different ones are no reference."""
        sent = {self.verfify_id, self.verify_id} - {None}
        if len(sent) != 1:
            raise Malformed("verfify_id")
        return sent.pop() or 0


class BindCompleted(_Completion):
    def command(self, visit: Visit) -> CompleteBinding:
        return CompleteBinding(visit.client, self.reference(), self.verify_code)


class UnbindCompleted(_Completion):
    def command(self, visit: Visit) -> CompleteUnbinding:
        return CompleteUnbinding(visit.client, self.reference(), self.verify_code)


# Answers


class UserInfo(msgspec.Struct, rename={"class_": "class"}):
    id: str
    fomo_id: str
    name: str
    portraitUri: str | None  # noqa: N815
    email: str | None
    phone: str | None
    sex: str
    last_time: str
    status: str
    zip: str | None
    province: str | None
    city: str | None
    address: str | None
    country: str | None
    group: str
    add_time: str
    update_time: str
    is_deleted: str
    c_type: str
    extra_attr: None
    friend_money: str
    class_: str


def user_info(me: Me, visit: Visit) -> UserInfo:
    """The account as this dialect shows it: stored values are strings, absent text is null."""
    shown = me.profile
    return UserInfo(
        id=str(me.account_id),
        fomo_id=me.handle or "",
        name=shown.name,
        portraitUri=visit.app.picture_url(shown.avatar) if shown.avatar else None,
        email=me.email,
        phone=national(me.phone) if me.phone else None,
        sex=str(shown.sex.value),
        last_time=str(unix(shown.signed_in_at)),
        status="0",
        zip=shown.zip,
        province=shown.province,
        city=shown.city,
        address=shown.address,
        country=shown.country,
        group="0",
        add_time=str(unix(shown.created_at)),
        update_time=str(unix(shown.updated_at)),
        is_deleted="0",
        c_type="0",
        extra_attr=None,
        friend_money="0",
        class_="0",
    )


def registration_begun(begun: RegistrationBegun, _: Visit) -> Reply:
    return says(OK, {"verify_id": begun.code_id, "tmp_user_id": begun.registration_id})


def registration_completed(done: RegistrationCompleted, _: Visit) -> Reply:
    return says(OK, {"user_id": done.account_id, "fomo_id": done.handle})


def logged_in(signed_in: SignedInAs, visit: Visit) -> Reply:
    shown = user_info(signed_in.me, visit)
    return says(OK, {"session_key": signed_in.token, "user_info": shown})


def avatar_set(done: AvatarSet, visit: Visit) -> Reply:
    return says(OK, visit.app.picture_url(done.picture))


def profile_shown(me: Me, visit: Visit) -> Reply:
    return says(OK, {"user_info": user_info(me, visit)})


def password_set(_: PasswordSet, __: Visit) -> Reply:
    return says(OK)


def handle_set(done: HandleSet, _: Visit) -> Reply:
    return says(OK, {"user_id": str(done.account_id), "fomo_id": done.handle})


def recovery_begun(begun: RecoveryBegun, _: Visit) -> Reply:
    return says(OK, {"verify_id": begun.code_id, "user_id": begun.alias})


def recovery_granted(granted: RecoveryGranted, _: Visit) -> Reply:
    return says(OK, {"tmp_session": granted.token})


def challenge_sent(sent: ChallengeSent, _: Visit) -> Reply:
    return says(OK, {"verify_id": sent.code_id})
