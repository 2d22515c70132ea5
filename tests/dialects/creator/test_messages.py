from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.actions.deps import App
from hufu.actions.outbox import CodeSent
from hufu.actions.sessions import LoggedOut, SessionToken, SignedIn
from hufu.actions.sign_in import AlreadySignedIn
from hufu.actions.sign_up import Registered
from hufu.dialects.creator import DIALECT
from hufu.dialects.creator import messages as m
from hufu.domain.errors import (
    AccountBarred,
    AccountNameMalformed,
    AccountUnknown,
    ChallengeUnknown,
    CodeExhausted,
    CodeExpired,
    CodeWrong,
    CrossSite,
    DeliveryUnavailable,
    GuessLimitReached,
    Malformed,
    MessageNotWanted,
    NameMalformed,
    NotAllowed,
    NotSignedIn,
    PasswordUnfit,
    PasswordWrong,
    PhoneMalformed,
    PhoneTaken,
    Refusal,
    RoleUnknown,
    SendLimitReached,
    UserNameTaken,
    all_refusals,
)
from hufu.domain.identifiers import IdentifierKind
from hufu.domain.passwords import PasswordPolicy, Scheme
from hufu.domain.permissions import Client, Role
from hufu.domain.sessions import SessionPolicy
from hufu.services import randomness
from hufu.services.identifiers import parse_any
from hufu.wire.body import Fields
from hufu.wire.dialect import Anyone, Endpoint, Head, Reply, SetCookie, Visit
from hufu.wire.fields import Reader
from hufu.wire.forms import Upload
from hufu.wire.headers import Headers
from rewarding import StillClock

S = TypeVar("S", bound=msgspec.Struct)

PHONE = "13390633695"
OTHER_PHONE = "13800138000"
TOKEN = "0a" * 20
CLIENT = Client("192.0.2.7/32", "test")
SESSION = SessionToken(TOKEN)
LIFE = timedelta(days=30)

PATHS = {
    "user/registerPhone/<phone>": (m.SendToRegister, m.RegisterPhone),
    "user/loginPhone/<phone>": (m.SendToLogIn, m.LoginPhone),
    "user/forgetPassword/<phone>": (m.SendToRecover, m.ForgetPassword),
}
GETS = [(path, structs[0]) for path, structs in PATHS.items()]
WITH_CODE: list[tuple[type[Any], Fields]] = [
    (m.RegisterPhone, {"identifying_code": "042137"}),
    (m.LoginPhone, {"identifying_code": "042137"}),
    (m.ForgetPassword, {"identifying": "042137", "new_password": "secret99"}),
]

not_strings = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(st.text(), max_size=2)
    | st.builds(Upload, st.text(), st.text(), st.binary())
)


def visit(options: m.Options | None = None, session: SessionToken | None = None) -> m.Visit:
    return Visit(
        app=App(
            name="creator",
            title="Creator",
            url="https://id.example.com/creator",
            pool="main",
            language="zh",
            scheme=Scheme.PLAIN,
            mint_token=randomness.hex_token,
            session_guesses_limited=False,
            unique_names=False,
            handles=False,
            unproved_addresses=False,
            sole_identity_numbers=False,
            reveal_unknown_user=True,
            mask_identity_number=False,
            password_policy=PasswordPolicy(),
            code_digits=6,
            code_life=timedelta(minutes=10),
            sessions=SessionPolicy(timedelta(days=7), LIFE),
            recovery_delay=timedelta(0),
            price_per_message=0,
            budget_per_day=0,
            reward_items={},
            reward_zone=UTC,
            sms_countries=frozenset({"+86"}),
        ),
        options=options or m.Options(),
        client=CLIENT,
        clock=StillClock(datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)),
        session=session,
        visitor=None,
    )


def read(struct: type[S], fields: Fields) -> S:
    return Reader(struct).read(fields)


def encoded(reply: Reply) -> str:
    return msgspec.json.encode(reply.body).decode()


def endpoint(method: str, path: str) -> Endpoint[m.Options]:
    return next(row for row in DIALECT.endpoints if (row.method, row.path) == (method, path))


def answer(method: str, path: str, refusal: type[Refusal]) -> tuple[int, str]:
    table = {**DIALECT.refusals, **endpoint(method, path).refusals}
    reply = next(table[kind] for kind in refusal.__mro__ if kind in table)
    return reply.status, encoded(reply)


def head(
    method: str = "POST",
    headers: Iterable[tuple[bytes, bytes]] = (),
    origins: frozenset[str] = frozenset(),
) -> Head:
    return Head(method, Headers([(b"host", b"creator.example.com"), *headers]), origins, None)


