"""A well-formed request for every row of every dialect's table, and ways of spoiling it.

A new row joins by itself. A field whose name is new needs a value in `VALUES` only where its form
does not say enough.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from dialects.pictures import PNG
from dialects.vocabulary import VOCABULARIES, Vocabulary
from hufu.wire.dialect import Dialect, Endpoint, Member
from hufu.wire.forms import Upload

PICTURE = Upload("picture.png", "image/png", base64.b64decode(PNG))
BOUNDARY = "----wellformed"
LONG = 10_000
ANSWER_TYPE = "application/json; charset=utf-8"

Pair = tuple[str, object]


@dataclass(frozen=True)
class Field:
    """One field of a row: what its struct says, or what shows who is asking."""

    name: str
    gives: type
    required: bool
    longest: int | None
    value: object


@dataclass(frozen=True)
class Row:
    """One row of a dialect's table, with the dialect's words."""

    dialect: Dialect[Any]
    endpoint: Endpoint[Any]

    def __str__(self) -> str:
        return f"{self.dialect.name} {self.endpoint.method} {self.endpoint.path}"

    @property
    def words(self) -> Vocabulary:
        return VOCABULARIES[self.dialect.name]

    @property
    def path(self) -> str:
        return f"/{self.dialect.name}/{self.endpoint.path}"

    @property
    def parameter(self) -> str | None:
        return self.path[self.path.index("<") :] if "<" in self.path else None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The ways in which the row's fields can be sent."""
        if self.endpoint.from_query:
            return ("query",)
        if any(each.gives is Upload for each in self.fields()):
            return ("multipart",)
        return ("json", "form", "multipart")

    @property
    def malformed(self) -> tuple[int, Mapping[str, Any]]:
        said = self.words.malformed
        return self.words.own_malformed.get(self.endpoint.path, said.status), said.body

    def fields(self, number: int = 0) -> list[Field]:
        """The row's fields as another person for each number would fill them in."""
        return [*self.proof(), *self.struct_fields(number)]

    def proof(self) -> list[Field]:
        """What shows who is asking, where the row wants to know; nobody is."""
        if not isinstance(self.endpoint, Member):
            return []
        shown = self.words.proof if self.endpoint.proof is None else self.words.beside
        return [Field(name, type(value), True, longest, value) for name, value, longest in shown]

    def struct_fields(self, number: int = 0) -> list[Field]:
        """The fields of the row's struct."""
        known = VALUES[self.dialect.name](number)
        return [
            _field(each, known.get(f"{self.endpoint.path} {each.encode_name}", known))
            if f"{self.endpoint.path} {each.encode_name}" not in known
            else replace(
                _field(each, known), value=known[f"{self.endpoint.path} {each.encode_name}"]
            )
            for each in msgspec.structs.fields(self.endpoint.request)
        ]
