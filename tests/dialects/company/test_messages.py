from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar, get_type_hints
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from hufu.actions.deps import App
from hufu.actions.details import Details, DetailsChecked
from hufu.actions.sessions import SessionToken, SignedIn
from hufu.dialects.company import DIALECT
from hufu.dialects.company import messages as m
from hufu.domain.errors import Malformed, all_refusals
from hufu.domain.instants import instant_of
from hufu.domain.passwords import PasswordPolicy, Scheme
from hufu.domain.permissions import Client, Role
from hufu.domain.profiles import Profile, Sex
from hufu.domain.sessions import SessionPolicy
from hufu.wire import metrics
from hufu.wire.body import Fields
from hufu.wire.deviations import (
    IDENTITY_NUMBER_SHOWN,
    MD5_PASSWORDS,
    RECOMMENDER_PHONE_SHOWN,
    SHORT_SESSION_CODE,
    UNKNOWN_LENGTH,
)
from hufu.wire.dialect import Member, Reply, Visit
from hufu.wire.fields import Reader
from hufu.wire.forms import Upload
from rewarding import StillClock

S = TypeVar("S", bound=msgspec.Struct)

PHONE = "13390633695"
UTIME = "12345678"
XID = "12345678123456781234567812345678"
MD5 = "25f9e794323b453885f5181f1b624d0b"  # Of the protocol's sample password, 123456789.
SEC = "0aZ9bY8cX7dW6eV5"
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
NOW_SECONDS = int(NOW.timestamp())
CLIENT = Client("192.0.2.7/32", "test")
DETAIL: Fields = {"utime": UTIME}

not_strings = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(st.integers(), max_size=2)
    | st.builds(Upload, st.text(), st.text(), st.binary())
)


def visit(
    options: m.Options | None = None, app: str = "company", session: SessionToken | None = None
) -> m.Visit:
    return Visit(
        app=App(
            name=app,
            title="Company",
            url="https://id.example.com/company",
            pool="main",
            language="zh",
            scheme=Scheme.MD5,
            mint_token=m.security_code,
            session_guesses_limited=True,
            unique_names=False,
            handles=False,
            unproved_addresses=False,
            sole_identity_numbers=True,
            reveal_unknown_user=True,
            mask_identity_number=False,
            password_policy=PasswordPolicy(),
            code_digits=6,
            code_life=timedelta(minutes=5),
            sessions=SessionPolicy(timedelta(days=7), timedelta(days=30)),
            recovery_delay=timedelta(0),
            price_per_message=0,
            budget_per_day=0,
            reward_items={},
            reward_zone=UTC,
            sms_countries=frozenset({"+86"}),
        ),
        options=options or m.Options(),
        client=CLIENT,
        clock=StillClock(NOW),
        session=session,
        visitor=None,
    )


def read(struct: type[S], fields: Fields) -> S:
    return Reader(struct).read(fields)


def profile(**filled: str | None) -> Profile:
    absent = dict.fromkeys(Profile.__slots__)
    times = dict.fromkeys(("created_at", "updated_at", "signed_in_at"), instant_of(NOW))
    known = {"account_id": 7, "name": "用户ABC123", "sex": Sex.UNDISCLOSED}
    return Profile(**{**absent, **times, **known, **filled})  # type: ignore[arg-type]


def encoded(reply: Reply) -> bytes:
    return msgspec.json.encode(reply.body)


# The remainder that asks for a code


def sms(phone: str = PHONE, utime: str = UTIME, **more: object) -> Fields:
    return {"phone": phone, "xid": XID, "utime": utime, "sec": m.remainder(phone, utime), **more}


def test_the_protocols_example_by_its_own_formula() -> None:
    assert m.remainder(PHONE, UTIME) == "4079"


@given(st.integers(10**10, 10**11 - 1), st.integers(10**7, 10**13 - 1))
def test_the_remainder_is_the_one_of_mathematics(phone: int, utime: int) -> None:
    left = int(m.remainder(str(phone), str(utime)))
    assert 0 <= left < m.MODULUS
    assert (phone - utime - left) % m.MODULUS == 0


def test_a_remainder_below_zero_is_none() -> None:
    assert m.remainder(PHONE, "1700000000000") == "14307"


