"""Every call of every dialect and of the interface for backends, made as it should be made."""

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from actors import Company, Creator, Fomo, Rental, Session, md5
from attacks.canaries import Kind, Watched
from dialects.pictures import PNG
from dialects.rows import MULTIPART, multipart, part_of
from front_door import Answer
from hufu.actions.words import add_word
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import ONE, SESSION, SESSIONS
from hufu.wire.forms import Upload
from pages.tokens import UNKNOWN_SESSION
from rewarding import BALANCE, Member, app_secret, member, tell

PASSWORD, NEW_PASSWORD = "canary-password-1", "canary-password-2"
PAYMENT = "canary-payment-1"
EMAIL = "canary.somebody@example.com"
PHONES = {
    "fomo": "13390633695",
    "company": "15012349876",
    "rental": "18698761234",
    "creator": "17712123434",
}
IDENTITY_NUMBERS = {"company": "440524188001010014", "rental": "11010519491231002X"}
NAME, WORD = "somebody", "openup"
FOMO, COMPANY, RENTAL, CREATOR = Fomo(), Company(), Rental(), Creator()
PICTURE = Upload("picture.png", "image/png", base64.b64decode(PNG))


@dataclass
class Tour:
    """What somebody who made all calls has in the end: sessions that live, a grant that was not
    used, the secret of an app, and an account that invited."""

    world: Watched
    secret: str
    parent: Member
    sessions: dict[str, Session] = field(default_factory=dict)
    grant: str = ""


async def walk(world: Watched) -> Tour:
    """Make all calls, with canaries wherever a secret is due."""
    out = world.canaries
    out.let_out(Kind.PASSWORD, PASSWORD, NEW_PASSWORD)
    out.let_out(Kind.DIGEST, md5(PASSWORD), md5(NEW_PASSWORD), md5(PAYMENT))
    out.let_out(Kind.PAYMENT_PASSWORD, PAYMENT)
    out.let_out(Kind.EMAIL, EMAIL)
    out.let_out(Kind.PHONE, *PHONES.values())
    out.let_out(Kind.IDENTITY_NUMBER, *IDENTITY_NUMBERS.values())
    settings = world.core.configuration.settings
    for key in (settings.pepper, settings.identity_key):
        out.let_out(Kind.KEY, key.partition(":")[2])
    parent = await member(world)
    out.let_out(Kind.PHONE, f"1{3_000_000_000 + parent.account_id}")
    tour = Tour(world, await app_secret(world), parent)
    out.let_out(Kind.APP_SECRET, tour.secret)
    await _fomo(tour)
    await _fomo_rewards(tour)
    await _company(tour)
    await _rental(tour)
    await _creator(tour)
    await _backend(tour)
    await world.let_codes_out()
    return tour


async def _fomo(tour: Tour) -> None:
    world, phone = tour.world, PHONES["fomo"]
    await FOMO.register(world, phone, PASSWORD)
    session = await FOMO.sign_in(world, phone, PASSWORD)
    assert session

    async def call(name: str, /, **fields: object) -> Any:
        answer = await FOMO.call(world, name, **{**session.fields, **fields})
        assert answer["status"] == 1, (name, answer)
        return answer["data"]

    async def grant() -> str:
        begun = await call("rec_pwd1", user_name=phone)
        granted = await call("rec_pwd2", verify_code=await world.code(phone), **begun)
        return str(granted["tmp_session"])

    async def confirm(asks: str, takes: str, to: str, **fields: object) -> None:
        reference = (await call(asks, **fields))["verify_id"]
        await call(takes, verify_code=await world.code(to), verfify_id=reference)

    await call("get_user_info")
    await call("update_avatar", base64_string=PNG)
    await call("set_info", name="Somebody", city="Somewhere")
    await call("set_fomo_id", fomo_id="some_body")
    await call("set_wallet_pwd", wallet_pwd=PAYMENT, tmp_session=await grant())
    await confirm("bind_email", "bind_completed", EMAIL, email=EMAIL)
    await confirm("unbind_phone", "unbind_completed", phone)
    await confirm("bind_phone", "bind_completed", phone, phone=phone)
    await confirm("unbind_email", "unbind_completed", EMAIL)
    await confirm("bind_email", "bind_completed", EMAIL, email=EMAIL)
    await call("set_pwd", pwd=NEW_PASSWORD, tmp_session=await grant())
    session = await FOMO.sign_in(world, EMAIL, NEW_PASSWORD)
    assert session
    tour.sessions["fomo"], tour.grant = session, await grant()


async def _fomo_rewards(tour: Tour) -> None:
    world, deps = tour.world, tour.world.deps("fomo")
    await add_word(deps, WORD, 1, 10_000, 3, deps.now() + timedelta(days=1))
    for name, fields in (
        ("get_invitation", {}),
        ("set_invitation", {"parent_code": tour.parent.code}),
        ("sign_in_today", {}),
        ("get_newbee_award", {}),
        ("get_today_award", {}),
        ("submit_word", {"word": WORD}),
        ("subscribe_libra", {}),
        ("subscribe_counts", {}),
    ):
        done = await FOMO.call(world, name, **tour.sessions["fomo"].fields, **fields)
        assert done["status"] == 1, (name, done)
    assert await tour.parent.status(world, "get_children") == 1


