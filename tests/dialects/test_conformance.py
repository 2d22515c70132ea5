"""What every row of every dialect's table does with a request that is not in order."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from dialects.fields import LONG, Field, without
from dialects.rows import (
    BOUNDARY,
    ROWS,
    Row,
    ask,
    exchange,
    form,
    multipart,
    part_of,
    told,
    written,
)
from dialects.vocabulary import VOCABULARIES
from front_door import FORM, JSON, World, opened
from hufu.wire.forms import Upload

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "post", "X")
BROKEN = 503
"""What a server whose database is away answers to a request that is in order."""

every_row = pytest.mark.parametrize("row", ROWS, ids=str)
every_dialect = pytest.mark.parametrize("dialect", sorted(VOCABULARIES))


def spoilable(row: Row) -> Iterator[tuple[str, Field]]:
    """Every field in every way of sending it."""
    for kind in row.kinds:
        for field in row.fields():
            yield kind, field


async def see_malformed(world: World, row: Row, kind: str, body: bytes, **more: Any) -> None:
    answer = await ask(world, row, kind, body, **more)
    assert told(answer) in row.malformed, (kind, body[:200], more)


@every_row
async def test_a_request_in_order_gets_as_far_as_the_database(unreachable: World, row: Row) -> None:
    for kind in row.kinds:
        for pairs in (row.fields(), row.least_fields()):
            answer = await ask(unreachable, row, kind, written(kind, without(pairs)))
            assert told(answer) == (BROKEN, row.words.broken), (kind, pairs)
            assert int(answer.header("retry-after") or "") > 0


@every_row
async def test_a_field_that_nobody_knows_is_ignored(unreachable: World, row: Row) -> None:
    for kind in row.kinds:
        body = written(kind, [*without(row.fields()), ("unheard_of", "1")])
        assert (await ask(unreachable, row, kind, body)).status == BROKEN


# Paths and methods


@every_dialect
async def test_no_other_path(unreachable: World, dialect: str) -> None:
    words = VOCABULARIES[dialect]
    known = {row.endpoint.path.partition("<")[0] for row in ROWS if row.dialect.name == dialect}
    paths = {"", "/", "x", "x/y/z", "%", "..", "\0", "\ud800", "<phone>", "用户", "a" * 5000}
    for path in known:
        paths |= {f"x/{path}", f"./{path}", path.upper(), f"{path}/1/2", path.rstrip("/")}
        if not path.endswith("/"):
            paths |= {path + "/", path + "x", path + "%20", path + "/1"}
    for path in paths - known:
        for method in ("GET", "POST", "HEAD", "OPTIONS"):
            answer = await exchange(unreachable, method, f"/{dialect}/{path}")
            assert told(answer) == (404, words.malformed.body), path


@every_dialect
async def test_doubled_slashes(unreachable: World, dialect: str) -> None:
    for row in ROWS:
        if row.dialect.name == dialect:
            path = row.at().replace(f"/{dialect}/", f"/{dialect}//", 1)
            answer = await exchange(unreachable, "OPTIONS", path)
            assert answer.status == (405 if dialect == "creator" else 404), path


@every_row
async def test_no_other_method(unreachable: World, row: Row) -> None:
    allowed = {each.endpoint.method for each in ROWS if each.path == row.path}
    others = set(METHODS) - allowed
    if row.dialect.name == "creator" and "GET" in allowed:
        others.remove("HEAD")  # Refused like the GET that a browser makes by itself.
    for method in others:
        answer = await exchange(unreachable, method, row.at())
        assert told(answer) == (405, row.words.malformed.body), method
        assert set((answer.header("allow") or "").split(", ")) == allowed


@every_dialect
async def test_what_foreign_pages_are_told(dialect: str, tmp_path: Path) -> None:
    ours, foreign = "https://app.example", "https://elsewhere.example"
    dead = "postgresql://hufu@127.0.0.1:1/hufu"
    async with opened(dead, tmp_path, {f"apps.{dialect}.cors_origins": ours}) as world:
        for row in [row for row in ROWS if row.dialect.name == dialect]:
            methods = {each.endpoint.method for each in ROWS if each.path == row.path}
            allowed = await exchange(world, "OPTIONS", row.at(), [("origin", ours)])
            assert allowed.status == 204
            assert allowed.header("access-control-allow-origin") == ours
            said = allowed.header("access-control-allow-methods") or ""
            assert set(said.split(", ")) == methods
            refused = await exchange(world, "OPTIONS", row.at(), [("origin", foreign)])
            assert told(refused) == (405, row.words.malformed.body)
            assert refused.header("access-control-allow-origin") is None


# Fields


@every_row
async def test_a_required_field_that_is_missing(unreachable: World, row: Row) -> None:
    proof = {field.name for field in row.proof()}
    for kind, field in spoilable(row):
        if not field.required:
            continue
        expected = row.not_signed_in if field.name in proof else row.malformed
        pairs = without(row.fields(), field.name)
        assert told(await ask(unreachable, row, kind, written(kind, pairs))) in expected, field
        if kind == "json":
            body = written(kind, [*pairs, (field.name, None)])
            assert told(await ask(unreachable, row, kind, body)) in expected, field


@every_row
async def test_nothing_at_all(unreachable: World, row: Row) -> None:
    if not row.for_members and not row.least_fields():
        return
    expected = row.not_signed_in if row.for_members else row.malformed
    for kind in row.kinds:
        assert told(await ask(unreachable, row, kind, b"", cookies={})) in expected, kind


@every_row
async def test_nothing_is_read_from_the_query(unreachable: World, row: Row) -> None:
    """Where a row does read it, nothing is read from the body."""
    if not row.least_fields():
        return
    expected = row.not_signed_in if row.for_members else row.malformed
    for kind in row.kinds:
        if kind == "query":
            answer = await ask(unreachable, row, "form", written("form", without(row.fields())))
        else:
            query = written("query", without([f for f in row.fields() if isinstance(f.value, str)]))
            path = f"{row.at()}?{query.decode()}"
            answer = await ask(unreachable, row, kind, b"", path=path, cookies={})
        assert told(answer) in expected, kind


@every_row
async def test_a_field_that_is_too_long(unreachable: World, row: Row) -> None:
    for kind, field in spoilable(row):
        if field.gives is Upload or field.longest >= row.endpoint.body_limit:
            continue
        for letter in ("1", "一", "𠮷") if field.longest < LONG else ("1",):
            value = letter * (field.longest + 1)
            body = written(kind, [*without(row.fields(), field.name), (field.name, value)])
            await see_malformed(unreachable, row, kind, body)


@every_row
async def test_a_field_that_comes_twice(unreachable: World, row: Row) -> None:
    for kind, field in spoilable(row):
        pairs = without(row.fields())
        for again in ((field.name, field.value), ("unheard_of", "1")):
            body = written(kind, [again, *pairs, again])
            await see_malformed(unreachable, row, kind, body)


NO_NUMBER: tuple[object, ...] = (-1, 1.5, 2**63, True, False, [], ["1"], {}, {"a": "1"})
NO_TEXT: tuple[object, ...] = (0, 1, *NO_NUMBER)
NO_ID: tuple[object, ...] = (
    *(True, False, 1.0, 1.5, -1, 2**31, 2**63, [], [1], {}, {"a": 1}),
    *("1.0", "1e3", "+1", "-1", " 1", "1 ", "01", "1_0", "0x1", "１", "x", "1\n", "2147483648"),
)


@every_row
async def test_a_field_of_the_wrong_type(unreachable: World, row: Row) -> None:
    for field in row.fields():
        if "json" not in row.kinds:
            continue
        no_text = NO_NUMBER if field.numbers else NO_TEXT
        for value in NO_ID if field.gives is int else no_text:
            pairs = [*without(row.fields(), field.name), (field.name, value)]
            await see_malformed(unreachable, row, "json", written("json", pairs))


@every_row
async def test_a_file_for_a_text_and_a_text_for_a_file(unreachable: World, row: Row) -> None:
    for kind, field in spoilable(row):
        if kind == "multipart":
            file = Upload("1.txt", "text/plain", b"1")
            value = "1" if field.gives is Upload else file
            body = written(kind, [*without(row.fields(), field.name), (field.name, value)])
            await see_malformed(unreachable, row, kind, body)


# Bytes

NO_JSON = (
    *(b'"\\ud800"', b'"\\udc00x"', b'"a\\u0000"', b'"\xff"', b'"\xed\xa0\x80"', b'"\x00"', b'"\n"'),
    *(b"1" * 5000, b"-" + b"1" * 5000, b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"+1"),
    *(b"[" * 20_000, b'{"a":' * 8_000, b"[" * 20_000 + b"]" * 20_000, b"'x'", b"x", b"tru", b""),
    *(b'["\\ud800"]', b'{"\\u0000": 1}', b"1" * 20, b"0." + b"1" * 5000, b'"\\x"', b'"\\u12"'),
)
NO_QUERY = (b"%FF", b"%C0%80", b"%ED%A0%80", b"%00", b"%", b"%2", b"%zz", b"1%", b"%u4E00", b"\0")
NO_FORM = (*NO_QUERY, b"\xff", b"\xed\xa0\x80")
NO_PART = (b"\xff", b"\x00", b"a\x00b", b"\xc0\x80", b"\xed\xa0\x80")


@every_row
async def test_bytes_that_are_no_text(unreachable: World, row: Row) -> None:
    for kind, field in spoilable(row):
        pairs = without(row.fields(), field.name)
        if kind == "json":
            rest, name = written(kind, pairs)[:-1], f'"{field.name}":'.encode()
            for raw in NO_JSON:
                comma = b"," if pairs else b""
                await see_malformed(unreachable, row, kind, rest + comma + name + raw + b"}")
        elif kind in {"form", "query"}:
            rest = written(kind, pairs)
            for raw in NO_FORM if kind == "form" else NO_QUERY:
                body = rest + b"&" + form([(field.name, raw)])
                await see_malformed(unreachable, row, kind, body)
                await see_malformed(unreachable, row, kind, rest + b"&" + raw + b"=1")
        elif field.gives is not Upload:
            parts = [(name, part_of(value)) for name, value in pairs]
            for raw in NO_PART:
                body = multipart([*parts, (field.name, ("", raw))])
                await see_malformed(unreachable, row, kind, body)


@every_row
async def test_bodies_that_are_no_object(unreachable: World, row: Row) -> None:
    if "json" not in row.kinds:
        return
    whole = written("json", without(row.fields()))
    for body in (b"[]", b"1", b'""', b"null", b"{", b"}", b"[" + whole + b"]", whole + whole,
                 whole[:-1], b"\xef\xbb\xbf" + whole, b"\0", b" ", whole.decode().encode("utf-16"),
                 b"[" * 60_000, b'{"a":' * 12_000):  # fmt: skip
        await see_malformed(unreachable, row, "json", body)


@every_row
async def test_content_types_that_nobody_sends(unreachable: World, row: Row) -> None:
    if row.endpoint.from_query:
        return
    pairs = [*without(row.fields()), ("unheard_of", "1")]
    bodies = {kind: written(kind, pairs) for kind in row.kinds}
    for body in bodies.values():
        for kind in ("text/plain", "text/plain;charset=UTF-8", "", "*/*", "application/xml",
                     "application/octet-stream", "text/json", "application/jsonx", ";", "x;;=",
                     "application/x-www-form-urlencoded, application/json"):  # fmt: skip
            await see_malformed(unreachable, row, "json", body, content_type=kind)
        await see_malformed(unreachable, row, "json", body, content_type=None)
    for kind in ("multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed",
                 f"multipart/form-data; boundary={BOUNDARY}x", f"{FORM}; charset=gbk",
                 f"{JSON}; charset=utf-16"):  # fmt: skip
        body = bodies["multipart" if "multipart" in kind else row.kinds[0]]
        await see_malformed(unreachable, row, "json", body, content_type=kind)


@every_row
async def test_two_content_types(unreachable: World, row: Row) -> None:
    if row.endpoint.from_query:
        return
    for kind in row.kinds:
        body = written(kind, [*without(row.fields()), ("unheard_of", "1")])
        twice = [("content-type", FORM)]
        await see_malformed(unreachable, row, kind, body, headers=twice)


# Size


@every_row
async def test_a_body_that_says_it_is_too_large_is_not_read(unreachable: World, row: Row) -> None:
    for length in (row.endpoint.body_limit + 1, 10**12, int("9" * 30), int("1" * 4000)):
        headers = [("content-type", JSON), ("content-length", str(length))]
        answer = await exchange(unreachable, row.endpoint.method, row.at(), headers)
        assert told(answer) == (413, row.words.malformed.body)


@every_row
async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    unreachable: World, row: Row
) -> None:
    size, given = 16 * 1024, 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given <= row.endpoint.body_limit:
            given += size
            yield b"a" * size
        raise AssertionError("the body was read on")

    answer = await exchange(
        unreachable, row.endpoint.method, row.at(), [("content-type", JSON)], endless()
    )
    assert told(answer) == (413, row.words.malformed.body)


@every_row
async def test_a_body_that_is_just_not_too_large(unreachable: World, row: Row) -> None:
    if row.endpoint.from_query:
        return
    kind = row.kinds[-1]
    body = written(kind, [("unheard_of", ""), *without(row.fields())])
    filler = b"a" * (row.endpoint.body_limit - len(body))
    full = body.replace(b"\r\n\r\n", b"\r\n\r\n" + filler, 1)
    assert (await ask(unreachable, row, kind, full)).status == BROKEN
    answer = await ask(unreachable, row, kind, full.replace(b"aaaa", b"aaaaa", 1))
    assert told(answer) == (413, row.words.malformed.body)


@every_row
async def test_lengths_that_are_none(unreachable: World, row: Row) -> None:
    for lengths in (["-1"], ["x"], ["1.0"], ["+1"], ["0x10"], ["1", "2"], ["1, 2"], ["１"]):
        headers = [("content-length", length) for length in lengths]
        answer = await exchange(unreachable, row.endpoint.method, row.at(), headers)
        assert told(answer) in row.malformed, lengths


# What stands in the path

NO_PHONE = (
    *("", " ", "x", "1", "\0", "\ud800", "1" * 5000, LONG * "一", "<phone>", "+", "-1", "NaN"),
    *("13390633695x", "010-62001234", "13390633695;ext=1", "\u202e13390633695"),
)


@pytest.mark.parametrize("row", [row for row in ROWS if row.parameter], ids=str)
async def test_parameters_that_are_none(unreachable: World, row: Row) -> None:
    for value in NO_PHONE:
        path = row.path.replace(str(row.parameter), value)
        headers, body = [("content-type", JSON)], written("json", without(row.fields()))
        chunks = once(body) if row.endpoint.method == "POST" else once(b"")
        answer = await exchange(unreachable, row.endpoint.method, path, headers, chunks)
        assert told(answer) in row.malformed, value


async def once(body: bytes) -> AsyncIterator[bytes]:
    """The body in one piece."""
    yield body