# Registering with a name


def register(**fields: object) -> m.Register:
    return read(m.Register, {"account": "alice", "password": "secret99", **fields})


def test_an_account_is_its_own_name_unless_one_is_sent() -> None:
    command = register(account=" Alice ").command(visit())
    assert command.identifier.kind is IdentifierKind.USER_NAME
    assert (command.identifier.key, command.name, command.role) == ("alice", "Alice", Role.MEMBER)
    assert command.self_roles == {Role.MEMBER}
    assert command.password.text == "secret99"
    assert register(name=" 爱丽丝 ").command(visit()).name == "爱丽丝"
    assert register(name="", role="").command(visit()) == register().command(visit())


@pytest.mark.parametrize("account", ["alice@example.com", "admin", "客服小王", "上海官方"])
def test_no_address_and_no_official_name_is_shown(account: str) -> None:
    assert register(account=account).command(visit()).name is None
    assert register(account=account, name="爱丽丝").command(visit()).name == "爱丽丝"


@pytest.mark.parametrize("account", [PHONE, f"+86 {PHONE}", "12345678", "ab", "a" * 65])
def test_what_is_no_account_is_a_failure(account: str) -> None:
    with pytest.raises(AccountNameMalformed):
        register(account=account).command(visit())


@pytest.mark.parametrize("name", ["官方客服", "admin", "\u200b", "\u3164"])
def test_a_name_that_may_not_be_shown_is_a_failure(name: str) -> None:
    with pytest.raises(NameMalformed):
        register(name=name).command(visit())


@pytest.mark.parametrize(
    ("sent", "role"),
    [
        ("normal_user", Role.MEMBER),
        ("vip_user", Role.VIP),
        ("creator", Role.CREATOR),
        ("admin", Role.ADMIN),
        (" admin", Role.ADMIN),
    ],
)
def test_a_documented_role_is_a_wish(sent: str, role: Role) -> None:
    command = register(role=sent).command(visit())
    assert command.role is role
    assert command.self_roles == {Role.MEMBER}


@given(st.text(min_size=1, max_size=64))
@pytest.mark.parametrize("sent", ["ADMIN", "ａｄｍｉｎ", "member", "support", "admin,", "ad min"])
def test_any_other_role_is_unknown(sent: str, text: str) -> None:
    for role in (sent, text):
        if role.strip() in {"", *DIALECT.roles.values()}:
            continue
        with pytest.raises(Malformed) as refused:
            register(role=role).command(visit())
        assert role != sent or isinstance(refused.value, RoleUnknown)


def test_which_roles_clients_may_give_themselves_is_a_setting_without_admin() -> None:
    options = msgspec.convert({"self_roles": ["normal_user", "creator"]}, m.Options, strict=False)
    command = register(role="creator").command(visit(options))
    assert command.self_roles == {Role.MEMBER, Role.CREATOR}
    for roles in (["admin"], ["normal_user", "admin"], ["support"]):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"self_roles": roles}, m.Options, strict=False)


@given(st.sampled_from(["account", "password", "name", "role"]), not_strings)
def test_what_is_no_string_is_malformed(field: str, value: object) -> None:
    with pytest.raises(Malformed) as refused:
        register(**{field: value})
    assert type(refused.value) is Malformed


@pytest.mark.parametrize("field", ["account", "password"])
def test_account_and_password_are_due(field: str) -> None:
    for struct in (m.Register, m.Login):
        fields: Fields = {"account": "alice", "password": "secret99"}
        del fields[field]
        with pytest.raises(Malformed):
            read(struct, fields)
        with pytest.raises(Malformed):
            read(struct, {**fields, field: ""})


# Logging in and out


@pytest.mark.parametrize("account", ["alice", "Alice@Example.COM", PHONE, "0086 133 9063 3695"])
def test_a_login_takes_any_identifier(account: str) -> None:
    fields: Fields = {"account": account, "password": " secret99 "}
    command = read(m.Login, fields).command(visit(session=SESSION))
    assert command.identifier == parse_any(account)
    assert command.password.text == " secret99 "
    assert command.replaces == SESSION


@pytest.mark.parametrize("account", ["ab", "12345678", "-1", "a" * 200, "\u200b", "02112345678"])
def test_what_nobody_can_have_is_looked_for_all_the_same(account: str) -> None:
    command = read(m.Login, {"account": account, "password": "x"}).command(visit())
    assert command.identifier.kind is IdentifierKind.USER_NAME
    with pytest.raises(Malformed):
        parse_any(command.identifier.key)


