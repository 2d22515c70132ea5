"""Codes of `fomo` and of every other app: what one was sent for is all that it opens."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from actors import Fomo
from attacks.attack import Attempt, World, answering_later, attack
from attacks.attempts import Anything, count
from codes import BIND, CODES, PASSWORD, Code, Person, person, phone
from hufu.actions import identifiers
from hufu.actions.deps import Deps
from hufu.actions.verification import confirm
from hufu.domain import verification as rules
from hufu.domain.errors import ChallengeUnknown
from hufu.domain.identifiers import Identifier
from hufu.domain.permissions import Caller
from hufu.domain.verification import Purpose
from hufu.storage import verification
from hufu.storage.verification import Codes
from hufu.storage.work import Work

FOMO = Fomo()
BY_NAME = {str(code): code for code in CODES}

# To a phone


def codes_know_neither_app_nor_purpose(patch: pytest.MonkeyPatch) -> None:
    """The newest code of a phone opens whatever it is shown for."""

    async def lock_newest(
        self: Codes, _: str, __: str, purposes: Collection[Purpose], identifier: Identifier
    ) -> rules.Code | None:
        row = await self._connection.fetchrow(
            "SELECT * FROM codes WHERE key = $1 ORDER BY sent_at DESC LIMIT 1", identifier.key
        )
        return row and replace(verification._code(row), purpose=next(iter(purposes)))

    patch.setattr(Codes, "lock_newest", lock_newest)


async def somebody(world: World, number: int, sent: Code, shown: Code) -> Person:
    """Another person for each number, to whom the one code is sent, and who can show it as the
    other."""
    if {sent.purpose, shown.purpose} & {"bind", "unbind"}:
        return await person(world, number, registered=sent.registered)
    if sent.registered:
        await FOMO.register(world, phone(number), PASSWORD)
    return Person(phone(number))


def opening_something_else(sent: str) -> Attempt:
    async def attempt(world: World) -> bool:
        code = BY_NAME[sent]
        for number, shown in enumerate(each for each in CODES if each is not code):
            who = await somebody(world, number, code, shown)
            await code.ask(world, who)
            if await shown.open(world, who, await world.code(who.phone)):
                return True
        return False

    attempt.__name__ = f"test_{sent.replace('-', '_')}"
    attempt.__doc__ = f"A code of {sent} opens something else, in its own app or in another one."
    return attempt


shown_elsewhere = attack(12, without=codes_know_neither_app_nor_purpose)
test_fomo_register = shown_elsewhere(opening_something_else("fomo-register"))
test_fomo_recover = shown_elsewhere(opening_something_else("fomo-recover"))
test_fomo_bind = shown_elsewhere(opening_something_else("fomo-bind"))
test_fomo_unbind = shown_elsewhere(opening_something_else("fomo-unbind"))
test_company_register = shown_elsewhere(opening_something_else("company-register"))
test_company_recover = shown_elsewhere(opening_something_else("company-recover"))
test_rental_register = shown_elsewhere(opening_something_else("rental-register"))
test_creator_register = shown_elsewhere(opening_something_else("creator-register"))
test_creator_sign_in = shown_elsewhere(opening_something_else("creator-sign_in"))
test_creator_recover = shown_elsewhere(opening_something_else("creator-recover"))


async def test_every_code_is_tried() -> None:
    tried = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {name.replace("-", "_") for name in BY_NAME} <= tried


# With a reference


def own_codes_open_everything(patch: pytest.MonkeyPatch) -> None:
    async def confirm_own(
        deps: Deps, caller: Caller, _: Purpose, id: int, digits: str
    ) -> rules.Code:
        async def find(work: Work) -> rules.Code | None:
            code = await work.codes.lock(id, deps.app.name)
            return code if code and code.account_id == caller.account_id else None

        return await confirm(deps, find, digits, ChallengeUnknown())

    patch.setattr(identifiers, "_confirm_own", confirm_own)


@attack(12, without=own_codes_open_everything)
async def test_a_code_to_recover_unbinds(world: World) -> bool:
    """A thief of a session, who is shown the code of a recovery, takes the phone off."""
    who = await person(world, 1, registered=True)
    begun = await FOMO.call(world, "rec_pwd1", user_name=who.phone)
    sent = {"verify_code": await world.code(who.phone), "verify_id": begun["data"]["verify_id"]}
    await FOMO.call(world, "unbind_completed", session_key=who.session_key, **sent)
    return await count(world, f"identifiers WHERE key = '+86{who.phone}'") == 0


def own_codes_open_everything_for_as_long_as_they_live(patch: pytest.MonkeyPatch) -> None:
    """What a code is for is not looked at, and a newer one does not end it; either would do."""
    own_codes_open_everything(patch)
    patch.setattr(Codes, "void", answering_later(None))


@attack(12, without=own_codes_open_everything_for_as_long_as_they_live)
async def test_a_code_to_bind_unbinds(world: World) -> bool:
    """Of two codes to bind a phone, one binds it and the other one takes it off again."""
    who = await person(world, 1, registered=False)
    await BIND.ask(world, who)
    older = {"verify_code": await world.code(who.phone), **who.references}
    await BIND.ask(world, who)
    assert await BIND.open(world, who, await world.code(who.phone))
    await FOMO.call(world, "unbind_completed", session_key=who.session_key, **older)
    return await count(world, f"identifiers WHERE key = '+86{who.phone}'") == 0


def codes_to_unbind_recover(patch: pytest.MonkeyPatch) -> None:
    """Neither what a code is for nor its second reference is looked at; either would do."""
    lock = Codes.lock

    async def lock_any(self: Codes, id: int, app: str) -> rules.Code | None:
        code = await lock(self, id, app)
        if code is None or code.purpose is not Purpose.UNBIND:
            return code
        return replace(code, purpose=Purpose.RECOVER, binding=Anything())

    patch.setattr(Codes, "lock", lock_any)


@attack(12, without=codes_to_unbind_recover)
async def test_a_code_to_unbind_recovers(world: World) -> bool:
    """A thief of a session, who is shown the code that unbinds a phone, sets a password with it."""
    who = await person(world, 1, registered=True)
    begun = await FOMO.call(world, "unbind_phone", session_key=who.session_key)
    sent = {"verify_code": await world.code(who.phone), **begun["data"]}
    granted = await FOMO.call(world, "rec_pwd2", user_id=1, **sent)
    if granted["status"] == 1:
        await FOMO.call(world, "set_pwd", pwd="another-password", **granted["data"])
    return await FOMO.sign_in(world, who.phone, PASSWORD) is None
