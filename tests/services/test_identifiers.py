"""Telling phone numbers, e-mail addresses and user names apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import AccountNameMalformed, IdentifierMalformed
from hufu.domain.identifiers import IdentifierKind
from hufu.services.identifiers import parse_account_name, parse_any, parse_identifier

PHONE, EMAIL, USER_NAME = IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.USER_NAME
ANY_TEXT = st.one_of(
    st.text(st.characters(), max_size=70),
    st.text("+-() 0123456789１３", max_size=20),
    st.text("aB@＠.\u200b①②Ⅷ", max_size=20),
    st.sampled_from(["13390633695", "a@example.com"]).flatmap(
        lambda known: st.builds(
            lambda before, after: before + known + after,
            st.text(st.characters(), max_size=2),
            st.text(st.characters(), max_size=2),
        )
    ),
)


@pytest.mark.parametrize(
    ("raw", "kind", "key"),
    [
        ("13390633695", PHONE, "+8613390633695"),
        ("+86 133 9063 3695", PHONE, "+8613390633695"),
        ("Abc@126.com", EMAIL, "abc@126.com"),
        ("13390633695@qq.com", EMAIL, "13390633695@qq.com"),
        ("ａｂｃ＠１２６．ｃｏｍ", EMAIL, "abc@126.com"),
    ],
)
def test_what_an_at_sign_decides(raw: str, kind: IdentifierKind, key: str) -> None:
    for parse in (parse_identifier, parse_any):
        assert (parse(raw).kind, parse(raw).key) == (kind, key)


@pytest.mark.parametrize("raw", ["", "joe", "12345", "13390633695@", "a@localhost", "a\x00@b.com"])
def test_neither_phone_nor_email_is_refused(raw: str) -> None:
    with pytest.raises(IdentifierMalformed):
        parse_identifier(raw)


@pytest.mark.parametrize(
    "raw",
    ["joe", "Joe Doe", "小老虎", "joe@home", "a1339063369x", "用户@例子.广告", "1-2-3", "2024.1"],
)
def test_user_names_sign_in(raw: str) -> None:
    name = parse_any(raw)
    assert name.kind is USER_NAME
    assert parse_account_name(raw) == name
    assert parse_any(raw.upper()).key == name.key


def test_an_address_given_as_an_account_is_an_address() -> None:
    assert parse_account_name("Joe@Example.com") == parse_identifier("Joe@example.com")


@pytest.mark.parametrize(
    "raw",
    [
        "13390633695",
        "133-9063-3695",
        "+86 133 9063 3695",
        "１３３９０６３３６９５",
        "12345",
        "-7000",
        "1_339_0633695",
        "①③③⑨⓪⑥③③⑥⑨⑤",
        "021-62881234",
        "（021）62881234",
        "400‑820‑8820",
        "133.9063.369",
        "13390633695#5",
        "021 6288 1234 ext. 5",
        "6288-1234",
        "①③③-⑨⓪⑥③-③⑥⑨⑤",
        "victim@example.com\u200b",
        "vic\u00adtim@example.com",
        "victim﹫example.com",
        "ⓥictim@example.com",
        "\u017fam@example.com",
        "ab",
        "a" * 65,
        "joe\x00",
        "",
    ],
)
def test_accounts_that_read_as_something_else_are_refused(raw: str) -> None:
    with pytest.raises(AccountNameMalformed):
        parse_account_name(raw)


def test_account_names_of_any_kind_have_at_most_64_code_points() -> None:
    assert parse_account_name("a" * 52 + "@example.com").kind is EMAIL
    with pytest.raises(AccountNameMalformed):
        parse_account_name("a" * 53 + "@example.com")


@given(ANY_TEXT)
def test_what_registers_signs_in_as_the_same(raw: str) -> None:
    try:
        registered = parse_account_name(raw)
    except AccountNameMalformed:
        return
    assert registered.kind is not PHONE
    assert parse_any(raw) == registered
    assert parse_any(registered.shown) == registered


@given(ANY_TEXT)
def test_a_user_name_never_reads_as_a_phone_number_or_an_address(raw: str) -> None:
    try:
        name = parse_any(raw)
    except IdentifierMalformed:
        return
    for spelling in (raw, name.shown, name.key):
        try:
            assert parse_identifier(spelling).kind is name.kind
        except IdentifierMalformed:
            assert name.kind is USER_NAME
