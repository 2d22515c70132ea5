import re
from datetime import UTC, datetime, timedelta

import pytest

from dialects import sample_files
from dialects.marks import Marker
from dialects.requests import multipart
from dialects.sample_files import request_text, split

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
RULES = (
    re.compile(r'"id":(?P<id>[^,}]+)'),
    re.compile(r'"key":"(?P<hex40>[^"]*)"'),
    re.compile(r'"at":"(?P<unix>[^"]*)"'),
)
HEX = "0123456789abcdef0123456789abcdef01234567"
OTHER_HEX = HEX[::-1]


def marker() -> Marker:
    return Marker(RULES, began=NOW, ended=NOW + timedelta(seconds=9))


def test_a_value_that_occurs_once_has_no_number() -> None:
    assert marker().mark("", '{"id":7}') == ("", '{"id":«id»}')


def test_the_same_value_has_the_same_number_and_another_has_another() -> None:
    request, answer = marker().mark(f"a={HEX}&b={OTHER_HEX}", f'{{"key":"{HEX}","id":7,"no":"7"}}')
    assert request == f"a=«hex40 1»&b={OTHER_HEX}"
    assert answer == '{"key":"«hex40 1»","id":«id 1»,"no":"«id 1»"}'


def test_what_came_out_of_the_preparation_is_marked_in_the_request() -> None:
    prepared = marker()
    prepared.read(f'{{"key":"{HEX}"}}')
    prepared.learn("123456", "code")
    request, _ = prepared.mark(f"key={HEX}&code=123456&phone=1234567", "")
    assert request == "key=«hex40»&code=«code»&phone=1234567"


def test_times_are_not_told_apart() -> None:
    _, answer = marker().mark("", f'{{"at":"{SECONDS}"}}{{"at":"{SECONDS}"}}')
    assert answer == '{"at":"«unix»"}{"at":"«unix»"}'


def test_a_captcha_is_marked_as_a_field_only() -> None:
    drawn = marker()
    drawn.learn("HTTP", "captcha")
    assert drawn.mark('HTTP/1.1 {"text": "HTTP"}', "")[0] == 'HTTP/1.1 {"text": "«captcha»"}'


@pytest.mark.parametrize(
    "answer",
    [
        '{"key":"XYZ"}',
        f'{{"key":"{HEX.upper()}"}}',
        '{"id":0}',
        '{"id":"7"}',
        f'{{"id":{2**31}}}',
        f'{{"at":"{SECONDS - 1}"}}',
        f'{{"at":"{SECONDS + 10}"}}',
        '{"at":"yesterday"}',
    ],
)
def test_a_value_without_its_form_fails(answer: str) -> None:
    with pytest.raises(AssertionError):
        marker().mark("", answer)


def test_a_file_can_be_taken_apart_again() -> None:
    request = multipart("/x", {"a": "1"}, {"b": ("b.png", "image/png", b"\x89\r\n")})
    shown = request_text(request)
    parts = split(sample_files.join(shown, "HTTP/1.1 413 Content Too Large\nallow: POST\n"))
    assert parts.request_head.splitlines() == [
        "POST /x HTTP/1.1",
        "content-type: multipart/form-data; boundary=----sample",
    ]
    assert "«base64 iQ0K»\n------sample--\n" in parts.request_body
    assert (parts.status, parts.answer_body) == (413, "")
    assert parts.answer_head.endswith("\nallow: POST")


def test_the_length_of_a_body_with_marks_is_left_out() -> None:
    answer = "HTTP/1.1 200 OK\ncontent-length: 9\n\n{}\n"
    assert sample_files.without_length(answer.format("«id»")).splitlines()[1] == (
        "content-length: «length»"
    )
    assert sample_files.without_length(answer.format("7")) == answer.format("7")
