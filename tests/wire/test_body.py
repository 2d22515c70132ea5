import asyncio
import json
import os
import tracemalloc
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import quote_plus, unquote_to_bytes, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hufu.domain.errors import Malformed
from hufu.wire import json_objects
from hufu.wire.body import BodyTooLarge, ClientGone, Fields, _kind, parse, read
from hufu.wire.forms import Upload
from hufu.wire.headers import Headers

FORM = b"application/x-www-form-urlencoded"
JSON = b"application/json"
MULTIPART = b"multipart/form-data; boundary=XX"

SHARDS = (
    *(b"--", b"XX", b"\r\n", b"\r", b"\n", b":", b";", b'"', b"=", b"name", b"\0", b"\xff"),
    *(b"Content-Disposition: form-data; name=", b"; filename=", b"a", b" ", b"--XX\r\n"),
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
names = texts.filter(bool)


def malformed(content_type: bytes | None, raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse(content_type, raw)


def part(disposition: str, data: bytes = b"v", *headers: str) -> bytes:
    lines = [f"Content-Disposition: {disposition}", *headers]
    return "\r\n".join(["--XX", *lines, "", ""]).encode() + data + b"\r\n"


def multipart(*parts: bytes) -> Fields:
    return parse(MULTIPART, b"".join(parts) + b"--XX--\r\n")


class Wire:
    """An ASGI receive that counts what was taken from it."""

    def __init__(self, *messages: dict[str, object]) -> None:
        self.messages = list(messages)
        self.taken = 0

    async def __call__(self) -> dict[str, object]:
        self.taken += 1
        return self.messages.pop(0)


def chunks(*data: bytes) -> Wire:
    last = len(data) - 1
    return Wire(
        *(
            {"type": "http.request", "body": chunk, "more_body": place < last}
            for place, chunk in enumerate(data)
        )
    )


class TestRead:
    @given(st.lists(st.binary(), min_size=1))
    def test_joins_the_chunks(self, data: list[bytes]) -> None:
        whole = b"".join(data)
        assert asyncio.run(read(chunks(*data), Headers([]), len(whole))) == whole

    async def test_takes_defaults_for_what_a_message_leaves_out(self) -> None:
        assert await read(Wire({"type": "http.request"}), Headers([]), 10) == b""

    async def test_a_body_of_exactly_the_limit_is_read(self) -> None:
        assert await read(chunks(b"12345"), Headers([(b"content-length", b"5")]), 5) == b"12345"

    async def test_an_announced_excess_is_refused_unread(self) -> None:
        wire = chunks(b"123456")
        with pytest.raises(BodyTooLarge):
            await read(wire, Headers([(b"content-length", b"6")]), 5)
        assert wire.taken == 0

    async def test_an_unannounced_excess_is_not_read_to_its_end(self) -> None:
        wire = chunks(b"123", b"456", b"789")
        with pytest.raises(BodyTooLarge):
            await read(wire, Headers([]), 5)
        assert wire.taken == 2

    async def test_a_lie_about_the_length_does_not_help(self) -> None:
        with pytest.raises(BodyTooLarge):
            await read(chunks(b"123456"), Headers([(b"content-length", b"1")]), 5)

    async def test_a_body_in_many_pieces_takes_no_more_memory_than_in_one(self) -> None:
        async def receive() -> dict[str, object]:
            nonlocal left
            left -= 1
            return {"type": "http.request", "body": os.urandom(2), "more_body": left > 0}

        left = 50_000
        tracemalloc.start()
        try:
            whole = await read(receive, Headers([]), 2 * left)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert most < 4 * len(whole)

    @pytest.mark.parametrize("value", [b"", b"+5", b"-1", b"5, 5", b" 5", b"0x5", "٥".encode()])
    async def test_a_length_that_is_no_number_is_malformed(self, value: bytes) -> None:
        with pytest.raises(Malformed):
            await read(chunks(b"12345"), Headers([(b"content-length", value)]), 5)

    async def test_two_lengths_are_malformed(self) -> None:
        length = (b"content-length", b"5")
        with pytest.raises(Malformed):
            await read(chunks(b"12345"), Headers([length, length]), 5)

    async def test_an_endless_length_is_too_large(self) -> None:
        with pytest.raises(BodyTooLarge):
            await read(chunks(b""), Headers([(b"content-length", b"9" * 5000)]), 5)

    async def test_leading_zeros_do_not_count(self) -> None:
        assert await read(chunks(b"12345"), Headers([(b"content-length", b"0" * 5000 + b"5")]), 5)

    async def test_a_client_that_hangs_up_is_gone(self) -> None:
        wire = Wire(
            {"type": "http.request", "body": b"pwd=abc", "more_body": True},
            {"type": "http.disconnect"},
        )
        with pytest.raises(ClientGone):
            await read(wire, Headers([]), 100)


class TestContentType:
    @pytest.mark.parametrize("content_type", [None, b"text/plain", b"\xff", JSON])
    def test_an_empty_body_has_no_fields(self, content_type: bytes | None) -> None:
        assert parse(content_type, b"") == {}

    @pytest.mark.parametrize(
        "content_type",
        [
            FORM,
            b"Application/X-WWW-Form-Urlencoded",
            FORM + b"; charset=UTF-8",
            FORM + b';charset="utf-8"',
            FORM + b" ; charset=utf8 ;",
            FORM + b"; version=1; charset=utf-8",
        ],
    )
    def test_the_spellings_of_one_type(self, content_type: bytes) -> None:
        assert parse(content_type, b"a=1") == {"a": "1"}

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            b"",
            b"text/plain",
            b"application/jsonx",
            b"application/json, application/json",
            FORM + b"; charset=gbk",
            FORM + b"; charset=utf-16",
            FORM + b"; charset=utf-8; charset=utf-8",
            FORM + b"; charset",
            FORM + b'; charset="utf-8',
            FORM + b" charset=utf-8",
            b"\xff" + FORM,
        ],
    )
    def test_anything_else_is_malformed(self, content_type: bytes | None) -> None:
        malformed(content_type, b"a=1")