@pytest.mark.parametrize("user_id", [7, "7", 0, "0", 2**31 - 1])
def test_a_logout_names_an_account(user_id: int | str) -> None:
    command = read(m.Logout, {"user_id": user_id}).command(visit(session=SESSION))
    assert (command.account_id, command.session, command.same_client) == (
        int(user_id),
        SESSION,
        True,
    )


@pytest.mark.parametrize("user_id", ["", "07", "-1", "+7", "7 ", "7.0", "x", 2**31, True, 7.0, []])
def test_what_is_no_id_is_malformed(user_id: object) -> None:
    with pytest.raises(Malformed):
        read(m.Logout, {"user_id": user_id})


def test_whether_a_client_is_known_without_a_cookie_is_a_setting() -> None:
    asking = visit(m.Options(bare_logout="cookie"))
    assert not read(m.Logout, {"user_id": 7}).command(asking).same_client
    assert not read(m.SendToLogIn, {"<phone>": PHONE}).command(asking).same_client
    assert read(m.SendToLogIn, {"<phone>": PHONE}).command(visit()).same_client


# By phone


@pytest.mark.parametrize(("path", "struct"), GETS)
def test_a_path_ends_in_a_phone(path: str, struct: type[m.SendToRegister]) -> None:
    assert endpoint("GET", path).request is struct
    command = read(struct, {"<phone>": f"+86 {PHONE}"}).command(visit())
    assert command.identifier.key == f"+86{PHONE}"
    for phone in ("abc", "1_339_0633695", "02112345678", "x" * 56):
        with pytest.raises(Malformed):
            read(struct, {"<phone>": phone}).command(visit())


@pytest.mark.parametrize(("struct", "fields"), WITH_CODE)
def test_path_and_body_name_one_phone(struct: type[m.RegisterPhone], fields: Fields) -> None:
    same: Fields = {**fields, "<phone>": PHONE, "phone_number": f"0086{PHONE}"}
    command = read(struct, same).command(visit())
    assert (command.identifier.key, command.digits) == (f"+86{PHONE}", "042137")
    for other in (OTHER_PHONE, "abc"):
        with pytest.raises(ChallengeUnknown):
            read(struct, {**same, "phone_number": other}).command(visit())
    with pytest.raises(PhoneMalformed):
        read(struct, {**same, "<phone>": "abc"}).command(visit())
    with pytest.raises(Malformed):
        read(struct, {**fields, "<phone>": PHONE})


@given(not_strings)
@pytest.mark.parametrize(("struct", "fields"), WITH_CODE)
def test_a_code_is_a_string(struct: type[m.RegisterPhone], fields: Fields, value: object) -> None:
    name = next(name for name in fields if name.startswith("identifying"))
    with pytest.raises(Malformed):
        read(struct, {**fields, "<phone>": PHONE, "phone_number": PHONE, name: value})


def test_a_phone_is_registered_without_a_password_and_not_signed_in() -> None:
    fields: Fields = {"<phone>": PHONE, "phone_number": PHONE, "identifying_code": "042137"}
    command = read(m.RegisterPhone, {**fields, "password": "secret99"}).command(visit())
    assert (command.password, command.replaces) == (None, None)
    signing_in = read(m.LoginPhone, fields).command(visit(session=SESSION))
    assert signing_in.replaces == SESSION


def forget(**fields: object) -> m.ForgetPassword:
    asked = {"<phone>": PHONE, "phone_number": PHONE, "new_password": "secret99"}
    return read(m.ForgetPassword, {**asked, **fields})


def test_a_forgotten_passwords_code_has_two_names() -> None:
    sent: list[Fields] = [
        {"identifying": "042137"},
        {"identifying_code": "042137"},
        {"identifying": "042137", "identifying_code": "042137"},
    ]
    for fields in sent:
        command = forget(**fields).command(visit())
        assert (command.digits, command.account) == ("042137", None)
        assert command.password.text == "secret99"
    for wrong in ({}, {"identifying": "042137", "identifying_code": "042138"}):
        with pytest.raises(Malformed):
            forget(**wrong).command(visit())


def test_a_forgotten_password_may_name_the_account_too() -> None:
    for account in ("alice", "alice@example.com", PHONE):
        command = forget(identifying="042137", account=account).command(visit())
        assert command.account == parse_any(account)
    assert forget(identifying="042137", account="").command(visit()).account is None
    nobody = forget(identifying="042137", account="23").command(visit()).account
    assert nobody is not None
    assert nobody.key == "23"