@given(st.integers(0, 99_999))
def test_only_the_right_remainder_asks_for_a_code(sec: int) -> None:
    request = read(m.Sms, sms(sec=str(sec)))
    if sec == 4079:
        assert request.command(visit()).identifier.key == "+8613390633695"
    else:
        with pytest.raises(Malformed):
            request.command(visit())


@pytest.mark.parametrize("sec", ["04079", "+4079", "4079 ", "４０７９", "", "-45398", "12345"])
def test_a_remainder_has_one_spelling(sec: str) -> None:
    with pytest.raises(Malformed):
        read(m.Sms, sms(sec=sec)).command(visit())


def test_a_code_is_bound_to_the_device_that_asked() -> None:
    request = read(m.Sms, sms())
    assert request.command(visit()).binding == XID
    assert request.command(visit(m.Options(bind_code_to_xid=False))).binding == ""


# Fields that several calls have


@given(st.sampled_from(["phone", "xid", "utime", "sec"]), not_strings)
def test_what_is_no_string_is_malformed(field: str, value: object) -> None:
    with pytest.raises(Malformed):
        read(m.Sms, {**sms(), field: value})


@pytest.mark.parametrize("field", ["phone", "xid", "utime", "sec"])
def test_no_field_may_be_left_out(field: str) -> None:
    fields = sms()
    del fields[field]
    with pytest.raises(Malformed):
        read(m.Sms, fields)


@pytest.mark.parametrize(
    "phone",
    [
        "+8613390633695",
        "133 9063 3695",
        "1339063369",
        "133906336950",
        "１３３９０６３３６９５",
        "02112345678",
        "00298211234",  # A mobile number of the Faroe Islands.
        "12345678901",
    ],
)
def test_a_phone_is_eleven_digits_of_a_chinese_mobile(phone: str) -> None:
    fields: Fields = {"phone": phone, "xid": XID, "utime": UTIME, "pwd": MD5}
    with pytest.raises(Malformed):
        read(m.Login, fields).command(visit())


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_a_phone_is_national_digits_or_none(digits: str) -> None:
    try:
        identifier = m.mobile(digits)
    except Malformed:
        return
    assert identifier.key == f"+86{digits}"


@pytest.mark.parametrize("xid", ["", XID[:-1], XID + "1", XID[:-1] + "_", XID[:-1] + "é"])
def test_a_device_has_32_characters(xid: str) -> None:
    with pytest.raises(Malformed):
        read(m.Sms, sms(xid=xid))


@given(st.text(st.sampled_from("0123456789abcdefABCDEF"), min_size=32, max_size=32))
def test_a_digest_is_the_same_in_either_case(digest: str) -> None:
    fields: Fields = {"phone": PHONE, "xid": XID, "utime": UTIME, "pwd": digest}
    command = read(m.Login, fields).command(visit())
    assert command.password.md5 == digest.lower()
    assert command.password.text is None
    assert command.device == XID


@pytest.mark.parametrize("pwd", ["", MD5[:-1], MD5 + "0", MD5[:-1] + "g", "123456789"])
def test_a_password_is_never_sent_as_such(pwd: str) -> None:
    with pytest.raises(Malformed):
        read(m.Login, {"phone": PHONE, "xid": XID, "utime": UTIME, "pwd": pwd})


@pytest.mark.parametrize("struct", [m.Reg, m.Pwd])
def test_a_code_comes_back_with_the_device(struct: type[m.Reg] | type[m.Pwd]) -> None:
    fields: Fields = {"phone": PHONE, "xid": XID, "utime": UTIME, "yzm": "042137", "pwd": MD5}
    command = read(struct, fields).command(visit())
    assert (command.digits, command.state_binding) == ("042137", XID)
    unbound = read(struct, fields).command(visit(m.Options(bind_code_to_xid=False)))
    assert unbound.state_binding == ""
    for yzm in ("", "04213x", "０４２１３７", 42137):
        with pytest.raises(Malformed):
            read(struct, {**fields, "yzm": yzm})


