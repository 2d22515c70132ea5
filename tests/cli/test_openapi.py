"""`hufu openapi`: a document that tells what is so."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import schemathesis
from click.testing import CliRunner, Result

from dialects import sample_files
from dialects.rows import CONTENT_TYPES, ROWS, Row
from hufu.cli.docs_samples import rows
from hufu.cli.main import main
from hufu.domain.errors import all_refusals
from hufu.settings import DIALECTS
from hufu.wire.forms import Upload

PAGES = Path(__file__).parents[1] / "pages" / "samples"
TOLD = "https://id.example.com"
NOT_ALLOWED = 405

every_app = pytest.mark.parametrize("app", DIALECTS)
every_row = pytest.mark.parametrize("row", ROWS, ids=str)


def hufu_openapi(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["openapi", *map(str, arguments)])


@cache
def document(app: str, *options: object) -> Any:
    result = hufu_openapi(app, *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def operations(said: Any) -> dict[str, Any]:
    found = [
        operation
        for path in said["paths"].values()
        for method, operation in path.items()
        if method != "servers"
    ]
    named = {each["operationId"]: each for each in found}
    assert len(named) == len(found)
    return named


def operation_of(row: Row) -> Any:
    path = "/" + row.endpoint.path.replace("<", "{").replace(">", "}")
    return document(row.dialect.name)["paths"][path][row.endpoint.method.lower()]


def resolved(said: Any, value: Any) -> Any:
    """What is referred to."""
    if "$ref" not in value:
        return value
    for name in value["$ref"].removeprefix("#/").split("/"):
        said = said[name]
    return said


def members(value: object, name: str) -> Iterator[Any]:
    """Every value of that name, at any depth."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key == name:
                yield member
            yield from members(member, name)
    elif isinstance(value, list):
        for each in value:
            yield from members(each, name)


# The document


@every_app
def test_it_is_an_openapi_document(app: str) -> None:
    said = document(app)
    schemathesis.openapi.from_dict(said).validate()
    for schema in (*said["components"]["schemas"].values(), *members(said, "schema")):
        jsonschema_rs.meta.validate(schema)
    for reference in members(said, "$ref"):
        assert resolved(said, {"$ref": reference})
    shown = [name for needed in members(said, "security") for each in needed for name in each]
    assert set(shown) == set(said["components"]["securitySchemes"])


