"""The files of recorded samples: one request and its answer each, to be read by people and docs.

A file is `tests/dialects/<dialect>/samples/<row>/<name>.http`. `<row>` is the endpoint's path with
dots for slashes and without angle brackets; where the dialect has several methods at one path, the
method and a dot stand in front: `customer.register`, `GET.api.profile.auth`. In the row `any` is
what is said of no endpoint in particular. `<name>` is `ok` for the plain success, `ok-…` for other
successes, and otherwise the answer's number and a reason: `105-wrong-code`.

    POST /fomo/customer/register HTTP/1.1
    content-type: application/x-www-form-urlencoded

    user_name=13390633695&pwd=123456789
    ============================================================
    HTTP/1.1 200 OK
    content-type: application/json; charset=utf-8
    content-length: «length»

    {"success":true,…,"data":{"verify_id":«int»,"tmp_user_id":«int»}}

To read one: split at SEPARATOR into request and answer, and each at its first empty line into head
and body; a part without an empty line has no body. The line end at the end of each part is not of
the body. A request has the headers that matter, an answer has all of them. What is in «» is a mark
(see `marks.py`); bytes that are no text are written as «base64 …». The line ends of multipart
bodies, CR LF, are written as LF. Files are UTF-8.
"""

import base64
import re
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from dialects.requests import Request
from front_door import Answer
from hufu.wire.dialect import Dialect

SEPARATOR = "=" * 60
FOLDER = Path(__file__).parent
ANY = "any"
PHRASES = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large"}
"""RFC 9110's; older Pythons have another one for 413."""


class Parts(NamedTuple):
    """A sample file, taken apart."""

    request_head: str
    request_body: str
    answer_head: str
    answer_body: str

    @property
    def status(self) -> int:
        """The answer's HTTP status."""
        return int(self.answer_head.split(" ", 2)[1])


def folder(dialect: str) -> Path:
    """Where the samples of a dialect are."""
    return FOLDER / dialect / "samples"


def rows(dialect: Dialect[Any]) -> list[str]:
    """The dialect's endpoints as cases name them: the path, and the method where it needs one."""
    methods = Counter(endpoint.path for endpoint in dialect.endpoints)
    return [
        f"{endpoint.method} {endpoint.path}" if methods[endpoint.path] > 1 else endpoint.path
        for endpoint in dialect.endpoints
    ]


def path_of(dialect: str, row: str, name: str) -> Path:
    """The file of a sample."""
    return folder(dialect) / re.sub("[ /]", ".", re.sub("[<>]", "", row)) / f"{name}.http"


def request_text(request: Request) -> str:
    """The request as the file shows it."""
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    if request.host is not None:
        lines.append(f"host: {request.host}")
    lines += [f"{name}: {value}" for name, value in request.headers]
    body = request.body
    for stretch in request.binary:
        body = body.replace(stretch, f"«base64 {base64.b64encode(stretch).decode()}»".encode())
    text = body.decode()
    if "\r" in text:
        assert "\n" not in text.replace("\r\n", ""), "a line of a multipart body ends in CR LF"
        text = text.replace("\r\n", "\n")
    return _part(lines, text)


def answer_text(answer: Answer, body: str) -> str:
    """The answer as the file shows it, with this text for its body."""
    lines = [f"HTTP/1.1 {answer.status} {PHRASES[answer.status]}"]
    return _part([*lines, *(f"{name}: {value}" for name, value in answer.headers)], body)


def without_length(answer: str) -> str:
    """The answer's text, without the length of a body that has marks in it."""
    head, empty, body = answer.partition("\n\n")
    if "«" in body:
        head = re.sub(r"(?m)^content-length: [0-9]+$", "content-length: «length»", head)
    return f"{head}{empty}{body}"


def join(request: str, answer: str) -> str:
    """The whole file."""
    return f"{request}{SEPARATOR}\n{answer}"


def split(text: str) -> Parts:
    """The whole file taken apart."""
    request, answer = text.split(f"{SEPARATOR}\n")
    request_head, _, request_body = request.removesuffix("\n").partition("\n\n")
    answer_head, _, answer_body = answer.removesuffix("\n").partition("\n\n")
    return Parts(request_head, request_body, answer_head, answer_body)


def _part(lines: list[str], body: str) -> str:
    return "\n".join([*lines, "", body, ""] if body else [*lines, ""])
