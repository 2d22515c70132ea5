"""Secrets that turn up where they do not belong: in the database and its write-ahead log, in logs,
metrics and answers, and in what operators are shown."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attacks.attack import production
from attacks.canaries import Heard, Kind, listening, watched
from attacks.canary_misuse import NAMES, misplaced, misuse, send
from attacks.canary_places import CHEAP, SETTINGS, SHOWN, STORED, hufu, measured
from attacks.canary_tour import EMAIL, IDENTITY_NUMBERS, NAME, PASSWORD, PHONES, Tour, walk
from cli.serving import serving
from dialects.rows import ROWS
from front_door import WorldWith

YES: dict[str, Callable[[Any], bool]] = {
    "fomo": lambda body: body["status"] == 1,
    "company": lambda body: body["code"] == "200",
    "rental": lambda body: body["errno"] == 0,
    "creator": lambda body: "successful" in body["msg"] or "注意" in body["msg"],
}


def said_yes(heard: Heard) -> bool:
    """Whether the call did what it is for."""
    if heard.answer.header("content-type") == "image/jpeg":
        return True
    yes = YES.get(heard.place.partition(" ")[0])
    return yes is not None and heard.answer.status == 200 and yes(heard.answer.json())


def commands(tour: Tour) -> Iterator[tuple[object, ...]]:
    """What an operator may ask, about everything that happened."""
    for session in tour.sessions.values():
        yield "accounts", "show", session.account_id
    for identifier in (*PHONES.values(), EMAIL, NAME):
        yield "accounts", "find", identifier
    yield ("outbox",)
    yield "outbox", "--to", PHONES["fomo"]
    yield "outbox", "--to", EMAIL
    for name in ("balance", "entries"):
        yield "ledger", name, tour.sessions["fomo"].account_id
    yield "ledger", "verify"
    yield "ledger", "coins"
    yield "rewards", "rules"
    yield "rewards", "words"
    yield "apps", "secrets", "fomo"
    yield "sending", "status"


async def test_no_secret_turns_up_where_it_does_not_belong(
    world_with: WorldWith, tmp_path: Path
) -> None:
    """After every call was made rightly, and with each secret in every place of a request."""
    (tmp_path / "hufu.toml").write_text(production())
    with listening() as log:
        async with world_with(SETTINGS, tmp_path / "hufu.toml") as opened:
            world = watched(opened)
            since = await world.new_segment()
            tour = await walk(world)
            rightly = {heard.place for heard in world.heard if said_yes(heard)}
            assert rightly >= {str(row) for row in ROWS}
            await misuse(tour)
            assert await world.stored() == STORED
            assert await world.written_ahead(since) == {kind for _, kind in STORED}
            assert world.shown() == SHOWN
            assert await measured(world) == set()
            assert world.filed() == set()
            for command in commands(tour):
                for more in ((), ("--json",)):
                    printed = await hufu(world, *command, *more)
                    assert world.canaries.seen_in(printed) == set(), (command, more)
    assert "RuntimeError" in log.getvalue()
    assert world.canaries.seen_in(log.getvalue()) == set()


async def test_what_is_typed_in_place_of_a_name_is_not_kept(
    world_with: WorldWith, tmp_path: Path
) -> None:
    """People type their password where their name is due, and paste what they have copied."""
    (tmp_path / "hufu.toml").write_text(production())
    async with world_with(SETTINGS, tmp_path / "hufu.toml") as opened:
        world = watched(opened)
        tour = await walk(world)
        for row in ROWS:
            fields = {field.name: field.value for field in row.fields()}
            for name in fields:
                if (row.dialect.name, name) in NAMES and row.endpoint.path != "user/register":
                    for _, text in misplaced(tour):
                        await send(world, row, {**fields, name: text})
        assert await world.stored() <= STORED


async def test_settings_show_no_secret(world_with: WorldWith, tmp_path: Path) -> None:
    (tmp_path / "hufu.toml").write_text(production())
    async with world_with({}, tmp_path / "hufu.toml") as opened:
        world = watched(opened)
    configured = world.core.configuration.settings
    keys = [key.partition(":")[2] for key in (configured.pepper, configured.identity_key)]
    world.canaries.let_out(Kind.KEY, *keys, "canary-secret", "canary-password")
    for more in ((), ("--json",)):
        printed = await hufu(
            world,
            "settings",
            *more,
            HUFU_DATABASE_URL="postgresql://hufu:canary-password@db.example.com/hufu",
            HUFU_PROVIDERS__HOOK__KIND="webhook",
            HUFU_PROVIDERS__HOOK__URL="https://hook.example.com/?token=canary-secret",
            HUFU_PROVIDERS__HOOK__SECRET="canary-secret-of-32-bytes-or-more",
        )
        assert "db.example.com" in printed
        assert world.canaries.seen_in(printed) == set()


async def test_a_whole_server_prints_no_secret(empty_database: str, tmp_path: Path) -> None:
    """Neither do the parts that are not ours: what reads HTTP sees every path and every body."""
    (tmp_path / "hufu.toml").write_text(production())
    environment = {"HUFU_DATABASE_URL": empty_database, **CHEAP}
    secrets = [PASSWORD, PHONES["creator"], IDENTITY_NUMBERS["rental"], EMAIL]

    def use() -> str:
        config = str(tmp_path / "hufu.toml")
        with serving(tmp_path / "data", "--config", config, **environment) as server:
            for secret in secrets:
                server.form("/fomo/customer/login", login_name=secret, pwd=secret)
                server.json("/rental/api/login", mobile=secret, password=secret)
                for path in (f"creator/user/registerPhone/{secret}", secret, f"?more={secret}"):
                    server.get(f"/{path}")
                    server.ask("POST", f"/{path}", secret.encode(), {"X-More": secret})
                    server.ask(secret[:4], f"/{path}", b"", {"Content-Type": secret})
            server.end()
            return server.printed()

    printed = await asyncio.to_thread(use)
    assert "Ready after" in printed
    assert [secret for secret in secrets if secret in printed] == []
