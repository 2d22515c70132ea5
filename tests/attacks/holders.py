"""Somebody who holds everything that a client of any dialect may hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

import asyncpg

from actors import md5
from attacks.slots import Slot
from dialects.fields import phone
from dialects.rows import Row
from front_door import World
from hufu.actions.captchas import DrawCaptcha, draw_captcha, read_captcha
from hufu.actions.delivery import newest_letters
from hufu.actions.words import add_word
from hufu.domain.identifiers import Identifier, IdentifierKind
from hufu.domain.ledger import UNITS
from hufu.domain.passwords import Password, PasswordPurpose
from hufu.domain.recovery import GRANT_LIFE
from hufu.domain.sessions import Session, SignInMethod
from hufu.services import randomness
from hufu.services.keys import token_hash
from hufu.storage.work import Work
from opened import add_session
from rewarding import member

PASSWORD, NEW_PASSWORD = "correct horse 1", "battery staple 2"
POOL = "main"

PHONE, EMAIL = IdentifierKind.PHONE, IdentifierKind.EMAIL
STATES = ((EMAIL,), (PHONE, EMAIL), (PHONE,))
"""What somebody may have to sign in with; the number or address of their own that they lack can
still be registered or bound."""

LIFE = timedelta(days=30)
ELSEWHERE = "holder/1"
"""The user agent that the sessions were opened by, which is not the one that asks."""


@dataclass
class Holder:
    """One person, whose number and address are those of `dialects.fields` for the number."""

    number: int
    account_id: int
    kinds: tuple[IdentifierKind, ...]
    sessions: Mapping[str, str]
    held: dict[Slot, object] = field(default_factory=dict)

    @property
    def identifiers(self) -> dict[IdentifierKind, str]:
        """What they have to sign in with."""
        both = {PHONE: phone(self.number), EMAIL: f"person{self.number}@example.com"}
        return {kind: both[kind] for kind in self.kinds}

    def value(self, row: Row, slot: Slot, *, password: str) -> object:
        """What they put into a field of the row."""
        match slot:
            case Slot.NAMED:
                return next(iter(self.identifiers.values()))
            case Slot.PASSWORD:
                return md5(password) if row.dialect.traits.md5_passwords else password
            case Slot.SESSION:
                return self.sessions[row.dialect.name]
            case Slot.ACCOUNT:
                return self.account_id
        return self.held.get(slot, 1)


async def holder(world: World, number: int, kinds: tuple[IdentifierKind, ...]) -> Holder:
    """Another person for each number, signed in to every app."""
    deps = world.deps("fomo")
    verifier = await deps.hasher.make(Password.typed(PASSWORD), deps.app.scheme)
    async with deps.begin() as work:
        now = deps.now()
        account_id = randomness.number31()
        while not await work.accounts.claim(account_id, POOL, now):
            account_id = randomness.number31()
        sessions = {app: await _session(world, work, account_id, app) for app in world.core.apps}
        made = Holder(number, account_id, kinds, sessions)
        for kind, text in made.identifiers.items():
            key = f"+86{text}" if kind is PHONE else text
            assert await work.identifiers.claim(POOL, Identifier(kind, key, key), account_id, now)
        await work.passwords.save(account_id, PasswordPurpose.SIGN_IN, verifier, now)
        await work.commit()
    return made


async def _session(world: World, work: Work, account_id: int, app: str) -> str:
    deps = world.deps(app)
    now, token = deps.now(), deps.app.mint_token()
    session = Session(
        uuid4(), account_id, app, SignInMethod.PASSWORD, None, None, ELSEWHERE, now, now, LIFE,
        now + LIFE,
    )  # fmt: skip
    await add_session(work, session, token_hash(token))
    return token


async def give_grant(world: World, who: Holder, app: str) -> None:
    """Let them hold a grant that sets a password."""
    deps = world.deps(app)
    token = randomness.hex_token()
    async with deps.begin() as work:
        now = deps.now()
        await work.grants.add(token_hash(token), who.account_id, app, now, now + GRANT_LIFE)
        await work.commit()
    who.held[Slot.GRANT] = token


async def give_captcha(world: World, who: Holder, app: str) -> None:
    """Let them hold a captcha with its text, and the cookie of the visitor who drew it."""
    deps, captcha_id = world.deps(app), str(uuid4())
    drawn = await draw_captcha(deps, DrawCaptcha(captcha_id, None, None))
    who.held[Slot.CAPTCHA] = captcha_id
    who.held[Slot.CAPTCHA_TEXT] = await read_captcha(deps, captcha_id)
    who.held[Slot.VISITOR] = drawn.visitor


async def give_invitation(world: World, who: Holder) -> None:
    """Let them know the code of somebody who was there before them."""
    who.held[Slot.INVITATION] = (await member(world)).code


async def give_word(world: World, who: Holder, app: str) -> None:
    """Let them know a word that nobody has said yet."""
    deps, word = world.deps(app), f"word {who.number}"
    await add_word(deps, word, 1, UNITS, 2, deps.now() + LIFE)
    who.held[Slot.WORD] = word


async def newest_code(world: World) -> tuple[int, str | None]:
    """The newest message's id and the code in it."""
    letters = await newest_letters(world.core.database, world.core.secrets.letters, None, 1)
    return (letters[0].sealed.id, letters[0].code) if letters else (0, None)


async def look(world: World, statement: str, *arguments: object) -> list[asyncpg.Record]:
    """Look into the database through the server's own connections, which is quicker."""
    async with world.deps("fomo").look() as work:
        return list(await work.accounts._connection.fetch(statement, *arguments))


MATTERS = (
    "SELECT (SELECT string_agg(id || state, '' ORDER BY id) FROM accounts), "
    "(SELECT string_agg(id || encode(token_hash, 'hex'), '' ORDER BY id) FROM sessions), "
    "(SELECT string_agg(encode(token_hash, 'hex') || (claimed_at IS NULL), '' ORDER BY token_hash)"
    " FROM grants), "
    "(SELECT string_agg(account_id || argon2, '' ORDER BY account_id, purpose) FROM passwords), "
    "(SELECT string_agg(account_id || key || scope, '' ORDER BY key, scope) FROM identifiers)"
)
"""Who has an account, what opens it, and who is signed in."""


async def matters(world: World) -> list[asyncpg.Record]:
    """What `MATTERS` says now."""
    return await look(world, MATTERS)