# What a browser may not ask for


@pytest.mark.parametrize(
    "header",
    [
        (b"sec-fetch-dest", b"image"),
        (b"sec-fetch-dest", b"document"),
        (b"sec-fetch-dest", b"iframe"),
        (b"sec-fetch-dest", b""),
        (b"sec-purpose", b"prefetch;prerender"),
        (b"purpose", b"prefetch"),
        (b"x-moz", b"prefetch"),
    ],
)
@pytest.mark.parametrize(("path", "_struct"), GETS)
def test_a_get_that_no_script_makes_is_refused(
    path: str, _struct: object, header: tuple[bytes, bytes]
) -> None:
    with pytest.raises(MessageNotWanted):
        DIALECT.guard(head("GET", [header]), endpoint("GET", path))
    DIALECT.guard(head("POST", [header]), endpoint("POST", path))


@pytest.mark.parametrize("row", DIALECT.endpoints, ids=lambda row: f"{row.method} {row.path}")
def test_no_other_site_may_call(row: Endpoint[m.Options]) -> None:
    foreign = (b"origin", b"https://evil.example")
    for header in (foreign, (b"origin", b"null"), (b"sec-fetch-site", b"cross-site")):
        with pytest.raises(CrossSite):
            DIALECT.guard(head(row.method, [header]), row)
    for honest in (
        head(row.method),
        head(row.method, [(b"origin", b"https://creator.example.com")]),
        head(row.method, [foreign], frozenset({"https://evil.example"})),
        head(row.method, [(b"sec-fetch-site", b"same-origin"), (b"sec-fetch-dest", b"empty")]),
    ):
        DIALECT.guard(honest, row)


def test_a_session_is_a_cookie() -> None:
    assert m.proof({"session_id": "x"}, TOKEN) == SESSION
    with pytest.raises(NotSignedIn):
        m.proof({"session_id": TOKEN}, None)


# Answers


def test_the_answers_to_a_sign_in() -> None:
    reply = m.signed_in(SignedIn(7, Role.MEMBER, TOKEN, None), visit())
    assert encoded(reply) == '{"msg":"login successful","user_id":7}'
    assert reply.status == 200
    assert reply.cookies == (SetCookie("session_id", TOKEN, LIFE),)
    twice = m.sign_in_code_sent(AlreadySignedIn(7), visit())
    assert (twice.status, encoded(twice)) == (403, '{"msg":"已经登陆了","user_id":7}')
    assert twice.cookies == ()


def test_a_logout_takes_away_the_cookie_that_it_ended() -> None:
    bare = m.logged_out(LoggedOut(), visit())
    shown = m.logged_out(LoggedOut(), visit(session=SESSION))
    assert encoded(bare) == encoded(shown) == '{"msg":"logout successful"}'
    assert (bare.cookies, shown.cookies) == ((), (SetCookie("session_id", ""),))


def test_the_other_answers() -> None:
    assert encoded(m.registered(Registered(7), visit())) == '{"msg":"register successful"}'
    assert m.registered(Registered(7), visit()).cookies == ()
    assert encoded(m.sms_sent(CodeSent(), visit())) == '{"msg":"注意接收短信"}'
    assert encoded(m.sign_in_code_sent(CodeSent(), visit())) == '{"msg":"注意接收短信"}'
    assert encoded(m.recovery_code_sent(CodeSent(), visit())) == '{"msg":"注意接收验证码"}'


