"""What text is on the wire."""

from hufu.domain.errors import Malformed


def is_text(value: str) -> bool:
    """Whether the string can be stored and sent: no NUL and no lone surrogate in it."""
    if "\0" in value:
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def text_of(raw: bytes) -> str:
    """UTF-8 that can be stored; raises Malformed."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise Malformed from None
    if "\0" in text:
        raise Malformed
    return text
