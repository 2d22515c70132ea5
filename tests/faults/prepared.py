"""Requests as they are written to a connection."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from faults.connection import FORM, HOST
from faults.people import PASSWORD, Person
from hufu.services.load import Sent

GOOD = b'"status":1,'
"""In what fomo answers where it was done."""


def form(port: int, path: str, fields: dict[str, Any], **headers: str) -> bytes:
    """POST a form."""
    body = urlencode({name: str(value) for name, value in fields.items()}).encode()
    return Sent("POST", path, {**FORM, **headers}, body).prepared(f"{HOST}:{port}")


def sign_in(port: int, person: Person, **headers: str) -> bytes:
    """Open a session with the password."""
    fields = {"login_name": person.phone, "pwd": PASSWORD}
    return form(port, "/fomo/customer/login", fields, **headers)


def check(port: int, person: Person, **headers: str) -> bytes:
    """Show the profile."""
    fields = {"session_key": person.session}
    return form(port, "/fomo/customer/get_user_info", fields, **headers)


def in_turn(
    port: int, people: Sequence[Person], made: Callable[[int, Person], bytes]
) -> Iterator[bytes]:
    """The same of one after the other, for ever."""
    return itertools.cycle([made(port, person) for person in people])
