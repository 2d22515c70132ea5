"""`GET /v1/sessions` and `DELETE /v1/sessions/{id}`: somebody's own devices in one app."""

import json
from uuid import UUID

import pytest

from front_door import World, all_at_once
from hufu.pages.sessions import MOST, ONE, USUAL
from pages.backend import NOON, problem
from pages.tokens import (
    NETWORK,
    PHONE_APP,
    UNKNOWN_SESSION,
    Owner,
    counts,
    every_app,
    signed_in,
)

MALFORMED, UNKNOWN = (422, "malformed"), (404, "session_unknown")
DEAD = (401, "token_unknown")


async def devices(world: World, count: int, app: str = "fomo") -> list[Owner]:
    """One account, signed in so often, the newest first, a second apart."""
    first = await signed_in(world, app, device="0")
    owners = [first]
    for number in range(1, count):
        world.advance(seconds=1)
        owners.insert(0, await signed_in(world, app, first.account_id, device=str(number)))
    return owners


def named(said: dict[str, list[dict[str, str]]]) -> list[str]:
    """The devices of a list."""
    return [each["device"] for each in said["sessions"]]


@every_app
async def test_ones_sessions_newest_first(midday: World, app: str) -> None:
    new, old = await devices(midday, 2, app)
    now, idle = midday.clock.now(), midday.deps(app).app.sessions.idle
    said = (await old.listed()).json()
    assert said == {
        "sessions": [
            {
                "id": await new.id(),
                "current": False,
                "signed_in_at": "2030-05-15T04:00:01Z",
                "method": "password",
                "device": "1",
                "seen_at": "2030-05-15T04:00:01Z",
                "expires_at": (await new.session()).json()["expires_at"],
                "network": NETWORK,
                "user_agent": PHONE_APP,
            },
            {
                "id": await old.id(),
                "current": True,
                "signed_in_at": NOON.isoformat().replace("+00:00", "Z"),
                "method": "password",
                "device": "0",
                "seen_at": now.isoformat().replace("+00:00", "Z"),
                "expires_at": (now + idle).isoformat().replace("+00:00", "Z"),
                "network": NETWORK,
                "user_agent": PHONE_APP,
            },
        ],
        "next_cursor": None,
    }


async def test_only_what_lives_in_the_same_app_and_is_ones_own(midday: World) -> None:
    [dead] = await devices(midday, 1)
    midday.advance(days=midday.deps("fomo").app.sessions.idle.days)
    owner = await signed_in(midday, account_id=dead.account_id, device="here")
    await signed_in(midday, "company", dead.account_id, device="elsewhere")
    await signed_in(midday, device="somebody")
    assert named((await owner.listed()).json()) == ["here"]


# Pages


@pytest.mark.parametrize("limit", [1, 2, 3, 5, MOST])
async def test_pages(midday: World, limit: int) -> None:
    owner = (await devices(midday, 5))[-1]
    seen: list[str] = []
    query = f"?limit={limit}"
    while query:
        said = (await owner.listed(query)).json()
        assert 0 < len(said["sessions"]) <= limit
        seen += named(said)
        query = said["next_cursor"] and f"?cursor={said['next_cursor']}&limit={limit}"
    assert seen == ["4", "3", "2", "1", "0"]


async def test_a_page_holds_so_many_unless_it_is_said(midday: World) -> None:
    owner = await signed_in(midday)
    for _ in range(USUAL):
        await signed_in(midday, account_id=owner.account_id)
    said = (await owner.listed()).json()
    assert len(said["sessions"]) == USUAL
    rest = (await owner.listed(f"?cursor={said['next_cursor']}")).json()
    assert len(rest["sessions"]) == 1
    ids = {each["id"] for page in (said, rest) for each in page["sessions"]}
    assert len(ids) == USUAL + 1, "those of one moment are all there, each once"


async def test_a_cursor_outlives_the_session_that_it_names(midday: World) -> None:
    owner = (await devices(midday, 4))[-1]
    said = (await owner.listed("?limit=2")).json()
    assert (await owner.end(said["sessions"][1]["id"])).status == 204
    assert named((await owner.listed(f"?cursor={said['next_cursor']}")).json()) == ["1", "0"]


