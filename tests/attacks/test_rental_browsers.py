"""Sessions of `rental` in a browser: what other sites' pages do with one, and planted ones."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from actors import Rental, Session
from attacks.attack import World, attack
from attacks.attempts import leave_unguarded, unanimous
from front_door import FORM, JSON, Answer
from hufu.actions import sign_in, sign_up
from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, SignedIn
from hufu.storage.sign_in import Opening, SignIns
from hufu.storage.work import Work
from hufu.wire import body

MOBILE, OWN_MOBILE = "13390633695", "13800138000"
PASSWORD = "correct horse 1"
EVIL = "https://evil.example"
NAME, NUMBER = "老鼠", "11010519491231002X"
RENAME = ("/api/profile/name", {"name": NAME})
IDENTIFY = ("/api/profile/auth", {"real_name": NAME, "id_card": NUMBER})
FORGED = (RENAME, IDENTIFY)
PLAIN = "text/plain"
PLANTED = "ad1647c6e14d29b3973ca5b7c0704b5aa1b31730"
SITE = Rental()

Header = tuple[str, str]


async def signed_in(world: World, mobile: str) -> Session:
    await SITE.register(world, mobile, PASSWORD)
    session = await SITE.sign_in(world, mobile, PASSWORD)
    assert session is not None
    return session


# Other sites' pages


def browsers_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    leave_unguarded(patch, "rental")


def sent_by(site: str, mode: str, dest: str, *more: Header) -> list[Header]:
    """What a browser says about a request that a page of another site makes it send."""
    told = [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)]
    return [*told, ("referer", f"{EVIL}/"), *more]


async def shown(world: World, victim: Session) -> str:
    """Everything that the victim sees of the account."""
    calls = ("/api/profile", "/api/profile/auth")
    answers = [await SITE.get(world, call, victim.cookies) for call in calls]
    return "".join(answer.body.decode() for answer in answers)


async def forge(world: World, content_type: str, bodies: list[bytes], head: list[Header]) -> bool:
    """Whether another site renames the victim, and puts an identity on record for them."""
    victim, done = await signed_in(world, MOBILE), []
    assert await SITE.signed_in(world, victim)
    for (call, _), sent in zip(FORGED, bodies, strict=True):
        before = await shown(world, victim)
        answer = await world.request(
            "POST",
            SITE.mount + call,
            body=sent,
            content_type=content_type,
            cookies=victim.cookies,
            headers=head,
        )
        done.append(answer.json()["errno"] == 0)
        done.append(await shown(world, victim) != before)
    return unanimous(done)


def as_json(fields: Mapping[str, str]) -> bytes:
    named = ",".join(f'"{name}":"{value}"' for name, value in fields.items())
    return f"{{{named}}}".encode()


def as_plain_form(fields: Mapping[str, str]) -> bytes:
    """What a form of one field writes: its name, `=` and its value; together they are JSON."""
    name = as_json(fields)[:-1].decode() + ',"ignored":"'
    return f'{name}="}}'.encode()


@attack(16, without=browsers_are_not_asked)
async def test_a_picture_signs_a_visitor_out(world: World) -> bool:
    """Another site shows `<img src=…/api/logout>`, or leads there by a frame or a script."""
    done = []
    for dest, mode in (("image", "no-cors"), ("iframe", "navigate"), ("empty", "no-cors")):
        victim = await _again(world)
        head = sent_by("cross-site", mode, dest)
        await world.get(f"{SITE.mount}/api/logout", cookies=victim.cookies, headers=head)
        done.append(not await SITE.signed_in(world, victim))
    return unanimous(done)


async def _again(world: World) -> Session:
    session = await SITE.sign_in(world, MOBILE, PASSWORD)
    return session or await signed_in(world, MOBILE)


@attack(16, without=browsers_are_not_asked)
async def test_a_neighbouring_sites_picture_signs_a_visitor_out(world: World) -> bool:
    """The same by a page of another host of the site's own domain, to which cookies are sent."""
    victim = await signed_in(world, MOBILE)
    head = sent_by("same-site", "no-cors", "image")
    await world.get(f"{SITE.mount}/api/logout", cookies=victim.cookies, headers=head)
    return not await SITE.signed_in(world, victim)


@attack(16, without=browsers_are_not_asked)
async def test_a_script_of_another_site_changes_a_visitor(world: World) -> bool:
    """A page sends JSON; its browser says from where."""
    head = sent_by("cross-site", "cors", "empty", ("origin", EVIL))
    return await forge(world, JSON, [as_json(fields) for _, fields in FORGED], head)


