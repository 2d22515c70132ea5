"""Headers that a browser would not send by itself, or sends for somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Rental
from front_door import World, WorldWith
from hufu.wire.dialect import Head
from hufu.wire.headers import Headers

PHONE = "13390633695"
LOGIN = {"mobile": PHONE, "password": "open-sesame"}
headers = st.text(st.characters(max_codepoint=255)).map(lambda text: text.encode("latin-1"))


OWN = {False: (b"http://", b"https://"), True: (b"https://",)}


@given(headers, headers, st.booleans())
def test_no_origin_is_taken_for_our_own_but_our_own(
    origin: bytes, host: bytes, secure: bool
) -> None:
    for sent in (origin, b"http://" + host, b"https://" + host):
        fields = [(b"origin", sent), (b"host", host)]
        own = sent in {scheme + host for scheme in OWN[secure]}
        assert Head("POST", Headers(fields), frozenset(), None, secure).cross_site is not own
        fields.append((b"sec-fetch-site", b"cross-site"))
        assert Head("POST", Headers(fields), frozenset(), None, secure).cross_site


HOME, FRIEND = "house.example.com", "https://friend.example"
CROSS = ("sec-fetch-site", "cross-site")
SECURE = {
    "public_url": "https://id.example.com",
    "apps.rental.hosts": (HOME,),
    "apps.rental.cors_origins": (FRIEND,),
}


@pytest.mark.parametrize(
    ("head", "errno"),
    [
        ([], 0),
        ([("origin", f"https://{HOME}")], 0),
        ([("origin", f"https://{HOME}"), ("sec-fetch-site", "same-origin")], 0),
        ([("origin", f"http://{HOME}")], 4201),
        ([("origin", f"https://{HOME}"), CROSS], 4201),
        ([("origin", FRIEND)], 0),
        ([("origin", FRIEND), CROSS], 0),
        ([("origin", "null"), CROSS], 4201),
        ([CROSS], 4201),
    ],
)
async def test_what_a_browser_says_of_the_page_that_asks(
    world_with: WorldWith, head: list[tuple[str, str]], errno: int
) -> None:
    """The app is at home at https, and what asks comes from the proxy by http."""
    async with world_with(SECURE) as world:
        rental = Rental(mount="", host=HOME)
        await rental.register(world, PHONE, LOGIN["password"])
        session = await rental.sign_in(world, PHONE, LOGIN["password"])
        assert session is not None
        told = await world.get("/api/logout", host=HOME, headers=head, cookies=session.cookies)
        assert told.json()["errno"] == errno
        assert await rental.signed_in(world, session) is (errno != 0)


async def test_neither_scheme_is_foreign_without_tls(world: World) -> None:
    """A developer's own machine may have a proxy for TLS, or none."""
    await Rental().register(world, PHONE, LOGIN["password"])
    for scheme in ("http", "https"):
        own = [("origin", f"{scheme}://127.0.0.1:8000")]
        assert (await world.json("/rental/api/login", LOGIN, headers=own)).json()["errno"] == 0


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
