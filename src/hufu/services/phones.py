"""Mobile numbers, through the library phonenumbers."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from hufu.domain.errors import PhoneMalformed
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.names import clean_text, half_width, without_invisible

DEFAULT_REGION = "CN"
DEFAULT_COUNTRY = "+86"
LONGEST_PHONE = 55  # Code points; the widest column of the protocols.

# The library also accepts letters, extensions and `tel:` addresses; none of them comes this far.
_FORM = re.compile(r"\(? ?\+? ?\(? ?\d(?:[-\d ./()]*\d)?")
_READS_AS_ONE = re.compile(r"\(? ?\+? ?\(? ?\d[-\d ./()]*(?:(?:#|x|ext\.?) ?\d+)?", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 7  # As a fixed line of a smaller Chinese city has without its area code.
_SEPARATORS = re.compile(r"[-+ ./()]+")
_TYPED_SEPARATORS = str.maketrans(
    "\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f‐‑‒–—―−﹣ー",
    " " * 12 + "-" * 9,
)
# Where one prefix serves fixed and mobile numbers alike (+1), nothing tells them apart.
_MOBILE = frozenset((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE))


def parse_phone(raw: str) -> Identifier:
    """The mobile number typed, whatever its spelling; a number without a country is Chinese.

    Raises PhoneMalformed: no number, an extension, a vanity number, a fixed line, a range that is
    not in use.
    """
    refusal = PhoneMalformed(field="phone")
    text = clean_text(raw, refusal)
    if len(text) > LONGEST_PHONE:
        raise refusal
    text = _plain(text)
    e164 = _e164(text) if _FORM.fullmatch(text) else None
    if e164 is None:
        raise refusal
    return Identifier(IdentifierKind.PHONE, e164, e164)


def reads_as_phone(text: str) -> bool:
    """Whether people would take it for a telephone number of whatever kind, in use or not."""
    plain = _plain(text)
    return bool(_READS_AS_ONE.fullmatch(plain)) and len(_DIGIT.findall(plain)) >= _FEWEST_DIGITS


def _plain(text: str) -> str:
    """The text with the digits and separators of ASCII."""
    if text.isascii():
        return text
    return without_invisible(half_width(text)).translate(_TYPED_SEPARATORS)


def national(key: str) -> str:
    """An E.164 number as the protocols write it: national digits if Chinese, else E.164."""
    return key.removeprefix(DEFAULT_COUNTRY)


def country(key: str) -> str:
    """The country calling code of an E.164 number: `+86`; raises ValueError if there is none."""
    for end in range(2, 5):
        if int(key[1:end]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return key[:end]
    raise ValueError("no country calling code")


def _e164(text: str) -> str | None:
    plus = "+" if "+" in text else ""
    try:
        number = phonenumbers.parse(plus + _SEPARATORS.sub("", text), DEFAULT_REGION)
    except NumberParseException:
        return None
    if phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
