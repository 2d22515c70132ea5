"""The fields of every row of every dialect's table, each with a value that is well formed.

A new row joins by itself. A field with a new name needs a value here only where its form does not
say enough.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

import msgspec

from actors import MODULUS, UTIME, XID
from dialects.pictures import PNG
from hufu.wire.fields import Digits, Form, Named, Whole
from hufu.wire.forms import Upload

EITHER = (("verfify_id", "verify_id"), ("identifying_code", "identifying"))
"""Names that one value may come under; one of them is needed."""

LONG = 10_000
DIGEST = "5" * 32
PICTURE = Upload("picture.png", "image/png", base64.b64decode(PNG))


@dataclass(frozen=True)
class Field:
    """One field: what its form gives, the most code points that it takes, and whether it may be a
    number where it gives text."""

    name: str
    gives: type
    required: bool
    longest: int
    value: object
    numbers: bool = False


def phone(number: int) -> str:
    """A mobile number of its own for each number."""
    return f"138{number:08d}"


def card(number: int) -> str:
    """A valid identity number of its own for each number below 999."""
    digits = f"11010519491231{number + 1:03d}"
    weighed = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(digits))
    return digits + "10X98765432"[weighed % 11]


def _fomo(number: int) -> dict[str, object]:
    return {
        "user_name": phone(number),
        "login_name": phone(number),
        "phone": phone(number),
        "email": f"person{number}@example.com",
        "base64_string": PNG,
        "fomo_id": f"person_{number}",
    }


def _company(number: int) -> dict[str, object]:
    return {
        "phone": phone(number),
        "xid": XID,
        "utime": UTIME,
        "user/sms sec": str((int(phone(number)) - int(UTIME)) % MODULUS),
        "pwd": DIGEST,
        "company_logo": "https://example.com/logo.png",
        "identity_card": card(number),
        "qq_number": "10001",
        "recommend_user_id": "",
    }


def _rental(number: int) -> dict[str, object]:
    return {
        "mobile": phone(number),
        "image_code_id": "0-a",
        "codeid": f"{number}-a",
        "pcodeid": "",
        "name": f"tenant {number}",
        "id_card": card(number),
    }


def _creator(number: int) -> dict[str, object]:
    return {
        "account": f"person_{number}",
        "name": f"person {number}",
        "role": "normal_user",
        "<phone>": phone(number),
        "phone_number": phone(number),
        "identifying": "000000",
        "identifying_code": "000000",
    }


VALUES = {"fomo": _fomo, "company": _company, "rental": _rental, "creator": _creator}


def fields_of(dialect: str, path: str, struct: type[msgspec.Struct], number: int) -> list[Field]:
    """The fields of a row's struct, as another person for each number would fill them in."""
    values = VALUES[dialect](number)
    return [
        _field(each, values.get(f"{path} {each.encode_name}", values.get(each.encode_name)))
        for each in msgspec.structs.fields(struct)
    ]


def _field(each: msgspec.structs.FieldInfo, value: object) -> Field:
    form = _form(each.type)
    if form is None:
        return Field(each.encode_name, Upload, each.required, LONG, PICTURE)
    value = _plain(form) if value is None else value
    longest = getattr(form, "longest", LONG)
    numbers = isinstance(form, Named)
    return Field(each.encode_name, form.gives, each.required, longest, value, numbers)


def _form(kind: Any) -> Form | None:
    """What stands in the field's annotation; None for a file."""
    for part in (kind, *get_args(kind)):
        if get_origin(part) is Annotated:
            return next(note for note in get_args(part) if isinstance(note, Form))
    return None


def _plain(form: Form) -> object:
    if isinstance(form, Whole):
        return max(form.least, 1)
    if isinstance(form, Digits):
        return "1" * form.shortest
    return "correct horse"[: getattr(form, "longest", LONG)]


def without(fields: list[Field], *names: str) -> list[tuple[str, object]]:
    """Names and values of the fields but those."""
    return [(each.name, each.value) for each in fields if each.name not in names]


def values_of(fields: list[Field]) -> Mapping[str, object]:
    """The fields' values by name."""
    return {each.name: each.value for each in fields}
