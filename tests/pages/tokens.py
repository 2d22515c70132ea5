"""Sessions at the front door for backends: opened for somebody, and shown as tokens."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from front_door import Answer, World
from hufu.actions.administration import bar_account, close_account, end_sessions
from hufu.actions.sessions import open_session
from hufu.domain.permissions import Client
from hufu.domain.sessions import SignInMethod
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import SESSION, SESSIONS
from hufu.settings import DIALECTS
from pages.backend import Header, checked
from rewarding import app_secret, member

NETWORK, PHONE_APP = "203.0.113.7/32", "phone app/1"
ELSEWHERE = "198.51.100.9"
UNKNOWN_SESSION = "00000000-0000-4000-8000-000000000000"

every_app = pytest.mark.parametrize("app", DIALECTS)


@dataclass(frozen=True)
class Owner:
    """Somebody who is signed in to an app, and what an app's backend does for them."""

    world: World
    app: str
    account_id: int
    token: str = field(repr=False)

    @property
    def text(self) -> str:
        """The session as one text."""
        return f"{self.account_id}:{self.token}" if self.app == "company" else self.token

    @property
    def shown(self) -> Header:
        """How it is shown."""
        return ("authorization", f"Bearer {self.text}")

    async def session(self, **more: Any) -> Answer:
        """Whose the session is said to be."""
        return checked(await self.world.get(SESSION, headers=[self.shown], **more))

    async def id(self) -> str:
        """The session's id."""
        return str((await self.session()).json()["id"])

    async def listed(self, query: str = "", **more: Any) -> Answer:
        """The owner's sessions."""
        return checked(await self.world.get(f"{SESSIONS}{query}", headers=[self.shown], **more))

    async def end(self, id: str, **more: Any) -> Answer:
        """What the wish to end a session is answered."""
        path = f"{SESSIONS}/{id}"
        return checked(await self.world.request("DELETE", path, headers=[self.shown], **more))


async def signed_in(
    world: World,
    app: str = "fomo",
    account_id: int | None = None,
    *,
    method: SignInMethod = SignInMethod.PASSWORD,
    device: str | None = None,
) -> Owner:
    """A new session, of a new account unless one is named."""
    deps, client, new = world.deps(app), Client(NETWORK, PHONE_APP), account_id is None
    account_id = account_id or (await member(world)).account_id
    async with deps.begin() as work:
        if new:
            await work.sessions.delete_all(account_id)
        opened = await open_session(deps, work, client, account_id, method, device)
        await work.commit()
    return Owner(world, app, account_id, opened.token)


async def introspected(
    world: World, secret: str, fields: Mapping[str, object], **more: Any
) -> Answer:
    """What the app's backend is told of a token."""
    headers = [("authorization", f"Bearer {secret}")]
    return checked(await world.form(INTROSPECT, fields, headers=headers, **more))


async def active(owner: Owner, secret: str) -> bool:
    """Whether the backend is told that the session counts."""
    answer = await introspected(owner.world, secret, {"token": owner.text})
    assert answer.status == 200
    said = answer.json()
    assert said["active"] or said == {"active": False}
    return bool(said["active"])


async def counts(owner: Owner) -> bool:
    """Whether the session counts, by every call."""
    secret = await app_secret(owner.world, owner.app)
    said = await active(owner, secret)
    statuses = {(await owner.session()).status, (await owner.listed()).status}
    assert statuses == ({200} if said else {401})
    return said


# Wrong tokens


def misspelt(owner: Owner) -> list[str]:
    """Texts that are nearly the session's."""
    token, text = owner.token, owner.text
    other = token[:-1] + ("0" if token[-1] != "0" else "1")
    near = [token[:-1], token + "0", other, f" {token}", token.swapcase(), f'"{token}"', "", ":"]
    near += [f"{token}:{token}", f"0{owner.account_id}:{token}", f"{owner.account_id} {token}"]
    near += [f"{owner.account_id}:{other}", f"{owner.account_id % (2**31 - 1) + 1}:{token}"]
    near += [f"{owner.account_id}:{token}:", f":{token}", token if ":" in text else f"7:{token}"]
    near += ["\u0660" * 40, "\uff10" * 40, "x" * 10_000]
    return [each for each in near if each.strip() != text]


# How sessions end


async def _idle(owner: Owner) -> None:
    owner.world.advance(days=owner.world.deps(owner.app).app.sessions.idle.days)


async def _old(owner: Owner) -> None:
    policy = owner.world.deps(owner.app).app.sessions
    await owner.world.sql("UPDATE sessions SET seen_at = expires_at - interval '1 hour'")
    owner.world.advance(days=policy.absolute.days)


async def _barred(owner: Owner) -> None:
    await bar_account(owner.world.deps("fomo"), owner.account_id, "test")


async def _barred_with_sessions(owner: Owner) -> None:
    """As if a sign-in had slipped in beside the bar."""
    await owner.world.sql("UPDATE accounts SET state = 'barred' WHERE id = $1", owner.account_id)


async def _closed(owner: Owner) -> None:
    await close_account(owner.world.deps("fomo"), owner.account_id, "test")


async def _signed_out_everywhere(owner: Owner) -> None:
    await end_sessions(owner.world.deps("fomo"), owner.account_id, "test")


async def _ended(owner: Owner) -> None:
    assert (await owner.end(await owner.id())).status == 204


async def _of_another_pool(owner: Owner) -> None:
    """Its app is not served here any more."""
    await owner.world.sql("UPDATE sessions SET app = 'gone'")


ENDINGS: list[Callable[[Owner], Awaitable[None]]] = [
    _idle,
    _old,
    _barred,
    _barred_with_sessions,
    _closed,
    _signed_out_everywhere,
    _ended,
    _of_another_pool,
]