class TestUrlencoded:
    @given(st.dictionaries(texts, texts, max_size=100))
    @example({"a": "1+1=2 & 100%"})
    def test_gives_back_what_was_sent(self, fields: dict[str, str]) -> None:
        assert parse(FORM, urlencode(fields).encode()) == fields

    @given(names, st.binary())
    def test_decodes_as_the_standard_library_does(self, name: str, data: bytes) -> None:
        value = data.replace(b"%", b"%25").replace(b"&", b"%26")
        expected = unquote_to_bytes(value.replace(b"+", b" "))
        with suppress(Malformed):
            found = parse(FORM, quote_plus(name).encode() + b"=" + value)
            assert found == {name: expected.decode()}

    @pytest.mark.parametrize(
        ("raw", "fields"),
        [
            (b"a", {"a": ""}),
            (b"a=", {"a": ""}),
            (b"=", {"": ""}),
            (b"a=b=c", {"a": "b=c"}),
            (b"a=b=c%3d", {"a": "b=c="}),
            (b"&a=1&&b=2&", {"a": "1", "b": "2"}),
            (b"a=1+2%2B3", {"a": "1 2+3"}),
            ("a=汉".encode(), {"a": "汉"}),
            (b"a=x \t\r\n", {"a": "x \t\r\n"}),
            (b"a=%20=\r\n_", {"a": " =\r\n_"}),
            (b"A=1&a=2", {"A": "1", "a": "2"}),
        ],
    )
    def test_unusual_forms(self, raw: bytes, fields: Fields) -> None:
        assert parse(FORM, raw) == fields

    @pytest.mark.parametrize(
        "raw",
        [
            b"a=1&a=1",
            b"a=1&%61=2",
            b"a=%zz",
            b"a=%",
            b"a=%4",
            b"a=%4&b=1",
            b"a=%ff",
            b"a=\xff",
            b"a=%ed%a0%80",  # A lone surrogate.
            b"a=%c0%80",  # An overlong NUL.
            b"a=%00",
            b"a=\0",
            b"%00=a",
        ],
    )
    def test_broken_forms(self, raw: bytes) -> None:
        malformed(FORM, raw)

    def test_at_most_100_fields(self) -> None:
        pairs = [f"f{n}=1" for n in range(101)]
        assert len(parse(FORM, "&".join(pairs[:100]).encode())) == 100
        malformed(FORM, "&".join([*pairs, ""]).encode())

    @given(st.binary())
    def test_anything_is_fields_or_malformed(self, raw: bytes) -> None:
        with suppress(Malformed):
            assert_fields(parse(FORM, raw))


def assert_fields(fields: Fields) -> None:
    assert all(isinstance(name, str) for name in fields)
    json.dumps(
        {k: v for k, v in fields.items() if not isinstance(v, Upload)},
        ensure_ascii=False,
        allow_nan=False,
    ).encode()


