"""Calls made up from each API's document: none breaks the server, and every answer is documented.

`HUFU_FUZZ_EXAMPLES` says how many calls are made up for each operation; `make fuzz` asks for many.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conftest import GENEROUS
from front_door import MovableClock
from fuzz.callers import Backend, Client, caller_of
from fuzz.calls import Call, any_of, calls_of, operations
from hufu.cli.openapi import document
from hufu.cli.openapi_backend import TAG
from hufu.settings import DIALECTS
from rewarding import served

EXAMPLES = int(os.environ.get("HUFU_FUZZ_EXAMPLES", "5"))
LONGEST = 20
"""Calls of one run in which each may follow from what the others were answered."""

every_api = pytest.mark.parametrize("tag", [*DIALECTS, TAG])
patient = pytest.mark.timeout(120 + 30 * EXAMPLES)


@dataclass(frozen=True)
class Stage:
    """A server over an empty database, somebody who calls it, and what there is to call."""

    runner: asyncio.Runner
    caller: Client | Backend
    operations: list[Any]

    def explore(self, strategy: st.SearchStrategy[Any], play: Callable[[Any], Any]) -> None:
        """Play examples of the strategy, as the seed of the test run has them."""

        @seed(random.getrandbits(64))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def run(example: Any) -> None:
            self.runner.run(play(example))

        run()


@contextmanager
def staged(url: str, data: Path, tag: str) -> Iterator[Stage]:
    """The stage for the API with that tag."""
    behind_proxy = {"trusted_proxies": "127.0.0.1/32"}
    server = served(url, data, MovableClock(), {**GENEROUS, **behind_proxy})
    with asyncio.Runner() as runner:
        world = runner.run(server.__aenter__())
        try:
            configured = world.core.configuration.settings
            app = configured.apps.get(tag) or configured.apps["fomo"]
            found = operations(document(app, configured), tag)
            yield Stage(runner, caller_of(world, tag), found)
        finally:
            runner.run(server.__aexit__(None, None, None))


@patient
@every_api
def test_every_call_is_answered_as_documented(
    empty_database: str, tmp_path: Path, tag: str
) -> None:
    with staged(empty_database, tmp_path, tag) as stage:
        assert stage.operations
        for operation in stage.operations:
            stage.runner.run(stage.caller.arrive())
            stage.explore(calls_of(operation), stage.caller.make)


@patient
@every_api
def test_every_call_after_any_other(empty_database: str, tmp_path: Path, tag: str) -> None:
    """References, codes and sessions out of earlier answers lead further than made-up ones."""
    with staged(empty_database, tmp_path, tag) as stage:

        async def play(calls: list[Call]) -> None:
            await stage.caller.arrive()
            for call in calls:
                await stage.caller.make(call)

        anything = any_of([calls_of(operation) for operation in stage.operations])
        stage.explore(st.lists(anything, min_size=LONGEST // 2, max_size=LONGEST), play)
