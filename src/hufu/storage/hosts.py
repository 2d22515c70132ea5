"""Connecting to whichever of several hosts is the database.

asyncpg asks one host after the other within one deadline, so that a host that takes connections and
says nothing, as one does that has just lost its power or its network, would keep everybody from the
next. Here all are asked at once, and the first that will do is taken.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from hufu.storage.loss import LOST, NotLetIn


def alternatives(url: str) -> list[str]:
    """An address for each host that a DSN names, in its netloc or in its parameters."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [
            urlunsplit(parts._replace(netloc=f"{login}{at}{host}")) for host in hosts.split(",")
        ]
    query = dict(parse_qsl(parts.query))
    names = query.get("host", "").split(",")
    ports = query.get("port", "").split(",")
    if len(names) == 1:
        return [url]
    if len(ports) == 1:
        ports *= len(names)
    where = zip(names, ports, strict=False)
    queries = [{**query, "host": host, **({"port": port} if port else {})} for host, port in where]
    return [urlunsplit(parts._replace(query=urlencode(each))) for each in queries]


async def connect(url: str, **options: Any) -> asyncpg.Connection:
    """A connection to the first host that will do; raises what the last one raised, or NotLetIn
    where that does not say that the host is lost."""
    try:
        return await _connect(url, options)
    except asyncpg.PostgresError as error:
        if isinstance(error, LOST):
            raise
        raise NotLetIn(type(error).__name__) from error


async def _connect(url: str, options: dict[str, Any]) -> asyncpg.Connection:
    urls = alternatives(url)
    if len(urls) == 1:
        return await asyncpg.connect(url, **options)
    attempts: list[asyncio.Future[asyncpg.Connection]] = [
        asyncio.ensure_future(asyncpg.connect(each, **options)) for each in urls
    ]
    try:
        return await _first_good(attempts)
    finally:
        for attempt in attempts:
            _forget(attempt)


async def _first_good(attempts: list[asyncio.Future[asyncpg.Connection]]) -> asyncpg.Connection:
    left = list(attempts)
    while True:
        await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for attempt in [each for each in left if each.done()]:
            left.remove(attempt)
            if not left or attempt.exception() is None:
                attempts.remove(attempt)
                return attempt.result()


def _forget(attempt: asyncio.Future[asyncpg.Connection]) -> None:
    """Nobody waits for it any more."""
    attempt.cancel()
    attempt.add_done_callback(_hang_up)


def _hang_up(attempt: asyncio.Future[asyncpg.Connection]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().terminate()
