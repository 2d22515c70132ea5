"""Secrets in all the wrong places of a request."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest

from actors import Session
from attacks.canaries import Kind, Watched
from attacks.canary_tour import COMPANY, FOMO, PHONES, RENTAL, Tour, ask_balance, ask_sessions
from dialects.rows import CONTENT_TYPES, ROWS, Row, written
from front_door import Answer
from hufu.storage.app_secrets import AppSecrets
from hufu.storage.sign_in import SignIns
from rewarding import EVENTS, tell

KEPT = {
    "fomo": {"name", "zip", "province", "city", "address", "country", "fomo_id"},
    "company": {"company_logo", "company_name", "company_address", "user_name", "qq_number", "xid"},
    "rental": {"name", "real_name", "codeid", "pcodeid", "image_code_id"},
    "creator": {"name"},
}
"""Fields whose purpose is to be kept, and mostly shown, as they were sent."""

NAMES = {("fomo", "user_name"), ("fomo", "login_name"), ("creator", "account")}
"""Fields that name somebody, and take any text."""

LOGOUTS = {"api/logout", "user/loginout", "user/logout"}
REACHABLE = {Kind.PHONE, Kind.EMAIL}

Text = tuple[Kind, str]


def misplaced(tour: Tour) -> list[Text]:
    """One canary of each kind, every live session, and a number as it is kept."""
    out = tour.world.canaries
    sessions = {
        text
        for session in tour.sessions.values()
        for text in (*session.fields.values(), *session.cookies.values())
    }
    return [
        *((kind, out.newest(kind)) for kind in sorted({*out.out.values()})),
        *((Kind.SESSION, text) for text in sorted(sessions)),
        (Kind.PHONE, "+86" + PHONES["rental"]),
    ]


async def misuse(tour: Tour) -> None:
    """Send the canaries in every field, in queries, paths and headers, and where things break."""
    world, texts = tour.world, misplaced(tour)
    for row in ROWS:
        if row.for_members and row.endpoint.path not in LOGOUTS:
            await _in_fields(world, row, texts, tour.sessions[row.dialect.name])
    for actor in (FOMO, COMPANY, RENTAL):
        assert await actor.signed_in(world, tour.sessions[actor.app])
    for row in ROWS:
        await _in_fields(world, row, texts)
        await _in_query(world, row, texts)
        await _in_headers(world, row, texts)
    for path in _paths(texts):
        for method in ("GET", "POST"):
            await world.request(method, path)
    await _to_backends(tour, texts)
    await where_it_breaks(world)
    await world.let_codes_out()


async def _in_fields(
    world: Watched, row: Row, texts: list[Text], session: Session | None = None
) -> None:
    """Each canary in each field, as a stranger or with a session."""
    known: Mapping[str, object] = {each.name: each.value for each in row.fields()}
    if session:
        proof = {each.name for each in row.proof()}
        known = {name: value for name, value in known.items() if name not in proof}
    app = row.dialect.name
    for name in known.keys() - KEPT[app]:
        for kind, text in texts:
            if (app, name) not in NAMES or kind in REACHABLE:
                await send(world, row, {**known, name: text}, session)


async def send(
    world: Watched, row: Row, fields: Mapping[str, object], session: Session | None = None
) -> Answer:
    """The row's answer to these fields, beside the session."""
    kind = row.kinds[0]
    pairs = [*fields.items(), *(session.fields.items() if session else ())]
    body = written(kind, pairs)
    if kind == "query":
        return await world.get(f"{row.at()}?{body.decode()}")
    return await world.request(
        row.endpoint.method,
        row.at(),
        body=body,
        content_type=CONTENT_TYPES[kind],
        cookies=session.cookies if session else row.cookies,
    )


async def _in_query(world: Watched, row: Row, texts: list[Text]) -> None:
    names = [each.name for each in row.fields()] or ["more"]
    pairs = [(name, text) for name in names for _, text in texts]
    await world.request(row.endpoint.method, f"{row.at()}?{urlencode(pairs)}")


async def _in_headers(world: Watched, row: Row, texts: list[Text]) -> None:
    every = " ".join(text for _, text in texts)
    names = ("authorization", "cookie", "idempotency-key", "origin", "referer", "user-agent")
    headers = [(name, every) for name in (*names, "x-forwarded-for", "x-request-id")]
    cookie = [("cookie", f"session_id={text}; visitor_id={text}") for _, text in texts]
    fields = {each.name: each.value for each in row.fields()}
    for sent in (headers, [("content-type", every)], [("host", every)], cookie):
        await world.request(
            row.endpoint.method,
            row.at(),
            body=written("form", fields.items()),
            content_type=CONTENT_TYPES["form"],
            headers=sent,
        )


def _paths(texts: list[Text]) -> Iterator[str]:
    for _, text in texts:
        for row in ROWS:
            if row.parameter:
                yield row.path.replace(row.parameter, text)
        yield from (f"{prefix}{text}" for prefix in PREFIXES)


PREFIXES = (
    "/",
    "/fomo/",
    "/fomo/customer/",
    "/fomo/customer/login/",
    "/rental/uploads/avatar/",
    "/v1/rewards/",
    "/v1/sessions/",
    "/v1/sessions?cursor=",
    "/v1/session?access_token=",
    "/metrics/",
    "/_dev/outbox?to=",
    "/_dev/captcha?codeid=",
)


async def _to_backends(tour: Tour, texts: list[Text]) -> None:
    """In every field and header of the calls for backends. Targets and idempotency keys are the
    backend's own, and kept."""
    account_id = tour.sessions["fomo"].account_id
    for _, text in texts:
        await tell(tour.world, text, text, account_id, target_id=text)
        await ask_balance(tour, text, account_id)
        await ask_balance(tour, tour.secret, text)
        await ask_sessions(tour, tour.secret, text)
        await ask_sessions(tour, text, f"{account_id}:{text}")
        for field in ("item", "at", "user_id", "more"):
            event = {"user_id": account_id, "item": "join_group", field: text}
            headers = [("authorization", f"Bearer {tour.secret}")]
            await tour.world.json(EVENTS, event, headers=headers)
            headers.append(("idempotency-key", f"again-{field}"))
            await tour.world.json(EVENTS, event, headers=headers)


async def where_it_breaks(world: Watched) -> None:
    """Where something unforeseen happens that names everything."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError(" ".join(world.canaries.out))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SignIns, "claim_guess", fail)
        patch.setattr(AppSecrets, "find", fail)
        for path in ("fomo/customer/login", "creator/user/login", "rental/api/login"):
            names = ("login_name", "account", "mobile", "pwd", "password")
            sent = dict.fromkeys(names, PHONES["fomo"])
            assert (await world.form(f"/{path}", sent)).status == 500
        assert (await tell(world, "hufu_" + "0" * 40, "k", 1)).status == 500
