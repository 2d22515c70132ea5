"""Sessions of `creator`: who ends them by an account's id, and who is told of them."""

from dataclasses import replace
from datetime import datetime

import pytest

from actors import Creator, Session
from attacks.attack import World, answering_later, attack
from attacks.attempts import count, scaled, unanimous
from front_door import Answer
from hufu.actions.sessions import LogOutAccount
from hufu.dialects.creator import messages as m
from hufu.storage.sessions import Sessions

PHONE, OWN_PHONE = "13390633695", "13800138000"
PASSWORD = "correct horse 1"
HOME = Creator(peer="203.0.113.9", user_agent="browser/1")
NETWORK_APART = replace(HOME, peer="198.51.100.7")
BROWSER_APART = replace(HOME, user_agent="browser/2")
STRANGERS = (NETWORK_APART, BROWSER_APART, replace(NETWORK_APART, user_agent="browser/2"))
NOBODYS_COOKIE = {"session_id": "0a" * 20}


async def signed_in(world: World, at: Creator, phone: str) -> Session:
    await at.register(world, phone, PASSWORD)
    session = await at.sign_in(world, phone, PASSWORD)
    assert session is not None
    return session


async def log_out(world: World, at: Creator, account_id: int, **more: dict[str, str]) -> None:
    await at.json(world, "/user/logout", {"user_id": account_id}, **more)


async def is_out(world: World, session: Session) -> bool:
    return await count(world, f"sessions WHERE account_id = {session.account_id}") == 0


# Ending them


async def _ended(sessions: Sessions, which: str, app: str, account_id: int, value: str) -> int:
    rows = await sessions._connection.fetch(
        f"DELETE FROM sessions WHERE app = $1 AND account_id = $2 AND {which} RETURNING id",
        app,
        account_id,
        value,
    )
    return len(rows)


def networks_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    async def end(
        self: Sessions, app: str, id: int, _: str | None, user_agent: str, __: datetime
    ) -> int:
        return await _ended(self, "user_agent = $3", app, id, user_agent)

    patch.setattr(Sessions, "claim_ends_of_client", end)


@attack(2, without=networks_are_not_compared)
async def test_a_stranger_signs_somebody_out_from_another_network(world: World) -> bool:
    """The id of an account, from elsewhere but with the same browser, ends its sessions."""
    victim = await signed_in(world, HOME, PHONE)
    await log_out(world, NETWORK_APART, victim.account_id)
    return await is_out(world, victim)


def browsers_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    async def end(self: Sessions, app: str, id: int, network: str, _: str, __: datetime) -> int:
        return await _ended(self, "network = $3", app, id, network)

    patch.setattr(Sessions, "claim_ends_of_client", end)


@attack(2, without=browsers_are_not_compared)
async def test_a_neighbour_signs_somebody_out_with_another_browser(world: World) -> bool:
    """The id of an account, from the same network but with another browser, ends its sessions."""
    victim = await signed_in(world, HOME, PHONE)
    await log_out(world, BROWSER_APART, victim.account_id)
    return await is_out(world, victim)


def cookies_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    def command(self: m.Logout, visit: m.Visit) -> LogOutAccount:
        return LogOutAccount(visit.client, self.user_id, None, same_client=True)

    patch.setattr(m.Logout, "command", command)


@attack(2, without=cookies_are_not_looked_at)
async def test_a_cookie_signs_somebody_else_out(world: World) -> bool:
    """Somebody who is signed in from the same network, with the same browser, names another's
    id beside the cookie."""
    victim = await signed_in(world, HOME, PHONE)
    attacker = await signed_in(world, HOME, OWN_PHONE)
    await log_out(world, HOME, victim.account_id, cookies=dict(attacker.cookies))
    return await is_out(world, victim)


def an_id_is_enough(patch: pytest.MonkeyPatch) -> None:
    """The document as it reads: whoever knows the id ends the account's sessions."""

    async def end(self: Sessions, app: str, id: int, *_: object) -> int:
        return await _ended(self, "$3 = ''", app, id, "")

    patch.setattr(Sessions, "claim_ends_of_client", end)


@attack(2, without=an_id_is_enough)
async def test_counting_through_the_ids_signs_somebody_out(world: World) -> bool:
    """10,000 ids are tried, and among them are the right ones."""
    victim = await signed_in(world, HOME, PHONE)
    first = max(1, victim.account_id - scaled(10_000) // 2)
    for account_id in range(first, first + scaled(10_000) + 1):
        await log_out(world, STRANGERS[account_id % len(STRANGERS)], account_id)
    return await is_out(world, victim)


# Hearing of them


def tells(answer: Answer, session: Session) -> bool:
    text = answer.body.decode()
    return "已经登陆了" in text or str(session.account_id) in text


def everybody_is_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.sign_in._is_own", answering_later(True))


@attack(4, without=everybody_is_told)
async def test_a_stranger_learns_who_is_signed_in(world: World) -> bool:
    """Asking for a code for somebody's phone tells whether that person is signed in, and their
    id."""
    victim = await signed_in(world, HOME, PHONE)
    answers = [await each.get(world, f"/user/loginPhone/{PHONE}") for each in STRANGERS]
    return unanimous(tells(answer, victim) for answer in answers)


@attack(4, without=everybody_is_told)
async def test_a_cookie_learns_who_else_is_signed_in(world: World) -> bool:
    """The same with a cookie of one's own or a made-up one, from the victim's own network."""
    victim = await signed_in(world, HOME, PHONE)
    attacker = await signed_in(world, HOME, OWN_PHONE)
    cookies = (attacker.cookies, NOBODYS_COOKIE)
    answers = [await HOME.get(world, f"/user/loginPhone/{PHONE}", each) for each in cookies]
    return unanimous(tells(answer, victim) for answer in answers)
