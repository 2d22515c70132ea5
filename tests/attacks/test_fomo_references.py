"""References of `fomo`: numbers and tokens that stand for a step, and whose step it is."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from actors import Fomo, Session
from attacks.attack import World, attack
from attacks.attempts import Anybody, Anything, unanimous
from front_door import all_at_once
from hufu.actions import recovery
from hufu.actions.outbox import send_code
from hufu.domain.registrations import Registration
from hufu.domain.verification import Code
from hufu.storage.recovery import Grants
from hufu.storage.registrations import Registrations
from hufu.storage.verification import Codes

PHONE, OWN_PHONE = "13390633695", "13800138000"
PASSWORD, NEW_PASSWORD, PAYMENT = "correct horse 1", "battery staple 2", "pay-for-rice"
AT_ONCE = 50
FOMO = Fomo()


async def member(world: World, phone: str) -> Session:
    await FOMO.register(world, phone, PASSWORD)
    session = await FOMO.sign_in(world, phone, PASSWORD)
    assert session is not None
    return session


# Three that belong together


async def asked(world: World, call: str, phone: str) -> tuple[Mapping[str, int], str]:
    """The two references that come back when a code is asked for, and the code."""
    begun = await FOMO.call(world, call, user_name=phone, pwd=PASSWORD)
    return begun["data"], await world.code(phone)


async def mixed(world: World, asks: str, takes: str, second: str) -> bool:
    """Whether any mix of two people's references and codes passes; the honest ones must."""
    people = [await asked(world, asks, phone) for phone in (PHONE, OWN_PHONE)]
    while people[0][1] == people[1][1]:
        people[1] = await asked(world, asks, OWN_PHONE)

    async def passes(first: int, other: int, code: int) -> bool:
        sent = {"verify_id": people[first][0]["verify_id"], second: people[other][0][second]}
        answer = await FOMO.call(world, takes, verify_code=people[code][1], **sent)
        assert answer["status"] in {1, 105, 106, 107}
        return bool(answer["status"] == 1)

    mixes = [mix for mix in product(range(2), repeat=3) if len(set(mix)) > 1]
    passed = [await passes(*mix) for mix in mixes]
    if any(passed):
        return True
    assert await passes(0, 0, 0)
    assert await passes(1, 1, 1)
    return False


def references_are_taken_one_by_one(patch: pytest.MonkeyPatch) -> None:
    """The code must be right for its own reference, and nothing ties the second one to it."""
    lock_registration, lock_code = Registrations.lock, Codes.lock

    async def registration(self: Registrations, id: int, app: str) -> Registration | None:
        found = await lock_registration(self, id, app)
        return found and replace(found, code_id=Anybody(found.code_id))

    async def code(self: Codes, id: int, app: str) -> Code | None:
        found = await lock_code(self, id, app)
        return found and replace(found, binding=Anything(found.binding))

    patch.setattr(Registrations, "lock", registration)
    patch.setattr(Codes, "lock", code)


@attack(10, without=references_are_taken_one_by_one)
async def test_two_peoples_references_register(world: World) -> bool:
    """A code for one's own phone completes what was begun for another's."""
    return await mixed(world, "register", "complete_register", "tmp_user_id")


@attack(10, without=references_are_taken_one_by_one)
async def test_two_peoples_references_recover(world: World) -> bool:
    """The same with the references of a recovery."""
    for phone in (PHONE, OWN_PHONE):
        await FOMO.register(world, phone, PASSWORD)
    return await mixed(world, "rec_pwd1", "rec_pwd2", "user_id")


