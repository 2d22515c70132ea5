"""A TCP proxy that does to connections what networks do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Self

from cli.serving import HOST

CHUNK = 65536


class Fate(StrEnum):
    """What becomes of bytes that a client sends.

    `CUT_BEFORE`: they are lost with the connection; `CUT_AFTER`: they arrive, and the connection is
    cut at once; `CUT_ANSWER`: it is cut when the answer comes.
    """

    PASS = "pass"
    CUT_BEFORE = "before"
    CUT_AFTER = "after"
    CUT_ANSWER = "answer"


Judge = Callable[[bytes], Fate]


class Proxy:
    """Between clients, who come to `port`, and a server on a port of this machine.

    `delay` (s) is waited before anything is passed on; while it is `silent` nothing is; while it is
    `closed` nobody gets through. `judge` decides on whatever a client sends; `judges` makes one for
    each new connection, where it depends on what was sent there before.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.delay = 0.0
        self.closed = False
        self.judge: Judge = lambda _: Fate.PASS
        self.judges: Callable[[], Judge] = lambda: self._by_judge
        self._passing = asyncio.Event()
        self._passing.set()
        self._server: asyncio.Server | None = None
        self._links: dict[_Link, asyncio.Task[None]] = {}

    @property
    def links(self) -> int:
        """How many connections there are."""
        return len(self._links)

    @property
    def silent(self) -> bool:
        return not self._passing.is_set()

    @silent.setter
    def silent(self, value: bool) -> None:
        (self._passing.clear if value else self._passing.set)()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Take no more, and cut what there is."""
        if self._server is not None:
            self._server.close()
        self.cut()
        await asyncio.gather(*self._links.values(), return_exceptions=True)

    def cut(self) -> int:
        """Reset every connection; how many that were."""
        for link, task in self._links.items():
            link.reset()
            task.cancel()
        return len(self._links)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.closed:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, (reader, writer), there)
        self._links[link] = asyncio.ensure_future(link.run())
        with suppress(asyncio.CancelledError):
            await self._links[link]
        del self._links[link]

    def _by_judge(self, data: bytes) -> Fate:
        return self.judge(data)

    async def pause(self) -> None:
        """As long as bytes are on their way."""
        if self.delay:
            await asyncio.sleep(self.delay)
        await self._passing.wait()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Link:
    def __init__(self, proxy: Proxy, here: Streams, there: Streams) -> None:
        self._proxy = proxy
        self._judge = proxy.judges()
        self._here, self._there = here, there
        self._cut_answer = False

    async def run(self) -> None:
        pumps = [
            asyncio.ensure_future(self._pump(self._here[0], self._there[1], self._upwards)),
            asyncio.ensure_future(self._pump(self._there[0], self._here[1], self._downwards)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for _, writer in (self._here, self._there):
                writer.close()

    def reset(self) -> None:
        for _, writer in (self._here, self._there):
            writer.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        fate: Callable[[bytes], Fate],
    ) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                decided = fate(data)
                if decided is Fate.CUT_BEFORE:
                    self.reset()
                    return
                await self._proxy.pause()
                sink.write(data)
                await sink.drain()
                if decided is Fate.CUT_AFTER:
                    self.reset()
                    return

    def _upwards(self, data: bytes) -> Fate:
        decided = self._judge(data)
        if decided is Fate.CUT_ANSWER:
            self._cut_answer = True
            return Fate.PASS
        return decided

    def _downwards(self, _: bytes) -> Fate:
        return Fate.CUT_BEFORE if self._cut_answer else Fate.PASS
