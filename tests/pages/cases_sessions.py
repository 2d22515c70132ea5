"""Recorded samples of the calls about sessions; the other calls' are in `cases.py`."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from dialects.requests import Request, announcing, form, get
from front_door import Answer, World
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import ONE, SESSION, SESSIONS
from hufu.services.keys import token_hash
from hufu.services.overload import Unavailable
from hufu.wire.dialect import BODY_LIMIT
from pages.backend import Backend, troubled
from pages.cases import CASES, SHOWN, Prepared, case
from pages.tokens import ELSEWHERE, UNKNOWN_SESSION, signed_in

BELOW = f"{ONE}{{id}}"
TOKEN, UNKNOWN_TOKEN = "0" * 40, "f" * 40
IDS = ("0b9c1d0e-5a52-4bd5-9c0f-6b1f6e1d2a01", "7f3f0a52-51a0-4d0e-8a34-3b1c8f9e2b02")


class Far(World):
    """The same server, asked from another network."""

    async def request(self, *asked: Any, **more: Any) -> Answer:
        return await super().request(*asked, **{**more, "peer": ELSEWHERE})


async def sign_in(backend: Backend, token: str = TOKEN, number: int = 0) -> None:
    """Sign the user in with a token and an id that are the same every time."""
    app = "fomo" if len(token) == len(TOKEN) else "company"
    device = f"device-{number + 1}"
    opened = await signed_in(backend.world, app, backend.user.account_id, device=device)
    await backend.world.sql(
        "UPDATE sessions SET id = $1, token_hash = $2 WHERE token_hash = $3",
        UUID(IDS[number]),
        token_hash(token),
        token_hash(opened.token),
    )


async def two_devices(backend: Backend) -> None:
    """Sign the user in on two, a minute apart, and nowhere else."""
    await backend.world.sql("DELETE FROM sessions")
    await sign_in(backend)
    backend.world.advance(minutes=1)
    await sign_in(backend, "1" * 40, 1)


def asked(token: str) -> Request:
    """Whom a token belongs to."""
    return form(INTROSPECT, {"token": token}, [SHOWN])


def bearing(path: str, token: str = TOKEN, method: str = "GET") -> Request:
    """A call with a session's token."""
    return replace(get(path, [("authorization", f"Bearer {token}")]), method=method)


# Introspection


@case(INTROSPECT, "ok")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend)
    return backend, asked(TOKEN)


@case(INTROSPECT, "ok-inactive")
async def _(backend: Backend) -> Prepared:
    return backend, asked(UNKNOWN_TOKEN)


@case(INTROSPECT, "ok-inactive-of-another-app")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend, "0" * 16)
    return backend, asked(f"{backend.user.account_id}:{'0' * 16}")


@case(INTROSPECT, "400-not-form")
async def _(backend: Backend) -> Prepared:
    return backend, replace(asked(TOKEN), body=b"token=%zz")


@case(INTROSPECT, "401-secret-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, form(INTROSPECT, {"token": TOKEN})


@case(INTROSPECT, "405-method-not-allowed")
async def _(backend: Backend) -> Prepared:
    return backend, get(INTROSPECT)


@case(INTROSPECT, "413-too-large")
async def _(backend: Backend) -> Prepared:
    return backend, announcing(asked(TOKEN), BODY_LIMIT + 1)


@case(INTROSPECT, "415-not-form")
async def _(backend: Backend) -> Prepared:
    headers = (SHOWN, ("content-type", "application/json"))
    return backend, Request("POST", INTROSPECT, headers, b'{"token":"x"}')


@case(INTROSPECT, "422-malformed")
async def _(backend: Backend) -> Prepared:
    return backend, form(INTROSPECT, {"token_type_hint": "access_token"}, [SHOWN])


# One session


@case(SESSION, "ok")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend)
    return backend, bearing(SESSION)


@case(SESSION, "ok-pair")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend, "0" * 16)
    return backend, bearing(SESSION, f"{backend.user.account_id}:{'0' * 16}")


@case(SESSION, "401-token-missing")
async def _(backend: Backend) -> Prepared:
    return backend, get(SESSION)


@case(SESSION, "401-token-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(SESSION, UNKNOWN_TOKEN)


@case(SESSION, "405-method-not-allowed")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(SESSION, method="POST")


@case(SESSION, "429-too-many-guesses")
async def _(backend: Backend) -> Prepared:
    world = backend.world
    far = Far(world.core, world.server, world.clock, world.url)
    await sign_in(backend, "0" * 16)
    for n in range(world.deps("company").limits.session_guesses_per_network_minute):
        guess = bearing(SESSION, f"{backend.user.account_id}:{n + 1:016}")
        await far.request("GET", SESSION, headers=guess.headers)
    right = bearing(SESSION, f"{backend.user.account_id}:{'0' * 16}")
    return replace(backend, world=far), right


@case(SESSION, "503-unavailable")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend)
    return troubled(backend, Unavailable()), bearing(SESSION)


# All sessions


@case(SESSIONS, "ok")
async def _(backend: Backend) -> Prepared:
    await two_devices(backend)
    return backend, bearing(SESSIONS)


@case(SESSIONS, "ok-page")
async def _(backend: Backend) -> Prepared:
    await two_devices(backend)
    return backend, bearing(f"{SESSIONS}?limit=1")


@case(SESSIONS, "401-token-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(SESSIONS, UNKNOWN_TOKEN)


@case(SESSIONS, "405-method-not-allowed")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(SESSIONS, method="DELETE")


@case(SESSIONS, "422-malformed")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend)
    return backend, bearing(f"{SESSIONS}?limit=0")


@case(BELOW, "ok")
async def _(backend: Backend) -> Prepared:
    await two_devices(backend)
    return backend, bearing(ONE + IDS[1], method="DELETE")


@case(BELOW, "401-token-unknown")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(ONE + UNKNOWN_SESSION, UNKNOWN_TOKEN, "DELETE")


@case(BELOW, "404-session-unknown")
async def _(backend: Backend) -> Prepared:
    await sign_in(backend)
    return backend, bearing(ONE + UNKNOWN_SESSION, method="DELETE")


@case(BELOW, "405-method-not-allowed")
async def _(backend: Backend) -> Prepared:
    return backend, bearing(ONE + UNKNOWN_SESSION)


__all__ = ["CASES"]
