"""Codes of `company`, which are asked for without saying what for: how many, and what they open."""

from dataclasses import replace
from typing import Any

import pytest

from actors import MODULUS, UTIME, Company, Creator, md5
from attacks.attack import World, answering, answering_later, attack
from attacks.attempts import unanimous
from hufu.actions import recovery, sign_up
from hufu.actions.administration import close_account
from hufu.actions.deps import Deps
from hufu.actions.verification import confirm
from hufu.dialects.company import messages as m
from hufu.domain.errors import CodeExpired
from hufu.domain.identifiers import Identifier
from hufu.domain.limits import Limits
from hufu.domain.verification import Code, Purpose
from hufu.storage.verification import Codes
from hufu.storage.work import Work

PHONE, OTHER_PHONE = "13390633695", "13800138000"
PASSWORD, OWN_PASSWORD = "correct horse 1", "battery staple 2"
OWNER, ATTACKER = Company(), Company(xid="f" * 32)
CLOSED = "test"

# How many


async def ask(world: World, phone: str, number: int, peer: str) -> Any:
    """Ask for a code as if every request came from another device, and with the right `sec`."""
    utime = str(int(UTIME) + 1000 * number)
    sec = str((int(phone) - int(utime)) % MODULUS)
    sent = {"phone": phone, "xid": f"{number:032d}", "utime": utime, "sec": sec}
    return await Company(peer=peer).call(world, "sms", **sent)


def messages_are_not_counted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Limits, "caps", answering(()))


@attack(6, without=messages_are_not_counted, generous=False)
async def test_a_right_sec_sends_messages_without_end(world: World) -> bool:
    """A hundred requests with the right `sec` for one number, in the better part of an hour."""
    answers = []
    for number in range(100):
        answers.append(await ask(world, PHONE, number, f"203.0.113.{number}"))
        world.advance(seconds=30)
    assert {answer["code"] for answer in answers} <= {"200", "4021"}
    return unanimous(
        [len(await world.letters()) > 5, sum(answer["code"] == "200" for answer in answers) > 5]
    )


@attack(6, without=messages_are_not_counted, generous=False)
async def test_one_network_sends_messages_to_everybody(world: World) -> bool:
    """A hundred requests with the right `sec` for as many numbers, from one /64."""
    for number in range(100):
        await ask(world, f"138{number:08d}", number, f"2001:db8:1:2:{number:x}::1")
    return len(await world.letters()) > 20


# What they open


async def set_password(world: World, call: str, code: str, client: Company = ATTACKER) -> bool:
    """Whether the code opens the phone to somebody with a password of their own."""
    sent = {"phone": PHONE, "xid": client.xid, "yzm": code, "pwd": md5(OWN_PASSWORD)}
    told = (await client.call(world, call, **sent))["code"]
    assert told in {"200", "4001", "4002", "4004"}
    opened = await client.sign_in(world, PHONE, OWN_PASSWORD) is not None
    return unanimous([told == "200", opened])


async def coded(world: World, client: Company) -> str:
    assert await client.ask_code(world, PHONE) == {"code": "200"}
    return await world.code(PHONE)


async def close(world: World) -> None:
    (row,) = await world.sql("SELECT account_id FROM identifiers WHERE key = $1", f"+86{PHONE}")
    await close_account(world.deps("company"), row["account_id"], CLOSED)


def codes_open_what_they_are_shown_for(patch: pytest.MonkeyPatch) -> None:
    """Neither what a code was sent for nor the phone's state at that time is compared, and a change
    of state kills none; each of the three would do alone."""

    def confirming(purpose: Purpose) -> Any:
        async def for_anything(deps: Deps, identifier: Identifier, digits: str, _: str) -> Code:
            async def find(work: Work) -> Code | None:
                app = deps.app
                purposes = (Purpose.REGISTER, Purpose.RECOVER)
                return await work.codes.lock_newest(app.pool, app.name, purposes, identifier)

            return replace(await confirm(deps, find, digits, CodeExpired()), purpose=purpose)

        return for_anything

    patch.setattr(sign_up, "confirm_for_state", confirming(Purpose.REGISTER))
    patch.setattr(recovery, "confirm_for_state", confirming(Purpose.RECOVER))
    patch.setattr(Codes, "void", answering_later(None))


@attack(6, without=codes_open_what_they_are_shown_for)
async def test_a_code_to_register_recovers(world: World) -> bool:
    """A code is sent while the phone is free, and kept; it opens the account that the phone's owner
    makes meanwhile."""
    code = await coded(world, ATTACKER)
    await Creator().register(world, PHONE, PASSWORD)
    return await set_password(world, "pwd", code)


@attack(6, without=codes_open_what_they_are_shown_for)
async def test_a_code_to_recover_registers(world: World) -> bool:
    """A code is sent while the phone is taken, and kept; it registers the phone once that is
    free."""
    await OWNER.register(world, PHONE, PASSWORD)
    code = await coded(world, ATTACKER)
    await close(world)
    return await set_password(world, "reg", code)


@attack(6, without=codes_open_what_they_are_shown_for)
async def test_a_code_outlives_the_account_it_was_sent_for(world: World) -> bool:
    """A code is sent to a phone of one account, and kept; it recovers the next account of that
    phone."""
    await OWNER.register(world, PHONE, PASSWORD)
    code = await coded(world, ATTACKER)
    await close(world)
    await Creator().register(world, PHONE, PASSWORD)
    return await set_password(world, "pwd", code)


def codes_belong_to_no_device(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(m, "_binding", answering(""))


@attack(6, without=codes_belong_to_no_device)
async def test_a_code_registers_on_another_device(world: World) -> bool:
    """Somebody who saw the owner's code uses it first, on a device of their own."""
    return await set_password(world, "reg", await coded(world, OWNER))


@attack(6, without=codes_belong_to_no_device)
async def test_a_code_recovers_on_another_device(world: World) -> bool:
    """The same with a code that recovers."""
    await OWNER.register(world, PHONE, PASSWORD)
    return await set_password(world, "pwd", await coded(world, OWNER))
