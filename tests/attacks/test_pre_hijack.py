"""Pre-hijacking: the attacker is there before the victim, and waits.

Of the five known variants four apply here. Classic-federated merge and the provider that does not
verify need a federated sign-in, and there is none; what comes closest is an app in which nobody
proves an address, beside apps of the same pool in which everybody does.
"""

from dataclasses import replace
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from actors import ACTORS, Actor, Company, Creator, Fomo, Session
from attacks.attack import World, answering, answering_later, attack
from attacks.attempts import Anybody, unanimous
from attacks.removed import every_app_is_believed
from hufu.domain.identifiers import Identifier
from hufu.domain.passwords import Scheme, Verifier
from hufu.domain.registrations import Registration
from hufu.services.keys import Digester
from hufu.storage.identifiers import Identifiers
from hufu.storage.recovery import Grants
from hufu.storage.registrations import Registrations
from hufu.storage.sessions import Sessions
from hufu.storage.verification import Codes

PHONE, EMAIL = "13390633695", "victim@example.com"
THEIR_PHONE = "13800138000"
MINE, THEIRS = "correct horse 1", "battery staple 2"
"""The victim's password, and the attacker's."""


async def sign_in(world: World, actor: Actor, identifier: str, password: str) -> Session:
    session = await actor.sign_in(world, identifier, password)
    assert session is not None
    return session


# Classic: the attacker registers first, with a password of their own


def the_first_wish_counts(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks first for an address fixes its password."""
    claim_id = Registrations.claim_id

    async def claim(
        self: Registrations, pool: str, wish: Registration, network: str | None, now: datetime
    ) -> bool:
        first = await self._connection.fetchrow(
            "SELECT scheme, pepper_version, argon2 FROM registrations "
            "WHERE kind = $1 AND key = $2 ORDER BY created_at LIMIT 1",
            wish.identifier.kind,
            wish.identifier.key,
        )
        if first:
            wish = replace(wish, verifier=Verifier(Scheme(first[0]), first[1], first[2]))
        return await claim_id(self, pool, wish, network, now)

    patch.setattr(Registrations, "claim_id", claim)


@attack(19, without=the_first_wish_counts)
async def test_who_asked_first_has_the_password(world: World) -> bool:
    fomo = Fomo()
    for identifier in (PHONE, EMAIL):
        await fomo.call(world, "register", user_name=identifier, pwd=THEIRS)
        await fomo.register(world, identifier, MINE)
    doors = [(actor, PHONE) for actor in ACTORS] + [(fomo, EMAIL), (Creator(), EMAIL)]
    return unanimous([bool(await actor.sign_in(world, who, THEIRS)) for actor, who in doors])


def any_pending_code(patch: pytest.MonkeyPatch) -> None:
    """Two defences, each of which suffices: an older wish dies with a newer one, and a code opens
    the one wish that it was sent for."""

    lock = Registrations.lock

    async def locked(self: Registrations, id: int, app: str) -> Registration | None:
        found = await lock(self, id, app)
        return found and replace(found, code_id=Anybody(found.code_id), voided=False)

    patch.setattr(Registrations, "lock", locked)


@attack(19, without=any_pending_code)
async def test_the_victims_code_completes_the_attackers_wish(world: World) -> bool:
    """As when the victim, who sees one code more, tells it to the attacker's page."""
    fomo = Fomo()
    begun = (await fomo.call(world, "register", user_name=EMAIL, pwd=THEIRS))["data"]
    own = (await fomo.call(world, "register", user_name=EMAIL, pwd=MINE))["data"]
    code = await world.code(EMAIL)
    for first, second in product((begun, own), repeat=2):
        ids = {"verify_id": first["verify_id"], "tmp_user_id": second["tmp_user_id"]}
        if ids != own:
            await fomo.call(world, "complete_register", verify_code=code, **ids)
    await fomo.call(world, "complete_register", verify_code=code, **own)
    return bool(await fomo.sign_in(world, EMAIL, THEIRS))


# Unexpired session: whoever had the number before is still signed in


def sessions_survive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sessions, "delete_all", answering_later(None))


@attack(19, without=sessions_survive)
async def test_a_session_from_before_outlives_the_victims_recovery(world: World) -> bool:
    await Company().register(world, PHONE, THEIRS)
    alive = []
    for recovering in (actor for actor in ACTORS if actor.resets_passwords):
        held = [(actor, await sign_in(world, actor, PHONE, THEIRS)) for actor in ACTORS]
        assert await recovering.change_password(world, PHONE, MINE)
        alive += [await actor.signed_in(world, session) for actor, session in held]
        assert await recovering.change_password(world, PHONE, THEIRS)
    return unanimous(alive)


def grants_survive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Grants, "void", answering_later(None))


@attack(19, without=grants_survive)
async def test_a_grant_from_before_outlives_the_victims_recovery(world: World) -> bool:
    fomo = Fomo()
    await fomo.register(world, PHONE, THEIRS)
    begun = (await fomo.call(world, "rec_pwd1", user_name=PHONE))["data"]
    code = await world.code(PHONE)
    granted = (await fomo.call(world, "rec_pwd2", verify_code=code, **begun))["data"]
    assert await Company().change_password(world, PHONE, MINE)
    await fomo.call(world, "set_pwd", pwd=THEIRS, **granted)
    return unanimous([bool(await actor.sign_in(world, PHONE, THEIRS)) for actor in ACTORS])


def codes_survive(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Codes, "void", answering_later(None))