def the_alias_is_the_account(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: the number that comes back is the account's id."""
    sent: dict[int, int | None] = {}

    async def send(*arguments: Any, account_id: int | None, **more: Any) -> Code:
        more["binding"] = str(account_id)
        code = await send_code(*arguments, account_id=account_id, **more)
        sent[code.id] = account_id
        return code

    def begun(code_id: int, _: int) -> recovery.RecoveryBegun:
        return recovery_begun(code_id, sent[code_id] or 0)

    recovery_begun = recovery.RecoveryBegun
    patch.setattr(recovery, "send_code", send)
    patch.setattr(recovery, "RecoveryBegun", begun)


@attack(10, without=the_alias_is_the_account)
async def test_a_stranger_learns_the_id_of_a_phone(world: World) -> bool:
    """Asking for a code for somebody's phone tells the account's id, or the same number each
    time."""
    victim = await member(world, PHONE)
    told = [(await FOMO.call(world, "rec_pwd1", user_name=PHONE))["data"] for _ in range(3)]
    return unanimous(
        [
            *(victim.account_id in answer.values() for answer in told),
            len({answer["user_id"] for answer in told}) < len(told),
        ]
    )


# A token for one password


async def granted(world: World, phone: str) -> str:
    references, code = await asked(world, "rec_pwd1", phone)
    answer = await FOMO.call(world, "rec_pwd2", verify_code=code, **references)
    return str(answer["data"]["tmp_session"])


async def set_sign_in(world: World, grant: str, password: str = NEW_PASSWORD) -> bool:
    answer = await FOMO.call(world, "set_pwd", tmp_session=grant, pwd=password)
    assert answer["status"] in {0, 1, 201}
    return bool(answer["status"] == 1)


async def set_payment(world: World, grant: str, who: Session, password: str = PAYMENT) -> bool:
    sent = {"tmp_session": grant, "wallet_pwd": password, **who.fields}
    answer = await FOMO.call(world, "set_wallet_pwd", **sent)
    assert answer["status"] in {0, 1, 3, 201}
    return bool(answer["status"] == 1)


def grants_are_anybodys(patch: pytest.MonkeyPatch) -> None:
    def everybodys(method: Any) -> Any:
        async def find(self: Grants, *which: Any) -> int | None:
            owner = await method(self, *which)
            return owner and Anybody(owner)

        return find

    patch.setattr(Grants, "find", everybodys(Grants.find))
    patch.setattr(Grants, "claim", everybodys(Grants.claim))


@attack(11, without=grants_are_anybodys)
async def test_anothers_token_sets_a_payment_password(world: World) -> bool:
    """`tmp_session` of one account with `session_key` of another sets either's password."""
    victim, attacker = await member(world, PHONE), await member(world, OWN_PHONE)
    sides = ((PHONE, attacker), (OWN_PHONE, victim))
    done = [await set_payment(world, await granted(world, phone), who) for phone, who in sides]
    stored = await world.sql("SELECT FROM passwords WHERE purpose = 'payment'")
    return unanimous([*done, len(stored) > 0])


def grants_are_never_spent(patch: pytest.MonkeyPatch) -> None:
    async def find(self: Grants, token_hash: bytes, *_: object) -> int | None:
        owner: int | None = await self._connection.fetchval(
            "SELECT account_id FROM grants WHERE token_hash = $1", token_hash
        )
        return owner

    patch.setattr(Grants, "find", find)
    patch.setattr(Grants, "claim", find)


@attack(11, without=grants_are_never_spent)
async def test_a_token_is_used_twice(world: World) -> bool:
    """A `tmp_session` that its owner used sets the password once more."""
    await member(world, PHONE)
    grant = await granted(world, PHONE)
    assert await set_sign_in(world, grant)
    again = await set_sign_in(world, grant, "another-password")
    opens = await FOMO.sign_in(world, PHONE, "another-password") is not None
    return unanimous([again, opens])


@attack(11, without=grants_are_never_spent)
async def test_a_token_sets_both_passwords(world: World) -> bool:
    """One `tmp_session` sets the payment password and the one to sign in with, in either order."""
    victim, both = await member(world, PHONE), []
    grant = await granted(world, PHONE)
    assert await set_payment(world, grant, victim)
    both.append(await set_sign_in(world, grant))

    grant = await granted(world, PHONE)
    assert await set_sign_in(world, grant, "another-password")
    session = await FOMO.sign_in(world, PHONE, "another-password")
    assert session is not None
    both.append(await set_payment(world, grant, session))
    return unanimous(both)


@attack(11, without=grants_are_never_spent)
async def test_a_token_used_by_many_at_once_sets_many_passwords(world: World) -> bool:
    """Fifty at once set fifty passwords with one `tmp_session`."""
    await member(world, PHONE)
    grant = await granted(world, PHONE)
    won = await all_at_once(
        set_sign_in(world, grant, f"new-password-{number}") for number in range(AT_ONCE)
    )
    assert sum(won) in {1, AT_ONCE}
    return sum(won) > 1


@attack(11, without=grants_are_never_spent)
async def test_a_token_used_by_many_at_once_sets_both_passwords(world: World) -> bool:
    """Fifty at once, half of them for the one password and half for the other."""
    victim = await member(world, PHONE)
    grant = await granted(world, PHONE)
    won = await all_at_once(
        set_sign_in(world, grant, f"new-password-{number}")
        if number % 2
        else set_payment(world, grant, victim, f"payment-{number}")
        for number in range(AT_ONCE)
    )
    assert sum(won) > 0
    return sum(won) > 1