def test_a_registration_is_signed_in_on_its_device() -> None:
    fields: Fields = {"phone": PHONE, "xid": XID, "utime": UTIME, "yzm": "042137", "pwd": MD5}
    assert read(m.Reg, fields).command(visit(m.Options(bind_code_to_xid=False))).device == XID


def test_the_forgotten_password_must_be_another() -> None:
    fields: Fields = {"phone": PHONE, "xid": XID, "utime": UTIME, "yzm": "042137", "pwd": MD5}
    assert read(m.Pwd, fields).command(visit()).unchanged_refused


# The client's clock


@given(st.integers(-(10**8), 10**9))
def test_a_skew_is_in_seconds_whatever_the_unit(off: int) -> None:
    seconds = NOW_SECONDS + off
    assert m.clock_skew(str(seconds), instant_of(NOW)) == abs(off)
    assert m.clock_skew(str(seconds * 1000), instant_of(NOW)) == pytest.approx(abs(off), abs=0.001)


@given(st.from_regex(r"[0-9]{8,13}", fullmatch=True))
def test_any_time_of_8_to_13_digits_is_a_time(utime: str) -> None:
    assert m.clock_skew(read(m.GetUserInfo, {"utime": utime}).utime, instant_of(NOW)) >= 0


@pytest.mark.parametrize("utime", ["", "1234567", "1" * 14, "12345678.0", "-12345678", "1_234_567"])
def test_what_is_no_time_is_malformed(utime: str) -> None:
    with pytest.raises(Malformed):
        read(m.GetUserInfo, {"utime": utime})


@pytest.mark.parametrize(("off", "stale"), [(0, False), (60, False), (-60, False), (61, True)])
def test_a_window_is_kept_where_one_is_set(off: int, stale: bool) -> None:
    request = read(m.Loginout, {"utime": str(NOW_SECONDS + off)})
    request.command(visit())
    strict = visit(m.Options(utime_window_seconds=60))
    if stale:
        with pytest.raises(Malformed):
            request.command(strict)
    else:
        request.command(strict)


@pytest.mark.parametrize(
    ("struct", "fields"),
    [
        (m.Sms, sms()),
        (m.Reg, {"phone": PHONE, "xid": XID, "utime": UTIME, "yzm": "042137", "pwd": MD5}),
        (m.RegDetail, DETAIL),
        (m.Login, {"phone": PHONE, "xid": XID, "utime": UTIME, "pwd": MD5}),
        (m.Pwd, {"phone": PHONE, "xid": XID, "utime": UTIME, "yzm": "042137", "pwd": MD5}),
        (m.Loginout, DETAIL),
        (m.GetUserInfo, DETAIL),
    ],
)
@pytest.mark.parametrize("window", [0, 60])
def test_the_skew_is_measured_even_of_a_refused_call(
    struct: type[m.GetUserInfo], fields: Fields, window: int
) -> None:
    app = uuid4().hex
    asking = visit(m.Options(utime_window_seconds=window), app)
    if window:
        with pytest.raises(Malformed):
            read(struct, fields).command(asking)
    else:
        read(struct, fields).command(asking)
    metrics.publish()
    assert NOW_SECONDS - int(UTIME) > metrics.SKEWS[-1]
    name, labels = "hufu_client_clock_skew_total", {"app": app, "at_most": "+Inf"}
    assert REGISTRY.get_sample_value(name, labels) == 1


# The session


@given(st.integers(1, 2**31 - 1), st.from_regex(r"[0-9A-Za-z]{16}", fullmatch=True))
def test_the_session_is_the_pair(uid: int, sec: str) -> None:
    shown = SessionToken(sec, account_id=uid)
    assert m.proof({"uid": str(uid), "sec": sec}, None) == shown
    assert m.proof({"uid": uid, "sec": sec}, "a cookie of somebody's") == shown


