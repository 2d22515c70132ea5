"""`POST /v1/introspect`: what the holder of an app's secret is told of a token."""

import base64
from collections.abc import Awaitable, Callable

import pytest
import structlog

from front_door import FORM, JSON, World, WorldWith
from hufu.actions.administration import grant_role, unbar_account
from hufu.domain.permissions import Role
from hufu.domain.sessions import SignInMethod
from hufu.pages.introspection import INTROSPECT
from hufu.settings import DIALECTS
from pages.backend import NOON, Backend, checked, problem
from pages.tokens import (
    ELSEWHERE,
    ENDINGS,
    Owner,
    active,
    counts,
    every_app,
    introspected,
    misspelt,
    signed_in,
)
from rewarding import app_secret

DAY = 86_400
NO_SECRET = (401, "secret_unknown")
NO_FORM, OTHER_TYPE = (400, "not_form"), (415, "not_form")
MALFORMED, TOO_LARGE = (422, "malformed"), (413, "too_large")
INACTIVE = b'{"active":false}'


def basic(text: str) -> str:
    """The credentials of a client that is called so."""
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@every_app
async def test_a_live_session(midday: World, app: str) -> None:
    owner = await signed_in(midday, app, device="a phone")
    answer = await introspected(midday, await app_secret(midday, app), {"token": owner.text})
    said = answer.json()
    assert said.pop("sid") == await owner.id()
    noon = int(NOON.timestamp())
    assert said == {
        "active": True,
        "sub": str(owner.account_id),
        "user_id": owner.account_id,
        "app": app,
        "client_id": app,
        "token_type": "Bearer",
        "roles": ["member"],
        "auth_time": noon,
        "amr": ["pwd"],
        "device": "a phone",
        "iat": noon,
        "exp": noon + DIALECTS[app].traits.session_idle_days * DAY,
    }


@pytest.mark.parametrize("method", SignInMethod)
async def test_how_they_signed_in(backend: Backend, method: SignInMethod) -> None:
    owner = await signed_in(backend.world, method=method)
    answer = await introspected(backend.world, backend.secret, {"token": owner.text})
    assert answer.json()["amr"] == (["pwd"] if method is SignInMethod.PASSWORD else ["otp"])
    assert answer.json()["device"] is None


async def test_the_role_is_that_of_the_moment(midday: World) -> None:
    owner = await signed_in(midday, "creator")
    secret = await app_secret(midday, "creator")
    for role in (Role.VIP, Role.MEMBER):
        await grant_role(midday.deps("creator"), owner.account_id, role, "earned")
        answer = await introspected(midday, secret, {"token": owner.text})
        assert answer.json()["roles"] == [role]
    await grant_role(midday.deps("fomo"), owner.account_id, Role.ADMIN, "hired")
    assert (await introspected(midday, secret, {"token": owner.text})).json()["roles"] == ["member"]


async def test_it_ends_by_its_age_at_last(backend: Backend) -> None:
    """Every question counts as a use, but none makes a session older than it may get."""
    owner = await signed_in(backend.world)
    policy = backend.world.deps("fomo").app.sessions
    oldest = int((NOON + policy.absolute).timestamp())
    for days in range(policy.absolute.days):
        answer = await introspected(backend.world, backend.secret, {"token": owner.text})
        expected = min(NOON.timestamp() + (days + policy.idle.days) * DAY, oldest)
        assert answer.json()["exp"] == expected
        backend.world.advance(days=1)
    assert not await active(owner, backend.secret)


# What is no live session


@every_app
async def test_what_is_nearly_a_token(midday: World, app: str) -> None:
    owner = await signed_in(midday, app)
    secret = await app_secret(midday, app)
    for text in misspelt(owner):
        if text:
            answer = await introspected(midday, secret, {"token": text})
            assert (answer.status, answer.body) == (200, INACTIVE), text
    assert await active(owner, secret)


@every_app
@pytest.mark.parametrize("ends", ENDINGS)
async def test_a_session_that_has_ended(
    midday: World, app: str, ends: Callable[[Owner], Awaitable[None]]
) -> None:
    owner = await signed_in(midday, app)
    assert await counts(owner)
    await ends(owner)
    assert not await counts(owner)


async def test_a_bar_that_was_lifted_gives_no_session_back(backend: Backend) -> None:
    owner = await signed_in(backend.world)
    await ENDINGS[2](owner)
    await unbar_account(backend.world.deps("fomo"), owner.account_id, "test")
    assert not await counts(owner)


async def test_each_secret_sees_the_sessions_of_its_own_app_only(midday: World) -> None:
    owners = [await signed_in(midday, app) for app in DIALECTS]
    for app in DIALECTS:
        secret = await app_secret(midday, app)
        assert [owner.app for owner in owners if await active(owner, secret)] == [app]


async def test_twins_of_one_dialect_see_nothing_of_each_other(world_with: WorldWith) -> None:
    async with world_with({"apps.company.dialect": "fomo"}) as world:
        here, there = await signed_in(world, "fomo"), await signed_in(world, "company")
        there = Owner(world, "fomo", there.account_id, there.token)
        secret, other = await app_secret(world, "fomo"), await app_secret(world, "company")
        assert [await active(each, secret) for each in (here, there)] == [True, False]
        assert [await active(each, other) for each in (here, there)] == [False, True]


async def test_wrong_codes_are_not_counted(midday: World) -> None:
    """They come from the one network of the backend, whose users are not to lock each other out."""
    owner = await signed_in(midday, "company")
    secret = await app_secret(midday, "company")
    for n in range(30):
        wrong = {"token": f"{owner.account_id}:{n:016}"}
        assert (await introspected(midday, secret, wrong, peer=ELSEWHERE)).body == INACTIVE
    assert await midday.sql("SELECT FROM limits WHERE name = 'session_guesses_from'") == []
    assert await active(owner, secret)


