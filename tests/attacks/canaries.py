"""Secrets that are known by sight, and where they turn up."""

import io
import json
import logging
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookies import SimpleCookie
from typing import Any

import asyncpg
import pytest
import structlog

from dialects.rows import ROWS, Row
from front_door import Answer, World
from hufu.actions.delivery import newest_letters
from hufu.services import logs

CODE_DIGITS = 8
EVERYTHING = 1_000_000
LONGEST_PIECE = 4
SEGMENT, PAGE, SEGMENT_HEAD, PAGE_HEAD = 16 << 20, 8192, 40, 24
"""Bytes of a file of the database's write-ahead log, of a page of it, and of how each begins."""


class Kind(StrEnum):
    """What a canary is."""

    PASSWORD = "password"
    PAYMENT_PASSWORD = "payment password"
    DIGEST = "MD5 of a password"
    CODE = "code"
    SESSION = "session"
    VISITOR = "visitor"
    GRANT = "tmp_session"
    APP_SECRET = "app secret"
    IDENTITY_NUMBER = "identity number"
    PHONE = "phone"
    EMAIL = "e-mail"
    KEY = "key"


TOLD = {"session_key": Kind.SESSION, "sec": Kind.SESSION, "tmp_session": Kind.GRANT}
COOKIES = {"session_id": Kind.SESSION, "visitor_id": Kind.VISITOR}
"""Under which names answers hand secrets out, in bodies and as cookies."""


@dataclass
class Canaries:
    """All that are out, by what they look like."""

    out: dict[str, Kind] = field(default_factory=dict)

    def let_out(self, kind: Kind, *texts: str) -> None:
        self.out.update((text.casefold(), kind) for text in texts if text)

    def newest(self, kind: Kind) -> str:
        """The last one of the kind that was let out."""
        return [text for text, each in self.out.items() if each is kind][-1]

    def seen_in(self, text: str) -> set[Kind]:
        """The kinds that occur in the text, in whatever case; a code only where it stands alone,
        as so many digits are part of longer numbers by chance."""
        folded = text.casefold()
        return {
            kind
            for canary, kind in self.out.items()
            if canary in folded
            and (kind is not Kind.CODE or re.search(rf"(?<!\d){canary}(?!\d)", folded))
        }


@dataclass(frozen=True)
class Heard:
    """An answer, and the place that gave it."""

    place: str
    answer: Answer

    def parts(self) -> Iterator[tuple[str, str]]:
        """Every text in it, with its name."""
        for name, value in self.answer.headers:
            if name == "set-cookie":
                for cookie in SimpleCookie(value).values():
                    yield f"cookie {cookie.key}", cookie.value
                value = re.sub("=[^;]*", "", value, count=1)  # noqa: PLW2901
            yield f"header {name}", value
        try:
            yield from _leaves("", json.loads(self.answer.body))
        except ValueError:
            yield "body", self.answer.body.decode("latin-1")


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, each in value.items():
                yield from _leaves(f"{name}.{key}".lstrip("."), each)
                yield f"{name} (a name)", key
        case list():
            for each in value:
                yield from _leaves(f"{name}[]", each)
        case _:
            yield name, str(value)


@dataclass
class Watched(World):
    """A server whose every answer is kept; what it hands out in confidence is let out."""

    canaries: Canaries = field(default_factory=Canaries)
    heard: list[Heard] = field(default_factory=list)

    async def request(self, method: str, path: str, **more: Any) -> Answer:
        answer = await super().request(method, path, **more)
        heard = Heard(place_of(method, path), answer)
        self.heard.append(heard)
        for name, text in heard.parts():
            kind = TOLD.get(name.rpartition(".")[2]) or COOKIES.get(name.removeprefix("cookie "))
            if kind:
                self.canaries.let_out(kind, text)
        return answer

    async def let_codes_out(self) -> None:
        """Every code that was sent until now is a canary."""
        database, sealer = self.core.database, self.core.secrets.letters
        for letter in await newest_letters(database, sealer, None, EVERYTHING):
            self.canaries.let_out(Kind.CODE, letter.code or "")

    def shown(self) -> set[tuple[str, str, Kind]]:
        """Which place showed what, and where in its answers."""
        return {
            (heard.place, name, kind)
            for heard in self.heard
            for name, text in heard.parts()
            for kind in self.canaries.seen_in(text)
        }

    async def stored(self) -> set[tuple[str, Kind]]:
        """What stands in which column of the database, as text or as bytes."""
        tables = await self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        columns: dict[str, list[str]] = {}
        for (table,) in tables:
            for row in await self.sql(f"SELECT * FROM {table}"):
                for name, value in row.items():
                    columns.setdefault(f"{table}.{name}", []).append(_text(value))
        return {
            (column, kind)
            for column, texts in columns.items()
            for kind in self.canaries.seen_in("\n".join(texts))
        }

    async def new_segment(self) -> int:
        """Where in the database's write-ahead log a new file begins, with what is written now."""
        async with self._as_superuser() as connection:
            ended = await connection.fetchval("SELECT pg_switch_wal() - '0/0'")
        return -(-int(ended) // SEGMENT) * SEGMENT

    async def written_ahead(self, since: int) -> set[Kind]:
        """What the write-ahead log holds from there on, whatever became of it in the tables."""
        read = "SELECT pg_read_binary_file('pg_wal/' || pg_walfile_name('0/0'::pg_lsn + $1))"
        end, held = await self.new_segment(), bytearray()
        async with self._as_superuser() as connection:
            for first in range(since, end, SEGMENT):
                file = await connection.fetchval(read, first + 1)
                for page in range(0, SEGMENT, PAGE):
                    held += file[page + (PAGE_HEAD if page else SEGMENT_HEAD) : page + PAGE]
        return self.canaries.seen_in(held.decode("latin-1"))

    @asynccontextmanager
    async def _as_superuser(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.url.replace("hufu@", "postgres@"))
        try:
            yield connection
        finally:
            await connection.close()

    def filed(self) -> set[tuple[str, Kind]]:
        """What stands in which file of the data folder, the configuration apart."""
        folder = self.core.configuration.settings.data_dir
        return {
            (str(file.relative_to(folder)), kind)
            for file in folder.rglob("*")
            if file.is_file() and file.suffix != ".toml"
            for kind in self.canaries.seen_in(f"{file.name}\n{file.read_text('latin-1')}")
        }


def watched(world: World) -> Watched:
    """The same server, watched."""
    return Watched(world.core, world.server, world.clock, world.url)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


_PLACES: Mapping[tuple[str, str], Row] = {
    (row.endpoint.method, row.path.partition("<")[0]): row for row in ROWS
}


def place_of(method: str, path: str) -> str:
    """The row that a request is for, or its path where that is none; without what it names."""
    bare = path.partition("?")[0]
    row = _PLACES.get((method, bare)) or _PLACES.get((method, bare.rpartition("/")[0] + "/"))
    if row is not None:
        return str(row)
    return f"{method} {bare}" if bare.startswith("/v1/") else "elsewhere"


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """All that is logged meanwhile, as in production, and whatever else reaches standard error."""
    stream, before, configure = io.StringIO(), structlog.get_config(), structlog.configure
    handler = logging.StreamHandler(stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        # A logger that remembered this stream would still write to it in later tests.
        uncached = {"cache_logger_on_first_use": False}
        patch.setattr(structlog, "configure", lambda **given: configure(**{**given, **uncached}))
        logs.configure("json")
        logging.getLogger().addHandler(handler)
        try:
            yield stream
        finally:
            logging.getLogger().removeHandler(handler)
            configure(**before)
