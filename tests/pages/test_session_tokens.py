"""`GET /v1/session`: what whoever shows a session's token is told of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from actors import ACTORS, Company
from front_door import Answer, World, WorldWith, all_at_once
from hufu.actions.administration import grant_role
from hufu.domain.permissions import Role
from hufu.domain.sessions import SignInMethod
from hufu.pages.sessions import ONE, SESSION, SESSIONS
from hufu.settings import DIALECTS
from pages.backend import NOON, Header, checked, problem
from pages.tokens import (
    ELSEWHERE,
    UNKNOWN_SESSION,
    Owner,
    counts,
    every_app,
    introspected,
    misspelt,
    signed_in,
)
from rewarding import app_secret

MISSING, UNKNOWN = (401, "token_missing"), (401, "token_unknown")
BLOCKED, NOT_ALLOWED = (429, "too_many_guesses"), (405, "method_not_allowed")
PREFLIGHT = [
    ("origin", "https://app.example"),
    ("access-control-request-method", "GET"),
    ("access-control-request-headers", "authorization"),
]
DOORS: Mapping[str, str] = {SESSION: "GET", SESSIONS: "GET", ONE + UNKNOWN_SESSION: "DELETE"}


async def all_doors(world: World, headers: list[Header], **more: str) -> list[Answer]:
    """What every call that wants a session's token is answered."""
    return [
        checked(await world.request(method, path, headers=headers, **more))  # type: ignore[arg-type]
        for path, method in DOORS.items()
    ]


def stamp(**later: float) -> str:
    """A time after midday, as it is written."""
    return (NOON + timedelta(**later)).isoformat().replace("+00:00", "Z")


@every_app
async def test_a_live_session(midday: World, app: str) -> None:
    owner = await signed_in(midday, app, device="a phone")
    midday.advance(seconds=59)
    said = (await owner.session()).json()
    [row] = await midday.sql("SELECT id FROM sessions WHERE app = $1 AND device = 'a phone'", app)
    assert said == {
        "id": str(row["id"]),
        "user_id": owner.account_id,
        "app": app,
        "roles": ["member"],
        "signed_in_at": stamp(),
        "method": "password",
        "device": "a phone",
        "seen_at": stamp(),
        "expires_at": stamp(days=DIALECTS[app].traits.session_idle_days),
    }


@pytest.mark.parametrize("method", SignInMethod)
async def test_how_they_signed_in(midday: World, method: SignInMethod) -> None:
    owner = await signed_in(midday, method=method)
    said = (await owner.session()).json()
    assert (said["method"], said["device"]) == (method, None)


async def test_the_role_is_that_of_the_moment(midday: World) -> None:
    owner = await signed_in(midday, "company")
    await grant_role(midday.deps("company"), owner.account_id, Role.SUPPORT, "hired")
    assert (await owner.session()).json()["roles"] == ["support"]


@every_app
async def test_what_a_client_got_from_its_sign_in(world: World, app: str) -> None:
    """And it is the session that the client goes on with."""
    [actor] = [each for each in ACTORS if each.app == app]
    await actor.register(world, "13390633695", "correct horse 1")
    session = await actor.sign_in(world, "13390633695", "correct horse 1")
    assert session
    fields = session.fields
    text = (
        f"{fields['uid']}:{fields['sec']}"
        if app == "company"
        else next(iter([*session.cookies.values(), *fields.values()]))
    )
    answer = checked(await world.get(SESSION, headers=[("authorization", f"Bearer {text}")]))
    assert (answer.status, answer.json()["user_id"]) == (200, session.account_id)
    assert await actor.signed_in(world, session)


async def test_every_use_keeps_it(midday: World) -> None:
    owner = await signed_in(midday)
    idle = midday.deps("fomo").app.sessions.idle
    for _ in range(3):
        midday.advance(days=idle.days - 1)
        now = midday.clock.now()
        said = (await owner.session()).json()
        assert said["seen_at"] == now.isoformat().replace("+00:00", "Z")
        assert said["expires_at"] == (now + idle).isoformat().replace("+00:00", "Z")
    midday.advance(days=idle.days)
    assert not await counts(owner)


