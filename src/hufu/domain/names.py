"""What people may type as a name, and when two names are the same one."""

import re
import unicodedata

from hufu.domain.errors import (
    AccountNameMalformed,
    HandleMalformed,
    HandleTaken,
    Malformed,
    NameMalformed,
)
from hufu.domain.identifiers import Identifier, IdentifierKind

DEFAULT_NAME_PREFIX = "用户"

SHORTEST_ACCOUNT_NAME = 3
LONGEST_ACCOUNT_NAME = 64

# UAX #15, Stream-Safe Text Format: no language stacks more marks. Sorting them costs NFC quadratic
# time, so longer runs are refused before it starts.
MOST_STACKED_MARKS = 30
_MARKS_OF_CLASS_ZERO = "\u0f73\u0f75\u0f81"  # Starters by class that decompose into marks.

_TRIMMED = (
    "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u202f\u205f\u3000"
)
_NON_CHARACTERS = "".join(
    chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
# Cc, Cs, bidirectional controls, line and paragraph separators, non-characters.
_REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef"
    f"{_NON_CHARACTERS}]"
)

# Unicode property Default_Ignorable_Code_Point: drawn as nothing.
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Symbols without ink: an empty Braille cell, a null note head.
_DRAWN_BLANK = "\u2800\U0001d159"

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}

# Letters that pass for a Latin one in common fonts (UTS #39): Greek capital Η for h, small η for n.
_PASSES_FOR = {
    "a": "ΑАαаɑᴀᎪꓮᗅⲁⲀ",
    "b": "ΒВвьʙ",
    "c": "СсϹϲᴄⲥⲤꓚ",
    "d": "ԁᴅꓓ",
    "e": "ΕЕεеᴇꓰ",
    "f": "ꜰ",
    "g": "ɡɢ",
    "h": "ΗНнһʜꓧհ",
    "i": "ΙІιіıɪꓲ",
    "j": "Јјᴊ",
    "k": "ΚКκкᴋ",
    "l": "Ӏӏʟ",
    "m": "ΜМмᴍꓟ",
    "n": "Νηпɴꓠո",
    "o": "ΟОοоᴏօꓳⲟⲞ",
    "p": "ΡРρрᴘꓑⲣ",
    "q": "ԛ",
    "r": "гʀꓣ",
    "s": "Ѕѕꜱꓢ",
    "t": "ΤТτтᴛꓔ",
    "u": "υᴜꓴս",
    "v": "νѵᴠ",
    "w": "ωԝᴡ",
    "x": "ΧХχх",
    "y": "ΥУγуʏ",
    "z": "Ζᴢ",
}
_HOMOGLYPHS = {ord(char): latin for latin, alike in _PASSES_FOR.items() for char in alike}
# White letters in black circles and squares, which have no decomposition.
_HOMOGLYPHS |= {
    first + place: chr(ord("a") + place) for first in (0x1F150, 0x1F170) for place in range(26)
}
_ALIKE = str.maketrans("01l", "oii")
_WORDS = re.compile(r"[^\W_]+")

# 上官 is a surname: 上官方 is somebody's name.
_OFFICIAL_ANYWHERE = re.compile("客服|(?<!上)官方|管理[员員]|客[户戶]服[务務]")

_HANDLE = re.compile(r"[A-Za-z0-9_]{3,22}")
_NEVER_A_HANDLE = frozenset(
    ("anonymous", "api", "everyone", "false", "nil", "none", "null", "true", "undefined", "www")
)
_INTEGER = re.compile(r"[+\-\u2212]?\s*\d[\d_,\s]*")


def clean_text(raw: str, refusal: Malformed | None = None) -> str:
    """NFC of `raw` without white space around it; may be empty.

    Raises `refusal` (default: Malformed) for characters that are no text: controls, surrogates,
    bidirectional controls, line separators, non-characters, and piles of marks.
    """
    text = raw
    if not raw.isascii():
        if _piled(raw):
            raise refusal or Malformed()
        text = unicodedata.normalize("NFC", raw)
    text = text.strip(_TRIMMED)
    if _REFUSED.search(text):
        raise refusal or Malformed()
    return text


