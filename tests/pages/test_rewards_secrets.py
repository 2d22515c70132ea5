"""Secrets: who may tell and ask at all."""

from dataclasses import replace

import pytest
import structlog

from front_door import Answer, WorldWith
from hufu.actions.app_secrets import retire_app_secrets
from pages.backend import Backend, Header, backend_of, checked, ledger, problem
from rewarding import BALANCE, EVENTS, app_secret

NO_SECRET = (401, "secret_unknown")


async def both(backend: Backend, headers: list[Header]) -> list[Answer]:
    """What the two calls are answered with these headers."""
    user_id = backend.user.account_id
    told = await backend.world.json(
        EVENTS,
        {"user_id": user_id, "item": "join_group"},
        headers=[*headers, ("idempotency-key", "k")],
    )
    asked = await backend.world.get(f"{BALANCE}?user_id={user_id}", headers=headers)
    return [checked(told), checked(asked)]


async def opens(backend: Backend, secret: str) -> bool:
    """Whether both calls take the secret."""
    statuses = {
        answer.status
        for answer in await both(
            replace(backend, secret=secret), [("authorization", f"Bearer {secret}")]
        )
    }
    return statuses <= {200, 201}


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["{secret}"],
        ["Basic {secret}"],
        ["Token {secret}"],
        ["Bearer{secret}"],
        ["Bearer {secret}x"],
        ["Bearer {secret}, Bearer {secret}"],
        ["Bearer {secret} {secret}"],
        ['Bearer "{secret}"'],
        ["Bearer hufu_0123456789012345678901234567890123456789"],
        ["Bearer \xff\0"],
        ["Bearer " + "x" * 10_000],
        ["Bearer {secret}", "Bearer {secret}"],
        ["Bearer {secret}", "Basic eDp5"],
        ["Basic eDp5", "Bearer {secret}"],
    ],
    ids=lambda shown: repr(shown)[:40],
)
async def test_who_does_not_show_a_secret(backend: Backend, shown: list[str]) -> None:
    before = await ledger(backend.world)
    headers = [("authorization", each.replace("{secret}", backend.secret)) for each in shown]
    for answer in await both(backend, headers):
        assert problem(answer) == NO_SECRET
        assert answer.header("www-authenticate") == "Bearer"
    assert await ledger(backend.world) == before


async def test_a_secret_counts_in_its_header_only(backend: Backend) -> None:
    user_id = backend.user.account_id
    for name in ("access_token", "secret"):
        answer = await backend.world.get(f"{BALANCE}?user_id={user_id}&{name}={backend.secret}")
        assert problem(answer) == NO_SECRET
        event = {"user_id": user_id, "item": "join_group", name: backend.secret}
        answer = await backend.world.json(EVENTS, event, headers=[("idempotency-key", "k")])
        assert problem(answer) == NO_SECRET


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_is_written_in_any_case(backend: Backend, scheme: str) -> None:
    answers = await both(backend, [("authorization", f"{scheme} {backend.secret}")])
    assert [answer.status for answer in answers] == [201, 200]


async def test_without_a_secret_nothing_else_is_told(backend: Backend) -> None:
    """Neither what is wrong with the rest of the request, nor who exists."""
    answer = await backend.world.request("POST", EVENTS, body=b"{", content_type="text/plain")
    assert problem(answer) == NO_SECRET
    assert problem(await backend.world.get(f"{BALANCE}?user_id=x")) == NO_SECRET


# Whose it is


async def test_a_secret_is_of_one_app(backend: Backend) -> None:
    """What another app's backend tells happens in that app."""
    other = await backend_of(backend.world, "company")
    await other.award("k", user_id=backend.user.account_id)
    assert [str(row["app"]) for row in await backend.world.sql("SELECT app FROM awards")] == [
        "company"
    ]
    [shown] = [await backend.user.call(backend.world, "get_today_award")]
    assert shown["data"]["award_logs"] == []


async def test_a_secret_of_an_app_that_is_not_served_here(world_with: WorldWith) -> None:
    async with world_with({}) as world:
        fomo, company = await backend_of(world), await backend_of(world, "company")
    async with world_with({"only_app": "fomo"}) as world:
        fomo, company = replace(fomo, world=world), replace(company, world=world)
        assert await opens(fomo, fomo.secret)
        before = await ledger(world)
        assert not await opens(company, company.secret)
        for answer in await both(company, [company.shown]):
            assert problem(answer) == NO_SECRET
        assert await ledger(world) == before


# Rotation


async def test_the_newest_two_secrets_are_good(backend: Backend) -> None:
    secrets = [backend.secret]
    for _ in range(3):
        backend.world.advance(seconds=1)
        secrets.append(await app_secret(backend.world))
        assert [await opens(backend, each) for each in secrets[-3:]][-2:] == [True, True]
        assert not any([await opens(backend, each) for each in secrets[:-2]])
    assert len(set(secrets)) == 4


async def test_another_apps_new_secret_makes_no_room(backend: Backend) -> None:
    for _ in range(3):
        await app_secret(backend.world, "company")
    assert await opens(backend, backend.secret)


@pytest.mark.parametrize(
    ("keep", "good"), [(2, [True, True]), (1, [False, True]), (0, [False, False])]
)
async def test_retired_secrets(backend: Backend, keep: int, good: list[bool]) -> None:
    other = await backend_of(backend.world, "company")
    backend.world.advance(seconds=1)
    secrets = [backend.secret, await app_secret(backend.world)]
    assert await retire_app_secrets(backend.world.deps("fomo"), keep=keep) == 2 - keep
    assert [await opens(backend, each) for each in secrets] == good
    assert await opens(other, other.secret)


# Where it does not appear


async def test_a_secret_is_kept_as_a_hash_and_told_to_nobody(backend: Backend) -> None:
    with structlog.testing.capture_logs() as lines:
        answers = [
            await backend.tell("k"),
            await backend.tell("k"),
            await backend.tell("l"),
            await backend.tell(""),
            await backend.tell("m", user_id=23),
            await backend.tell("m", target_id=-1),
            await backend.tell("m", **{backend.secret: 1}),
            await backend.tell("m", item=backend.secret),
            await backend.send(b"{"),
            await backend.balance(),
            await backend.balance(f"user_id={backend.secret}"),
            *await both(backend, [("authorization", f"Basic {backend.secret}")]),
        ]
    assert len({answer.status for answer in answers}) >= 7
    assert backend.secret not in repr((answers, lines))
    rows = await backend.world.sql("SELECT to_jsonb(s) AS row FROM app_secrets s")
    rows += await backend.world.sql("SELECT to_jsonb(e) AS row FROM events e")
    assert rows
    assert backend.secret not in repr(rows)