class TestMultipart:
    @given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), texts, max_size=100))
    def test_gives_back_what_was_sent(self, fields: dict[str, str]) -> None:
        parts = (part(f'form-data; name="{k}"', v.encode()) for k, v in fields.items())
        if not any("--XX" in value for value in fields.values()):
            assert multipart(*parts) == fields

    @given(st.binary(min_size=1))
    @example(b"\r\n--X")
    @example(b"\r\n--XY\r\n--XXX--\r\n-")
    @example(b"\r\n")
    def test_gives_back_the_file(self, data: bytes) -> None:
        head = part('form-data; name="f"; filename="a.png"', data, "Content-Type: image/png")
        if b"\r\n--XX\r\n" not in data and b"\r\n--XX--" not in data:
            assert multipart(head) == {"f": Upload("a.png", "image/png", data)}

    @pytest.mark.parametrize(
        ("disposition", "name", "filename"),
        [
            ("form-data; name=avatar; filename=a.png", "avatar", "a.png"),
            ('Form-Data ;NAME="avatar"; FileName="汉.png"', "avatar", "汉.png"),
            ('form-data; name="a;b"; filename="x\\"y.png"', "a;b", 'x"y.png'),
            ("form-data; name=a; filename=b; filename*=UTF-8''%e6", "a", "b"),
            ('form-data; name="a"; filename="";', "a", ""),
        ],
    )
    def test_spellings_of_a_disposition(self, disposition: str, name: str, filename: str) -> None:
        upload = Upload(filename, "application/octet-stream", b"v")
        assert multipart(part(disposition)) == {name: upload}

    @pytest.mark.parametrize(
        "disposition",
        [
            "",
            "form-data",
            "form-data; filename=a",
            "attachment; name=a",
            "form-data; name=a; name=b",
            "form-data; name=a; filename=b; filename=c",
            'form-data; name="a',
            "form-data; name=a b",
            'form-data; name="a\0"',
        ],
    )
    def test_broken_dispositions(self, disposition: str) -> None:
        malformed(MULTIPART, part(disposition) + b"--XX--\r\n")

    def test_a_field_in_which_no_file_was_chosen_is_not_sent(self) -> None:
        assert multipart(part('form-data; name="f"; filename=""', b"")) == {}

    def test_an_empty_file_is_sent(self) -> None:
        found = multipart(part('form-data; name="f"; filename="a"', b""))
        assert found == {"f": Upload("a", "application/octet-stream", b"")}

    def test_no_part_at_all(self) -> None:
        assert multipart() == {}

    @pytest.mark.parametrize("encoding", ["binary", "8BIT", "7bit "])
    def test_encodings_that_encode_nothing(self, encoding: str) -> None:
        header = f"Content-Transfer-Encoding: {encoding}"
        assert multipart(part("form-data; name=a", b"v", header)) == {"a": "v"}

    @pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x"])
    def test_other_encodings_are_malformed(self, encoding: str) -> None:
        raw = part("form-data; name=a", b"v", f"Content-Transfer-Encoding: {encoding}")
        malformed(MULTIPART, raw + b"--XX--\r\n")

    def test_a_text_in_another_charset_must_be_ascii(self) -> None:
        header = "Content-Type: text/plain; charset=ISO-8859-1"
        assert multipart(part("form-data; name=a", b"v", header)) == {"a": "v"}
        # In GBK these bytes are 漏, and in UTF-8 ©.
        raw = part("form-data; name=a", b"\xc2\xa9", "Content-Type: text/plain; charset=gbk")
        malformed(MULTIPART, raw + b"--XX--\r\n")

    @pytest.mark.parametrize(
        "boundary", [b"*****", b'"a b"', b"----=_Part_1:2", b"a" * 70, b"'()+_,-./:=?"]
    )
    def test_boundaries_of_the_field(self, boundary: bytes) -> None:
        raw = part("form-data; name=a").replace(b"XX", boundary.strip(b'"'))
        raw += b"--" + boundary.strip(b'"') + b"--"
        assert parse(b"multipart/form-data; boundary=" + boundary, raw) == {"a": "v"}

    @pytest.mark.parametrize(
        "content_type",
        [
            b"multipart/form-data",
            b"multipart/form-data; boundary=",
            b'multipart/form-data; boundary=""',
            b'multipart/form-data; boundary="XX "',
            b"multipart/form-data; boundary=XX; boundary=XX",
            b"multipart/form-data; boundary=YY",
            b"multipart/form-data; boundary=" + b"a" * 71,
            "multipart/form-data; boundary=ä".encode(),
            b"multipart/mixed; boundary=XX",
        ],
    )
    def test_a_missing_or_wrong_boundary_is_malformed(self, content_type: bytes) -> None:
        malformed(content_type, part("form-data; name=a") + b"--XX--\r\n")

    def test_cut_anywhere_it_is_malformed(self) -> None:
        whole = part("form-data; name=a") + part("form-data; name=b; filename=c") + b"--XX--"
        assert set(parse(MULTIPART, whole)) == {"a", "b"}
        for length in range(1, len(whole)):
            malformed(MULTIPART, whole[:length])

    @pytest.mark.parametrize(
        "raw",
        [
            part("form-data; name=a") * 2,
            part("form-data; name=a") + part('form-data; name="a"; filename=x'),
            part("form-data; name=a", b"\xff"),
            part("form-data; name=a", b"\0"),
            part("form-data; name=a", b"v", "Content-Disposition: form-data; name=b"),
            part("form-data; name=a", b"v", *(f"X-{n}: 1" for n in range(8))),
            part("form-data; name=a", b"v", "X: " + "a" * 1100),
            part("form-data; name=a", b"v", "X" * 1100 + ": a"),
            part("form-data; name=a", b"v", " folded"),
            part("form-data; name=a", b"v", "no colon"),
            b"--XX\r\n\r\nv\r\n",
        ],
    )
    def test_broken_bodies(self, raw: bytes) -> None:
        malformed(MULTIPART, raw + b"--XX--\r\n")

    def test_at_most_100_parts(self) -> None:
        parts = [part(f"form-data; name=f{n}") for n in range(101)]
        assert len(multipart(*parts[:100])) == 100
        malformed(MULTIPART, b"".join(parts) + b"--XX--\r\n")

    @given(st.lists(st.sampled_from(SHARDS)).map(b"".join) | st.binary())
    def test_anything_is_fields_or_malformed(self, raw: bytes) -> None:
        for whole in (raw, b"--XX\r\n" + raw + b"\r\n--XX--"):
            with suppress(Malformed):
                assert_fields(parse(MULTIPART, whole))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**19) + 1, 10**19 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