async def test_the_head_alone(midday: World) -> None:
    owner = await signed_in(midday)
    for path in (SESSION, SESSIONS):
        whole = await midday.get(path, headers=[owner.shown])
        head = await midday.request("HEAD", path, headers=[owner.shown])
        assert (head.status, head.headers) == (whole.status, whole.headers)


# Who shows no live session


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer "],
        ["{token}"],
        ["Basic {token}"],
        ["Token {token}"],
        ["Bearer{token}"],
        ["Bearer {token}", "Bearer {token}"],
        ["Basic eDp5", "Bearer {token}"],
    ],
    ids=lambda shown: repr(shown)[:40],
)
async def test_who_shows_no_token(midday: World, shown: list[str]) -> None:
    owner = await signed_in(midday)
    headers = [("authorization", each.format(token=owner.text)) for each in shown]
    for answer in await all_doors(midday, headers):
        assert problem(answer) == MISSING
        assert answer.header("www-authenticate") == "Bearer"


async def test_a_token_counts_in_its_header_only(midday: World) -> None:
    owner = await signed_in(midday, "rental")
    query = f"?access_token={owner.text}&token={owner.text}&session_id={owner.text}"
    for path, method in DOORS.items():
        answer = await midday.request(
            method, path + query, cookies={"session_id": owner.text, "access_token": owner.text}
        )
        assert problem(answer) == MISSING


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
async def test_the_scheme_is_written_in_any_case(midday: World, scheme: str) -> None:
    owner = await signed_in(midday)
    headers = [("authorization", f"{scheme} {owner.text}")]
    assert [each.status for each in await all_doors(midday, headers)] == [200, 200, 404]


@every_app
async def test_what_is_nearly_a_token(midday: World, app: str) -> None:
    owner = await signed_in(midday, app)
    for text in misspelt(owner):
        if not text.isascii() or not text or text != text.strip():
            continue
        for answer in await all_doors(midday, [("authorization", f"Bearer {text}")]):
            assert problem(answer) == UNKNOWN, text
            assert answer.header("www-authenticate") == 'Bearer error="invalid_token"'
    assert await counts(owner)


async def test_a_session_of_an_app_that_is_not_served_here(world_with: WorldWith) -> None:
    async with world_with({}) as world:
        fomo, rental = await signed_in(world), await signed_in(world, "rental")
    async with world_with({"only_app": "fomo"}) as world:
        fomo, rental = replace(fomo, world=world), replace(rental, world=world)
        assert (await fomo.session()).status == 200
        assert problem(await rental.session()) == UNKNOWN
        assert problem(await rental.listed()) == UNKNOWN


async def test_twins_of_one_dialect(world_with: WorldWith) -> None:
    async with world_with({"apps.company.dialect": "fomo"}) as world:
        owner = await signed_in(world, "company")
        headers = [("authorization", f"Bearer {owner.token}")]
        assert (await world.get(SESSION, headers=headers)).json()["app"] == "company"


# Guesses


async def guess(world: World, owner: Owner, n: int, peer: str = ELSEWHERE) -> Answer:
    """What a made-up code beside the owner's id is answered."""
    return await replace(owner, token=f"{n:016}").session(peer=peer)


async def test_wrong_codes_from_one_network(midday: World) -> None:
    owner, other = await signed_in(midday, "company"), await signed_in(midday, "fomo")
    most = midday.deps("company").limits.session_guesses_per_network_minute
    for n in range(most):
        assert problem(await guess(midday, owner, n)) == UNKNOWN
        assert (await owner.session(peer=ELSEWHERE)).status == (200 if n < most - 1 else 429)
    for answer in (
        await guess(midday, owner, 0),
        *await all_doors(midday, [owner.shown], peer=ELSEWHERE),
    ):
        assert problem(answer) == BLOCKED
        assert answer.header("retry-after") == "60"
    assert (await owner.session(peer="198.51.100.10")).status == 200
    assert (await other.session(peer=ELSEWHERE)).status == 200
    secret = await app_secret(midday, "company")
    told = await introspected(midday, secret, {"token": owner.text}, peer=ELSEWHERE)
    assert told.json()["active"] is True
    midday.advance(seconds=60)
    assert (await owner.session(peer=ELSEWHERE)).status == 200