@given(not_strings | st.text())
def test_what_can_be_no_pair_is_malformed(value: object) -> None:
    for field in ("uid", "sec"):
        fields: Fields = {"uid": "7", "sec": SEC, field: value}
        try:
            shown = m.proof(fields, None)
        except Malformed:
            continue
        assert fields in (
            {"uid": str(shown.account_id), "sec": shown.token},
            {"uid": value, "sec": SEC},
        )
        assert len(shown.token) == 16


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"uid": "7"},
        {"sec": SEC},
        {"uid": "", "sec": SEC},
        {"uid": "07", "sec": SEC},
        {"uid": "0", "sec": SEC},
        {"uid": str(2**31), "sec": SEC},
        {"uid": "7", "sec": ""},
        {"uid": "7", "sec": SEC[:-1]},
        {"uid": "7", "sec": SEC + "0"},
        {"uid": "7", "sec": SEC + "\n"},
        {"uid": "7", "sec": SEC[:-1] + "-"},
        {"uid": True, "sec": SEC},
    ],
)
def test_an_absent_or_broken_pair_is_malformed(fields: Fields) -> None:
    with pytest.raises(Malformed):
        m.proof(fields, SEC)


def test_a_new_code_has_the_form_of_one() -> None:
    codes = {m.security_code() for _ in range(100)}
    assert len(codes) == 100
    for code in codes:
        assert m.proof({"uid": "7", "sec": code}, None).token == code


# Details


def test_only_what_is_sent_changes() -> None:
    command = read(m.RegDetail, DETAIL).command(visit())
    assert (command.changes, command.identity_number, command.inviter_id) == ({}, None, None)


def test_details_in_the_cores_words() -> None:
    fields: Fields = {
        "utime": UTIME,
        "company_logo": "https://cdn.example.com/logo@2x.png?v=1#top",
        "company_name": " 虎符科技 ",
        "company_address": "上海市",
        "user_name": "张三",
        "identity_card": "11010519491231002X",
        "qq_number": "10001",
        "recommend_user_id": "7",
        "user_role": "3",
    }
    command = read(m.RegDetail, fields).command(visit())
    assert command.changes == {
        "logo_url": "https://cdn.example.com/logo@2x.png?v=1#top",
        "organisation": "虎符科技",
        "organisation_address": "上海市",
        "person_name": "张三",
        "qq": "10001",
    }
    assert command.identity_number == "11010519491231002X"
    assert command.inviter_id == 7


def test_empty_text_takes_a_value_away_but_says_nothing_of_number_and_inviter() -> None:
    names = m.RegDetail.__struct_fields__
    fields: Fields = {**dict.fromkeys(names, ""), "utime": UTIME}
    command = read(m.RegDetail, fields).command(visit())
    assert set(command.changes) == {
        "logo_url",
        "organisation",
        "organisation_address",
        "person_name",
        "qq",
    }
    assert not any(command.changes.values())
    assert (command.identity_number, command.inviter_id) == (None, None)


@pytest.mark.parametrize(
    ("field", "longest"), [("company_name", 100), ("company_address", 200), ("user_name", 64)]
)
def test_text_has_a_length(field: str, longest: int) -> None:
    read(m.RegDetail, {**DETAIL, field: "虎" * longest})
    with pytest.raises(Malformed):
        read(m.RegDetail, {**DETAIL, field: "虎" * (longest + 1)})


@pytest.mark.parametrize("qq", ["1234", "1" * 13, "1000x", "１２３４５", " 10001", 10001])
def test_a_qq_number_is_5_to_12_digits(qq: object) -> None:
    with pytest.raises(Malformed):
        read(m.RegDetail, {**DETAIL, "qq_number": qq})


@pytest.mark.parametrize("inviter", ["0", "07", "-1", " ", "x", str(2**31), 0, False, 1.0, []])
def test_a_recommender_is_an_id(inviter: object) -> None:
    with pytest.raises(Malformed):
        read(m.RegDetail, {**DETAIL, "recommend_user_id": inviter})


def test_an_id_may_be_a_json_integer() -> None:
    request = read(m.RegDetail, {**DETAIL, "recommend_user_id": 7})
    assert request.command(visit()).inviter_id == 7


# The logo's address


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example.com/logo.png",
        "HTTPS://CDN.Example.COM/logo.png",
        "https://cdn.example.com",
        "https://cdn.example.com:8443/a/b/%E8%99%8E.png?x=1&y=[2]#z",
        "https://xn--fiqs8s.xn--55qx5d.cn/logo.png",
        "https://192.0.2.7/logo.png",
        "https://a-b.oss-cn-hangzhou.aliyuncs.com/logo@2x.png",
        "https://localhost/logo.png",
    ],
)
def test_an_address_that_reads_one_way_is_taken_as_sent(address: str) -> None:
    command = read(m.RegDetail, {**DETAIL, "company_logo": address}).command(visit())
    assert command.changes == {"logo_url": address}