async def _company(tour: Tour) -> None:
    world, phone = tour.world, PHONES["company"]
    await COMPANY.register(world, phone, PASSWORD)
    assert await COMPANY.change_password(world, phone, NEW_PASSWORD)
    for last in ("loginout", "getUserInfo"):
        session = await COMPANY.sign_in(world, phone, NEW_PASSWORD)
        assert session
        details = {
            "company_name": "Somebody and sons",
            "identity_card": IDENTITY_NUMBERS["company"],
            "recommend_user_id": tour.parent.account_id,
        }
        for name, fields in (
            ("checkFinishUserInfo", {}),
            ("regDetail", details),
            ("getUserInfo", {}),
            (last, {}),
        ):
            done = await COMPANY.call(world, name, **session.fields, **fields)
            assert done["code"] == "200", (name, done)
            details.pop("recommend_user_id", None)
        tour.sessions["company"] = session


async def _rental(tour: Tour) -> None:
    world, phone = tour.world, PHONES["rental"]
    await RENTAL.register(world, phone, PASSWORD)
    session = await RENTAL.sign_in(world, phone, PASSWORD)
    assert session

    async def call(path: str, method: str = "GET", /, **fields: object) -> None:
        cookies = None if "password" in fields else session.cookies
        answer = await RENTAL.json(world, f"/api/{path}", fields, method, cookies)
        assert answer.json()["errno"] == 0, (path, answer)

    picture = await world.request(
        "POST",
        "/rental/api/profile/avatar",
        body=multipart([("avatar", part_of(PICTURE))]),
        content_type=MULTIPART,
        cookies=session.cookies,
    )
    assert picture.json()["errno"] == 0, picture
    known = {"real_name": "张三", "id_card": IDENTITY_NUMBERS["rental"]}
    beside = {"mobile": phone, "password": PASSWORD}
    await call("check_login")
    await call("profile")
    await call("profile", **beside)
    await call("profile/name", "POST", name="Somebody")
    await call("profile/auth", "POST", **known)
    await call("profile/auth", "POST", **known, **beside)
    await call("profile/auth")
    await call("profile/auth", **beside)
    await call("logout")
    session = await RENTAL.sign_in(world, phone, PASSWORD)
    assert session
    tour.sessions["rental"] = session


async def _creator(tour: Tour) -> None:
    world, phone = tour.world, PHONES["creator"]
    await CREATOR.register(world, NAME, PASSWORD)
    session = await CREATOR.sign_in(world, NAME, PASSWORD)
    assert session
    assert (await CREATOR.log_out(world, session)).status == 200
    await CREATOR.register(world, phone, PASSWORD)
    other = Creator(user_agent="another/1")
    path = f"/user/loginPhone/{phone}"
    assert (await other.get(world, path)).status == 200
    sent = {"phone_number": phone, "identifying_code": await world.code(phone)}
    assert (await other.form(world, path, sent)).status == 200
    session = await CREATOR.sign_in(world, phone, PASSWORD)
    assert session
    assert await CREATOR.signed_in(world, session)
    tour.sessions["creator"] = session


async def _backend(tour: Tour) -> None:
    account_id = tour.sessions["fomo"].account_id
    assert (await tell(tour.world, tour.secret, "event-1", account_id)).status == 201
    assert (await ask_balance(tour, tour.secret, account_id)).status == 200
    pair = tour.sessions["company"].fields
    for token in (
        tour.sessions["fomo"].fields["session_key"],
        f"{pair['uid']}:{pair['sec']}",
        *tour.sessions["rental"].cookies.values(),
        *tour.sessions["creator"].cookies.values(),
    ):
        answers = await ask_sessions(tour, tour.secret, token)
        assert [each.status for each in answers] == [200, 200, 200, 404]


async def ask_sessions(tour: Tour, secret: str, token: str) -> list[Answer]:
    """What a backend that shows this secret, or this token, is told of the token."""
    shown = [("authorization", f"Bearer {token}")]
    secretly = [("authorization", f"Bearer {secret}")]
    return [
        await tour.world.form(INTROSPECT, {"token": token}, headers=secretly),
        await tour.world.get(SESSION, headers=shown),
        await tour.world.get(SESSIONS, headers=shown),
        await tour.world.request("DELETE", ONE + UNKNOWN_SESSION, headers=shown),
    ]


async def ask_balance(tour: Tour, secret: str, account_id: object) -> Answer:
    """What a backend that shows this secret is told."""
    headers = [("authorization", f"Bearer {secret}")]
    return await tour.world.get(f"{BALANCE}?user_id={account_id}", headers=headers)
