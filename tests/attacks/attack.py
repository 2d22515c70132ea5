"""What an attack is here: something that must fail, and that succeeds once its defence is gone.

    @attack(4, without=anybody_is_told)
    async def test_a_stranger_learns_who_is_signed_in(world: World) -> bool:
        ...
        return learnt  # Whether the attacker got what they wanted.

Each is run twice through the front door. Against the server as it is it must not succeed. Against
the server `without` that one defence, which a patch takes out for the one test, it must: an attack
that could never succeed would show nothing. `number` is the attack's in docs/security.md.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from front_door import World, WorldWith
from hufu.cli.init import configuration_text

Attempt = Callable[..., Awaitable[bool]]
Removal = Callable[[pytest.MonkeyPatch], None]

ATTACKS: dict[int, list[str]] = {}
"""The tests of each attack."""


def attack(
    number: int,
    *,
    without: Removal,
    settings: Mapping[str, object] | None = None,
    generous: bool = True,
    config: Callable[[], str] | None = None,
) -> Callable[[Attempt], Callable[..., Awaitable[None]]]:
    """Make an attack's two tests: defended and, `without` the defence, not.

    The server has these `settings`, and sending limits out of the way where `generous`. It is one
    of development, or else has the configuration file whose text `config` makes.
    """

    def make(attempt: Attempt) -> Callable[..., Awaitable[None]]:
        ATTACKS.setdefault(number, []).append(f"{attempt.__module__}.{attempt.__name__}")

        @pytest.mark.parametrize("defended", [True, False], ids=["defended", "undefended"])
        async def test(
            world_with: WorldWith,
            monkeypatch: pytest.MonkeyPatch,
            tmp_path: Path,
            defended: bool,
        ) -> None:
            file = None
            if config is not None:
                file = tmp_path / "hufu.toml"
                file.write_text(config())
            if not defended:
                without(monkeypatch)
            async with world_with(dict(settings or {}), file, generous=generous) as world:
                succeeded = await attempt(world)
            assert succeeded is not defended

        test.__doc__ = attempt.__doc__
        test.__name__ = attempt.__name__
        return test

    return make


def production(**settings: str) -> str:
    """A configuration file as `hufu init` writes it, with these settings, written as in TOML."""
    text = configuration_text()
    for name, value in {"public_url": '"https://id.example.com"', **settings}.items():
        line = re.compile(f"^(?:# )?{name} = .*$", re.MULTILINE)
        text, found = line.subn(lambda _, said=f"{name} = {value}": said, text, count=1)
        assert found, name
    return text


def answering(value: Any) -> Callable[..., Any]:
    """A function that answers the same to everything, to put in a defence's place."""

    def answer(*_: object, **__: object) -> Any:
        return value

    return answer


def answering_later(value: Any) -> Callable[..., Awaitable[Any]]:
    """The same for a defence that is awaited."""

    async def answer(*_: object, **__: object) -> Any:
        return value

    return answer


__all__ = ["ATTACKS", "World", "answering", "answering_later", "attack", "production"]
