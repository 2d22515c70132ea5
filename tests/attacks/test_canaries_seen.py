"""The same secrets, where one defence of theirs is gone: the eyes that look for them see."""

import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from actors import md5
from attacks.attack import attack, production
from attacks.canaries import Kind, Watched, listening, watched
from attacks.canary_misuse import where_it_breaks
from attacks.canary_places import SETTINGS, SHOWN, STORED, hufu, measured
from attacks.canary_tour import COMPANY, IDENTITY_NUMBERS, PASSWORD, PHONES, RENTAL
from front_door import World
from hufu.domain.passwords import Password, Scheme, Verifier
from hufu.pages.development import shown
from hufu.services.argon2 import Argon2Hasher
from hufu.services.keys import Digester, Sealer
from hufu.wire import metrics
from hufu.wire.serve import Service
from rewarding import member


async def brief_visit(world: Watched) -> None:
    """Some calls that every secret is part of."""
    out, phone = world.canaries, PHONES["company"]
    out.let_out(Kind.DIGEST, md5(PASSWORD))
    out.let_out(Kind.PHONE, phone, PHONES["fomo"])
    out.let_out(Kind.IDENTITY_NUMBER, IDENTITY_NUMBERS["company"])
    parent = await member(world)
    out.let_out(Kind.PHONE, f"1{3_000_000_000 + parent.account_id}")
    await COMPANY.register(world, phone, PASSWORD)
    session = await COMPANY.sign_in(world, phone, PASSWORD)
    assert session
    details = {
        "identity_card": IDENTITY_NUMBERS["company"],
        "recommend_user_id": parent.account_id,
    }
    assert (await COMPANY.call(world, "regDetail", **session.fields, **details))["code"] == "200"
    assert await COMPANY.signed_in(world, session)
    assert (await world.get(f"/creator/user/registerPhone/{PHONES['fomo']}")).status == 200
    await where_it_breaks(world)
    await world.let_codes_out()


async def leaks(opened: World) -> bool:
    """Whether a brief visit leaves a secret where it does not belong."""
    world = watched(opened)
    with listening() as log:
        await brief_visit(world)
    return bool(
        await world.stored() - STORED
        or world.shown() - SHOWN
        or await measured(world)
        or world.canaries.seen_in(log.getvalue())
    )


def unsealed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Sealer, "seal", lambda _, text, __: text.encode())
    patch.setattr(Sealer, "open", lambda _, sealed, __: sealed.decode())


@attack(33, without=unsealed, settings=SETTINGS, config=production)
async def test_letters_and_identity_numbers_in_the_database(world: World) -> bool:
    return await leaks(world)


def undigested(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Digester, "digest", lambda _, message: message.encode())
    patch.setattr(Digester, "stamped", Digester.digest)
    patch.setattr(Digester, "matches", lambda _, message, digest: message.encode() == digest)


@attack(33, without=undigested, settings=SETTINGS, config=production)
async def test_codes_in_the_database(world: World) -> bool:
    return await leaks(world)


async def test_a_password_that_was_in_a_table_for_a_moment(world: World) -> None:
    seen = watched(world)
    seen.canaries.let_out(Kind.PASSWORD, PASSWORD)
    since = await seen.new_segment()
    await seen.sql("CREATE TABLE brief (text text)")
    assert await seen.written_ahead(since) == set()
    await seen.sql("INSERT INTO brief VALUES ($1)", PASSWORD)
    await seen.sql("DROP TABLE brief")
    assert await seen.written_ahead(since) == {Kind.PASSWORD}


def tokens_in_clear(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.actions.sessions.token_hash", str.encode)


@attack(33, without=tokens_in_clear, settings=SETTINGS, config=production)
async def test_sessions_in_the_database(world: World) -> bool:
    return await leaks(world)


def passwords_in_clear(patch: pytest.MonkeyPatch) -> None:
    async def make(_: Argon2Hasher, password: Password, scheme: Scheme) -> Verifier:
        return Verifier(scheme, 1, (password.material(scheme) or b"").decode().replace("\0", ""))

    async def matches(self: Argon2Hasher, password: Password, verifier: Verifier | None) -> bool:
        return verifier == await make(self, password, Scheme.MD5)

    patch.setattr(Argon2Hasher, "make", make)
    patch.setattr(Argon2Hasher, "matches", matches)
    patch.setattr(Argon2Hasher, "outdated", lambda *_: False)


@attack(33, without=passwords_in_clear, settings=SETTINGS, config=production)
async def test_passwords_in_the_database(world: World) -> bool:
    return await leaks(world)


def errors_are_logged_whole(patch: pytest.MonkeyPatch) -> None:
    def whole(*_: object) -> list[str]:
        return traceback.format_exception(sys.exception())

    patch.setattr("hufu.wire.serve.traceback.format_tb", whole)


@attack(33, without=errors_are_logged_whole, settings=SETTINGS, config=production)
async def test_what_an_unforeseen_error_says_in_the_log(world: World) -> bool:
    return await leaks(world)


def _telling_paths(tell: Callable[[str], None]) -> Callable[..., Awaitable[None]]:
    serve = Service.serve

    async def telling(
        self: Service[Any],
        scope: Any,
        headers: Any,
        receive: Any,
        send: Any,
        path: str,
        client: Any,
    ) -> None:
        tell(path)
        await serve(self, scope, headers, receive, send, path, client)

    return telling


def paths_are_printed(patch: pytest.MonkeyPatch) -> None:
    def tell(path: str) -> None:
        print(path, file=sys.stderr)  # noqa: T201

    patch.setattr(Service, "serve", _telling_paths(tell))


@attack(33, without=paths_are_printed, settings=SETTINGS, config=production)
async def test_numbers_in_paths_in_the_log(world: World) -> bool:
    return await leaks(world)


def paths_are_counted(patch: pytest.MonkeyPatch) -> None:
    def tell(path: str) -> None:
        metrics.ANSWERS.add("creator", path, metrics.OK)

    # The counter goes on as it was before.
    counter = metrics.ANSWERS._counter
    patch.setattr(counter, "_metrics", dict(counter._metrics))
    patch.setattr(Service, "serve", _telling_paths(tell))


@attack(33, without=paths_are_counted, settings=SETTINGS, config=production)
async def test_numbers_in_paths_in_the_metrics(world: World) -> bool:
    return await leaks(world)


def unmasked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("hufu.dialects.company.messages.mask_phone", str)


@attack(33, without=unmasked, settings=SETTINGS, config=production)
async def test_the_number_of_somebody_else_in_an_answer(world: World) -> bool:
    return await leaks(world)


def unveiled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "hufu.cli.outbox._veiled", lambda each, *_: shown(each) | {"state": "", "attempts": 0}
    )


@attack(33, without=unveiled, settings=SETTINGS, config=production)
async def test_an_operator_reads_the_outbox(opened: World) -> bool:
    world = watched(opened)
    world.canaries.let_out(Kind.PHONE, PHONES["rental"])
    await RENTAL.register(world, PHONES["rental"], PASSWORD)
    await world.let_codes_out()
    printed = [await hufu(world, "outbox", *more) for more in ((), ("--json",))]
    return any(world.canaries.seen_in(each) for each in printed)
