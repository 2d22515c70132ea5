"""Every answer, whoever makes it, tells browsers to do nothing with it but show it."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from actors import Fomo
from front_door import Answer, World
from hufu.app import Server
from hufu.domain.instants import Instant
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import ONE, SESSION
from hufu.services.clock import Clock, ClockUnknown
from hufu.services.uploads import Uploads
from rewarding import EVENTS

Fetch = Callable[[World], Awaitable[Answer]]

PICTURE = "/uploads/avatar/7_1461137183_abc.png"
NOTHING = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "sandbox": "",
}


def policy_of(answer: Answer) -> dict[str, str]:
    """The directives of the answer's Content-Security-Policy."""
    parts = (
        each.strip().partition(" ") for each in (sole(answer, "content-security-policy")).split(";")
    )
    return {name: sources for name, _, sources in parts}


def sole(answer: Answer, name: str) -> str:
    """The value of a header that the answer has once."""
    values = [value for key, value in answer.headers if key.lower() == name]
    assert len(values) == 1, f"{name}: {values}"
    return values[0]


def asking(method: str, path: str, body: bytes = b"", **more: object) -> Fetch:
    async def fetch(world: World) -> Answer:
        return await world.request(method, path, body=body, **more)  # type: ignore[arg-type]

    return fetch


async def too_large(world: World) -> Answer:
    return await world.request(
        "POST", "/fomo/customer/login", headers=[("content-length", "9999999")]
    )


async def broken(world: World) -> Answer:
    class Stopped(Clock):
        def instant(self) -> Instant:
            raise ArithmeticError

    return await with_clock(world, Stopped())


async def unavailable(world: World) -> Answer:
    class Unknown(Clock):
        def instant(self) -> Instant:
            raise ClockUnknown

    return await with_clock(world, Unknown())


async def with_clock(world: World, clock: object) -> Answer:
    apps = {"fomo": replace(world.deps("fomo"), clock=clock)}  # type: ignore[arg-type]
    world.core = replace(world.core, apps={**world.core.apps, **apps})
    world.server = Server(world.core)
    return await world.form("/fomo/customer/login", {"login_name": "13390633695", "pwd": "abcdef"})


async def not_ready(world: World) -> Answer:
    class Unknown(Clock):
        def instant(self) -> Instant:
            raise ClockUnknown

    world.core = replace(world.core, clock=Unknown())  # type: ignore[arg-type]
    world.server = Server(world.core)
    return await world.get("/ready")


ANSWERS: dict[str, tuple[int, Fetch]] = {
    "success": (200, asking("POST", "/fomo/customer/subscribe_counts")),
    "refusal": (200, asking("POST", "/fomo/customer/login")),
    "captcha": (200, asking("GET", "/rental/api/imagecode?codeid=1")),
    "no such call": (404, asking("GET", "/fomo/customer/nothing")),
    "no such method": (405, asking("GET", "/fomo/customer/login")),
    "no such app": (404, asking("GET", "/nothing")),
    "trace": (405, asking("TRACE", "/fomo/customer/login")),
    "too large": (413, too_large),
    "broken": (500, broken),
    "unavailable": (503, unavailable),
    "health": (200, asking("GET", "/health")),
    "health, the head alone": (200, asking("HEAD", "/health")),
    "health, another method": (405, asking("POST", "/health")),
    "ready": (200, asking("GET", "/ready")),
    "not ready": (503, not_ready),
    "metrics": (200, asking("GET", "/metrics")),
    "metrics, from elsewhere": (404, asking("GET", "/metrics", peer="203.0.113.7")),
    "problem": (401, asking("POST", EVENTS)),
    "problem, another method": (405, asking("GET", EVENTS)),
    "no secret": (401, asking("POST", INTROSPECT)),
    "no token": (401, asking("GET", SESSION)),
    "no token, below a path": (401, asking("DELETE", f"{ONE}x")),
    "no such picture": (404, asking("GET", f"/fomo{PICTURE}")),
    "outbox": (200, asking("GET", "/_dev/outbox")),
    "no such captcha": (404, asking("GET", "/_dev/captcha?codeid=none")),
}


@pytest.mark.parametrize(("status", "fetch"), ANSWERS.values(), ids=ANSWERS)
async def test_every_kind_of_answer(world: World, status: int, fetch: Fetch) -> None:
    answer = await fetch(world)
    assert answer.status == status
    assert sole(answer, "cache-control") == "no-store"
    assert sole(answer, "x-content-type-options") == "nosniff"
    assert sole(answer, "referrer-policy") == "no-referrer"
    assert sole(answer, "server") == "-"
    assert policy_of(answer) == NOTHING
    if answer.body:
        assert sole(answer, "content-type")


async def test_a_preflight(world_with: Callable[..., object]) -> None:
    origin = "https://app.example"
    asked = [("origin", origin), ("access-control-request-method", "POST")]
    async with world_with({"apps.fomo.cors_origins": origin}) as world:  # type: ignore[attr-defined]
        answer = await world.request("OPTIONS", "/fomo/customer/login", headers=asked)
    assert (answer.status, answer.body) == (204, b"")
    assert sole(answer, "x-content-type-options") == "nosniff"
    assert policy_of(answer) == NOTHING


@pytest.fixture
async def stored(world: World) -> World:
    """A server that has a picture."""
    out = BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    uploads = world.deps("fomo").uploads
    assert isinstance(uploads, Uploads)
    file = uploads.path(Path(PICTURE).name)
    assert file is not None
    file.parent.mkdir(parents=True)
    file.write_bytes(out.getvalue())
    return world


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stored_picture_is_a_picture_and_nothing_else(stored: World, method: str) -> None:
    answer = await stored.request(method, f"/fomo{PICTURE}", headers=[("accept", "text/html")])
    assert answer.status == 200
    assert sole(answer, "content-type") == "image/png"
    assert sole(answer, "content-disposition") == f'inline; filename="{Path(PICTURE).name}"'
    assert sole(answer, "x-content-type-options") == "nosniff"
    assert sole(answer, "referrer-policy") == "no-referrer"
    assert sole(answer, "server") == "-"
    assert sole(answer, "cache-control") == "public, max-age=31536000, immutable"
    assert policy_of(answer) == NOTHING


async def test_a_part_of_a_picture_that_is_none(stored: World) -> None:
    answer = await stored.get(f"/fomo{PICTURE}", headers=[("range", "bytes=9999-")])
    assert answer.status == 416
    assert sole(answer, "x-content-type-options") == "nosniff"


async def test_the_development_page_runs_its_own_script_only(world: World) -> None:
    answer = await world.get("/_dev")
    assert sole(answer, "cache-control") == "no-store"
    page, policy = answer.body.decode(), policy_of(answer)
    for element, directive in (("script", "script-src"), ("style", "style-src")):
        inside = re.findall(f"<{element}>(.*?)</{element}>", page, re.DOTALL)
        assert len(inside) == 1
        digest = base64.b64encode(hashlib.sha256(inside[0].encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert " on" not in re.sub("<script>.*</script>", "", page, flags=re.DOTALL).lower()


async def test_a_session_cookie_is_no_scripts_and_no_other_sites(world: World) -> None:
    await Fomo().register(world, "13390633695", "open-sesame")
    answer = await world.json(
        "/rental/api/login", {"mobile": "13390633695", "password": "open-sesame"}
    )
    attributes = {each.strip() for each in sole(answer, "set-cookie").split(";")}
    assert {"HttpOnly", "SameSite=Lax"} <= attributes
