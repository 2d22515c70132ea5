"""Bodies of events that are not as they must be: each is refused, and nothing is given."""

import pytest

from front_door import JSON
from pages.backend import Backend, ledger, problem

NOT_JSON = (400, "not_json")
OTHER_TYPE = (415, "not_json")
MALFORMED = (422, "malformed")
TOO_LARGE = (413, "too_large")
LIMIT = 64 * 1024


async def refused(backend: Backend, body: str | bytes, **more: object) -> tuple[int, str]:
    """Status and code that a body is answered; `$` in it stands for the user's id."""
    raw = body if isinstance(body, bytes) else body.encode()
    raw = raw.replace(b"$", str(backend.user.account_id).encode())
    before = await ledger(backend.world)
    found = problem(await backend.send(raw, **more))
    assert await ledger(backend.world) == before
    return found


@pytest.mark.parametrize("quote", ["", '"'])
async def test_the_least_that_is_an_event(backend: Backend, quote: str) -> None:
    """An id may be the string that the dialects show."""
    body = f'{{"user_id":{quote}{backend.user.account_id}{quote},"item":"join_group"}}'
    assert (await backend.send(body.encode())).status == 201


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "{",
        '{"user_id": $, "item": "join_group"',
        '{"user_id": $, "item": "join_group"}}',
        '{"user_id": $, "item": "join_group",}',
        "{'user_id': $, 'item': 'join_group'}",
        '{"user_id": $, "user_id": $, "item": "join_group"}',
        '{"user_id": $, "item": "join_group", "item": "join_group"}',
        '{"user_id": $, "item": "join_group", "target_id": {"a": 1, "a": 2}}',
        '[{"user_id": $, "item": "join_group"}]',
        '"user_id"',
        "7",
        "null",
        "true",
        "NaN",
        '{"user_id": NaN, "item": "join_group"}',
        '{"user_id": $, "item": "join_group", "target_id": NaN}',
        '{"user_id": $, "item": "join_group", "target_id": Infinity}',
        '{"user_id": $, "item": "join_group", "target_id": 1e400}',
        f'{{"user_id": $, "item": "join_group", "target_id": 1{"0" * 19}}}',
        f'{{"user_id": {"9" * 5000}, "item": "join_group"}}',
        '{"user_id": $, "item": "join_group", "target_id": "\\ud800"}',
        '{"user_id": $, "item": "join_group", "\\ud800": 1}',
        '{"user_id": $, "item": "join_group", "target_id": "a\\u0000"}',
        '{"user_id": $, "item": "join_group", "target_id": "a\0"}',
        '{"user_id": $, "item": "join_group"}\0',
        b'{"user_id": $, "item": "join_group", "target_id": "\xff"}',
        '\ufeff{"user_id": $, "item": "join_group"}',
        '{"user_id": $, "item": "join_group", "target_id": ' + "[" * 900 + "]" * 900 + "}",
        '{"user_id": $, "item": "join_group", "target_id": ' + "[" * 20 + "]" * 20 + "}",
    ],
    ids=lambda body: repr(body[:60]),
)
async def test_what_is_no_json_object(backend: Backend, body: str | bytes) -> None:
    assert await refused(backend, body) == NOT_JSON


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"user_id": $}',
        '{"item": "join_group"}',
        '{"user_id": null, "item": "join_group"}',
        '{"user_id": $, "item": null}',
        '{"user_id": $, "item": "join_group", "amount": 1}',
        '{"user_id": $, "item": "join_group", "Target_id": 1}',
        '{"user_id": $, "item": "join_group", "": 1}',
    ],
)
async def test_other_members(backend: Backend, body: str) -> None:
    assert await refused(backend, body) == MALFORMED


@pytest.mark.parametrize(
    "user_id",
    [
        "true",
        "false",
        "1.5",
        "7.0",
        "1e3",
        '"07"',
        '"+7"',
        '""',
        "0",
        "-1",
        "2147483648",
        "[7]",
        "{}",
    ],
)
async def test_what_is_no_user_id(backend: Backend, user_id: str) -> None:
    body = f'{{"user_id": {user_id}, "item": "join_group"}}'
    assert await refused(backend, body) == MALFORMED


@pytest.mark.parametrize(
    "item", ["7", "true", '""', '"Join_group"', '"join group"', '"join-group"', '"群"', '["a"]']
)
async def test_what_is_no_item(backend: Backend, item: str) -> None:
    assert await refused(backend, f'{{"user_id": $, "item": {item}}}') == MALFORMED


async def test_an_item_that_is_too_long(backend: Backend) -> None:
    assert await refused(backend, f'{{"user_id": $, "item": "{"a" * 33}"}}') == MALFORMED


