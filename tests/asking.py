"""Calls that are about somebody who may have an account: all those that must not tell it.

Where the words of an answer tell nothing (`hardening = "strict"`), neither does the work behind it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from actors import MODULUS, UTIME, XID, Actor, Company, Creator, Fomo, Rental, md5
from front_door import Answer, World

PASSWORD, WRONG, NEW_PASSWORD = "correct horse 1", "battery staple 2", "purple onions 3"
NO_CODE = "000000"
SQUATTED, FREE = "example.com", "example.org"
"""Domains of addresses that somebody without proof registered in `creator`, and of others."""

Ask = Callable[[World, str, str], Awaitable[Answer]]


@dataclass(frozen=True)
class Door:
    """A row of a dialect's table, what is sent to it, and what asks it about a number from an
    address."""

    row: str
    sent: str
    ask: Ask

    def __str__(self) -> str:
        return f"`{self.row}`{self.sent and f', {self.sent}'}"


def _sign_in(actor: type[Actor]) -> Ask:
    return lambda world, phone, peer: actor(peer=peer).try_to_sign_in(world, phone, WRONG)


def _fomo(call: str) -> Ask:
    def ask(world: World, phone: str, peer: str) -> Awaitable[Answer]:
        sent = {"user_name": phone, "pwd": NEW_PASSWORD}
        return Fomo(peer=peer).form(world, f"/customer/{call}", sent)

    return ask


def _company_sms(world: World, phone: str, peer: str) -> Awaitable[Answer]:
    sent = {"phone": phone, "xid": XID, "utime": UTIME, "sec": (int(phone) - int(UTIME)) % MODULUS}
    return Company(peer=peer).form(world, "/user/sms", sent)


def _company_code(call: str) -> Ask:
    def ask(world: World, phone: str, peer: str) -> Awaitable[Answer]:
        sent = {"phone": phone, "xid": XID, "utime": UTIME, "yzm": NO_CODE}
        sent["pwd"] = md5(NEW_PASSWORD)
        return Company(peer=peer).form(world, f"/user/{call}", sent)

    return ask


def _rental_register(world: World, phone: str, peer: str) -> Awaitable[Answer]:
    sent = {"mobile": phone, "phonecode": NO_CODE, "password": NEW_PASSWORD}
    return Rental(peer=peer).json(world, "/api/register", sent)


def _beside(path: str, method: str, **fields: str) -> Ask:
    def ask(world: World, phone: str, peer: str) -> Awaitable[Answer]:
        sent = {"mobile": phone, "password": WRONG, **fields}
        return Rental(peer=peer).json(world, path, sent, method)

    return ask


def _creator(call: str, domain: str) -> Ask:
    def ask(world: World, phone: str, peer: str) -> Awaitable[Answer]:
        sent = {"account": f"{phone}@{domain}", "password": WRONG}
        return Creator(peer=peer).form(world, f"/user/{call}", sent)

    return ask


def _creator_get(call: str) -> Ask:
    return lambda world, phone, peer: Creator(peer=peer).get(world, f"/user/{call}/{phone}")


def _creator_post(call: str) -> Ask:
    def ask(world: World, phone: str, peer: str) -> Awaitable[Answer]:
        sent = {"phone_number": phone, "identifying_code": NO_CODE, "new_password": NEW_PASSWORD}
        return Creator(peer=peer).form(world, f"/user/{call}/{phone}", sent)

    return ask


SQUATTERS = "an address that the asker registered here"
WRONG_CODE = "a wrong code"
BESIDE = "a password in the body"

DOORS = (
    Door("fomo POST customer/login", "", _sign_in(Fomo)),
    Door("company POST user/login", "", _sign_in(Company)),
    Door("rental POST api/login", "", _sign_in(Rental)),
    Door("rental GET api/profile", BESIDE, _beside("/api/profile", "GET")),
    Door("creator POST user/login", "", _sign_in(Creator)),
    Door("creator POST user/login", SQUATTERS, _creator("login", SQUATTED)),
    Door("creator POST user/register", "an address", _creator("register", FREE)),
    Door("fomo POST customer/rec_pwd1", "", _fomo("rec_pwd1")),
    Door("company POST user/sms", "", _company_sms),
    Door("company POST user/reg", WRONG_CODE, _company_code("reg")),
    Door("company POST user/pwd", WRONG_CODE, _company_code("pwd")),
    Door("creator GET user/forgetPassword/<phone>", "", _creator_get("forgetPassword")),
    Door("creator POST user/forgetPassword/<phone>", WRONG_CODE, _creator_post("forgetPassword")),
    Door("creator GET user/loginPhone/<phone>", "", _creator_get("loginPhone")),
    Door("creator POST user/loginPhone/<phone>", WRONG_CODE, _creator_post("loginPhone")),
    Door("fomo POST customer/register", "", _fomo("register")),
    Door("creator GET user/registerPhone/<phone>", "", _creator_get("registerPhone")),
    Door("creator POST user/registerPhone/<phone>", WRONG_CODE, _creator_post("registerPhone")),
    Door("rental POST api/register", WRONG_CODE, _rental_register),
)
"""In this order: a code is asked for before one is guessed. The other calls of `rental` that take a
password beside are one with the first."""


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def seen(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def run(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
            sent.append(query)
            return await original(self, query, *arguments, **more)

        return run

    ways = ("fetchrow", "fetchval", "fetch", "execute")
    kept = {way: getattr(asyncpg.Connection, way) for way in ways}
    for way, original in kept.items():
        setattr(asyncpg.Connection, way, seen(original))
    try:
        yield sent
    finally:
        for way, original in kept.items():
            setattr(asyncpg.Connection, way, original)