@pytest.mark.parametrize(
    "address",
    [
        "logo.png",
        "//cdn.example.com/logo.png",
        "https:cdn.example.com",
        "https:/cdn.example.com",
        "https:///cdn.example.com",
        "https://",
        "https://:443/",
        "javascript:alert(1)",
        "javascript://cdn.example.com/%0aalert(1)",
        "data:image/png;base64,AAAA",
        "ftp://cdn.example.com/logo.png",
        "file:///etc/passwd",
        "https://user@cdn.example.com/",
        "https://user:secret@cdn.example.com/",
        "https://@cdn.example.com/",
        "https://cdn.example.com\\@evil.example/",
        "https:\\\\cdn.example.com\\logo.png",
        "https://cdn.example.com/a b.png",
        "https://cdn.example.com/a\tb.png",
        "ht\ntps://cdn.example.com/",
        "https://cdn.example.com/\u202elogo.png",
        'https://cdn.example.com/"><script>',
        "https://cdn.example.com/标.png",
        "https://公司.cn/logo.png",
        "https://ｅxample.com/logo.png",
        "https://cdn.example.com:port/",
        "https://cdn.example.com:99999/",
        "https://cdn.example.com:44３/",
        "https://cdn.example.com:/",
        "https://cdn.example.com./logo.png",
        "https://cdn..example.com/logo.png",
        "https://-cdn.example.com/logo.png",
        "https://cdn_1.example.com/logo.png",
        "https://cdn%2eexample.com/logo.png",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://192.0.2.256/",
        "https://[::1]/",
        "https://[::1]x/",
        "https://[::1/",
        "https://cdn.example.com]/",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 127}com/",
        f"https://cdn.example.com/{'a' * 500}",
    ],
)
def test_any_other_address_is_malformed(address: str) -> None:
    with pytest.raises(Malformed):
        read(m.RegDetail, {**DETAIL, "company_logo": address})


@given(st.text() | st.from_regex(r"https?:[/\\]{0,3}[a-z0-9.@:\[\]%\\/]{0,20}", fullmatch=True))
def test_an_address_is_taken_apart_into_what_it_is_made_of(text: str) -> None:
    try:
        address = m.web_address(text)
    except Malformed:
        return
    port = "" if ":" not in address.netloc else ":" + address.netloc.partition(":")[2]
    assert text.lower().startswith(f"{address.scheme}://{address.hostname}{port}")
    assert text.isascii()


def test_plain_http_needs_a_setting() -> None:
    request = read(m.RegDetail, {**DETAIL, "company_logo": "http://cdn.example.com/logo.png"})
    with pytest.raises(Malformed):
        request.command(visit())
    command = request.command(visit(m.Options(logo_http=True)))
    assert command.changes == {"logo_url": "http://cdn.example.com/logo.png"}


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("cdn.example.com", True),
        ("CDN.example.com:8443", True),
        ("example.com", False),
        ("evil-cdn.example.com", False),
        ("cdn.example.com.evil.example", False),
    ],
)
def test_a_logo_is_on_a_host_that_is_named_where_any_is(host: str, taken: bool) -> None:
    request = read(m.RegDetail, {**DETAIL, "company_logo": f"https://{host}/logo.png"})
    asking = visit(m.Options(logo_hosts=("img.example.org", "Cdn.Example.com")))
    if taken:
        request.command(asking)
    else:
        with pytest.raises(Malformed):
            request.command(asking)


def test_a_window_cannot_be_negative() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"utime_window_seconds": -1}, m.Options)


# Answers


def test_the_answer_to_a_sign_in() -> None:
    reply = m.signed_in(SignedIn(7, Role.MEMBER, SEC, None), visit())
    assert encoded(reply) == b'{"code":"200","uid":"7","sec":"%s","user_role":"1"}' % SEC.encode()