REFUSED: list[tuple[str, str, type[Refusal], int, str]] = [
    ("POST", "user/register", PasswordUnfit, 200, "register failure"),
    ("POST", "user/register", AccountNameMalformed, 200, "register failure"),
    ("POST", "user/register", NameMalformed, 200, "register failure"),
    ("POST", "user/register", RoleUnknown, 200, "register failure"),
    ("POST", "user/register", UserNameTaken, 200, "account had been used"),
    ("POST", "user/register", Malformed, 400, "parameter error"),
    ("POST", "user/register", CrossSite, 403, "register failure"),
    ("POST", "user/login", Malformed, 400, "parameter error"),
    ("POST", "user/logout", NotAllowed, 403, "logout failure"),
    ("POST", "user/logout", CrossSite, 403, "logout failure"),
    ("GET", "user/registerPhone/<phone>", SendLimitReached, 200, "注意接收短信"),
    ("GET", "user/registerPhone/<phone>", MessageNotWanted, 403, "register failure"),
    ("GET", "user/registerPhone/<phone>", DeliveryUnavailable, 503, "server error"),
    ("GET", "user/registerPhone/<phone>", PhoneMalformed, 400, "parameter error"),
    ("POST", "user/registerPhone/<phone>", CodeWrong, 403, "register failure"),
    ("POST", "user/registerPhone/<phone>", CodeExhausted, 403, "register failure"),
    ("POST", "user/registerPhone/<phone>", PhoneTaken, 403, "register failure"),
    ("POST", "user/registerPhone/<phone>", ChallengeUnknown, 403, "register failure"),
    ("GET", "user/loginPhone/<phone>", AccountUnknown, 404, "no this user"),
    ("GET", "user/loginPhone/<phone>", SendLimitReached, 200, "注意接收短信"),
    ("GET", "user/loginPhone/<phone>", MessageNotWanted, 403, "no this user"),
    ("POST", "user/loginPhone/<phone>", CodeWrong, 400, "验证码错误，请重新输入"),
    ("POST", "user/loginPhone/<phone>", ChallengeUnknown, 400, "验证码错误，请重新输入"),
    ("POST", "user/loginPhone/<phone>", CodeExpired, 404, "验证码已经过期，请重新申请"),
    ("POST", "user/loginPhone/<phone>", AccountBarred, 403, "验证码错误，请重新输入"),
    ("GET", "user/forgetPassword/<phone>", SendLimitReached, 200, "注意接收验证码"),
    ("GET", "user/forgetPassword/<phone>", MessageNotWanted, 403, "用户不存在"),
    ("POST", "user/forgetPassword/<phone>", AccountUnknown, 404, "用户不存在"),
    ("POST", "user/forgetPassword/<phone>", AccountBarred, 404, "用户不存在"),
    ("POST", "user/forgetPassword/<phone>", ChallengeUnknown, 404, "用户不存在"),
    ("POST", "user/forgetPassword/<phone>", CodeWrong, 401, "验证码错误"),
    ("POST", "user/forgetPassword/<phone>", CodeExhausted, 400, "验证码已经过期"),
    ("POST", "user/forgetPassword/<phone>", PasswordUnfit, 400, "parameter error"),
]


@pytest.mark.parametrize(("method", "path", "refusal", "status", "msg"), REFUSED)
def test_each_call_refuses_in_its_own_words(
    method: str, path: str, refusal: type[Refusal], status: int, msg: str
) -> None:
    assert answer(method, path, refusal) == (status, f'{{"msg":"{msg}"}}')


@pytest.mark.parametrize(
    ("refusal", "status", "msg"),
    [
        (PasswordWrong, 400, "password error"),
        (AccountUnknown, 404, "no this user!"),
        (AccountBarred, 403, "password error"),
        (GuessLimitReached, 403, "password error"),
    ],
)
def test_a_failed_login_names_account_0(refusal: type[Refusal], status: int, msg: str) -> None:
    told = answer("POST", "user/login", refusal)
    assert told == (status, f'{{"msg":"{msg}","user_id":0}}')


@pytest.mark.parametrize("row", DIALECT.endpoints, ids=lambda row: f"{row.method} {row.path}")
def test_no_refusal_looks_like_a_success(row: Endpoint[m.Options]) -> None:
    for refusal in all_refusals():
        status, told = answer(row.method, row.path, refusal)
        assert "successful" not in told
        assert status >= 400 or told in {
            '{"msg":"register failure"}',
            '{"msg":"account had been used"}',
            '{"msg":"注意接收短信"}',
            '{"msg":"注意接收验证码"}',
        }


def test_nobody_has_to_be_signed_in() -> None:
    rows = [(row.method, row.path) for row in DIALECT.endpoints]
    assert rows == [
        ("POST", "user/register"),
        ("POST", "user/login"),
        ("POST", "user/logout"),
        *((method, path) for path in PATHS for method in ("GET", "POST")),
    ]
    assert all(isinstance(row, Anyone) for row in DIALECT.endpoints)


def test_the_deviations_follow_the_settings() -> None:
    asking = visit()
    ids = {each.id for each in DIALECT.deviations(asking.app, m.Options())}
    strict = {each.id for each in DIALECT.deviations(asking.app, m.Options(bare_logout="cookie"))}
    assert ids - strict == {"logout-by-id"}
    assert {"get-with-effect", "phone-in-path", "sign-in-after-reset"} == strict
    giving = m.Options(self_roles=("normal_user", "creator"))
    given = {each.id for each in DIALECT.deviations(asking.app, giving)}
    assert given - ids == {"role-from-client"}
