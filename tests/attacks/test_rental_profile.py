"""Profile calls of `rental`: whose profile, by whose password, and what is written once."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from actors import Rental, Session
from attacks.attack import World, answering, attack
from attacks.attempts import unanimous
from dialects.fields import PICTURE, card
from dialects.rows import CONTENT_TYPES, multipart, part_of
from front_door import FORM, Answer, all_at_once
from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, authenticate
from hufu.domain.identity_numbers import SealedIdentity
from hufu.domain.limits import Limits
from hufu.domain.permissions import Caller, Client
from hufu.domain.profiles import View
from hufu.storage.identity_numbers import IdentityNumbers
from hufu.wire import body
from hufu.wire.serve import Service

AT_ONCE = 50
MOBILE, OWN_MOBILE = "13390633695", "13800138000"
PASSWORD, OWN_PASSWORD, WRONG = "correct horse 1", "battery staple 2", "rubber duck 3"
SITE = Rental()

Fields = Mapping[str, str]
Call = Callable[[World, Fields, Fields | None], Awaitable[Answer]]


async def member(world: World, mobile: str, password: str = PASSWORD) -> Session:
    await SITE.register(world, mobile, password)
    session = await SITE.sign_in(world, mobile, password)
    assert session is not None
    return session


def sending(method: str, path: str, **fields: str) -> Call:
    async def send(world: World, beside: Fields, cookies: Fields | None) -> Answer:
        return await SITE.json(world, path, {**fields, **beside}, method, cookies)

    return send


async def upload(world: World, beside: Fields, cookies: Fields | None) -> Answer:
    parts = [
        ("avatar", part_of(PICTURE)),
        *((name, part_of(text)) for name, text in beside.items()),
    ]
    return await world.request(
        "POST",
        f"{SITE.mount}/api/profile/avatar",
        body=multipart(parts),
        content_type=CONTENT_TYPES["multipart"],
        cookies=cookies,
    )


CALLS: tuple[Call, ...] = (
    sending("GET", "/api/profile"),
    upload,
    sending("POST", "/api/profile/name", name="老鼠"),
    sending("GET", "/api/profile/auth"),
    sending("POST", "/api/profile/auth", real_name="老鼠", id_card=card(1)),
)


def yes(answer: Answer) -> bool:
    return bool(answer.json()["errno"] == 0)


# Whose


def the_mobile_says_whose(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: the mobile is a parameter of the call, and any session will do."""

    async def believe(deps: Deps, client: Client, shown: SessionToken, _: View) -> Caller:
        own = await authenticate(deps, client, SessionToken(shown.token))
        if shown.identifier is None:
            return own
        async with deps.look() as work:
            named = await work.identifiers.find(deps.app.pool, shown.identifier)
        assert named is not None
        return Caller(named.account_id, own.session_id, deps.instant(), own.role)

    patch.setattr("hufu.wire.serve.authenticate", believe)


@attack(17, without=the_mobile_says_whose)
async def test_ones_own_cookie_opens_anothers_profile(world: World) -> bool:
    """Every profile call with one's own cookie and another's mobile."""
    await SITE.register(world, MOBILE, PASSWORD)
    attacker = await member(world, OWN_MOBILE, OWN_PASSWORD)
    answers = [await call(world, {"mobile": MOBILE}, attacker.cookies) for call in CALLS]
    (changed,) = await world.sql("SELECT count(*) FROM identity_numbers")
    return unanimous([*map(yes, answers), MOBILE in answers[0].body.decode(), changed["count"] > 0])


@attack(17, without=the_mobile_says_whose)
async def test_ones_own_cookie_tries_anothers_passwords(world: World) -> bool:
    """The same with passwords beside, of which a right one is not told from a wrong one."""
    await SITE.register(world, MOBILE, PASSWORD)
    attacker = await member(world, OWN_MOBILE, OWN_PASSWORD)
    told = set()
    for call in CALLS:
        for password in (PASSWORD, OWN_PASSWORD, WRONG):
            beside = {"mobile": MOBILE, "password": password}
            told.add((await call(world, beside, attacker.cookies)).json()["errno"])
    assert len(told) == 1, told
    return 0 in told


# How often


def guesses_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Limits, "caps", answering(()))


