"""The header fields of a request."""

from collections.abc import Sequence

from hufu.domain.errors import Malformed


class Headers:
    """Header fields by their lower-case names, read once per request."""

    __slots__ = ("_doubled", "_fields", "_first")

    def __init__(self, fields: Sequence[tuple[bytes, bytes]]) -> None:
        self._fields = fields
        self._first = dict(reversed(fields))
        self._doubled = len(self._first) != len(fields)

    def first(self, name: bytes) -> bytes | None:
        """The value of the field, the first if it was sent several times."""
        return self._first.get(name)

    def sole(self, name: bytes) -> bytes | None:
        """The value of a field that may be sent once; raises Malformed."""
        if self._doubled and len(self.all(name)) > 1:
            raise Malformed
        return self._first.get(name)

    def joined(self, name: bytes, by: bytes) -> bytes:
        """Every value of the field, in order of arrival, as one; empty where there is none."""
        return by.join(self.all(name)) if self._doubled else self._first.get(name, b"")

    def none_of(self, names: frozenset[bytes]) -> bool:
        """Whether none of these fields was sent."""
        return names.isdisjoint(self._first)

    def all(self, name: bytes) -> list[bytes]:
        """Every value of the field, in order of arrival."""
        if self._doubled:
            return [value for key, value in self._fields if key == name]
        value = self._first.get(name)
        return [] if value is None else [value]
