"""Identity numbers of the People's Republic of China (GB 11643-1999)."""

import re
from dataclasses import field
from datetime import date

from hufu.domain.errors import IdentityNumberMalformed
from hufu.domain.names import clean_text, half_width
from hufu.domain.values import value

EARLIEST_BIRTH_YEAR = 1850

# GB/T 2260 provinces; 81 to 83 are residence permits for Hong Kong, Macao and Taiwan residents, a
# leading 9 is a permanent residence card.
_FORM = re.compile(
    r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9])[0-9]{4}"
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})[0-9]{3}[0-9X]"
)

# ISO 7064, MOD 11-2: weights 2^(17-i) mod 11, and the character that each remainder asks for.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"


@value
class IdentityNumber:
    """A number that could have been issued: 18 ASCII characters, X in upper case."""

    number: str = field(repr=False)

    @property
    def masked(self) -> str:
        """The number without its district, date and most of its sequence: `110***********002X`."""
        return f"{self.number[:3]}{'*' * 11}{self.number[-4:]}"


@value
class SealedIdentity:
    """A person's name and sealed number as recorded for an account in an app."""

    real_name: str
    sealed: bytes = field(repr=False)
    blind_index: bytes = field(repr=False)
    verified: bool = False


def parse(raw: str, today: date) -> IdentityNumber:
    """The identity number typed, in full or half width; raises IdentityNumberMalformed.

    The date in it is a day of the calendar between 1850 and `today`.
    """
    refusal = IdentityNumberMalformed(field="identity_number")
    number = half_width(clean_text(raw, refusal)).upper()
    form = _FORM.fullmatch(number)
    if form is None or number[-1] != check_character(number[:-1]):
        raise refusal
    born = _day(int(form["year"]), int(form["month"]), int(form["day"]))
    if born is None or born.year < EARLIEST_BIRTH_YEAR or born > today:
        raise refusal
    return IdentityNumber(number)


def check_character(digits: str) -> str:
    """The last character of the number that starts with these 17 ASCII digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return _CHECK_CHARACTERS[total % 11]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