@pytest.mark.parametrize(
    ("role", "number"),
    [
        (Role.MEMBER, "1"),
        (Role.SUPPORT, "2"),
        (Role.ADMIN, "3"),
        (Role.VIP, "1"),
        (Role.CREATOR, "1"),
    ],
)
@pytest.mark.parametrize(("complete", "check_reg"), [(True, "1"), (False, "2")])
def test_the_answer_to_changed_details(
    role: Role, number: str, complete: bool, check_reg: str
) -> None:
    asking = visit(session=SessionToken(SEC, account_id=7))
    reply = m.details_set(DetailsChecked(7, complete, role), asking)
    assert (
        encoded(reply)
        == (
            f'{{"code":"200","uid":"7","sec":"{SEC}","check_reg":"{check_reg}","user_role":"{number}"}}'
        ).encode()
    )
    checked = m.details_checked(DetailsChecked(7, complete, role), asking)
    assert encoded(checked) == f'{{"code":"200","check_reg":"{check_reg}"}}'.encode()


def test_absent_details_are_empty_strings() -> None:
    assert encoded(m.details_shown(Details(profile(), None, None), visit())) == (
        b'{"code":"200","company_logo":"","company_name":"","company_address":"","user_name":"",'
        b'"identity_card":"","qq_number":"","recommend_phone":""}'
    )


def test_details_as_they_were_set() -> None:
    filled = profile(
        logo_url="https://cdn.example.com/logo.png",
        organisation="虎符科技",
        organisation_address="上海市",
        person_name="张三",
        qq="10001",
    )
    reply = m.details_shown(Details(filled, "11010519491231002X", "+8613390633695"), visit())
    assert list(msgspec.json.decode(encoded(reply)).items()) == [
        ("code", "200"),
        ("company_logo", "https://cdn.example.com/logo.png"),
        ("company_name", "虎符科技"),
        ("company_address", "上海市"),
        ("user_name", "张三"),
        ("identity_card", "11010519491231002X"),
        ("qq_number", "10001"),
        ("recommend_phone", "133****3695"),
    ]


def test_the_recommenders_phone_in_full_needs_a_setting() -> None:
    details = Details(profile(), None, "+8613390633695")
    full = m.details_shown(details, visit(m.Options(full_recommend_phone=True)))
    assert msgspec.json.decode(encoded(full))["recommend_phone"] == "13390633695"


def test_every_refusal_is_a_code_in_a_string() -> None:
    for refusal in all_refusals():
        reply = next(DIALECT.refusals[kind] for kind in refusal.__mro__ if kind in DIALECT.refusals)
        assert set(msgspec.json.decode(encoded(reply))) == {"code"}
        assert reply.status == 200
    assert encoded(DIALECT.malformed) == b'{"code":"400"}'
    assert encoded(DIALECT.broken) == b'{"code":"500"}'


def test_no_call_reads_a_role() -> None:
    for endpoint in DIALECT.endpoints:
        assert "user_role" not in get_type_hints(endpoint.request)


def test_who_may_make_which_call() -> None:
    assert {endpoint.path: isinstance(endpoint, Member) for endpoint in DIALECT.endpoints} == {
        "user/sms": False,
        "user/reg": False,
        "user/checkFinishUserInfo": True,
        "user/regDetail": True,
        "user/login": False,
        "user/pwd": False,
        "user/loginout": True,
        "user/getUserInfo": True,
    }
    assert {endpoint.method for endpoint in DIALECT.endpoints} == {"POST"}


def test_a_masked_identity_number_is_no_weakness() -> None:
    app = visit().app
    shown = DIALECT.deviations(app, m.Options())
    masked = DIALECT.deviations(replace(app, mask_identity_number=True), m.Options())
    assert set(shown) - set(masked) == {IDENTITY_NUMBER_SHOWN}
    assert {MD5_PASSWORDS, UNKNOWN_LENGTH, SHORT_SESSION_CODE} == set(masked)


def test_a_recommenders_phone_in_full_is_a_weakness() -> None:
    app = visit().app
    full = DIALECT.deviations(app, m.Options(full_recommend_phone=True))
    assert set(full) - set(DIALECT.deviations(app, m.Options())) == {RECOMMENDER_PHONE_SHOWN}
