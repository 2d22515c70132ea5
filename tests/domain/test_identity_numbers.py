"""PRC identity numbers: the standard's vectors, one spelling, every single mistake found."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import IdentityNumberMalformed
from hufu.domain.identity_numbers import IdentityNumber, check_character, parse

TODAY = date(2024, 5, 17)
VECTORS = ("11010519491231002X", "440524188001010014")


def numbered(place: str, born: str, sequence: str = "123") -> str:
    digits = place + born + sequence
    return digits + check_character(digits)


def assert_refused(raw: str, today: date = TODAY) -> None:
    with pytest.raises(IdentityNumberMalformed):
        parse(raw, today)


@pytest.mark.parametrize("vector", VECTORS)
def test_vectors_of_the_standard(vector: str) -> None:
    assert parse(vector, TODAY).number == vector
    assert check_character(vector[:17]) == vector[17]


@pytest.mark.parametrize(
    "spelling",
    [
        "11010519491231002x",
        " 11010519491231002X ",
        "\u300011010519491231002X\n",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "1101051949１２３１002ｘ",
    ],
)
def test_spellings_of_one_number(spelling: str) -> None:
    assert parse(spelling, TODAY) == IdentityNumber("11010519491231002X")


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "11010519491231002",
        "11010519491231002XX",
        "110105194912310020",
        "X1010519491231002X",
        "1101051949123100XX",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "11010519491231002\u0425",  # Cyrillic Х
        "11010519491231002\u00d7",
        "11010519491231002X\x00",
        "\u202e11010519491231002X",
        "1101051949\u200b1231002X",
        "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X",
        "1_010519491231002X",
        "+1010519491231002X",
        "\ud80011010519491231002X",
        "110105491231002",  # The 15 digits of before 1999
        "1" * 5000,
    ],
)
def test_what_is_no_identity_number_is_refused(raw: str) -> None:
    assert_refused(raw)


def test_neither_refusal_nor_repr_quotes_the_number() -> None:
    with pytest.raises(IdentityNumberMalformed) as raised:
        parse("110105194912310021", TODAY)
    assert "1101" not in f"{raised.value!r} {raised.value.args} {vars(raised.value)}"
    assert raised.value.__context__ is None
    assert "1101" not in repr(parse(VECTORS[0], TODAY))


def test_provinces_in_use_and_no_others() -> None:
    in_use = {*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55)}
    in_use |= {*range(61, 66), 71, 81, 82, 83, *range(90, 100)}
    for province in range(100):
        number = numbered(f"{province:02}0105", "19900101")
        if province in in_use:
            assert parse(number, TODAY).number == number
        else:
            assert_refused(number)


@pytest.mark.parametrize(
    "born",
    [
        "19900230",
        "19000229",
        "20230229",
        "19901301",
        "19900001",
        "19900100",
        "19900132",
        "00000101",
        "18491231",
        "20240518",
        "20250101",
        "99991231",
    ],
)
def test_dates_that_nobody_was_born_on(born: str) -> None:
    assert_refused(numbered("110105", born))


@pytest.mark.parametrize("born", ["20000229", "20240229", "18500101", "20240517", "18800101"])
def test_dates_of_birth(born: str) -> None:
    assert parse(numbered("110105", born), TODAY).number[6:14] == born


@given(
    st.sampled_from(["110105", "440524", "810000", "911124"]),
    st.dates(date(1850, 1, 1), TODAY),
    st.integers(0, 999),
)
def test_every_well_formed_number_is_read_and_masked(place: str, born: date, sequence: int) -> None:
    number = numbered(place, f"{born:%Y%m%d}", f"{sequence:03}")
    read = parse(number.lower(), TODAY)
    assert read.number == number
    assert read.masked == number[:3] + "*" * 11 + number[-4:]
    assert_refused(number, born - timedelta(days=1))


def test_masked_as_the_protocols_show_it() -> None:
    assert parse(VECTORS[0], TODAY).masked == "110***********002X"


@pytest.mark.parametrize("vector", VECTORS)
def test_every_other_check_character_is_refused(vector: str) -> None:
    for character in "0123456789X":
        if character != vector[17]:
            assert_refused(vector[:17] + character)


@pytest.mark.parametrize("vector", VECTORS)
def test_every_single_wrong_digit_is_found(vector: str) -> None:
    for place in range(17):
        for digit in "0123456789":
            if digit != vector[place]:
                assert_refused(vector[:place] + digit + vector[place + 1 :])


@pytest.mark.parametrize("vector", VECTORS)
def test_every_swap_of_neighbours_is_found(vector: str) -> None:
    for place in range(17):
        one, other = vector[place], vector[place + 1]
        if one != other:
            assert_refused(vector[:place] + other + one + vector[place + 2 :])


@given(st.text(st.characters() | st.sampled_from("0123456789Xx１Ｘ "), max_size=20))
def test_any_text_is_read_or_refused(raw: str) -> None:
    try:
        read = parse(raw, TODAY)
    except IdentityNumberMalformed:
        return
    assert parse(read.number, TODAY) == read
