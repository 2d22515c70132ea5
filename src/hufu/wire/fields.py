"""The words in which a request struct says what its fields may hold, and the reader of them.

    class Login(msgspec.Struct):
        login_name: Annotated[str, Text(125)]
        pwd: Secret
        sex: Annotated[int, Whole(0, 2)] | None = None

A field that may be left out is `… | None = None`, or has another default.
"""

import re
import types
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import Annotated, ClassVar, Generic, NamedTuple, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from hufu.domain.errors import Malformed
from hufu.domain.names import clean_text
from hufu.wire.body import Fields
from hufu.wire.forms import Upload
from hufu.wire.texts import is_text

S = TypeVar("S", bound=msgspec.Struct)
JsonSchema = dict[str, object]

MAX_SECRET = 128  # Code points.
MAX_ID = 2**31 - 1
LARGEST_INTEGER = 2**63 - 1

NUMBER = ("integer", "string")
"""The JSON types in which a number may come."""

_WHOLE = re.compile("0|[1-9][0-9]{0,18}")
_DIGITS = re.compile("[0-9]*")
# No text becomes more than four times shorter by NFC; the rest is room for what trimming takes.
_NFC_SHRINKAGE = 4
_TRIMMINGS = 64


class Form(ABC):
    """What the values of one field look like; stands in the field's `Annotated`."""

    __slots__ = ()

    gives: ClassVar[type] = str

    @abstractmethod
    def read(self, value: object) -> object:
        """The value as the struct holds it; raises Malformed."""

    def schema(self) -> JsonSchema:
        """What may be sent, as far as JSON Schema (2020-12) can say it."""
        return {"type": list(NUMBER) if self.gives is int else "string"}


@dataclass(frozen=True, slots=True)
class TextOrEmpty(Form):
    """Normalised, trimmed text of at most `longest` code points."""

    longest: int

    def read(self, value: object) -> str:
        # Cleaning costs more than reading: what can only come out too long is not cleaned.
        raw = _string(value, _NFC_SHRINKAGE * self.longest + _TRIMMINGS)
        text = clean_text(raw)
        if len(text) > self.longest:
            raise Malformed
        return text

    def schema(self) -> JsonSchema:
        return _text_schema(0, self.longest)


@dataclass(frozen=True, slots=True)
class Text(Form):
    """Normalised, trimmed text of 1 to `longest` code points."""

    longest: int

    def read(self, value: object) -> str:
        text = TextOrEmpty(self.longest).read(value)
        if not text:
            raise Malformed
        return text

    def schema(self) -> JsonSchema:
        return _text_schema(1, self.longest)


@dataclass(frozen=True, slots=True)
class Verbatim(Form):
    """Text of 1 to `longest` code points, left exactly as it was sent."""

    longest: int

    def read(self, value: object) -> str:
        text = _string(value, self.longest)
        if not text:
            raise Malformed
        return text

    def schema(self) -> JsonSchema:
        return _text_schema(1, self.longest)


class Matching(Form):
    """Text that the pattern matches from end to end, left as sent; its classes are ASCII's."""

    __slots__ = ("_pattern",)

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern, re.ASCII)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or not self._pattern.fullmatch(value) or not is_text(value):
            raise Malformed
        return value

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": _whole_text(self._pattern)}


class Named(Matching):
    """The same for an id that clients make up, which may come as a JSON integer too."""

    __slots__ = ()

    def read(self, value: object) -> str:
        if type(value) is int and 0 <= value <= LARGEST_INTEGER:
            value = str(value)
        return super().read(value)

    def schema(self) -> JsonSchema:
        return {**super().schema(), "type": list(NUMBER), "minimum": 0, "maximum": LARGEST_INTEGER}


@dataclass(frozen=True, slots=True)
class Digits(Form):
    """A string of `shortest` to `longest` ASCII digits, leading zeros kept."""

    shortest: int
    longest: int

    def read(self, value: object) -> str:
        text = _string(value, self.longest)
        if len(text) < self.shortest or not _DIGITS.fullmatch(text):
            raise Malformed
        return text

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": f"^[0-9]{{{self.shortest},{self.longest}}}$"}


@dataclass(frozen=True, slots=True)
class Whole(Form):
    """An integer from `least`, 0 or more, to `most`: a JSON integer or its one decimal spelling."""

    gives: ClassVar[type] = int

    least: int
    most: int

    def read(self, value: object) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        # bool is a subclass of int, and no number on the wire.
        if type(value) is not int or not self.least <= value <= self.most:
            raise Malformed
        return value

    def schema(self) -> JsonSchema:
        bounds = {"minimum": self.least, "maximum": self.most}
        return {"type": list(NUMBER), **bounds, "pattern": _whole_text(_WHOLE)}


Secret = Annotated[str, Verbatim(MAX_SECRET)]
WireId = Annotated[int, Whole(1, MAX_ID)]


class _File(Form):
    __slots__ = ()

    gives: ClassVar[type] = Upload

    def read(self, value: object) -> Upload:
        if not isinstance(value, Upload):
            raise Malformed
        return value

    def schema(self) -> JsonSchema:
        return {"type": "string", "format": "binary"}


class Step(NamedTuple):
    """How one field is read."""

    attribute: str
    wire_name: str
    required: bool
    form: Form


@cache
def _steps(struct: type[msgspec.Struct]) -> tuple[Step, ...]:
    return tuple(_step(field) for field in msgspec.structs.fields(struct))


class Reader(Generic[S]):
    """Makes requests of one struct class out of fields; made once per class, at start.

    Raises TypeError when the class does not say what one of its fields may hold.
    """

    __slots__ = ("_struct", "steps")

    def __init__(self, struct: type[S]) -> None:
        self._struct = struct
        self.steps = _steps(struct)

    def read(self, fields: Fields) -> S:
        """The request; raises Malformed with the struct's own name for the field."""
        values: dict[str, object] = {}
        for attribute, wire_name, required, form in self.steps:
            value = fields.get(wire_name)
            if value is not None:
                try:
                    values[attribute] = form.read(value)
                except Malformed:
                    raise Malformed(attribute) from None
            elif required:
                raise Malformed(attribute)
        return self._struct(**values)


def _text_schema(shortest: int, longest: int) -> JsonSchema:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def _whole_text(pattern: re.Pattern[str]) -> str:
    """The pattern as JSON Schema has it, which looks for it anywhere."""
    return f"^(?:{pattern.pattern})$"


def _string(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or not is_text(value):
        raise Malformed
    return value


def _step(field: FieldInfo) -> Step:
    kind: object = field.type
    optional = False
    if get_origin(kind) in {Union, types.UnionType}:
        kinds = [part for part in get_args(kind) if part is not types.NoneType]
        optional = len(kinds) < len(get_args(kind))
        kind = kinds[0] if len(kinds) == 1 else kind
    if optional and field.required:
        raise TypeError(f"{field.name}: a field that may be None needs a default")
    return Step(field.name, field.encode_name, field.required, _form(field.name, kind))


def _form(name: str, kind: object) -> Form:
    if kind is Upload:
        return _File()
    if get_origin(kind) is Annotated:
        value_type, *notes = get_args(kind)
        forms = [note for note in notes if isinstance(note, Form)]
        if len(forms) == 1 and forms[0].gives is value_type:
            return forms[0]
    raise TypeError(f"{name}: {kind!r} does not say what the field may hold")
