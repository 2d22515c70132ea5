"""What `company` takes as proof: a role, a pair of id and code, and the digest of a password."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import pytest

from actors import Actor, Company, Creator, Fomo, Rental, Session, md5
from attacks.attack import Attempt, World, answering_later, attack
from attacks.attempts import count, unanimous
from front_door import Answer
from hufu.actions import sign_in, sign_up
from hufu.actions.deps import Deps
from hufu.actions.sessions import SessionToken, authenticate
from hufu.dialects.company.messages import ROLES
from hufu.domain.passwords import Password
from hufu.domain.permissions import Caller, Client
from hufu.domain.profiles import View
from hufu.storage.sessions import Sessions
from hufu.storage.work import Work
from hufu.wire.serve import Service

PHONE, OWN_PHONE = "13390633695", "13800138000"
PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
COMPANY = Company()
SECRET = "Tiger Ltd"


async def member(world: World, phone: str) -> Session:
    await COMPANY.register(world, phone, PASSWORD)
    session = await COMPANY.sign_in(world, phone, PASSWORD)
    assert session is not None
    return session


# A role


def roles_are_read(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: `user_role` is a field of the account, and comes with a request."""
    sent: ContextVar[object] = ContextVar("sent", default=None)
    read = Service._fields

    def note(self: Service[Any], *request: Any) -> Any:
        fields = read(self, *request)
        sent.set(fields.get("user_role"))
        return fields

    def as_sent(opens: Any) -> Any:
        async def open_as_sent(deps: Deps, work: Work, client: Client, id: int, *how: Any) -> Any:
            for role, number in ROLES.items():
                if number == sent.get():
                    await work.roles.save(id, deps.app.name, role, deps.now())
            return await opens(deps, work, client, id, *how)

        return open_as_sent

    patch.setattr(Service, "_fields", note)
    patch.setattr(sign_in, "claim_session", as_sent(sign_in.claim_session))
    patch.setattr(sign_up, "open_session", as_sent(sign_up.open_session))


class Ambitious(Company):
    """A client that calls itself an administrator in every request."""

    async def form(self, world: World, path: str, fields: Mapping[str, object]) -> Answer:
        return await super().form(world, path, {**fields, "user_role": "3"})


@attack(8, without=roles_are_read)
async def test_a_role_is_had_by_sending_it(world: World) -> bool:
    """`user_role` is sent with every call there is."""
    client, told = Ambitious(), []
    await client.register(world, PHONE, PASSWORD)
    assert await client.change_password(world, PHONE, NEW_PASSWORD)
    login = await client.try_to_sign_in(world, PHONE, NEW_PASSWORD)
    session = {name: login.json()[name] for name in ("uid", "sec")}
    told.append(login.json()["user_role"])
    for call in ("regDetail", "checkFinishUserInfo", "getUserInfo", "loginout"):
        answer = await client.call(world, call, company_name=SECRET, **session)
        assert answer["code"] == "200"
        told += [answer["user_role"]] if "user_role" in answer else []
    assert len(told) == 2
    return unanimous([*(role != "1" for role in told), await count(world, "roles") > 0])


# A pair


async def reads(world: World, fields: Mapping[str, str]) -> bool:
    """Whether the pair is taken, and shows the victim's details."""
    answer = await COMPANY.call(world, "getUserInfo", **fields)
    return unanimous([answer["code"] == "200", answer.get("company_name") == SECRET])


def the_id_says_who(patch: pytest.MonkeyPatch) -> None:
    """Any live code will do, and the id beside it says whose account is meant."""

    async def believe(deps: Deps, client: Client, shown: SessionToken, _: View) -> Caller:
        caller = await authenticate(deps, client, replace(shown, account_id=None))
        return replace(caller, account_id=shown.account_id or caller.account_id)

    patch.setattr("hufu.wire.serve.authenticate", believe)


@attack(8, without=the_id_says_who)
async def test_ones_own_code_opens_anothers_account(world: World) -> bool:
    """`uid` of one account with `sec` of another."""
    victim, attacker = await member(world, PHONE), await member(world, OWN_PHONE)
    await COMPANY.call(world, "regDetail", company_name=SECRET, **victim.fields)
    return await reads(world, {"uid": victim.fields["uid"], "sec": attacker.fields["sec"]})


