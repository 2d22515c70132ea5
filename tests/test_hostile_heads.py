"""Headers that a browser would not send by itself, or sends for somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from front_door import World, WorldWith
from hufu.wire.dialect import Head
from hufu.wire.headers import Headers

PHONE = "13390633695"
LOGIN = {"mobile": PHONE, "password": "open-sesame"}
headers = st.text(st.characters(max_codepoint=255)).map(lambda text: text.encode("latin-1"))


@given(headers, headers)
def test_no_origin_is_taken_for_our_own_but_our_own(origin: bytes, host: bytes) -> None:
    head = Head("POST", Headers([(b"origin", origin), (b"host", host)]), frozenset(), None)
    assert head.cross_site == (origin not in {b"http://" + host, b"https://" + host})


@pytest.mark.parametrize("origin", ["http://[::1", "http://[", "null", "", "http://a]", "://"])
async def test_a_broken_origin_is_a_foreign_one(world: World, origin: str) -> None:
    answer = await world.json("/rental/api/login", LOGIN, headers=[("origin", origin)])
    assert answer.json()["errno"] == 4201
    fields = {"account": "walker", "password": "open-sesame"}
    answer = await world.form("/creator/user/login", fields, headers=[("origin", origin)])
    assert answer.status == 403


async def test_a_foreign_page_cannot_sign_its_visitor_in(world: World) -> None:
    foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]
    answer = await world.form("/rental/api/login", LOGIN, headers=foreign)
    assert answer.json()["errno"] == 4201
    assert answer.cookies() == {}


@pytest.mark.parametrize("planted", ["e" * 39, "<x>", "q" * 4000, "E" * 40])
async def test_a_planted_visitor_is_not_adopted(world: World, planted: str) -> None:
    answer = await world.get("/rental/api/imagecode?codeid=1", cookies={"visitor_id": planted})
    assert answer.cookies()["visitor_id"] not in {planted, ""}


async def test_a_visitor_of_ours_is_kept(world: World) -> None:
    first = await world.get("/rental/api/imagecode?codeid=1")
    again = await world.get("/rental/api/imagecode?codeid=2", cookies=first.cookies())
    assert again.cookies() == first.cookies()


@pytest.mark.parametrize("path", ["/_dev", "/_dev/outbox", "/_dev/captcha?codeid=1", "/metrics"])
async def test_development_pages_are_hidden_from_foreign_names(world: World, path: str) -> None:
    assert (await world.get(path, host="evil.example")).status == 404
    for own in ("localhost:8000", "127.0.0.1:8000", "[::1]:8000", "rental.localhost:8000"):
        answer = await world.get(path, host=own)
        assert answer.header("content-type") != "text/plain"
        assert b"no app is mounted here" not in answer.body


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_a_probe_may_use_any_name(world: World, path: str) -> None:
    assert (await world.get(path, host="10.0.0.7:8000")).status == 200


async def test_a_network_over_its_limit_uses_up_no_accounts_guesses(
    world_with: WorldWith,
) -> None:
    async with world_with({"limits.password_guesses_per_network_hour": 3}) as world:
        for _ in range(20):
            await world.json("/rental/api/login", LOGIN, peer="203.0.113.7")
        rows = await world.sql(
            "SELECT cardinality(hits) FROM limits WHERE name = 'password_guesses'"
        )
        assert [row["cardinality"] for row in rows] == [3]


async def test_empty_credentials_beside_a_cookie_are_none(world: World) -> None:
    answer = await world.json("/rental/api/profile", {"mobile": "", "password": ""}, method="GET")
    assert answer.json()["errno"] == 4101