def half_width(text: str) -> str:
    """`text` with the full-width forms that Chinese keyboards type turned into plain ASCII."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)


def without_invisible(text: str) -> str:
    """`text` without the characters that are drawn as nothing (Default_Ignorable_Code_Point)."""
    return text if text.isascii() else _IGNORABLE.sub("", text)


def display_name(raw: str, longest: int) -> str:
    """The name to show for an account, cleaned; raises NameMalformed.

    It has 1 to `longest` code points, something to see, and does not pose as the operator.
    """
    refusal = NameMalformed(field="name")
    name = clean_text(raw, refusal)
    if len(name) > longest or not _visible(name) or _poses_as_operator(name):
        raise refusal
    return name


def name_key(name: str) -> str:
    """What is compared where names are unique: the compatibility caseless form (Unicode D146).

    Characters that are drawn as nothing do not make a name another one.
    """
    folded = unicodedata.normalize("NFD", without_invisible(name)).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    return unicodedata.normalize("NFKC", folded)


def handle(raw: str) -> tuple[str, str]:
    """A handle as typed, and its caseless key; raises HandleMalformed, HandleTaken."""
    if not _HANDLE.fullmatch(raw):
        raise HandleMalformed(field="handle")
    key = raw.lower()
    if key in _NEVER_A_HANDLE or _poses_as_operator(raw):
        raise HandleTaken
    return raw, key


def account_name(raw: str) -> Identifier:
    """A user name to sign in with; raises AccountNameMalformed.

    It has 3 to 64 code points and does not read as an integer.
    """
    refusal = AccountNameMalformed(field="account_name")
    shown = clean_text(raw, refusal)
    if len(shown) > LONGEST_ACCOUNT_NAME or not _visible(shown):
        raise refusal
    key = name_key(shown)
    if len(without_invisible(shown)) < SHORTEST_ACCOUNT_NAME or _INTEGER.fullmatch(key):
        raise refusal
    return Identifier(IdentifierKind.USER_NAME, key, shown)


def default_name(letters: str) -> str:
    """The display name of somebody who gave none; `letters` are random."""
    return DEFAULT_NAME_PREFIX + letters


def mask_phone(number: str) -> str:
    """A national or E.164 number with four digits or more hidden: `133****3695`."""
    digits = number.removeprefix("+86")
    spare = max(0, len(digits) - 4)
    head = min(3, spare // 2)
    tail = min(4, spare - head)
    return f"{digits[:head]}****{digits[len(digits) - tail :]}"


def mask_email(address: str) -> str:
    """An address with all but its first letter and domain hidden: `a***@126.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}***{at}{domain if at else ''}"


def _piled(text: str) -> bool:
    if len(text) <= MOST_STACKED_MARKS:
        return False
    run = 0
    for char in text:
        stacks = unicodedata.combining(char) or char in _MARKS_OF_CLASS_ZERO
        run = run + 1 if stacks else 0
        if run > MOST_STACKED_MARKS:
            return True
    return False


def _visible(text: str) -> bool:
    for char in without_invisible(text):
        category = unicodedata.category(char)
        if category[0] not in "MZ" and category != "Cf" and char not in _DRAWN_BLANK:
            return True
    return False


def _skeleton(text: str) -> str:
    """What a hasty reader takes `text` for: no marks, no case, look-alike letters made one."""
    plain = unicodedata.normalize("NFKD", without_invisible(text))
    letters = "".join(char for char in plain if unicodedata.category(char)[0] != "M")
    return letters.translate(_HOMOGLYPHS).casefold().translate(_ALIKE).replace("rn", "m")


_OFFICIAL_WORDS = (
    "admin",
    "administrator",
    "customerservice",
    "customersupport",
    "helpdesk",
    "hufu",
    "moderator",
    "noreply",
    "official",
    "postmaster",
    "root",
    "security",
    "staff",
    "superadmin",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "systemadmin",
    "webmaster",
    "系统",
    "系統",
    "系统消息",
    "系統消息",
    "系统通知",
    "系統通知",
    "虎符",
)
_OFFICIAL = frozenset(map(_skeleton, _OFFICIAL_WORDS))


def _poses_as_operator(name: str) -> bool:
    words = _WORDS.findall(_skeleton(name))
    joined = "".join(words)
    return bool(
        joined in _OFFICIAL
        or _OFFICIAL_ANYWHERE.search(joined)
        or (words and _OFFICIAL.issuperset(words))
    )
