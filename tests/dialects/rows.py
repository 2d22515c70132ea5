"""Every row of every dialect's table, and how a request to it is written and sent."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dialects.fields import EITHER, Field, fields_of
from dialects.vocabulary import VOCABULARIES, Vocabulary
from front_door import FORM, JSON, Answer, World
from hufu.settings import DIALECTS
from hufu.wire.dialect import Dialect, Endpoint, Member
from hufu.wire.forms import Upload

BOUNDARY = "----row"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
ANSWERS = "application/json; charset=utf-8"

Pair = tuple[str, object]
Told = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """One row, with the dialect's words."""

    dialect: Dialect[Any]
    endpoint: Endpoint[Any]

    def __str__(self) -> str:
        return f"{self.dialect.name} {self.endpoint.method} {self.endpoint.path}"

    @property
    def words(self) -> Vocabulary:
        return VOCABULARIES[self.dialect.name]

    @property
    def path(self) -> str:
        """Below the root, with its parameter still open."""
        return f"/{self.dialect.name}/{self.endpoint.path}"

    @property
    def for_members(self) -> bool:
        return isinstance(self.endpoint, Member)

    @property
    def malformed(self) -> list[Told]:
        """What it may answer to a request that is malformed."""
        own = self.words.own_malformed.get(self.endpoint.path)
        return [
            (own or said.status, said.body)
            for said in (self.words.malformed, *self.words.also_malformed)
        ]

    @property
    def not_signed_in(self) -> list[Told]:
        """What it may answer to somebody who shows no session."""
        assert self.words.not_signed_in is not None
        return [(self.words.not_signed_in.status, self.words.not_signed_in.body)]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The ways in which its fields can be sent."""
        if self.endpoint.from_query:
            return ("query",)
        if any(field.gives is Upload for field in self.fields()):
            return ("multipart",)
        return ("json", "form", "multipart")

    @property
    def cookies(self) -> Mapping[str, str]:
        """A session that nobody has, where a cookie is the only way to show one."""
        shown_by_cookie = self.for_members and self.words.cookie and not self.proof()
        return dict([self.words.cookie]) if shown_by_cookie and self.words.cookie else {}

    def proof(self) -> list[Field]:
        """The fields that show who is asking, where the row wants to know; they are nobody's."""
        if not self.for_members:
            return []
        return list(self.words.proof if self.endpoint.proof is None else self.words.beside)

    def fields(self, number: int = 0) -> list[Field]:
        """All fields but the parameter, as another person for each number would fill them in."""
        struct = fields_of(self.dialect.name, self.endpoint.path, self.endpoint.request, number)
        return [*self.proof(), *(field for field in struct if field.name != self.parameter)]

    def least_fields(self) -> list[Field]:
        """The fields that it cannot do without."""
        fields = {field.name: field for field in self.fields()}
        pairs = [pair for pair in EITHER if fields.keys() >= set(pair)]
        chosen, spared = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
        return [
            field
            for name, field in fields.items()
            if name not in spared and (field.required or name in chosen)
        ]

    @property
    def parameter(self) -> str | None:
        """The name of the parameter in its path, brackets included."""
        _, bracket, name = self.endpoint.path.partition("<")
        return bracket + name or None

    def at(self, number: int = 0) -> str:
        """Its path, with a well-formed parameter."""
        struct = fields_of(self.dialect.name, self.endpoint.path, self.endpoint.request, number)
        for field in struct:
            if field.name == self.parameter:
                return self.path.replace(field.name, str(field.value))
        return self.path


ROWS = tuple(Row(dialect, row) for dialect in DIALECTS.values() for row in dialect.endpoints)


def written(kind: str, pairs: Iterable[Pair]) -> bytes:
    """Names and values as a body or query of that kind; JSON takes values of every type."""
    match kind:
        case "json":
            members = (f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs)
            return f"{{{','.join(members)}}}".encode()
        case "multipart":
            return multipart((name, part_of(value)) for name, value in pairs)
        case _:
            return form((name, quote(str(value)).encode()) for name, value in pairs)


def form(pairs: Iterable[tuple[str, bytes]]) -> bytes:
    """A urlencoded form of values that are encoded already."""
    return b"&".join(quote(name).encode() + b"=" + value for name, value in pairs)


Part = tuple[str, bytes]


def part_of(value: object) -> Part:
    """What stands behind the name in a part's head, and its content."""
    if isinstance(value, Upload):
        head = f'; filename="{value.filename}"\r\ncontent-type: {value.content_type}'
        return head, value.data
    return "", str(value).encode()


def multipart(parts: Iterable[tuple[str, Part]]) -> bytes:
    """A multipart form."""
    body = b""
    for name, (head, content) in parts:
        disposition = f'content-disposition: form-data; name="{name}"{head}\r\n\r\n'
        body += f"--{BOUNDARY}\r\n{disposition}".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


CONTENT_TYPES = {"json": JSON, "form": FORM, "multipart": MULTIPART}


async def ask(
    world: World, row: Row, kind: str, body: bytes, path: str = "", **more: Any
) -> Answer:
    """Send a body (or query) to the row, and see that the answer has the standing headers."""
    path = path or row.at()
    more = {"cookies": row.cookies, **more}
    if kind == "query":
        query = body.decode("latin-1")
        answer = await world.request(row.endpoint.method, f"{path}?{query}", **more)
    else:
        more = {"content_type": CONTENT_TYPES[kind], **more}
        answer = await world.request(row.endpoint.method, path, body=body, **more)
    see_standing_headers(answer)
    return answer


def see_standing_headers(answer: Answer) -> None:
    """What every answer of an API has."""
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-content-type-options") == "nosniff"
    if answer.status == 204:
        assert answer.body == b""
        return
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("content-type") == ANSWERS or (
        answer.header("content-type") == "image/jpeg" and answer.status == 200
    )


def told(answer: Answer) -> Told:
    """Status and body."""
    return answer.status, answer.json()


async def exchange(
    world: World,
    method: str,
    path: str,
    headers: Iterable[tuple[str, str]] = (),
    chunks: AsyncIterator[bytes] | None = None,
) -> Answer:
    """One request at the ASGI interface; the body is read from `chunks` as the server asks."""
    messages: list[dict[str, Any]] = []
    if chunks is not None:
        headers = [*headers, ("transfer-encoding", "chunked")]

    async def receive() -> dict[str, Any]:
        assert chunks is not None, "the body was read"
        chunk = await anext(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8000),
    }
    await world.server(scope, receive, send)
    start, *rest = messages
    sent = [(name.decode(), value.decode()) for name, value in start["headers"]]
    answer = Answer(start["status"], sent, b"".join(each["body"] for each in rest))
    see_standing_headers(answer)
    return answer