class TestJson:
    @given(st.dictionaries(texts, json_values, max_size=20), st.booleans())
    def test_gives_back_what_was_sent_but_null(self, value: Fields, ascii_only: bool) -> None:
        sent = {name: member for name, member in value.items() if member is not None}
        assert parse(JSON, json.dumps(value, ensure_ascii=ascii_only).encode()) == sent

    @pytest.mark.parametrize(
        "raw",
        [
            b"null",
            b"[]",
            b'"a"',
            b"1",
            b"{",
            b"{}{}",
            b"{} x",
            b"{'a':1}",
            b'{"a":1,}',
            b'{"a":1,"a":1}',
            b'{"a":1,"\\u0061":2}',
            b'{"a":{"b":1,"b":2}}',
            b'{"a":[{"b":1,"b":2}]}',
            b'{"a":NaN}',
            b'{"a":Infinity}',
            b'{"a":-Infinity}',
            b'{"a":1e999}',
            b'{"a":' + b"1" * 20 + b"}",
            b'{"a":-' + b"1" * 20 + b"}",
            b'{"a":' + b"1" * 5000 + b"}",
            b'{"a":1.' + b"1" * 5000 + b"}",
            b'{"a":01}',
            b'{"a":1_000}',
            b'{"a":"\\ud800"}',
            b'{"a":"\\udc00\\ud800"}',
            b'{"\\ud800":1}',
            b'{"a":[{"b":["\\udfff"]}]}',
            b'{"a":[{"\\udfff":1}]}',
            b'{"a":"\\u0000"}',
            b'{"a":["\\u0000"]}',
            b'{"a":"\0"}',
            b'{"a":"\n"}',
            b'{"a":"\xff"}',
            b'{"a":"\xed\xa0\x80"}',
            b"\xef\xbb\xbf{}",
            '{"a":1}'.encode("utf-16"),
            '{"a":1}'.encode("utf-16-le"),
            '{"a":1}'.encode("utf-32"),
        ],
    )
    def test_broken_bodies(self, raw: bytes) -> None:
        malformed(JSON, raw)

    @pytest.mark.parametrize(
        ("raw", "fields"),
        [
            (b" {} \r\n", {}),
            (b'{"a":null}', {}),
            (b'{"a":[null]}', {"a": [None]}),
            (b'{"a":"\\ud83d\\ude00"}', {"a": "😀"}),
            (b'{"a":"\\/\\\\u0000"}', {"a": "/\\u0000"}),
            (b'{"a":9999999999999999999}', {"a": 9999999999999999999}),
            (b'{"a":-0}', {"a": 0}),
            (b'{"a":true,"b":1.5}', {"a": True, "b": 1.5}),
        ],
    )
    def test_unusual_bodies(self, raw: bytes, fields: Fields) -> None:
        assert parse(JSON, raw) == fields

    @pytest.mark.parametrize("depth", [17, 400, 990, 10**5])
    @pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
    def test_deep_nesting_is_malformed(self, depth: int, opening: bytes, closing: bytes) -> None:
        malformed(JSON, b'{"a":' + opening * depth + b"1" + closing * depth + b"}")
        malformed(JSON, b'{"a":' + opening * depth)

    def test_the_decoder_running_out_of_stack_is_malformed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(json_objects, "MAX_SIGNS", 10**6)
        malformed(JSON, b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}")

    def test_as_deep_as_allowed(self) -> None:
        assert parse(JSON, b'{"a":' + b"[" * 15 + b"]" * 15 + b"}")

    def test_at_most_100_fields(self) -> None:
        def members(count: int) -> bytes:
            return json.dumps({f"f{n}": n for n in range(count)}).encode()

        assert len(parse(JSON, members(100))) == 100
        malformed(JSON, members(101))

    @given(st.binary() | st.text('{}[]",:\\ud80 01eE.-\0a').map(str.encode))
    def test_anything_is_fields_or_malformed(self, raw: bytes) -> None:
        for whole in (raw, b'{"a":' + raw + b"}", b'{"a":"' + raw + b'"}'):
            with suppress(Malformed):
                assert_fields(parse(JSON, whole))