@attack(16, without=browsers_are_not_asked)
async def test_a_request_of_another_site_changes_a_visitor(world: World) -> bool:
    """The same, where the browser says no more than that it is another site."""
    head = [("sec-fetch-site", "cross-site")]
    return await forge(world, JSON, [as_json(fields) for _, fields in FORGED], head)


@attack(16, without=browsers_are_not_asked)
async def test_a_form_of_another_site_changes_a_visitor(world: World) -> bool:
    """A page sends a form, from a browser that says nothing about it."""
    return await forge(world, FORM, [urlencode(fields).encode() for _, fields in FORGED], [])


def plain_text_is_read_as_json(patch: pytest.MonkeyPatch) -> None:
    """Browsers are not asked, and a body is JSON whatever it is said to be; either defence would do
    alone."""
    parse = body.parse

    def read(content_type: bytes | None, raw: bytes) -> body.Fields:
        plain = content_type is not None and content_type.startswith(PLAIN.encode())
        return parse(JSON.encode() if plain else content_type, raw)

    browsers_are_not_asked(patch)
    patch.setattr(body, "parse", read)


@attack(16, without=plain_text_is_read_as_json)
async def test_a_plain_form_of_another_site_changes_a_visitor(world: World) -> bool:
    """A form of the type `text/plain` writes JSON, from a browser that says nothing about it."""
    return await forge(world, PLAIN, [as_plain_form(fields) for _, fields in FORGED], [])


# Planted sessions


def shown_sessions_are_adopted(patch: pytest.MonkeyPatch) -> None:
    """Whatever id the browser shows is the session's from now on."""

    def adopting(opens: Any) -> Any:
        async def adopt(deps: Deps, work: Work, *who: Any) -> SignedIn | None:
            *_, replaces = who
            if isinstance(replaces, SessionToken):
                app = replace(deps.app, mint_token=lambda: replaces.token)
                deps = replace(deps, app=app)
            return await opens(deps, work, *who)

        return adopt

    patch.setattr(sign_in, "claim_session", adopting(sign_in.claim_session))
    for module in (sign_in, sign_up):
        patch.setattr(module, "open_session", adopting(module.open_session))


async def opens(world: World, cookies: Mapping[str, str], account: str) -> bool:
    answer = await SITE.get(world, "/api/profile", cookies)
    return account in answer.body.decode()


@attack(16, without=shown_sessions_are_adopted)
async def test_a_planted_id_becomes_the_victims_session(world: World) -> bool:
    """An id that the attacker made up is in the victim's browser when they sign in."""
    await SITE.register(world, MOBILE, PASSWORD)
    planted = {"session_id": PLANTED}
    answer = await _sign_in(world, MOBILE, planted)
    return unanimous([answer.cookies() == planted, await opens(world, planted, MOBILE)])


@attack(16, without=shown_sessions_are_adopted)
async def test_a_planted_id_becomes_the_new_members_session(world: World) -> bool:
    """The same when they register, which signs in too."""
    planted = {"session_id": PLANTED}
    assert (await SITE.ask_code(world, MOBILE))["errno"] == 0
    sent = {"mobile": MOBILE, "phonecode": await world.code(MOBILE), "password": PASSWORD}
    answer = await SITE.json(world, "/api/register", sent, cookies=planted)
    return unanimous([answer.cookies() == planted, await opens(world, planted, MOBILE)])


@attack(16, without=shown_sessions_are_adopted)
async def test_a_planted_session_becomes_the_victims(world: World) -> bool:
    """The attacker's own live session is in the victim's browser when they sign in."""
    await SITE.register(world, MOBILE, PASSWORD)
    planted = (await signed_in(world, OWN_MOBILE)).cookies
    answer = await _sign_in(world, MOBILE, planted)
    return unanimous([answer.cookies() == planted, await opens(world, planted, MOBILE)])


def old_sessions_stay(patch: pytest.MonkeyPatch) -> None:
    opens = SignIns._open

    async def beside(self: SignIns, statement: str, opening: Opening, *proof: Any) -> Any:
        return await opens(self, statement, replace(opening, replaced=None), *proof)

    patch.setattr(SignIns, "_open", beside)


@attack(16, without=old_sessions_stay)
async def test_a_session_outlives_the_next_sign_in(world: World) -> bool:
    """An id that was seen before its owner signed in again is used afterwards."""
    old = (await signed_in(world, MOBILE)).cookies
    await _sign_in(world, MOBILE, old)
    return await opens(world, old, MOBILE)


async def _sign_in(world: World, mobile: str, cookies: Mapping[str, str]) -> Answer:
    sent = {"mobile": mobile, "password": PASSWORD}
    answer = await SITE.json(world, "/api/login", sent, cookies=cookies)
    assert answer.json()["errno"] == 0
    return answer