@attack(19, without=codes_survive)
async def test_a_code_from_before_outlives_the_victims_recovery(world: World) -> bool:
    """Read while the attacker could still read the owner's messages, and kept."""
    fomo, creator = Fomo(), Creator()
    await fomo.register(world, PHONE, THEIRS)
    begun = (await fomo.call(world, "rec_pwd1", user_name=PHONE))["data"]
    recovers = await world.code(PHONE)
    path = f"/user/loginPhone/{PHONE}"
    await creator.get(world, path)
    signs_in = {"phone_number": PHONE, "identifying_code": await world.code(PHONE)}
    assert await Company().change_password(world, PHONE, MINE)
    signed_in = await creator.form(world, path, signs_in)
    granted = await fomo.call(world, "rec_pwd2", verify_code=recovers, **begun)
    return unanimous([signed_in.json()["msg"] == "login successful", granted["status"] == 1])


# Trojan identifier: the attacker's own number hangs on the account that the victim uses


async def victim_moves_in(world: World) -> int:
    """The account that the victim gets by their address, registering or else recovering."""
    fomo = Fomo()
    begun = await fomo.call(world, "register", user_name=EMAIL, pwd=MINE)
    if begun["status"] == 1:
        code = await world.code(EMAIL)
        done = await fomo.call(world, "complete_register", verify_code=code, **begun["data"])
        return int(done["data"]["user_id"])
    assert await fomo.change_password(world, EMAIL, MINE)
    return (await sign_in(world, fomo, EMAIL, MINE)).account_id


def any_digits(patch: pytest.MonkeyPatch) -> None:
    """An address is bound without its owner's code."""
    patch.setattr(Digester, "matches", answering(True))


@attack(19, without=any_digits)
async def test_the_attackers_number_hangs_on_the_victims_account(world: World) -> bool:
    fomo = Fomo()
    await fomo.register(world, THEIR_PHONE, THEIRS)
    session = await sign_in(world, fomo, THEIR_PHONE, THEIRS)
    begun = (await fomo.call(world, "bind_email", email=EMAIL, **session.fields))["data"]
    guess = {"verify_code": "000000", "verfify_id": begun["verify_id"], **session.fields}
    assert await world.code(EMAIL) != "000000"
    await fomo.call(world, "bind_completed", **guess)

    account_id = await victim_moves_in(world)
    assert await fomo.change_password(world, THEIR_PHONE, THEIRS)
    return (await sign_in(world, fomo, THEIR_PHONE, THEIRS)).account_id == account_id


# Unexpired change of address: begun before the victim came, finished after


def the_last_to_prove_it_has_it(patch: pytest.MonkeyPatch) -> None:
    """An identifier goes to whoever proves it, whoever has it."""
    claim = Identifiers.claim

    async def taken_over(
        self: Identifiers, pool: str, identifier: Identifier, *arguments: Any, **more: Any
    ) -> bool:
        await self._connection.execute("DELETE FROM identifiers WHERE key = $1", identifier.key)
        return await claim(self, pool, identifier, *arguments, **more)

    patch.setattr(Identifiers, "claim", taken_over)


@attack(19, without=the_last_to_prove_it_has_it)
async def test_a_change_begun_before_takes_the_victims_address_away(world: World) -> bool:
    """Though the victim, asked for the code that came first, tells it to the attacker."""
    fomo = Fomo()
    await fomo.register(world, THEIR_PHONE, THEIRS)
    session = await sign_in(world, fomo, THEIR_PHONE, THEIRS)
    begun = (await fomo.call(world, "bind_email", email=EMAIL, **session.fields))["data"]
    told = {"verify_code": await world.code(EMAIL), "verfify_id": begun["verify_id"]}
    account_id = await victim_moves_in(world)
    await fomo.call(world, "bind_completed", **told, **session.fields)
    found = await fomo.sign_in(world, EMAIL, MINE)
    return found is None or found.account_id != account_id


@attack(19, without=sessions_survive)
async def test_a_change_begun_with_a_stolen_session_outlives_the_recovery(world: World) -> bool:
    fomo = Fomo()
    await fomo.register(world, EMAIL, MINE)
    stolen = await sign_in(world, fomo, EMAIL, MINE)
    begun = (await fomo.call(world, "bind_phone", phone=THEIR_PHONE, **stolen.fields))["data"]
    own = {"verify_code": await world.code(THEIR_PHONE), "verfify_id": begun["verify_id"]}
    assert await fomo.change_password(world, EMAIL, MINE)
    await fomo.call(world, "bind_completed", **own, **stolen.fields)
    return await fomo.change_password(world, THEIR_PHONE, THEIRS)


# An address that one app takes somebody's word for


@attack(19, without=every_app_is_believed)
async def test_an_address_nobody_proved_signs_in_to_other_apps(world: World) -> bool:
    await Creator().register(world, EMAIL, THEIRS)
    assert await Creator().sign_in(world, EMAIL, THEIRS)
    return bool(await Fomo().sign_in(world, EMAIL, THEIRS))


@attack(19, without=every_app_is_believed)
async def test_the_victim_moves_into_an_account_that_is_not_theirs(world: World) -> bool:
    await Creator().register(world, EMAIL, THEIRS)
    attacker = await sign_in(world, Creator(), EMAIL, THEIRS)
    account_id = await victim_moves_in(world)
    await sign_in(world, Creator(), EMAIL, MINE)
    return attacker.account_id == account_id