def test_an_upload_does_not_print_its_bytes() -> None:
    assert "secret" not in repr(Upload("a", "b", b"secret"))


SIZE = 7 * 2**20
PICTURE = b64encode(os.urandom(SIZE * 3 // 4))


def bodies() -> Iterable[tuple[str, bytes, bytes]]:
    yield "json", JSON, b'{"k":"1","p":"' + PICTURE + b'"}'
    yield "json by PHP", JSON, b'{"p":"' + PICTURE.replace(b"/", b"\\/") + b'"}'
    yield "form", FORM, b"k=1&p=" + quote_plus(PICTURE).encode()
    yield "multipart", MULTIPART, part("form-data; name=p", PICTURE) + b"--XX--"


@pytest.mark.parametrize(
    ("content_type", "raw"), [pytest.param(*case[1:], id=case[0]) for case in bodies()]
)
def test_seven_mebibytes_arrive_whole(content_type: bytes, raw: bytes) -> None:
    assert parse(content_type, raw)["p"] == PICTURE.decode()


def hostile_bodies() -> Iterable[tuple[str, bytes, bytes]]:
    yield "all escapes", FORM, b"a=" + b"%41" * (SIZE // 3)
    yield "a million fields", FORM, b"a=1&" * (SIZE // 4)
    yield "all objects", JSON, b'{"a":[' + b"{}," * (SIZE // 3) + b"{}]}"
    yield "all numbers", JSON, b'{"a":[' + b"1," * (SIZE // 2) + b"1]}"
    yield "one number", JSON, b'{"a":' + b"1" * SIZE + b"}"
    yield "one fraction", JSON, b'{"a":1.' + b"1" * SIZE + b"}"
    yield "string escapes", JSON, b'{"a":"' + b"\\n" * (SIZE // 2) + b'"}'
    yield "surrogates", JSON, b'{"a":"' + b"\\ud83d\\ude00" * (SIZE // 12) + b'"}'
    yield "all parts", MULTIPART, part("form-data; name=a") * (SIZE // 60)
    yield "near boundaries", MULTIPART, part("form-data; name=a", b"\r\n--X" * (SIZE // 5))
    yield "false boundaries", MULTIPART, part("form-data; name=a", b"\r\n--XXa" * (SIZE // 7))
    yield "line ends", MULTIPART, b"\r\n" * (SIZE // 2)
    yield "a long header", MULTIPART, b"--XX\r\n" + b"a" * SIZE


@pytest.mark.parametrize(
    ("content_type", "raw"), [pytest.param(*case[1:], id=case[0]) for case in hostile_bodies()]
)
def test_seven_hostile_mebibytes_are_fields_or_malformed(content_type: bytes, raw: bytes) -> None:
    with suppress(Malformed):
        assert_fields(parse(content_type, raw))


def test_a_content_type_may_have_parameters_that_mean_nothing() -> None:
    assert parse(JSON + b";x=" + b"a" * 1000, b'{"k":"1"}') == {"k": "1"}


def test_no_long_content_type_is_remembered() -> None:
    before = _kind.cache_info()
    malformed(JSON + b";x=" + b"a" * 10_000, b'{"k":"1"}')
    after = _kind.cache_info()
    assert (after.hits, after.misses) == (before.hits, before.misses)
