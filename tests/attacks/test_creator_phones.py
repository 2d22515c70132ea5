"""Phones in paths of `creator`: whose code opens what, and who has messages sent by a GET."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import pytest

from actors import Creator
from attacks.attack import World, answering_later, attack
from attacks.attempts import leave_unguarded, unanimous
from hufu.actions import recovery
from hufu.actions.deps import Deps
from hufu.actions.recovery import RecoverWithCode
from hufu.dialects.creator import messages as m
from hufu.domain.identifiers import Identifier
from hufu.services.phones import parse_phone
from hufu.storage.limits import LimitCounters
from hufu.wire.serve import Service

PHONE, OWN_PHONE, FREE_PHONE, OWN_FREE_PHONE = (f"1390000000{n}" for n in range(4))
PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
REGISTER, SIGN_IN, RECOVER = "registerPhone", "loginPhone", "forgetPassword"
SITE, OWNER = Creator(), Creator(user_agent="owner/1")


async def code_for(world: World, call: str, phone: str) -> str:
    assert (await SITE.get(world, f"/user/{call}/{phone}")).status == 200
    return await world.code(phone)


async def show(world: World, call: str, path: str, body: str, code: str, **more: str) -> bool:
    """Whether the call takes the code, with these phones in its path and body."""
    sent = {"phone_number": body, "identifying_code": code, "new_password": NEW_PASSWORD, **more}
    answer = await SITE.form(world, f"/user/{call}/{path}", sent)
    assert answer.status == 200 or "successful" not in answer.body.decode()
    return answer.status == 200


# Codes


async def opens(world: World, account: str, password: str) -> bool:
    return await SITE.sign_in(world, account, password) is not None


async def recover_as(world: World, account: str) -> bool:
    """Whether the account of one's own phone can be recovered under another's name."""
    code = await code_for(world, RECOVER, OWN_PHONE)
    return await show(world, RECOVER, OWN_PHONE, OWN_PHONE, code, account=account)


def the_account_named_is_recovered(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: the phone proves, and `account` says whose password is set.

    That the two must be one account's, and that a password is set for the phone's account whatever
    else is named, are two defences; each would do alone.
    """
    prove = recovery._prove

    async def as_named(deps: Deps, cmd: RecoverWithCode) -> recovery._Proved:
        proved = await prove(deps, replace(cmd, account=None))
        if cmd.account is None:
            return proved
        assert isinstance(proved.outcome, tuple)
        async with deps.look() as work:
            named = await work.identifiers.find(deps.app.pool, cmd.account)
        assert named is not None
        return replace(proved, outcome=(named.account_id, proved.outcome[1]))

    patch.setattr(recovery, "_prove", as_named)


@attack(3, without=the_account_named_is_recovered)
async def test_ones_own_phone_recovers_anothers_account(world: World) -> bool:
    """With a code that was sent to one's own phone, another's account gets a new password."""
    victims, stolen = ("alice", PHONE), []
    for account in (*victims, OWN_PHONE):
        await OWNER.register(world, account, PASSWORD)
    for victim in victims:
        stolen.append(await recover_as(world, victim))
        stolen.append(await opens(world, victim, NEW_PASSWORD))
        stolen.append(not await opens(world, victim, PASSWORD))
    return unanimous(stolen)


def the_account_named_is_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recovery, "_why_not", answering_later(None))


@attack(3, without=the_account_named_is_not_compared)
async def test_anothers_name_beside_ones_own_phone_changes_something(world: World) -> bool:
    """A right code, shown for an account that is not the phone's, sets any password at all."""
    before = "SELECT account_id, argon2 FROM passwords ORDER BY 1"
    for account in ("alice", OWN_PHONE):
        await OWNER.register(world, account, PASSWORD)
    kept = await world.sql(before)
    return unanimous([await recover_as(world, "alice"), await world.sql(before) != kept])


def the_path_is_believed(patch: pytest.MonkeyPatch) -> None:
    def believe(path: str, _: str) -> Identifier:
        return parse_phone(path)

    patch.setattr(m, "same_number", believe)


def the_body_is_believed(patch: pytest.MonkeyPatch) -> None:
    def believe(_: str, body: str) -> Identifier:
        return parse_phone(body)

    patch.setattr(m, "same_number", believe)


async def proofs(world: World) -> list[tuple[str, str, str, str]]:
    """Each of the three calls, with another's phone, one's own, and a code sent to one's own."""
    for phone in (PHONE, OWN_PHONE):
        await OWNER.register(world, phone, PASSWORD)
    phones = {
        REGISTER: (FREE_PHONE, OWN_FREE_PHONE),
        SIGN_IN: (PHONE, OWN_PHONE),
        RECOVER: (PHONE, OWN_PHONE),
    }
    return [
        (call, other, own, await code_for(world, call, own))
        for call, (other, own) in phones.items()
    ]


