"""What is done every so often is done whatever becomes of it, and its trouble is told once."""

import asyncio
from collections.abc import Iterator

import pytest

from hufu.services.overload import Unavailable
from hufu.services.perseverance import Perseverance, keep_doing


class Tries:
    """What is done, which fails as it is told, and then has ended."""

    def __init__(self, *errors: Exception | None) -> None:
        self.told: list[str | None] = []
        self.ended = asyncio.Event()
        self._errors: Iterator[Exception | None] = iter(errors)

    async def __call__(self) -> None:
        try:
            error = next(self._errors)
        except StopIteration:
            self.ended.set()
            return
        if error is not None:
            raise error

    async def run(self, again: float = 0.0) -> list[str | None]:
        doing = asyncio.create_task(keep_doing(self, 0.0, self.told.append, again=again))
        await self.ended.wait()
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
        return self.told


async def test_its_trouble_is_told_once_and_so_is_its_end() -> None:
    tries = Tries(None, KeyError(), KeyError(), OSError(), None, None, OSError(), None)
    assert await tries.run() == ["KeyError", None, "OSError", None]


async def test_what_others_tell_is_not_told() -> None:
    """Nor does it end what was told."""
    assert await Tries(Unavailable(), None).run() == []
    tries = Tries(KeyError(), Unavailable(), KeyError(), Unavailable(), None)
    assert await tries.run() == ["KeyError", None]


async def test_it_is_done_again_sooner_where_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr("hufu.services.perseverance.asyncio.sleep", sleep)
    tries = Tries(None, OSError(), None)
    with pytest.raises(asyncio.CancelledError):
        await keep_doing(tries, 9.0, tries.told.append, again=0.5)
    assert pauses == [9.0, 0.5, 9.0]


async def test_it_may_be_broken_off() -> None:
    trouble = Perseverance(pytest.fail)
    with pytest.raises(asyncio.CancelledError), trouble:
        raise asyncio.CancelledError
