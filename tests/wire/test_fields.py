import re
import unicodedata
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hufu.domain.errors import Malformed
from hufu.wire.body import Fields
from hufu.wire.fields import (
    Digits,
    Form,
    Matching,
    Reader,
    Secret,
    Text,
    TextOrEmpty,
    Verbatim,
    Whole,
    WireId,
)
from hufu.wire.forms import Upload


class Login(msgspec.Struct):
    login_name: Annotated[str, Text(125)]
    pwd: Secret
    code: Annotated[str, Digits(4, 8)]


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    challenge: WireId = msgspec.field(name="verfify_id")
    xid: Annotated[str, Matching(r"[\dA-Za-z-]{1,32}")]
    picture: Upload | None = None
    address: Annotated[str, TextOrEmpty(10)] | None = None
    note: Annotated[str, Text(5)] | None = msgspec.field(name="bei zhu", default=None)
    page: Annotated[int, Whole(1, 100)] = 1
    tags: Annotated[str, Verbatim(3)] = msgspec.field(default_factory=str)


LOGIN = Reader(Login)
EVERYTHING = Reader(Everything)
NEEDED: Fields = {"verfify_id": "7", "xid": "a"}

wire_values: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.from_regex(r"[0-9]{0,12}", fullmatch=True)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(), st.integers(), max_size=2)
    | st.builds(Upload, st.text(), st.text(), st.binary())
)


def refused(form: Form, value: object) -> None:
    with pytest.raises(Malformed):
        form.read(value)


class TestReader:
    def test_reads_a_request(self) -> None:
        request: Login = LOGIN.read({"login_name": " a ", "pwd": " b ", "code": "0123"})
        assert request == Login("a", " b ", "0123")

    def test_ignores_unknown_fields(self) -> None:
        fields: Fields = {"login_name": "a", "pwd": "b", "code": "0123", "role": ["admin"], "": 1}
        assert LOGIN.read(fields) == Login("a", "b", "0123")

    @pytest.mark.parametrize("missing", ["login_name", "pwd", "code"])
    def test_names_the_missing_field(self, missing: str) -> None:
        fields: Fields = {"login_name": "a", "pwd": "b", "code": "0123"}
        del fields[missing]
        with pytest.raises(Malformed) as refusal:
            LOGIN.read(fields)
        assert refusal.value.field == missing

    def test_takes_null_as_not_sent(self) -> None:
        with pytest.raises(Malformed):
            LOGIN.read({"login_name": None, "pwd": "b", "code": "0123"})
        assert EVERYTHING.read(NEEDED | {"page": None}).page == 1

    def test_reads_the_wire_name_and_refuses_in_the_structs(self) -> None:
        assert EVERYTHING.read(NEEDED).challenge == 7
        with pytest.raises(Malformed) as refusal:
            EVERYTHING.read({"challenge": 7, "xid": "a"})
        assert refusal.value.field == "challenge"

    def test_a_refusal_does_not_hold_the_value(self) -> None:
        with pytest.raises(Malformed) as refusal:
            LOGIN.read({"login_name": "a", "pwd": "hunter2\0", "code": "0123"})
        assert "hunter2" not in repr(refusal.value)
        assert refusal.value.__suppress_context__

    def test_fields_not_sent_have_their_defaults(self) -> None:
        assert EVERYTHING.read(NEEDED) == Everything(challenge=7, xid="a")

    def test_fields_sent_are_read(self) -> None:
        picture = Upload("a.png", "image/png", b"x")
        fields = NEEDED | {
            "picture": picture,
            "address": "",
            "bei zhu": "e\u0301",
            "page": 3,
            "tags": " ",
        }
        assert EVERYTHING.read(fields) == Everything(
            challenge=7, xid="a", picture=picture, address="", note="é", page=3, tags=" "
        )

    @pytest.mark.parametrize("name", ["picture", "address", "bei zhu", "page", "tags"])
    def test_an_optional_field_that_is_sent_must_be_right(self, name: str) -> None:
        with pytest.raises(Malformed):
            EVERYTHING.read(NEEDED | {name: ["x"]})

    @given(
        st.dictionaries(
            st.sampled_from(["login_name", "pwd", "code", "verfify_id", "xid"])
            | st.sampled_from(["picture", "address", "bei zhu", "page", "tags"]),
            wire_values,
        )
    )
    def test_any_fields_are_a_request_or_malformed(self, fields: Fields) -> None:
        for reader in (LOGIN, EVERYTHING):
            try:
                request = reader.read(fields)
            except Malformed:
                continue
            for field in msgspec.structs.fields(request):
                value = getattr(request, field.name)
                assert value is None or type(value) in {str, int, Upload}
                assert not isinstance(value, str) or "\0" not in value.encode().decode()


class TestStructsThatSayTooLittle:
    def test_a_bare_type(self) -> None:
        class Bare(msgspec.Struct):
            name: str

        with pytest.raises(TypeError, match="name"):
            Reader(Bare)

    def test_an_optional_field_without_default(self) -> None:
        class Undecided(msgspec.Struct):
            name: Annotated[str, Text(5)] | None

        with pytest.raises(TypeError, match="default"):
            Reader(Undecided)

    def test_a_form_of_another_type(self) -> None:
        class Wrong(msgspec.Struct):
            name: Annotated[int, Text(5)]

        with pytest.raises(TypeError, match="name"):
            Reader(Wrong)

    def test_two_forms(self) -> None:
        class Both(msgspec.Struct):
            name: Annotated[str, Text(5), Digits(1, 5)]

        with pytest.raises(TypeError, match="name"):
            Reader(Both)

    def test_a_choice_of_types(self) -> None:
        class Choice(msgspec.Struct):
            name: Secret | WireId

        with pytest.raises(TypeError, match="name"):
            Reader(Choice)

    def test_a_pattern_that_is_none(self) -> None:
        with pytest.raises(re.error, match="unterminated"):
            Matching("[a")


