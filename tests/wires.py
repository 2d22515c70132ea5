"""Ways from a server to its database that a test may cut."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, urlsplit

from front_door import World, opened

GENEROUS = {"limits.sends_per_minute": 1000, "limits.sends_per_hour": 1000}


class Wire:
    """A way to the database that can be cut, hushed and mended."""

    def __init__(self, target: str, path: Path) -> None:
        self._target, self._path = target, path
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._heard = asyncio.Event()
        self._heard.set()

    def hush(self) -> None:
        """Carry nothing any more, and keep everything open."""
        self._heard.clear()

    async def mend(self) -> None:
        self._heard.set()
        self._server = await asyncio.start_unix_server(self._carry, self._path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        self._path.unlink(missing_ok=True)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, out = await asyncio.open_unix_connection(self._target)
        self._open |= {back, out}
        await asyncio.gather(self._pump(near, out), self._pump(far, back))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while chunk := await source.read(65536):
                await self._heard.wait()
                sink.write(chunk)
        except OSError:
            pass
        finally:
            sink.close()
            self._open.discard(sink)


@asynccontextmanager
async def behind_a_wire(
    url: str, folder: Path, overrides: Mapping[str, object] = MappingProxyType({})
) -> AsyncIterator[tuple[World, Wire]]:
    """A server that reaches its database over a wire."""
    place = parse_qs(urlsplit(url).query)
    name = f".s.PGSQL.{place['port'][0]}"
    wire = Wire(f"{place['host'][0]}/{name}", folder / name)
    await wire.mend()
    through = f"postgresql://hufu@/hufu?host={folder}&port={place['port'][0]}"
    async with opened(through, folder, {**GENEROUS, **overrides}) as world:
        yield world, wire
        await wire.cut()