def test_it_is_the_same_every_time(folder: Path) -> None:
    hufu = Path(sys.executable).with_name("hufu")
    told = {
        subprocess.run(
            [hufu, "openapi", "fomo"],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
    assert list(folder.iterdir()) == []


def test_an_unknown_app_is_refused() -> None:
    refused = hufu_openapi("formo")
    assert refused.exit_code == 2
    assert "must be one of fomo, company, rental, creator" in refused.stderr


def test_it_tells_of_every_place(production: Path) -> None:
    text = production.read_text()
    apps = """
[apps.lets]
dialect = "rental"
title = "Lettings"
prefix = "/lets"
hosts = ["lets.example.com", "rooms.example.com"]
"""
    production.write_text(re.sub(r"(?ms)^\[apps\..*", "", text) + apps)
    said = document("lets", "--config", production)
    assert said["info"]["title"] == "Lettings"
    assert [each["url"] for each in said["servers"]] == [
        f"{TOLD}/lets",
        "https://lets.example.com",
        "https://rooms.example.com",
    ]
    assert said["paths"]["/v1/rewards/events"]["servers"] == [{"url": TOLD}]
    cookies = [
        each["name"]
        for each in said["components"]["securitySchemes"].values()
        if each.get("in") == "cookie"
    ]
    assert cookies == ["session_id", "__Host-session_id"]


# Requests


@every_app
def test_every_call_is_in_it_and_no_other(app: str) -> None:
    told = [name for name, each in operations(document(app)).items() if each["tags"] == [app]]
    assert told == [name for name, _ in rows(DIALECTS[app])]


@every_row
def test_every_field_is_in_it(row: Row) -> None:
    operation = operation_of(row)
    told = {each["name"]: each["required"] for each in operation.get("parameters", [])}
    places = {each["name"]: each["in"] for each in operation.get("parameters", [])}
    for content in operation.get("requestBody", {"content": {}})["content"].values():
        schema = resolved(document(row.dialect.name), content["schema"])
        told |= {name: name in schema["required"] for name in schema["properties"]}
    shown = {} if row.words.not_signed_in is None else {field.name for field in row.proof()}
    beside = {field.name for field in row.words.beside}
    expected = {field.name: field.required and field.name not in beside for field in row.fields()}
    if not row.for_members:
        expected = {field.name: field.required for field in row.fields()}
    if row.parameter:
        expected[row.parameter.strip("<>")] = True
        assert places == {row.parameter.strip("<>"): "path"}
    assert told == expected
    assert set(shown) <= told.keys()
    if row.endpoint.from_query:
        assert set(places.values()) == {"query"}


@every_row
def test_a_body_comes_in_every_way_that_can_carry_it(row: Row) -> None:
    body = operation_of(row).get("requestBody", {"content": {}, "required": False})
    ways = {CONTENT_TYPES[kind].partition(";")[0] for kind in row.kinds if kind != "query"}
    assert set(body["content"]) == (ways if row.fields() else set())
    proof = {field.name for field in row.proof()} if row.words.cookie else set()
    assert body["required"] == any(
        field.required and field.name not in proof for field in row.fields() if ways
    )


@every_row
def test_values_in_order_are_as_it_says(row: Row) -> None:
    said = document(row.dialect.name)
    values = {
        field.name: field.value for field in row.fields() if not isinstance(field.value, Upload)
    }
    for each in operation_of(row).get("parameters", []):
        if each["in"] == "query":
            assert jsonschema_rs.is_valid(each["schema"], values.pop(each["name"]))
    for content in operation_of(row).get("requestBody", {"content": {}})["content"].values():
        schema = resolved(said, content["schema"])
        files = {name for name, each in schema["properties"].items() if "format" in each}
        assert jsonschema_rs.is_valid(schema, values | dict.fromkeys(files, ""))


@every_row
def test_it_says_who_shows_a_cookie(row: Row) -> None:
    security = operation_of(row).get("security", [])
    cookie = row.dialect.session_cookie
    assert [name for each in security for name in each] == ([cookie] if cookie else [])
    assert ({} in security) == bool(cookie and not (row.for_members and row.cookies))


# Answers


def answered(folder: Path, names: dict[str, str]) -> Iterator[tuple[str, sample_files.Parts]]:
    """Every recorded answer to the operations, by the names of their folders."""
    for name, operation in names.items():
        files = list((folder / name).glob("*.http"))
        assert files, name
        for file in files:
            yield operation, sample_files.split(file.read_text("utf-8"))


def see_answer(said: Any, operation: Any, sample: sample_files.Parts) -> None:
    """The document has this answer to the operation, its headers and its body."""
    response = resolved(said, operation["responses"][str(sample.status)])
    sent = dict(line.split(": ", 1) for line in sample.answer_head.split("\n")[1:])
    for name, header in response["headers"].items():
        assert jsonschema_rs.is_valid(resolved(said, header)["schema"], sent[name.lower()])
    if not response["content"]:
        assert "content-type" not in sent
        assert not sample.answer_body
        return
    kind = sent["content-type"].partition(";")[0]
    schema = resolved(said, response["content"][kind]["schema"])
    if "json" in kind:
        body = re.sub("(?<=[:,[])«[^»]*»", "1", sample.answer_body)
        jsonschema_rs.validate(schema, json.loads(body))


@every_app
def test_every_recorded_answer_is_in_it(app: str) -> None:
    said = document(app)
    told = operations(said)
    names = {name: name for name, each in told.items() if each["tags"] == [app]}
    for name, sample in answered(sample_files.folder(app), names):
        see_answer(said, told[name], sample)


def test_every_recorded_answer_to_a_backend_is_in_it() -> None:
    said = document("fomo")
    told = [name for name, each in operations(said).items() if each["tags"] == ["backend"]]
    names = {f"v1.{name}": name for name in told}
    for name, sample in answered(PAGES, names):
        if sample.status != NOT_ALLOWED:
            see_answer(said, operations(said)[name], sample)


@every_row
def test_every_refusal_is_told_under_its_status(row: Row) -> None:
    said = document(row.dialect.name)
    told = {
        (int(status), json.dumps(example["value"]))
        for status, response in operation_of(row)["responses"].items()
        for content in resolved(said, response)["content"].values()
        for example in content.get("examples", {}).values()
    }
    for refusal in all_refusals():
        named = {**row.dialect.refusals, **row.endpoint.refusals}
        reply = next(named[kind] for kind in refusal.__mro__ if kind in named)
        assert (reply.status, json.dumps(msgspec.to_builtins(reply.body))) in told
    broken = json.dumps(dict(row.words.broken))
    malformed = json.dumps(dict(row.words.malformed.body))
    assert {(500, broken), (503, broken), (413, malformed)} <= told