class TestText:
    @pytest.mark.parametrize(
        ("raw", "text"),
        [("  a b ", "a b"), ("e\u0301", "é"), ("\u3000汉\n", "汉"), ("😀" * 5, "😀" * 5)],
    )
    def test_is_cleaned(self, raw: str, text: str) -> None:
        assert Text(5).read(raw) == text
        assert TextOrEmpty(5).read(raw) == text

    @pytest.mark.parametrize(
        "value",
        ["😀" * 6, "a\0", "a\x1bb", "a\u202eb", "\ud800", 5, True, 1.0, [], {}, ["a"], b"a", None],
    )
    def test_refuses(self, value: object) -> None:
        refused(Text(5), value)
        refused(TextOrEmpty(5), value)

    @pytest.mark.parametrize("empty", ["", " ", "\n\u3000"])
    def test_emptiness(self, empty: str) -> None:
        refused(Text(5), empty)
        assert TextOrEmpty(5).read(empty) == ""

    @given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
    def test_lengths_are_code_points_after_normalisation(self, text: str) -> None:
        decomposed, composed = (unicodedata.normalize(form, text) for form in ("NFD", "NFC"))
        assert Text(len(composed)).read(decomposed) == composed
        if len(composed) > 1:
            refused(Text(len(composed) - 1), decomposed)

    def test_the_greatest_shrinkage_fits(self) -> None:
        assert Text(125).read(unicodedata.normalize("NFD", "\u1f82" * 125)) == "\u1f82" * 125

    def test_hostile_length_is_refused_before_it_is_cleaned(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hufu.wire.fields.clean_text", lambda _: pytest.fail("was cleaned"))
        refused(Text(125), "\u1100\u1161" * 2**10)


class TestVerbatim:
    @given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1))
    def test_is_left_alone(self, text: str) -> None:
        assert Verbatim(len(text)).read(text) == text
        refused(Verbatim(len(text) - 1), text)

    @pytest.mark.parametrize("value", ["", "a\0", "\ud800", 5, True, None, ["a"]])
    def test_refuses(self, value: object) -> None:
        refused(Verbatim(128), value)

    def test_a_secret_has_up_to_128_code_points(self) -> None:
        fields: Fields = {"login_name": "a", "code": "0123", "pwd": "密" * 128}
        assert LOGIN.read(fields).pwd == "密" * 128
        with pytest.raises(Malformed):
            LOGIN.read(fields | {"pwd": "密" * 129})


class TestDigits:
    @pytest.mark.parametrize("value", ["0000", "0123", "12345678"])
    def test_are_kept(self, value: str) -> None:
        assert Digits(4, 8).read(value) == value

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "123",
            "123456789",
            "12 45",
            " 1234",
            "1234\n",
            "+1234",
            "1_234",
            "１２３４",
            "٠١٢٣",
            "¹²³⁴",
        ],
    )
    def test_refuses_other_strings(self, value: str) -> None:
        refused(Digits(4, 8), value)

    @pytest.mark.parametrize("value", [1234, True, 1234.0, ["1234"], None])
    def test_refuses_what_is_no_string(self, value: object) -> None:
        refused(Digits(4, 8), value)


class TestWhole:
    @given(st.integers(0, 2**31))
    def test_number_and_string_are_the_same(self, value: int) -> None:
        form = Whole(0, 2**31)
        assert form.read(value) == form.read(str(value)) == value

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "01",
            "00",
            "-1",
            "+1",
            " 1",
            "1\n",
            "1.0",
            "1e3",
            "1_0",
            "１",
            "1１",
            "٣",
            "²",
            "9" * 5000,
        ],
    )
    def test_refuses_other_spellings(self, value: str) -> None:
        refused(Whole(0, 2**63), value)

    @pytest.mark.parametrize("value", [True, False, 1.0, None, [1], {}, -1])
    def test_refuses_other_values(self, value: object) -> None:
        refused(Whole(0, 2**63), value)

    @pytest.mark.parametrize(("value", "good"), [(0, 0), (1, 1), (2**31 - 1, 1), (2**31, 0)])
    def test_an_id_is_31_bits(self, value: int, good: int) -> None:
        for spelling in (value, str(value)):
            fields: Fields = {"xid": "a", "verfify_id": spelling}
            if good:
                assert EVERYTHING.read(fields).challenge == value
            else:
                with pytest.raises(Malformed):
                    EVERYTHING.read(fields)


class TestMatching:
    @pytest.mark.parametrize(
        "value", ["", "ab\n", "a b", "abcd", "\u212a", "\u017f", "ａ", "٣", 1, True, None, ["a"]]
    )
    def test_refuses(self, value: object) -> None:
        refused(Matching(r"[\w]{1,3}"), value)

    def test_is_left_alone(self) -> None:
        assert Matching(r"\w{1,3}").read("aB_") == "aB_"

    def test_a_loose_pattern_lets_no_broken_text_in(self) -> None:
        refused(Matching(".*"), "\ud800")
        refused(Matching(".*"), "\0")


def test_an_upload_is_no_string_and_no_string_an_upload() -> None:
    upload = Upload("a", "b", b"")
    refused(Text(5), upload)
    with pytest.raises(Malformed):
        EVERYTHING.read(NEEDED | {"picture": "abc"})
