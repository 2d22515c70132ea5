"""Codes as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.invitations import CODE_LENGTH, CROCKFORD, code_spellings

own_codes = st.text(alphabet=CROCKFORD, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
any_codes = st.text(alphabet=CROCKFORD + "ILOU", min_size=1, max_size=12)
_READ_AS = {"1": "1iIlL", "0": "0oO"}


def test_the_alphabet_is_crockfords() -> None:
    assert len(set(CROCKFORD)) == len(CROCKFORD) == 32
    assert not set("ILOU") & set(CROCKFORD)


@given(own_codes)
def test_our_own_code_is_meant_by_itself_in_either_case(code: str) -> None:
    assert code_spellings(code) == (code,)
    assert code_spellings(code.lower()) == (code,)


@given(own_codes, st.data())
def test_our_own_code_is_found_however_it_was_misread(code: str, data: st.DataObject) -> None:
    typed = "".join(
        data.draw(st.sampled_from(_READ_AS.get(char, char + char.lower()))) for char in code
    )
    spellings = code_spellings(typed)
    assert code in spellings
    assert spellings[0] == typed.upper()
    assert len(spellings) == len(set(spellings)) <= 2


@given(any_codes)
def test_an_older_code_of_another_length_means_itself_only(code: str) -> None:
    spellings = code_spellings(code.lower())
    assert spellings[0] == code
    if len(code) != CODE_LENGTH:
        assert spellings == (code,)


@given(any_codes)
def test_what_was_typed_comes_first_and_nothing_is_tried_twice(code: str) -> None:
    spellings = code_spellings(code)
    assert spellings[0] == code
    assert len(set(spellings)) == len(spellings) <= 2


@pytest.mark.parametrize(
    ("typed", "spellings"),
    [
        ("oOiIlL01", ("OOIILL01", "00111101")),
        ("lilo5", ("LILO5",)),
        ("ilo", ("ILO",)),
        ("ILOILOILO", ("ILOILOILO",)),
        ("ABCDEFGU", ("ABCDEFGU",)),
        ("", ("",)),
    ],
)
def test_spellings(typed: str, spellings: tuple[str, ...]) -> None:
    assert code_spellings(typed) == spellings


@given(st.text(max_size=12))
def test_any_text_has_spellings(typed: str) -> None:
    """Letters that grow when they are made upper-case included."""
    spellings = code_spellings(typed)
    assert 1 <= len(spellings) <= 2
    assert all(len(each) == len(typed.upper()) for each in spellings)