def a_logout_ends_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sessions, "claim_end", answering_later(True))


@attack(8, without=a_logout_ends_nothing)
async def test_a_code_outlives_its_logout(world: World) -> bool:
    """A `sec` that was seen before its owner signed out is used afterwards."""
    victim = await member(world, PHONE)
    await COMPANY.call(world, "regDetail", company_name=SECRET, **victim.fields)
    assert (await COMPANY.call(world, "loginout", **victim.fields))["code"] == "200"
    return await reads(world, victim.fields)


def a_new_password_ends_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sessions, "delete_all", answering_later(None))


@attack(8, without=a_new_password_ends_nothing)
async def test_a_code_outlives_its_password(world: World) -> bool:
    """A `sec` that was seen before its owner set a new password is used afterwards."""
    victim = await member(world, PHONE)
    await COMPANY.call(world, "regDetail", company_name=SECRET, **victim.fields)
    assert await COMPANY.change_password(world, PHONE, NEW_PASSWORD)
    return await reads(world, victim.fields)


# A digest


def digests_are_passwords_everywhere(patch: pytest.MonkeyPatch) -> None:
    typed = Password.typed

    def believe(text: str) -> Password:
        is_digest = len(text) == 32 and set(text.lower()) <= set("0123456789abcdef")
        return Password.digested(text) if is_digest else typed(text)

    patch.setattr(Password, "typed", believe)


class ProfileCall(Rental):
    """The call of `rental` that takes a password in place of a session."""

    async def sign_in(self, world: World, identifier: str, password: str) -> Session | None:
        sent = {"mobile": identifier, "password": password}
        answer = (await self.json(world, "/api/profile", sent, "GET")).json()
        return Session(identifier, answer["data"]["user_id"]) if answer["errno"] == 0 else None


def typing_the_digest(name: str, door: Actor) -> Attempt:
    async def attempt(world: World) -> bool:
        await COMPANY.register(world, PHONE, PASSWORD)
        assert await door.sign_in(world, PHONE, PASSWORD) is not None
        typed = (md5(PASSWORD), md5(PASSWORD).upper())
        return unanimous([await door.sign_in(world, PHONE, each) is not None for each in typed])

    attempt.__name__ = f"test_the_digest_opens_{name}"
    attempt.__doc__ = "What `company` clients send of a password is typed as one elsewhere."
    return attempt


elsewhere = attack(9, without=digests_are_passwords_everywhere)
test_the_digest_opens_fomo = elsewhere(typing_the_digest("fomo", Fomo()))
test_the_digest_opens_rental = elsewhere(typing_the_digest("rental", Rental()))
test_the_digest_opens_a_profile = elsewhere(typing_the_digest("a_profile", ProfileCall()))
test_the_digest_opens_creator = elsewhere(typing_the_digest("creator", Creator()))


def letters_make_another_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Password, "digested", Password)


async def _set(world: World, call: str, digest: str) -> Any:
    assert await COMPANY.ask_code(world, PHONE) == {"code": "200"}
    code = await world.code(PHONE)
    sent = {"phone": PHONE, "xid": COMPANY.xid, "yzm": code, "pwd": digest}
    return await COMPANY.call(world, call, **sent)


@attack(9, without=letters_make_another_digest)
async def test_the_old_password_passes_for_a_new_one_in_capitals(world: World) -> bool:
    """A forgotten password is set again as it was, its digest in other letters; it is the same
    password of the same account."""
    await COMPANY.register(world, PHONE, PASSWORD)
    answer = await _set(world, "pwd", md5(PASSWORD).upper())
    login = {"phone": PHONE, "xid": COMPANY.xid, "pwd": md5(PASSWORD)}
    opens = (await COMPANY.call(world, "login", **login))["code"] == "200"
    return unanimous([answer != {"code": "4006"}, not opens])


@attack(9, without=letters_make_another_digest, settings={"apps.company.password_blocklist": True})
async def test_a_common_password_passes_in_capitals(world: World) -> bool:
    """A password that is refused as too common is set, its digest in other letters."""
    assert (await _set(world, "reg", md5("password")))["code"] == "400"
    return bool((await _set(world, "reg", md5("password").upper()))["code"] == "200")
