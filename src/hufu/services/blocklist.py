"""The most common passwords."""

import hashlib
from functools import cache
from importlib.resources import files

SOURCE = "common_passwords.txt"


@cache
def common_passwords() -> frozenset[str]:
    """The MD5 (lower-case hex) of each of the 10,000 most common passwords."""
    lines = files("hufu.services").joinpath(SOURCE).read_text("utf-8").splitlines()
    return frozenset(
        hashlib.md5(line.encode(), usedforsecurity=False).hexdigest()
        for line in lines
        if not line.startswith("#")
    )