# Who may ask


@pytest.mark.parametrize(
    "shown",
    [
        [],
        [""],
        ["Bearer"],
        ["Bearer {secret}x"],
        ["Bearer {token}"],
        ["Bearer {secret}", "Bearer {secret}"],
        ["{secret}"],
        ["Token {secret}"],
        ["Basic {secret}"],
        ["Basic"],
        ["Basic \xff"],
        [basic("")],
        [basic(":")],
        [basic("fomo:")],
    ],
    ids=lambda shown: repr(shown)[:40],
)
async def test_who_does_not_show_a_secret(backend: Backend, shown: list[str]) -> None:
    owner = await signed_in(backend.world)
    for body, kind in ((f"token={owner.text}".encode(), FORM), (b"{", JSON)):
        headers = [
            ("authorization", each.format(secret=backend.secret, token=owner.text))
            for each in shown
        ]
        answer = await backend.world.request(
            "POST", INTROSPECT, body=body, content_type=kind, headers=headers
        )
        assert problem(answer) == NO_SECRET
        assert answer.header("www-authenticate") == 'Bearer, Basic realm="hufu", charset="UTF-8"'


@pytest.mark.parametrize(
    ("client", "good"),
    [
        ("fomo:{secret}", True),
        (":{secret}", False),
        ("{secret}", False),
        ("company:{secret}", False),
        ("FOMO:{secret}", False),
        ("fomo:{secret}:", False),
        ("fomo::{secret}", False),
        ("fomo:hufu_0", False),
        ("{secret}:", False),
    ],
)
async def test_a_client_with_a_password(backend: Backend, client: str, good: bool) -> None:
    owner = await signed_in(backend.world)
    headers = [("authorization", basic(client.format(secret=backend.secret)))]
    answer = await backend.world.form(INTROSPECT, {"token": owner.text}, headers=headers)
    assert checked(answer).status == (200 if good else 401)
    assert answer.json().get("active", False) is good


async def test_a_secret_counts_in_its_header_only(backend: Backend) -> None:
    owner = await signed_in(backend.world)
    sent = {"token": owner.text, "client_id": "fomo", "client_secret": backend.secret}
    for path in (INTROSPECT, f"{INTROSPECT}?access_token={backend.secret}"):
        answer = await backend.world.form(path, sent, cookies={"authorization": backend.secret})
        assert problem(answer) == NO_SECRET


# Forms


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"", FORM, MALFORMED),
        (b"token", FORM, MALFORMED),
        (b"token=", FORM, MALFORMED),
        (b"Token=$", FORM, MALFORMED),
        (b"token=$&token=$", FORM, NO_FORM),
        (b"token=$&token_type_hint=a&token_type_hint=b", FORM, NO_FORM),
        (b"token=%zz", FORM, NO_FORM),
        (b"token=%ff", FORM, NO_FORM),
        (b"token=%00", FORM, NO_FORM),
        (b"&" * 101 + b"token=$", FORM, NO_FORM),
        (b"token=" + b"x" * 65_536, FORM, TOO_LARGE),
        (b"token=$", f"{FORM}; charset=latin-1", OTHER_TYPE),
        (b"token=$", "text/plain", OTHER_TYPE),
        (b"token=$", None, OTHER_TYPE),
        (b"token=$", "", OTHER_TYPE),
        (b"token=$", f"{FORM}; charset", OTHER_TYPE),
        (b'{"token": "$"}', JSON, OTHER_TYPE),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_form_that_is_none(
    backend: Backend, body: bytes, kind: str | None, said: tuple[int, str]
) -> None:
    owner = await signed_in(backend.world)
    sent = body.replace(b"$", owner.text.encode())
    answer = await backend.world.request(
        "POST", INTROSPECT, body=sent, content_type=kind, headers=[backend.shown]
    )
    assert problem(answer) == said


async def test_a_token_in_the_query_is_none(backend: Backend) -> None:
    owner = await signed_in(backend.world)
    path = f"{INTROSPECT}?token={owner.text}"
    answer = await backend.world.form(path, {"a": 1}, headers=[backend.shown])
    assert problem(answer) == MALFORMED


@pytest.mark.parametrize("kind", [FORM, FORM.upper(), f'{FORM}; charset="UTF-8"'])
async def test_other_fields_mean_nothing(backend: Backend, kind: str) -> None:
    owner = await signed_in(backend.world)
    body = f"token_type_hint=refresh_token&token={owner.text}&app=company".encode()
    answer = await backend.world.request(
        "POST", INTROSPECT, body=body, content_type=kind, headers=[backend.shown]
    )
    assert answer.json()["active"] is True


# Where nothing is told


async def test_tokens_and_secrets_are_told_to_nobody(midday: World) -> None:
    owner = await signed_in(midday, "company")
    secret = await app_secret(midday, "company")
    with structlog.testing.capture_logs() as lines:
        answers = [
            await introspected(midday, secret, {"token": owner.text}),
            await introspected(midday, secret, {"token": owner.token}),
            await introspected(midday, secret, {owner.text: owner.text}),
            await introspected(midday, owner.text, {"token": secret}),
            await owner.session(),
            await owner.listed(),
            await owner.listed(f"?cursor={owner.token}"),
            await owner.end(owner.token),
            await owner.end(await owner.id()),
            await owner.session(),
        ]
    assert {answer.status for answer in answers} == {200, 204, 401, 404, 422}
    told = repr([(answer.headers, answer.body) for answer in answers]) + repr(lines)
    rows = await midday.sql("SELECT to_jsonb(e) AS row FROM events e")
    for each in (owner.token, secret):
        assert each not in told
        assert each not in repr(rows)
