"""What a request struct says of its fields, in words."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import getdoc
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from hufu.wire.fields import (
    MAX_ID,
    Digits,
    Form,
    Matching,
    Text,
    TextOrEmpty,
    Verbatim,
    Whole,
)
from hufu.wire.forms import Upload


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
        case Verbatim(longest):
            words = f"{_text(1, longest)}, taken as sent"
        case Text(longest):
            words = _text(1, longest)
        case TextOrEmpty(longest):
            words = _text(0, longest)
        case Digits(shortest, longest):
            words = f"{_span(shortest, longest)} digits"
        case Whole(least, most):
            words = "id" if (least, most) == (1, MAX_ID) else f"integer, {_span(least, most)}"
        case Matching():
            words = f"`{form._pattern.pattern}`"  # noqa: SLF001  # Nothing else shows it.
        case _:
            words = (getdoc(type(form)) or "").partition("\n")[0].removesuffix(".")
    return words


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


def _text(least: int, most: int) -> str:
    return f"text, {_span(least, most)} code points"


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