@attack(17, without=guesses_are_not_counted)
async def test_profile_calls_try_passwords_without_end(world: World) -> bool:
    """Ten wrong passwords at the profile calls, and the eleventh is right wherever it is tried."""
    await SITE.register(world, MOBILE, PASSWORD)
    for _ in range(2):
        for call in CALLS:
            wrong = await call(world, {"mobile": MOBILE, "password": WRONG}, None)
            assert wrong.json()["errno"] == 4004
    right = {"mobile": MOBILE, "password": PASSWORD}
    answers = [await call(world, right, None) for call in CALLS]
    return unanimous([*map(yes, answers), await SITE.sign_in(world, MOBILE, PASSWORD) is not None])


@attack(17, without=guesses_are_not_counted)
async def test_profile_calls_add_to_the_guesses_of_sign_in(world: World) -> bool:
    """Ten wrong passwords at sign-in, and the eleventh is right at a profile call."""
    await SITE.register(world, MOBILE, PASSWORD)
    for _ in range(10):
        assert await SITE.sign_in(world, MOBILE, WRONG) is None
    right = {"mobile": MOBILE, "password": PASSWORD}
    return unanimous([yes(await call(world, right, None)) for call in CALLS])


# From where


def queries_are_read(patch: pytest.MonkeyPatch) -> None:
    read = Service._fields

    def read_both(
        self: Service[Any], row: Any, raw: Any, headers: Any, value: Any, scope: Any
    ) -> body.Fields:
        fields = read(self, row, raw, headers, value, scope)
        return {**body.parse(FORM.encode(), scope["query_string"]), **fields}

    patch.setattr(Service, "_fields", read_both)


@attack(17, without=queries_are_read)
async def test_a_link_carries_a_password(world: World) -> bool:
    """Mobile and password in the address open a profile or a session, and are in every log from
    then on."""
    await SITE.register(world, MOBILE, PASSWORD)
    query = urlencode({"mobile": MOBILE, "password": PASSWORD})
    name, auth = {"name": "老鼠"}, {"real_name": "老鼠", "id_card": card(1)}
    answers = [
        await SITE.get(world, f"/api/profile?{query}"),
        await SITE.json(world, f"/api/profile/name?{query}", name),
        await SITE.get(world, f"/api/profile/auth?{query}"),
        await SITE.json(world, f"/api/profile/auth?{query}", auth),
        await SITE.json(world, f"/api/login?{query}", {}),
        await SITE.form(world, f"/api/login?{query}", {}),
    ]
    return unanimous(map(yes, answers))


# Once


def identities_are_overwritten(patch: pytest.MonkeyPatch) -> None:
    claim = IdentityNumbers.claim

    async def overwrite(
        self: IdentityNumbers,
        account_id: int,
        app: str,
        identity: SealedIdentity,
        now: Any,
        **_: Any,
    ) -> bool:
        return await claim(
            self, account_id, app, identity, now, replace_unverified=True, sole=False
        )

    patch.setattr(IdentityNumbers, "claim", overwrite)


async def record(world: World, who: Session, number: int) -> int:
    sent = {"real_name": f"name {number}", "id_card": card(number)}
    answer = await SITE.json(world, "/api/profile/auth", sent, cookies=who.cookies)
    return int(answer.json()["errno"])


@attack(18, without=identities_are_overwritten)
async def test_many_identities_at_once_are_recorded(world: World) -> bool:
    """Fifty different numbers at once are each told that they were recorded."""
    who = await member(world, MOBILE)
    told = await all_at_once(record(world, who, number) for number in range(AT_ONCE))
    won = told.count(0)
    assert won + told.count(4003) == AT_ONCE
    assert won in {1, AT_ONCE}
    kept = (await SITE.get(world, "/api/profile/auth", who.cookies)).json()["data"]["id_card"]
    assert card(told.index(0)) == kept or won > 1
    return won > 1


@attack(18, without=identities_are_overwritten)
async def test_an_identity_is_changed_later(world: World) -> bool:
    """Another number, or another name to the same number, is recorded over the first."""
    who = await member(world, MOBILE)
    assert await record(world, who, 1) == 0
    later = [await record(world, who, 2)]
    sent = {"real_name": "老鼠", "id_card": card(2 if later == [0] else 1)}
    answer = await SITE.json(world, "/api/profile/auth", sent, cookies=who.cookies)
    later.append(answer.json()["errno"])
    assert set(later) in ({0}, {4003})
    shown = (await SITE.get(world, "/api/profile/auth", who.cookies)).json()["data"]
    return unanimous([later == [0, 0], shown["id_card"] != card(1), shown["real_name"] == "老鼠"])
