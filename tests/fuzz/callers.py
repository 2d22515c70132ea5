"""Who makes the calls: a client of each dialect with an account, and an app's own backend."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import timedelta

import httpx
import msgspec
from schemathesis import Case

from actors import ACTORS, Actor, Session, md5
from dialects.fields import phone
from dialects.rows import ANSWERS, ROWS, Row
from front_door import JSON, World
from fuzz.calls import HONEST, NO_CONTENT, ROOT, Caller, Fields
from hufu.pages.introspection import INTROSPECT
from hufu.pages.sessions import ONE, SESSION, SESSIONS
from pages.tokens import UNKNOWN_SESSION, Owner, signed_in
from rewarding import BALANCE, app_secret, member

JPEG = "image/jpeg"
PASSWORD = "correct horse"
"""What `dialects.fields` writes where a password is due."""

CODES = frozenset(("verify_code", "yzm", "phonecode", "identifying_code", "identifying"))
ANSWERED: Mapping[str, str] = {
    "verify_id": "verify_id",
    "verfify_id": "verify_id",
    "tmp_user_id": "tmp_user_id",
    "user_id": "user_id",
    "tmp_session": "tmp_session",
    "parent_code": "code",
    "recommend_user_id": "uid",
}
"""Fields whose values come out of answers, and what they are called there."""


class Client(Caller):
    """A client of a dialect. Person 0 has the account."""

    def __init__(self, world: World, actor: Actor) -> None:
        super().__init__(world, ROOT + actor.mount)
        self.actor = actor
        self.rows = {
            (row.endpoint.method, "/" + row.endpoint.path.replace("<", "{").replace(">", "}")): row
            for row in ROWS
            if row.dialect.name == actor.app
        }
        self.session: Session | None = None
        self._accounts = 0

    async def arrive(self) -> None:
        """Sign in, with a new account where the old one has another password meanwhile."""
        mobile = phone(100 * self._accounts)
        if self._accounts:
            self.session = await self.actor.sign_in(self.world, mobile, PASSWORD)
        if not self._accounts or self.session is None:
            self._accounts += 1
            mobile = phone(100 * self._accounts)
            await self.actor.register(self.world, mobile, PASSWORD)
            self.session = await self.actor.sign_in(self.world, mobile, PASSWORD)
        assert self.session is not None

    def row(self, case: Case) -> Row:
        return self.rows[case.method, case.path]

    def sign(self, case: Case) -> None:
        assert self.session is not None
        case.cookies = {**(case.cookies or {}), **self.session.cookies}
        if self.row(case).for_members and isinstance(case.body, dict):
            case.body = {**case.body, **self.session.fields}

    async def in_order(self, case: Case, person: int) -> Fields:
        assert self.session is not None
        row = self.row(case)
        number = 100 * self._accounts + person
        fields = {each.name: each.value for each in row.fields(number)}
        fields |= await self._own(fields.keys(), number)
        if row.for_members:
            fields |= dict(self.session.fields)
            fields |= {"mobile": self.session.identifier} if "mobile" in fields else {}
        place = "query" if row.endpoint.from_query else "body"
        filled: Fields = {(place, name): value for name, value in fields.items()}
        if row.parameter:
            filled["path", row.parameter.strip("<>")] = phone(number)
        return filled

    async def _own(self, names: Collection[str], number: int) -> dict[str, object]:
        """Values that only this server knows: out of earlier answers, letters and pictures."""
        own: dict[str, object] = {
            name: self.remembered[ANSWERED[name]][-1]
            for name in names
            if ANSWERED.get(name) in self.remembered
        }
        if CODES & set(names):
            codes = [each.code for each in await self.world.letters() if each.code is not None]
            own |= dict.fromkeys(CODES & set(names), codes[0] if codes else "000000")
        if "image_code_id" in names:
            own["image_code_id"] = codeid = f"{number}-a"
            with suppress(LookupError):
                own["image_code_text"] = await self.world.captcha(codeid)
        if self.actor.app == "company" and "pwd" in names:
            own["pwd"] = md5(PASSWORD)
        return own

    def check(self, case: Case, answer: httpx.Response) -> None:
        super().check(case, answer)
        kind = answer.headers["content-type"]
        assert kind == ANSWERS or (kind == JPEG and answer.status_code == 200)
        broken = msgspec.to_builtins(self.row(case).dialect.broken.body)
        if kind == ANSWERS and answer.status_code != HONEST:
            assert answer.json() != broken


class Backend(Caller):
    """The backend of an app, which knows one user."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.secret = ""
        self.user = 0
        self.tokens: list[Owner] = []

    async def arrive(self) -> None:
        self.secret = await app_secret(self.world)
        self.user = (await member(self.world)).account_id
        self.tokens = [
            await signed_in(self.world, app, self.user) for app in ("fomo", "fomo", "company")
        ]

    def sign(self, case: Case) -> None:
        shown = self.tokens[0].text if case.path.startswith(SESSION) else self.secret
        case.headers["Authorization"] = f"Bearer {shown}"

    async def in_order(self, case: Case, person: int) -> Fields:
        if case.path == BALANCE:
            return {("query", "user_id"): self.user}
        if case.path == INTROSPECT:
            return {("body", "token"): self.tokens[person].text}
        if case.path == SESSIONS:
            return {("query", "limit"): person + 1}
        if case.path == f"{ONE}{{id}}":
            answer = await self.tokens[person].session()
            return {("path", "id"): answer.json().get("id", UNKNOWN_SESSION)}
        if case.path == SESSION:
            return {}
        at = self.world.clock.now() - timedelta(hours=person)
        return {
            ("header", "Idempotency-Key"): f"key-{person}",
            ("body", "user_id"): self.user,
            ("body", "item"): "join_group",
            ("body", "target_id"): person,
            ("body", "at"): at.isoformat(timespec="seconds"),
        }

    def check(self, case: Case, answer: httpx.Response) -> None:
        super().check(case, answer)
        kind = JSON if answer.status_code < 400 else "application/problem+json"
        kind_or_none = None if answer.status_code == NO_CONTENT else kind
        assert answer.headers.get("content-type") == kind_or_none


def caller_of(world: World, tag: str) -> Client | Backend:
    """Whoever makes the calls with that tag."""
    actors = {actor.app: actor for actor in ACTORS}
    return Client(world, actors[tag]) if tag in actors else Backend(world)
