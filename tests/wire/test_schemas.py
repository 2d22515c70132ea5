"""What a form says of itself as JSON Schema is what it reads."""

from typing import Annotated, ClassVar

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import Malformed
from hufu.wire.fields import Digits, Form, Matching, Reader, Text, TextOrEmpty, Verbatim, Whole
from hufu.wire.forms import Upload

FORMS: tuple[Form, ...] = (
    Text(5),
    TextOrEmpty(5),
    Verbatim(5),
    Digits(2, 4),
    Digits(3, 3),
    Matching("[0-9A-Za-z-]{1,4}"),
    Matching("(?:[0-9]{2,3})?"),
    Matching("a|bc"),
    Whole(0, 2),
    Whole(1, 2**31 - 1),
)
EDGES = ("", "1", "11", "111", "1111", "11111", "111111", "a", "bc", "abc", "ab-1", "01", "-1")

plain = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=6)
sent = (
    st.sampled_from(EDGES)
    | plain
    | st.integers(-1, 2**32)
    | st.booleans()
    | st.none()
    | st.lists(plain, max_size=1)
    | st.dictionaries(plain, plain, max_size=1)
)


def reads(form: Form, value: object) -> bool:
    try:
        form.read(value)
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("form", FORMS)
@given(value=sent)
def test_it_takes_what_its_schema_takes(form: Form, value: object) -> None:
    schema = form.schema()
    jsonschema_rs.meta.validate(schema)
    said = jsonschema_rs.is_valid(schema, value)
    if isinstance(form, Whole) and isinstance(value, str):
        assert said or not reads(form, value)  # A schema has no bounds for a text's number.
    else:
        assert said == reads(form, value)


def test_a_file_is_binary() -> None:
    class Picture(msgspec.Struct):
        avatar: Upload

    [step] = Reader(Picture).steps
    assert step.form.schema() == {"type": "string", "format": "binary"}


def test_a_form_that_says_nothing_is_told_by_what_it_gives() -> None:
    class Own(Form):
        def read(self, value: object) -> object:
            return value

    class OwnNumber(Own):
        gives: ClassVar[type] = int

    assert Own().schema() == {"type": "string"}
    assert OwnNumber().schema() == {"type": ["integer", "string"]}


def test_a_reader_tells_what_it_reads() -> None:
    class Request(msgspec.Struct):
        first: Annotated[str, Text(5)] = msgspec.field(name="<first>")
        second: Annotated[int, Whole(1, 2)] | None = None

    told = [(step.wire_name, step.required, step.form) for step in Reader(Request).steps]
    assert told == [("<first>", True, Text(5)), ("second", False, Whole(1, 2))]
