"""What must not be guessed, from the operating system's generator."""

import secrets
import string
from collections.abc import Sequence

BASE62 = string.digits + string.ascii_letters
UPPER = string.digits + string.ascii_uppercase
HEX = string.digits + "abcdef"
HEX_TOKEN_LENGTH = 40
APP_SECRET_CHARACTERS = 40
LOWER = string.digits + string.ascii_lowercase

_system = secrets.SystemRandom()


def number31() -> int:
    """A random positive 31-bit integer: an id that tells nothing and gives no power."""
    return secrets.randbelow(2**31 - 1) + 1


def digits(count: int) -> str:
    """So many random decimal digits."""
    return str(secrets.randbelow(10**count)).zfill(count)


def hex_token() -> str:
    """40 lower-case hex digits, 160 bits."""
    return secrets.token_hex(HEX_TOKEN_LENGTH // 2)


def is_hex_token(token: str) -> bool:
    """Whether it could be one of ours."""
    return len(token) == HEX_TOKEN_LENGTH and set(token) <= set(HEX)


def app_secret() -> str:
    """A secret that a scanner of source code can recognise: `hufu_` and 40 characters, 238 bits."""
    return f"hufu_{text(BASE62, APP_SECRET_CHARACTERS)}"


def different(most: int, count: int) -> list[int]:
    """So many different integers from 1 to `most`, each set of them equally likely."""
    return _system.sample(range(1, most + 1), count)


def text(alphabet: Sequence[str], count: int) -> str:
    """So many random characters of the alphabet."""
    return "".join(secrets.choice(alphabet) for _ in range(count))


def choose(options: Sequence[str]) -> str:
    """One of the options."""
    return secrets.choice(options)
