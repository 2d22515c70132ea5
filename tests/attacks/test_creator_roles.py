"""What `creator` gives to whoever asks for it at registration: no role."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest

from attacks.attack import World, answering_later, attack
from attacks.attempts import count, unanimous
from dialects.rows import BOUNDARY, CONTENT_TYPES
from front_door import FORM, JSON, Answer
from hufu.actions.deps import Deps
from hufu.actions.sign_up import RegisterWithName
from hufu.dialects.creator import messages
from hufu.domain.permissions import Role
from hufu.storage.work import Work
from hufu.wire.fields import TextOrEmpty

REGISTER = "/creator/user/register"
PASSWORD = "correct horse 1"
OLD_TEXT = TextOrEmpty.read


async def ask(world: World, account: str, role: object) -> Answer:
    fields = {"account": account, "password": PASSWORD, "role": role}
    return await world.json(REGISTER, fields)


async def powerful(world: World, account: str) -> bool:
    """Whether the account is there, and more than an ordinary user."""
    return bool(
        await world.sql(
            "SELECT FROM identifiers JOIN roles USING (account_id) WHERE key = $1 AND role <> $2",
            account,
            Role.MEMBER,
        )
    )


def roles_are_given(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: `role` is the account's role."""

    async def give(deps: Deps, work: Work, account_id: int, cmd: RegisterWithName) -> None:
        await work.roles.save(account_id, deps.app.name, cmd.role, deps.now())

    patch.setattr("hufu.actions.sign_up._settle_role", give)


@attack(1, without=roles_are_given)
async def test_a_role_is_had_for_the_asking(world: World) -> bool:
    """Somebody registers as an administrator, a creator or a VIP."""
    gained = []
    for number, role in enumerate(("admin", " admin", "vip_user", "creator")):
        await ask(world, f"account.{number}", role)
        gained.append(await powerful(world, f"account.{number}"))
    return unanimous(gained)


class Lenient(dict[str, Role]):
    """Roles by name, whatever the letters."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(unicodedata.normalize("NFKC", name).casefold(), default)


def roles_are_given_in_any_letters(patch: pytest.MonkeyPatch) -> None:
    """Neither an exact list of names nor an operator is between the client and the role; each of
    the two would do alone."""
    roles_are_given(patch)
    patch.setattr(messages, "_ROLES_BY_NAME", Lenient(messages._ROLES_BY_NAME))


@attack(1, without=roles_are_given_in_any_letters)
async def test_a_role_is_had_in_other_letters(world: World) -> bool:
    """The role in capitals or full-width letters passes a list and reaches what is laxer."""
    gained = []
    for account, role in (("one", "ADMIN"), ("two", "Admin"), ("three", "ａｄｍｉｎ")):
        await ask(world, account, role)
        gained.append(await powerful(world, account))
    return unanimous(gained)


def roles_are_given_out_of_lists(patch: pytest.MonkeyPatch) -> None:
    """A list stands for its first member, and the role is given; either defence would do alone."""

    def read(self: TextOrEmpty, value: object) -> str:
        return OLD_TEXT(self, value[0] if isinstance(value, list) else value)

    roles_are_given(patch)
    patch.setattr(TextOrEmpty, "read", read)


@attack(1, without=roles_are_given_out_of_lists)
async def test_a_role_is_had_as_a_list(world: World) -> bool:
    """The role is sent as a list of roles."""
    gained = []
    for account, roles in (("one", ["admin"]), ("two", ["creator", "normal_user"])):
        await ask(world, account, roles)
        gained.append(await powerful(world, account))
    return unanimous(gained)


def roles_are_given_and_the_last_one_counts(patch: pytest.MonkeyPatch) -> None:
    """Of a field sent twice the last value counts, and the role is given; either defence would do
    alone."""
    roles_are_given(patch)
    patch.setattr("hufu.wire.forms._once", dict)
    patch.setattr("hufu.wire.json_objects._JSON", json.JSONDecoder())


def _form(account: str) -> bytes:
    return f"account={account}&password={PASSWORD}&role=normal_user&role=admin".encode()


def _json(account: str) -> bytes:
    return (
        f'{{"account":"{account}","password":"{PASSWORD}","role":"normal_user","role":"admin"}}'
    ).encode()


def _multipart(account: str) -> bytes:
    fields = [("account", account), ("password", PASSWORD), ("role", ""), ("role", "admin")]
    parts = (
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields
    )
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


@attack(1, without=roles_are_given_and_the_last_one_counts)
async def test_a_role_is_had_by_naming_it_twice(world: World) -> bool:
    """A check reads the harmless role, and the account is made with the other."""
    bodies: dict[str, Callable[[str], bytes]] = {
        FORM: _form,
        JSON: _json,
        CONTENT_TYPES["multipart"]: _multipart,
    }
    gained = []
    for number, (content_type, body) in enumerate(bodies.items()):
        account = f"account.{number}"
        await world.request("POST", REGISTER, body=body(account), content_type=content_type)
        gained.append(await powerful(world, account))
    return unanimous(gained)


def wishes_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.sign_up._settle_role", answering_later(None))


async def _untraced(world: World, account: str, role: str) -> bool:
    answer = await ask(world, account, role)
    assert answer.json() == {"msg": "register successful"}
    own = f"WHERE account_id = (SELECT account_id FROM identifiers WHERE key = '{account}')"
    return unanimous(
        [
            await count(world, f"role_requests {own} AND decided_at IS NULL") == 0,
            await count(world, f"events {own} AND kind = 'role_requested'") == 0,
        ]
    )


@attack(1, without=wishes_are_forgotten)
async def test_a_role_is_asked_for_unseen(world: World) -> bool:
    """Who tries it leaves neither a request for an operator nor an event behind."""
    roles = enumerate(("admin", " admin", "vip_user", "creator"))
    return unanimous([await _untraced(world, f"account.{n}", role) for n, role in roles])