async def test_anothers_cursor_shows_ones_own_only(midday: World) -> None:
    mine, other = await devices(midday, 3), await devices(midday, 3)
    said = (await other[0].listed("?limit=1")).json()
    shown = (await mine[0].listed(f"?cursor={said['next_cursor']}")).json()
    assert {each["id"] for each in shown["sessions"]} == {await each.id() for each in mine}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        f"limit={MOST + 1}",
        "limit=",
        "limit=1.0",
        "limit=01",
        "limit=1&limit=1",
        "limit=%EF%BC%91",
        "cursor=",
        "cursor=x",
        f"cursor={'A' * 31}",
        f"cursor={'A' * 33}",
        f"cursor={'A' * 31}=",
        f"cursor={'A' * 31}%2B",
        f"cursor=f{'_' * 31}",
        f"cursor=g{'A' * 31}",
        f"cursor={'A' * 32}&cursor={'A' * 32}",
        "cursor=%00",
    ],
)
async def test_a_malformed_question(midday: World, query: str) -> None:
    owner = await signed_in(midday)
    assert problem(await owner.listed(f"?{query}")) == MALFORMED


@pytest.mark.parametrize("cursor", ["A" * 32, "_" * 32, "A" * 31 + "_"])
async def test_a_place_where_nothing_is(midday: World, cursor: str) -> None:
    owner = await signed_in(midday)
    said = (await owner.listed(f"?cursor={cursor}&else=1")).json()
    assert said == {"sessions": [], "next_cursor": None}


# Ending one


@every_app
async def test_ending_another_device(midday: World, app: str) -> None:
    here, there = await devices(midday, 2, app)
    mine, lost = await here.id(), await there.id()
    assert (await here.end(lost)).status == 204
    assert not await counts(there)
    assert await counts(here)
    assert named((await here.listed()).json()) == ["1"]
    [event] = await midday.sql(
        "SELECT app, account_id, facts FROM events WHERE kind = 'session_ended'"
    )
    assert (event["app"], event["account_id"]) == (app, here.account_id)
    assert json.loads(event["facts"]) == {"session": lost, "by": mine}


async def test_ending_the_session_that_asks(midday: World) -> None:
    here, there = await devices(midday, 2)
    assert (await here.end(await here.id())).status == 204
    assert problem(await here.end(await there.id())) == DEAD
    assert await counts(there)


async def test_what_has_ended_is_unknown(midday: World) -> None:
    here, there = await devices(midday, 2)
    id = await there.id()
    answers = await all_at_once(here.end(id) for _ in range(8))
    assert sorted(each.status for each in answers) == [204] + [404] * 7
    assert problem(await here.end(id)) == UNKNOWN
    assert len(await midday.sql("SELECT FROM events WHERE kind = 'session_ended'")) == 1


async def test_what_is_not_ones_own_here_is_unknown(midday: World) -> None:
    owner = await signed_in(midday)
    elsewhere = await signed_in(midday, "rental", owner.account_id)
    others = [await signed_in(midday), await signed_in(midday, "company"), elsewhere]
    for other in others:
        unknown = await owner.end(UNKNOWN_SESSION)
        answer = await owner.end(await other.id())
        assert problem(answer) == UNKNOWN
        assert (answer.headers, answer.body) == (unknown.headers, unknown.body)
        assert await counts(other)
    assert await midday.sql("SELECT FROM events WHERE kind = 'session_ended'") == []


@pytest.mark.parametrize(
    "spell",
    [
        str.upper,
        lambda id: id.replace("-", ""),
        lambda id: f"{{{id}}}",
        lambda id: f"urn:uuid:{id}",
        lambda id: f"{id}/",
        lambda id: f"/{id}",
        lambda id: f" {id}",
        lambda id: f"{id}\n",
        lambda id: f"\n{id}",
        lambda id: f"{id}\n\n",
        lambda id: f"{id}\0",
        lambda id: id[:-1],
        lambda id: str(UUID(id).int),
        lambda _: "",
        lambda _: "*",
        lambda _: "../sessions",
        lambda _: "x" * 10_000,
        lambda _: "７",
    ],
)
async def test_an_id_is_spelt_in_one_way(midday: World, spell: object) -> None:
    owner = await signed_in(midday)
    id = await owner.id()
    while id == id.upper():  # Without a letter in it, which one in a million has.
        owner = await signed_in(midday)
        id = await owner.id()
    assert callable(spell)
    assert problem(await owner.end(spell(id))) == UNKNOWN
    assert await counts(owner)


async def test_without_a_token_no_id_is_looked_at(midday: World) -> None:
    owner = await signed_in(midday)
    id = await owner.id()
    for headers in ([], [("authorization", "Bearer " + "0" * 40)]):
        told = {
            (await midday.request("DELETE", ONE + each, headers=headers)).body
            for each in (id, UNKNOWN_SESSION, "x")
        }
        assert len(told) == 1
    assert await counts(owner)
