"""Mobile numbers: one number, one key, however it is typed."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from hufu.domain.errors import PhoneMalformed
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.services.phones import LONGEST_PHONE, country, national, parse_phone

KEY = "+8613390633695"

SPELLINGS = [
    "13390633695",
    " 13390633695\n",
    "133 9063 3695",
    "133-9063-3695",
    "133.9063.3695",
    "(133) 9063-3695",
    "（133）9063－3695",
    "１３３９０６３３６９５",
    "133\u00a09063\u30003695",
    "133‑9063–3695",
    "133\u200b9063\u200b3695",
    "\ufeff13390633695",
    "8613390633695",
    "86 133 9063 3695",
    "+8613390633695",
    "+86 133 9063 3695",
    "＋８６１３３９０６３３６９５",
    "(+86) 133-9063-3695",
    "+(86)13390633695",
    "+ 86 13390633695",
    "008613390633695",
    "00 86 133 9063 3695",
    "013390633695",
    "+86 (0) 13390633695",
    "١٣٣٩٠٦٣٣٦٩٥",
    "𝟏𝟑𝟑𝟗𝟎𝟔𝟑𝟑𝟔𝟗𝟓",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_one_number(spelling: str) -> None:
    assert parse_phone(spelling) == Identifier(IdentifierKind.PHONE, KEY, KEY)


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " ",
        "+",
        "++8613390633695",
        "+86+13390633695",
        "1339063369",
        "133906336955",
        "12345678901",
        "11111111111",
        "123456789",
        "10086",
        "+8601339063369",
        "110",
        "010 6552 9988",
        "+86 10 6552 9988",
        "400 123 4567",
        "+1 800 253 0000",
        "+44 20 7946 0018",
        "1_339_0633695",
        "1-339-FLOWERS",
        "13390633695 ext 5",
        "13390633695x5",
        "13390633695;ext=5",
        "13390633695,5",
        "13390633695#5",
        "13390633695/13390633696",
        "tel:+8613390633695",
        "tel:13390633695;phone-context=+86",
        "call 13390633695",
        "13390633695a",
        "-13390633695",
        "13390633695-",
        ".13390633695",
        "13390633695.0",
        "1.3390633695e10",
        "133*9063*3695",
        "[133]90633695",
        "①③③⑨⓪⑥③③⑥⑨⑤",
        "133\t90633695",
        "133\x0090633695",
        "133\n90633695",
        "\u202d13390633695\u202c",
        "\ud80013390633695",
        "nan",
        "True",
        "9" * 5000,
    ],
)
def test_what_is_no_mobile_number_is_refused(raw: str) -> None:
    with pytest.raises(PhoneMalformed):
        parse_phone(raw)


def test_length_is_limited_in_code_points() -> None:
    fits = "133" + " " * (LONGEST_PHONE - 11) + "90633695"
    assert parse_phone(fits).key == KEY
    with pytest.raises(PhoneMalformed):
        parse_phone(fits.replace("133", "133 "))


def test_a_refusal_does_not_quote_the_number() -> None:
    with pytest.raises(PhoneMalformed) as raised:
        parse_phone("13390633695x5")
    assert "1339" not in f"{raised.value!r} {raised.value.args} {vars(raised.value)}"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("18736008450", "+8618736008450"),
        ("19112345678", "+8619112345678"),
        ("17012345678", "+8617012345678"),
        ("+852 9123 4567", "+85291234567"),
        ("0085291234567", "+85291234567"),
        ("+1 (650) 253-0000", "+16502530000"),
        ("+44 7400 123456", "+447400123456"),
        ("+49 171/1234567", "+491711234567"),
        ("+39 312 345 6789", "+393123456789"),
    ],
)
def test_numbers_of_other_ranges_and_countries(raw: str, key: str) -> None:
    assert parse_phone(raw).key == key


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_mobile_numbers_of_every_region_keep_their_key(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if example is None:
        return
    key = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    typed = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
    assert parse_phone(key).key == parse_phone(typed).key == key
    assert country(key) == f"+{example.country_code}"


def test_chinese_ranges_are_those_of_the_library() -> None:
    for prefix in range(1300, 2000):
        number = phonenumbers.parse(f"+86{prefix}0633695")
        try:
            accepted = parse_phone(f"{prefix}0633695").key == f"+86{prefix}0633695"
        except PhoneMalformed:
            accepted = False
        is_mobile = phonenumbers.number_type(number) == PhoneNumberType.MOBILE
        assert accepted is (is_mobile and phonenumbers.is_valid_number(number))


@given(st.from_regex(r"1[38][0-9]{9}", fullmatch=True), st.data())
def test_separators_do_not_make_another_number(digits: str, data: st.DataObject) -> None:
    between = st.sampled_from(["", "", " ", "-", ".", "\u3000", "－", "\u200b"])
    prefix = data.draw(st.sampled_from(["", "+86", "0086", "86", "＋８６ ", "(+86)", "0"]))
    spelling = prefix + "".join(digit + data.draw(between) for digit in digits[:-1]) + digits[-1]
    assert parse_phone(spelling).key == f"+86{digits}"
    assert national(parse_phone(spelling).key) == digits


@given(st.text(st.characters() | st.sampled_from("+()-. 0123456789８６"), max_size=30))
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        phone = parse_phone(raw)
    except PhoneMalformed:
        return
    assert phone.key == phone.shown
    assert parse_phone(phone.key) == parse_phone(national(phone.key)) == phone


def test_as_the_protocols_write_it() -> None:
    assert national(KEY) == "13390633695"
    assert national("+16502530000") == "+16502530000"


@pytest.mark.parametrize(
    ("key", "code"),
    [(KEY, "+86"), ("+16502530000", "+1"), ("+85291234567", "+852"), ("+881612345678", "+881")],
)
def test_country_calling_code(key: str, code: str) -> None:
    assert country(key) == code


def test_a_key_without_a_country_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no country"):
        country("+9991234")