@pytest.mark.parametrize(
    "target",
    [
        "-1", "1.5", "1.0", "true", "false", '""', '" 19"', '"a b"', '"\\n"', '"群"', '"\\u007f"',
        "[19]", "{}", f'"{"x" * 65}"',
    ],
)  # fmt: skip
async def test_what_is_no_target(backend: Backend, target: str) -> None:
    body = f'{{"user_id": $, "item": "join_group", "target_id": {target}}}'
    assert await refused(backend, body) == MALFORMED


@pytest.mark.parametrize(
    "at",
    [
        '""',
        '"today"',
        '"2030-05-15T04:00:00"',
        '"2030-05-15"',
        '"2030-05-15Z"',
        '"2030-05-15T04:00Z"',
        '"20300515T040000Z"',
        '"2030-W20-3T04:00:00Z"',
        '"2030-05-15T04:00:00+0000"',
        '"2030-05-15T04:00:60Z"',
        '"2030-05-15T04:00:00.Z"',
        '"2030-02-30T04:00:00Z"',
        '"2030-05-15T24:00:01Z"',
        '"2030-05-15T04:00:00+24:00"',
        '"2030-05-15T04:00:00 Asia/Shanghai"',
        '" 2030-05-15T04:00:00Z"',
        '"２０３０-05-15T04:00:00Z"',
        '"10000-05-15T04:00:00Z"',
        '"0001-01-01T00:00:00+14:00"',
        '"9999-12-31T23:59:59-12:00"',
        '"9999-12-31T23:59:59Z"',
        "1905048000",
        "1905048000.5",
        "true",
        '["2030-05-15T04:00:00Z"]',
    ],
)
@pytest.mark.parametrize("told_before", [False, True], ids=["new", "told before"])
async def test_what_is_no_time(backend: Backend, at: str, told_before: bool) -> None:
    if told_before:
        await backend.award("k")
    body = f'{{"user_id": $, "item": "join_group", "at": {at}}}'
    assert await refused(backend, body) == MALFORMED


# Around the body


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/jsonx",
        "application/problem+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, application/json",
        "application/json; charset=gbk",
        "application/json; charset=utf-16",
    ],
)
async def test_other_content_types(backend: Backend, content_type: str | None) -> None:
    body = '{"user_id": $, "item": "join_group"}'
    assert await refused(backend, body, content_type=content_type) == OTHER_TYPE


async def test_two_content_types(backend: Backend) -> None:
    body = '{"user_id": $, "item": "join_group"}'
    for other in (JSON, "text/plain"):
        found = await refused(backend, body, headers=[("content-type", other)])
        assert found == OTHER_TYPE


@pytest.mark.parametrize(
    "content_type",
    ["Application/JSON", "application/json;charset=utf-8", 'application/json ; charset="UTF-8"'],
)
async def test_content_types(backend: Backend, content_type: str) -> None:
    body = f'{{"user_id":{backend.user.account_id},"item":"join_group"}}'
    answer = await backend.send(body.encode(), content_type=content_type)
    assert answer.status == 201


async def test_a_body_that_is_too_large(backend: Backend) -> None:
    body = f'{{"user_id":{backend.user.account_id},"item":"join_group"}}'.encode()
    assert await refused(backend, body.ljust(LIMIT + 1)) == TOO_LARGE
    pieces = [body.ljust(LIMIT), b" "]
    assert problem(await backend.send(pieces)) == TOO_LARGE
    assert (await backend.send(body.ljust(LIMIT))).status == 201


@pytest.mark.parametrize("length", [str(LIMIT + 1), "9" * 30])
async def test_a_body_that_says_it_is_too_large(backend: Backend, length: str) -> None:
    answer = await backend.send([b"{}"], headers=[("content-length", length)])
    assert problem(answer) == TOO_LARGE


@pytest.mark.parametrize("lengths", [["x"], ["-1"], [""], ["2", "2"], ["2", "3"]], ids=repr)
async def test_a_length_that_is_none(backend: Backend, lengths: list[str]) -> None:
    headers = [("content-length", length) for length in lengths]
    assert problem(await backend.send([b"{}"], headers=headers)) == MALFORMED


async def test_a_refusal_names_the_member(backend: Backend) -> None:
    for body, name in (
        (b'{"item": "join_group"}', "user_id"),
        (b'{"user_id": 7, "item": ""}', "item"),
        (b'{"user_id": 7, "item": "join_group", "target_id": -1}', "target_id"),
        (b'{"user_id": 7, "item": "join_group", "at": "now"}', "at"),
    ):
        detail = (await backend.send(body)).json()["detail"]
        assert detail == f"{name}: missing, or not as it must be"


async def test_a_refusal_repeats_nothing_that_was_sent(backend: Backend) -> None:
    sent = "sent" * 1000
    for body in (f'{{"{sent}": 1}}', f'{{"user_id": "{sent}"}}', f'{{"item": "{sent}"}}', sent):
        answer = await backend.send(body.encode())
        assert "sentsent" not in repr(answer)
