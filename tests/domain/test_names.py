"""Names that people type: what passes, what is refused, and which two are the same."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain import names
from hufu.domain.errors import (
    AccountNameMalformed,
    EmailMalformed,
    HandleMalformed,
    HandleTaken,
    Malformed,
    NameMalformed,
)
from hufu.domain.identifiers import IdentifierKind

AWKWARD = (
    "aAlI10@ ._\u0301\u0323\u0345\u0f73\u200b\u200d\ufe0f\u00ad\u212a\u017fßİıΣςᾳ①２Ａﾊﾟ官方\u3164"
)
ANY_TEXT = st.text(st.characters() | st.sampled_from(AWKWARD), max_size=70)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NOT_TEXT = (
    "".join(map(chr, range(0x20)))
    + "".join(map(chr, range(0x7F, 0xA0)))
    + BIDI
    + "\u2028\u2029\ud800\udbff\udc00\udfff\ufdd0\ufdef\ufffe\uffff\U0001fffe\U0010ffff"
)


@pytest.mark.parametrize("char", NOT_TEXT, ids=lambda char: f"U+{ord(char):04X}")
def test_what_is_no_text_is_refused(char: str) -> None:
    with pytest.raises(Malformed):
        names.clean_text(f"a{char}b")


@pytest.mark.parametrize("char", "\x00\x0b\x0c\x1c\x85\u2028\u2029\u200e\ufeff"[:-1])
def test_only_white_space_is_trimmed_at_the_ends(char: str) -> None:
    with pytest.raises(Malformed):
        names.clean_text(f"a{char}")


def test_white_space_is_trimmed_and_the_rest_composed() -> None:
    assert names.clean_text(" \t\u3000e\u0301 e\u0301\u00a0\r\n") == "\u00e9 \u00e9"
    assert names.clean_text(" \u3000 ") == ""


def test_the_refusal_asked_for_is_raised() -> None:
    refusal = EmailMalformed("email")
    with pytest.raises(EmailMalformed) as raised:
        names.clean_text("\x00", refusal)
    assert raised.value is refusal


@pytest.mark.parametrize("mark", ["\u0301", "\u0301\u0323", "\u0f73", "\u0f81\u0f75"])
def test_piles_of_marks_are_refused_before_they_are_sorted(mark: str) -> None:
    assert names.clean_text("a" + mark * (30 // len(mark)))
    with pytest.raises(Malformed):
        names.clean_text("a" + mark * 31)


@given(ANY_TEXT)
def test_clean_text_is_idempotent_and_trimmed(raw: str) -> None:
    try:
        cleaned = names.clean_text(raw)
    except Malformed:
        return
    assert names.clean_text(cleaned) == cleaned == cleaned.strip()
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not set(cleaned) & set(NOT_TEXT)


def test_half_width_maps_what_chinese_keyboards_type() -> None:
    typed = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
    assert names.half_width(typed) == "".join(map(chr, range(0x21, 0x7F))) + " "
    assert names.half_width("虎符。１２") == "虎符。12"


@pytest.mark.parametrize(
    "name",
    [
        "wocao",
        "物资需",
        "用户a1B2c3",
        "Adminah",
        "Badminton",
        "Supporter",
        "Systema",
        "Hufung",
        "上官方",
        "上官方圆",
        "客人服装",
        "Admin Joe",
        "👨\u200d👩\u200d👧",
        "👍🏽",
        "=cmd()",
        "<script>",
        "O'Brien",
        "می\u200cخواهم",
        "A",
        "7",
    ],
)
def test_ordinary_names_pass_unchanged(name: str) -> None:
    assert names.display_name(name, 55) == name


@pytest.mark.parametrize(
    "name",
    [
        "admin",
        "ADMIN",
        " Admin ",
        "ａｄｍｉｎ",
        "аdmin",  # Cyrillic а
        "ΑDΜΙΝ",  # Greek capitals
        "αdmιn",
        "ᴀᴅᴍɪɴ",
        "𝐚𝐝𝐦𝐢𝐧",
        "ⓐⓓⓜⓘⓝ",
        "adm1n",
        "admln",
        "adrnin",
        "ádmin",
        "ad\u200bmin",
        "ad\u00admin",
        "a d m i n",
        "a.d.m.i.n",
        "★admin★",
        "_admin_",
        "adm\u0131n",
        "Administrator",
        "System",
        "ѕуѕтем",
        "hufu",
        "HUFU",
        "虎符",
        "0fficia1",
        "Official Support",
        "Hufu Official",
        "官方",
        "虎符官方账号",
        "官\u200b方",
        "官 方",
        "官⽅",  # Kangxi radical
        "【官方】小王",
        "上官方客服",
        "在线客服01",
        "客戶服務",
        "管理员",
        "系统管理员",
        "管理員",
        "系统",
    ],
)
def test_names_that_pose_as_the_operator_are_refused(name: str) -> None:
    with pytest.raises(NameMalformed):
        names.display_name(name, 55)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\u3000",
        "\u200b",
        "\u200d\ufe0f",
        "\ufeff",
        "\u3164",
        "\u2800",
        "\u0301",
        "\u115f",
    ],
)
def test_a_name_has_something_to_see(name: str) -> None:
    with pytest.raises(NameMalformed):
        names.display_name(name, 55)


def test_length_is_counted_in_code_points_after_cleaning() -> None:
    assert names.display_name(" e\u0301e\u0301 ", 2) == "éé"
    assert names.display_name("😀" * 32, 32) == "😀" * 32
    with pytest.raises(NameMalformed):
        names.display_name("字" * 33, 32)


@given(ANY_TEXT)
def test_display_names_are_refused_or_stable(raw: str) -> None:
    try:
        name = names.display_name(raw, 55)
    except NameMalformed:
        return
    assert 1 <= len(name) <= 55
    assert names.display_name(name, 55) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "aLICE"),
        ("Straße", "STRASSE"),
        ("ＡＢＣ", "abc"),
        ("ﬁsh", "FISH"),
        ("\u212aelvin", "kelvin"),
        ("é", "E\u0301"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("al\u200bice", "alice"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("ᾳ", "ΑΙ"),
    ],
)
def test_case_and_width_do_not_make_another_name(one: str, other: str) -> None:
    assert names.name_key(one) == names.name_key(other)


@given(ANY_TEXT)
def test_name_key_is_idempotent(raw: str) -> None:
    key = names.name_key(raw)
    assert names.name_key(key) == key


@given(ANY_TEXT)
def test_name_key_does_not_see_normal_forms(raw: str) -> None:
    forms = {names.name_key(unicodedata.normalize(form, raw)) for form in ("NFC", "NFD")}
    assert forms == {names.name_key(raw)}


HANDLE_CHARACTERS = string.ascii_letters + string.digits + "_"


@given(st.text(string.ascii_uppercase + string.digits, min_size=5, max_size=5))
def test_generated_handles_are_handles(letters: str) -> None:
    assert names.handle(f"fm_{letters}") == (f"fm_{letters}", f"fm_{letters.lower()}")


@pytest.mark.parametrize("raw", ["hudf_zh_fl", "abc", "a" * 22, "___", "007", "AdminAh"])
def test_handles_pass(raw: str) -> None:
    assert names.handle(raw) == (raw, raw.lower())


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ab",
        "a" * 23,
        "abc\n",
        " abc",
        "abc ",
        "\u212aelvin",
        "ſam",
        "ａｂｃ",
        "a-b",
        "a.b",
        "小虎符",
        "ab\x00",
    ],
)
def test_what_is_no_handle_is_refused(raw: str) -> None:
    with pytest.raises(HandleMalformed):
        names.handle(raw)


@pytest.mark.parametrize(
    "raw", ["admin", "ADMIN", "Adm1n", "_ad_min_", "support", "hufu", "null", "WWW"]
)
def test_reserved_handles_are_taken(raw: str) -> None:
    with pytest.raises(HandleTaken):
        names.handle(raw)


@given(st.text(st.characters(), max_size=24) | st.text(HANDLE_CHARACTERS, max_size=24))
def test_a_handle_is_ascii_of_the_documented_length(raw: str) -> None:
    fits = 3 <= len(raw) <= 22 and set(raw) <= set(HANDLE_CHARACTERS)
    try:
        shown, key = names.handle(raw)
    except HandleMalformed:
        assert not fits
    except HandleTaken:
        assert fits
    else:
        assert fits
        assert (shown, key) == (raw, raw.lower())


def test_account_names_keep_their_spelling_and_compare_without_case() -> None:
    name = names.account_name("  ＪＯＥ Doe ")
    assert name.kind is IdentifierKind.USER_NAME
    assert (name.shown, name.key) == ("ＪＯＥ Doe", "joe doe")
    assert names.account_name("虎" * 64).shown == "虎" * 64


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ab",
        "  ab ",
        "a" * 65,
        "ab\u200b",
        "\u200b\u200b\u200b",
        "\u0301\u0301\u0301",
        "a\x00bc",
        "a\u202ebc",
        "123456",
        "-123",
        "+123",
        "\u2212123",
        "1_000",
        "1,000",
        "1 000",
        "１２３",
        "١٢٣",
        "①②③",
        "12\u200b34",
        "9" * 5000,
    ],
)
def test_account_names_of_bad_form_or_that_read_as_integers_are_refused(raw: str) -> None:
    with pytest.raises(AccountNameMalformed):
        names.account_name(raw)


@given(ANY_TEXT)
def test_account_names_are_refused_or_stable(raw: str) -> None:
    try:
        name = names.account_name(raw)
    except AccountNameMalformed:
        return
    assert names.account_name(name.shown) == name
    assert names.name_key(name.key) == name.key
    with pytest.raises(ValueError):  # noqa: PT011 (int has no narrower one)
        int(name.shown)


def test_default_names_are_display_names() -> None:
    assert names.display_name(names.default_name("a1B2c3"), 55) == "用户a1B2c3"


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13390633695", "133****3695"),
        ("+8613390633695", "133****3695"),
        ("+16502530000", "+16****0000"),
        ("12345678", "12****78"),
        ("", "****"),
    ],
)
def test_masked_phones(number: str, masked: str) -> None:
    assert names.mask_phone(number) == masked


@given(st.text(string.digits, min_size=1, max_size=16))
def test_masked_phones_hide_at_least_four_digits(number: str) -> None:
    head, tail = names.mask_phone(number).split("****")
    assert number.startswith(head)
    assert number.endswith(tail)
    assert len(number) - len(head + tail) >= min(4, len(number))


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("abc@126.com", "a***@126.com"),
        ("a@126.com", "***@126.com"),
        ('"a@b"@126.com', '"***@126.com'),
        ("nobody", "***"),
        ("", "***"),
    ],
)
def test_masked_emails(address: str, masked: str) -> None:
    assert names.mask_email(address) == masked