@attack(3, without=the_path_is_believed)
async def test_a_code_is_taken_with_anothers_phone_in_the_body(world: World) -> bool:
    """A proof of one's own phone is taken in the name of another's."""
    shown = await proofs(world)
    return unanimous(
        [await show(world, call, own, other, code) for call, other, own, code in shown]
    )


@attack(3, without=the_body_is_believed)
async def test_a_code_is_taken_with_anothers_phone_in_the_path(world: World) -> bool:
    """The same, where everything between here and the server sees another's phone."""
    shown = await proofs(world)
    return unanimous(
        [await show(world, call, other, own, code) for call, other, own, code in shown]
    )


# Messages

Header = tuple[str, str]
AS_A_PICTURE: tuple[tuple[Header, ...], ...] = tuple(
    (("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-site", site))
    for site in ("cross-site", "same-site", "same-origin")
)
AHEAD_OF_NEED: tuple[tuple[Header, ...], ...] = (
    (("sec-purpose", "prefetch"), ("sec-fetch-dest", "empty"), ("sec-fetch-site", "same-origin")),
    (("sec-purpose", "prefetch;prerender"), ("sec-fetch-dest", "document")),
    (("purpose", "prefetch"),),
    (("x-moz", "prefetch"),),
)


async def sent_by(world: World, method: str, kinds: Iterable[tuple[Header, ...]]) -> bool:
    """Whether such a request sends a message, in all three calls and under doubled slashes."""
    await OWNER.register(world, PHONE, PASSWORD)
    sent = []
    for call, phone in ((REGISTER, FREE_PHONE), (SIGN_IN, PHONE), (RECOVER, PHONE)):
        for path in (f"/user/{call}/{phone}", f"//user/{call}/{phone}", f"/user//{call}//{phone}"):
            for headers in kinds:
                before = len(await world.letters())
                await world.request(method, SITE.mount + path, headers=headers)
                sent.append(len(await world.letters()) > before)
    return unanimous(sent)


def browsers_are_not_asked(patch: pytest.MonkeyPatch) -> None:
    leave_unguarded(patch, "creator")


@attack(5, without=browsers_are_not_asked)
async def test_a_picture_sends_a_message(world: World) -> bool:
    """A page shows `<img src=…/user/loginPhone/…>`, and its visitors' browsers ask for codes."""
    return await sent_by(world, "GET", AS_A_PICTURE)


@attack(5, without=browsers_are_not_asked)
async def test_a_prefetch_sends_a_message(world: World) -> bool:
    """A browser that fetches a link ahead of need asks for a code."""
    return await sent_by(world, "GET", AHEAD_OF_NEED)


def heads_are_gets(patch: pytest.MonkeyPatch) -> None:
    serve = Service.serve

    async def as_get(self: Service[Any], scope: Any, *rest: Any) -> None:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        await serve(self, {**scope, "method": method}, *rest)

    patch.setattr(Service, "serve", as_get)


@attack(5, without=heads_are_gets)
async def test_a_head_sends_a_message(world: World) -> bool:
    """A link checker that only asks for heads asks for codes."""
    return await sent_by(world, "HEAD", [()])


PATHS = (
    "/user/registerPhone/13390633695",
    "//user/registerPhone/13390633695",
    "/user//registerPhone/13390633695",
    "///user//registerPhone///13390633695",
    "/user/registerPhone/+8613390633695",
    "/user/registerPhone/008613390633695",
    "/user/registerPhone/133-9063-3695",
    "/user/registerPhone/１３３９０６３３６９５",
)


def sends_are_counted_by_path(patch: pytest.MonkeyPatch) -> None:
    """A limiter in front of the server, which counts what it sees."""
    seen: ContextVar[str] = ContextVar("seen")
    serve, claim = Service.serve, LimitCounters.claim

    async def note(self: Service[Any], scope: Any, *rest: Any) -> None:
        seen.set(scope["path"])
        await serve(self, scope, *rest)

    async def count(self: LimitCounters, limit: Any, _: str, *rest: Any) -> bool:
        return await claim(self, limit, seen.get(), *rest)

    patch.setattr(Service, "serve", note)
    patch.setattr(LimitCounters, "claim", count)


@attack(5, without=sends_are_counted_by_path, generous=False)
async def test_another_spelling_of_the_path_sends_another_message(world: World) -> bool:
    """One number is sent a message for each way to write its path."""
    for path in PATHS:
        answer = await SITE.get(world, path)
        assert (answer.status, answer.json()) == (200, {"msg": "注意接收短信"})
    return len(await world.letters()) > 1