async def test_one_budget_of_guesses_here_and_at_the_clients_door(midday: World) -> None:
    owner = await signed_in(midday, "company")
    client = Company(peer=ELSEWHERE)
    wrong = {"uid": str(owner.account_id), "sec": "0" * 16}
    right = {**wrong, "sec": owner.token}
    for _ in range(10):
        await client.call(midday, "checkFinishUserInfo", **wrong)
        assert problem(await guess(midday, owner, 0)) == UNKNOWN
    assert problem(await owner.session(peer=ELSEWHERE)) == BLOCKED
    refused = await client.call(midday, "checkFinishUserInfo", **right)
    assert refused == await client.call(midday, "checkFinishUserInfo", **wrong)


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("head", [False, True])
async def test_every_door_counts(midday: World, path: str, head: bool) -> None:
    owner = await signed_in(midday, "company")
    method = "HEAD" if head else DOORS[path]
    headers = [("authorization", f"Bearer {owner.account_id}:{'0' * 16}")]
    for _ in range(20):
        await midday.request(method, path, headers=headers, peer=ELSEWHERE)
    blocked = not (head and DOORS[path] == "DELETE")
    assert ((await owner.session(peer=ELSEWHERE)).status == 429) is blocked


async def test_guesses_that_come_at_once(midday: World) -> None:
    owner = await signed_in(midday, "company")
    await all_at_once(guess(midday, owner, n) for n in range(50))
    assert problem(await owner.session(peer=ELSEWHERE)) == BLOCKED


async def test_a_network_that_is_not_counted(midday: World) -> None:
    """Loopback in development."""
    owner = await signed_in(midday, "company")
    for n in range(30):
        assert problem(await guess(midday, owner, n, "127.0.0.1")) == UNKNOWN
    assert await counts(owner)


# Browsers, and other methods


async def test_a_page_of_another_site_may_not_ask(world_with: WorldWith) -> None:
    """Not even one whose scripts may call the app."""
    async with world_with({"apps.rental.cors_origins": PREFLIGHT[0][1]}) as world:
        owner = await signed_in(world, "rental")
        for path in DOORS:
            asked = await world.request("OPTIONS", path, headers=PREFLIGHT)
            sent = await world.request(DOORS[path], path, headers=[PREFLIGHT[0], owner.shown])
            assert problem(asked) == NOT_ALLOWED
            for answer in (asked, sent):
                assert not [name for name, _ in answer.headers if name.startswith("access-")]


@pytest.mark.parametrize(
    "method",
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "delete", "X"],
)
async def test_other_methods_do_nothing(midday: World, method: str) -> None:
    owner = await signed_in(midday)
    mine = ONE + await owner.id()
    for path, only, allowed in (
        (SESSION, "GET", "GET, HEAD"),
        (SESSIONS, "GET", "GET, HEAD"),
        (mine, "DELETE", "DELETE"),
    ):
        if method == only or (method, only) == ("HEAD", "GET"):
            continue
        answer = await midday.request(method, path, headers=[owner.shown])
        assert problem(answer) == NOT_ALLOWED
        assert answer.header("allow") == allowed
    assert await counts(owner)


@pytest.mark.parametrize("path", ["/v1/session/", "/v1/Session", "/v1//session", "/v1/session/x"])
async def test_other_paths_are_not_the_apis(midday: World, path: str) -> None:
    owner = await signed_in(midday)
    answer = await midday.get(path, headers=[owner.shown])
    assert (answer.status, answer.header("cache-control")) == (404, "no-store")


async def test_in_development_it_is_found_under_names_of_this_machine(midday: World) -> None:
    owner = await signed_in(midday)
    for path in DOORS:
        method = DOORS[path]
        answer = await midday.request(method, path, headers=[owner.shown], host="id.example.com")
        assert (answer.status, answer.header("content-type")) == (404, "application/json")
