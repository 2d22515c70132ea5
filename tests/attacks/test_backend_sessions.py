"""The calls with which an app's backend asks about sessions, in the hands of somebody else."""

from dataclasses import replace
from typing import Any

import pytest

from attacks.attack import World, answering, attack
from attacks.attempts import unanimous
from attacks.holders import holder
from attacks.removed import sessions_of_any_app
from attacks.slots import Slot
from attacks.test_secrets_elsewhere import BOTH, Secrets, any_session_is_a_backend, secrets_of
from front_door import Answer
from hufu.domain.sessions import Presented
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import ONE, SESSION, SESSIONS
from hufu.storage.presented import PresentedSessions
from hufu.storage.sessions import Sessions
from pages.tokens import ELSEWHERE, UNKNOWN_SESSION, Owner, counts, signed_in
from rewarding import app_secret

APPS = ("fomo", "company", "rental", "creator")
OWN = {(Slot.SESSION, app) for app in APPS if app != "company"}
PAIR = (Slot.SESSION, "company, with the id")
FAR = "203.0.113.99"


async def everything(world: World) -> tuple[int, Secrets]:
    """Somebody's id and all their secrets; a session of `company` also as the pair that it is."""
    who = await holder(world, 1, BOTH)
    secrets = await secrets_of(world, who)
    pair = f"{who.account_id}:{who.sessions['company']}"
    return who.account_id, {**secrets, PAIR: pair}


def shown(secret: object) -> list[tuple[str, str]]:
    """The headers that show it."""
    return [("authorization", f"Bearer {secret}")]


# Kinds


def a_grant_is_a_session(patch: pytest.MonkeyPatch) -> None:
    """Whatever random token leads to an account signs its holder in."""
    find = PresentedSessions.find

    async def found(self: PresentedSessions, token_hash: bytes, *more: Any) -> Presented | None:
        of_grant = await self._lane.fetch(
            "SELECT s.token_hash FROM grants g JOIN sessions s USING (account_id) "
            "WHERE g.token_hash = $1 AND s.app = 'fomo' LIMIT 1",
            token_hash,
        )
        return await find(self, of_grant[0][0] if of_grant else token_hash, *more)

    patch.setattr(PresentedSessions, "find", found)


@attack(23, without=a_grant_is_a_session)
async def test_another_secret_passes_for_a_sessions_token(world: World) -> bool:
    """All secrets there are at every call that wants a session's token, alone and behind the id."""
    account_id, secrets = await everything(world)
    secrets |= {
        (slot, f"{app}, with the id"): f"{account_id}:{secret}"
        for (slot, app), secret in secrets.items()
        if (slot, app) not in {(Slot.SESSION, "company"), PAIR}
    }
    admitted = set()
    for kind, secret in secrets.items():
        answers = [
            await world.get(SESSION, headers=shown(secret)),
            await world.get(SESSIONS, headers=shown(secret)),
            await world.request("DELETE", ONE + UNKNOWN_SESSION, headers=shown(secret)),
        ]
        if [each.status for each in answers] != [401] * 3:
            admitted.add(kind)
    assert admitted >= {*OWN, PAIR}
    return admitted > {*OWN, PAIR}


@attack(23, without=sessions_of_any_app)
async def test_a_backend_introspects_another_secret(world: World) -> bool:
    """All secrets there are, its own among them, as the token that a backend asks about."""
    _, secrets = await everything(world)
    live: dict[str, set[Any]] = {app: set() for app in APPS}
    for app, found in live.items():
        backend = await app_secret(world, app)
        for kind, secret in {**secrets, (Slot.APP_SECRET, app): backend}.items():
            answer = await world.form(INTROSPECT, {"token": secret}, headers=shown(backend))
            assert answer.status == 200
            if answer.json()["active"]:
                found.add(kind)
            else:
                assert answer.json() == {"active": False}
    assert PAIR in live["company"]
    assert all((Slot.SESSION, app) in live[app] for app in APPS if app != "company")
    return any(len(found) > 1 for found in live.values())


@attack(23, without=any_session_is_a_backend)
async def test_a_clients_secret_introspects(world: World) -> bool:
    """All secrets there are in place of the app's."""
    _, secrets = await everything(world)
    token = secrets[Slot.SESSION, "fomo"]
    admitted = set()
    for kind, secret in secrets.items():
        answer = await world.form(INTROSPECT, {"token": token}, headers=shown(secret))
        if answer.status != 401:
            admitted.add(kind)
    assert (Slot.APP_SECRET, "") in admitted
    return len(admitted) > 1


# Sessions of `company`


def nobody_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.introspection.within", answering(True))


@attack(8, without=nobody_counts)
async def test_codes_are_guessed_at_the_backends_door(world: World) -> bool:
    """Without end from one network, where the limit of the clients' door would not be met."""
    victim = await signed_in(world, "company")

    async def ask(code: str) -> Answer:
        return await replace(victim, token=code).session(peer=ELSEWHERE)

    for n in range(30):
        assert (await ask(f"{n:016}")).status in {401, 429}
    assert (await victim.session(peer=FAR)).status == 200
    return (await ask(victim.token)).status == 200


def the_id_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    """A code is looked up, and the id beside it says whose account is meant."""

    patch.setattr(Presented, "proves", answering(True))


@attack(8, without=the_id_does_not_matter)
async def test_a_backend_takes_ones_own_code_beside_anothers_id(world: World) -> bool:
    victim, attacker = await signed_in(world, "company"), await signed_in(world, "company")
    mixed = replace(attacker, account_id=victim.account_id)
    secret = await app_secret(world, "company")
    asked = await world.form(INTROSPECT, {"token": mixed.text}, headers=shown(secret))
    return unanimous([asked.json()["active"], (await mixed.session()).status == 200])


# Ids


def an_id_is_enough(patch: pytest.MonkeyPatch) -> None:
    async def end(self: Sessions, id: object, *_: object) -> bool:
        return await self.claim_end(id)  # type: ignore[arg-type]

    patch.setattr(Sessions, "claim_end_of", end)


@attack(2, without=an_id_is_enough)
async def test_a_sessions_id_ends_it_for_anybody(world: World) -> bool:
    """By somebody else, and by the same account in another app of the pool."""
    victim: Owner = await signed_in(world)
    others = [await signed_in(world), await signed_in(world, "rental", victim.account_id)]
    ended = []
    for other in others:
        id = await victim.id()
        ended.append((await other.end(id)).status == 204)
        assert await counts(victim) is not ended[-1]
        victim = await signed_in(world, account_id=victim.account_id)
    return unanimous(ended)
