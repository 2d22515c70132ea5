"""`/ready` says what it sees, to operators."""

import json
import re
from pathlib import Path

from front_door import World
from hufu.storage.database import Database, Sight
from hufu.storage.migrations import HEAD
from hufu.storage.schema import Fit

ELSEWHERE = "203.0.113.7"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_an_operator_sees_the_database(world: World) -> None:
    answer = await world.get("/ready")
    assert answer.status == 200
    seen = answer.json()["database"]
    assert re.fullmatch(r"18\.\d+", seen.pop("version"))
    assert seen == {
        "host": "local socket",
        "role": "primary",
        "schema": HEAD,
        "schema_wanted": HEAD,
    }


async def test_what_is_documented_is_what_is_shown(world_with, empty_database) -> None:
    [example] = re.findall(r"```\n({\"status\".*?})\n```", OPERATIONS.read_text("utf-8"), re.DOTALL)
    documented = json.loads(example)
    async with world_with({"replica_url": empty_database}) as world:
        shown = (await world.get("/ready")).json()
    assert documented.keys() == shown.keys()
    assert documented["database"].keys() == shown["database"].keys()
    for name in ("schema", "schema_wanted"):
        assert documented["database"][name] == HEAD


async def test_a_stranger_sees_whether_it_is_ready(world: World, monkeypatch) -> None:
    assert (await world.get("/ready", peer=ELSEWHERE)).json() == {"status": "ready"}
    monkeypatch.setattr(Database, "look_around", standby)
    assert (await world.get("/ready", peer=ELSEWHERE)).json() == {
        "status": "unavailable",
        "problems": {"database": "is a standby, which takes no writes"},
    }


async def standby(_: object) -> Sight:
    return Sight("192.0.2.7:5432", standby=True, version="18.1", schema=HEAD, fit=Fit.FITS)


async def test_a_standby_is_no_place_to_serve_from(world: World, monkeypatch) -> None:
    monkeypatch.setattr(Database, "look_around", standby)
    answer = await world.get("/ready")
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.json()["database"]["host"] == "192.0.2.7:5432"
    assert answer.json()["database"]["role"] == "standby"


async def test_an_older_schema_is_told(world: World) -> None:
    await world.sql("UPDATE alembic_version SET version_num = '0001'")
    try:
        answer = await world.get("/ready")
    finally:
        await world.sql(f"UPDATE alembic_version SET version_num = '{HEAD}'")
    assert answer.json()["problems"] == {"migrations": "run `hufu migrate`"}
    assert (answer.status, answer.json()["database"]["schema"]) == (503, "0001")


async def test_a_replica_is_told_of(world_with, empty_database) -> None:
    async with world_with({"replica_url": empty_database}) as world:
        database = world.core.database
        assert (await world.get("/ready")).json()["database"]["replica"] == "not fresh, not used"
        await database.replica.prove()
        assert (await world.get("/ready")).json()["database"]["replica"] == "fresh"
