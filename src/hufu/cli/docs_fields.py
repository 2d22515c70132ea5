"""What a request struct says of its fields, in words."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from hufu.wire.body import Upload
from hufu.wire.fields import (
    MAX_ID,
    MAX_SECRET,
    Digits,
    Form,
    Matching,
    Text,
    TextOrEmpty,
    Verbatim,
    Whole,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request."""

    name: str
    required: bool
    form: str


def request_fields(request: type[Any]) -> Iterator[Field]:
    """The fields of the struct, under their wire names."""
    for field in msgspec.structs.fields(request):
        yield Field(field.encode_name, field.required, _kind_in_words(field.type))


def form_in_words(form: Form) -> str:
    """What the form admits."""
    match form:
        case Verbatim(longest) if longest == MAX_SECRET:
            return f"secret, {_points(1, longest)}, taken as sent"
        case Verbatim(longest):
            return f"text, {_points(1, longest)}, taken as sent"
        case Text(longest):
            return f"text, {_points(1, longest)}"
        case TextOrEmpty(longest):
            return f"text, {_points(0, longest)}"
        case Digits(shortest, longest):
            return f"{_span(shortest, longest)} digits"
        case Whole(1, most) if most == MAX_ID:
            return "id"
        case Whole(least, most):
            return f"integer, {_span(least, most)}"
        case Matching():
            return f"`{form._pattern.pattern}`"  # noqa: SLF001  # Nothing else shows a pattern.
        case _:
            said = getdoc(type(form)) or ""
            return said.partition("\n")[0].removesuffix(".")


def _kind_in_words(kind: Any) -> str:
    if kind is Upload:
        return "file"
    if get_origin(kind) in {Union, types.UnionType}:
        return next(filter(None, map(_kind_in_words, get_args(kind))), "")
    if get_origin(kind) is Annotated:
        return next(
            (form_in_words(note) for note in kind.__metadata__ if isinstance(note, Form)), ""
        )
    return ""


def _points(least: int, most: int) -> str:
    return f"{_span(least, most)} code points"


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
