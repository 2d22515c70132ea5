"""A code opens what it was sent for, in the app that sent it; and guesses add up over all apps."""

import pytest

from actors import Company, Fomo
from codes import CODES, NEW_PASSWORD, PASSWORD, Code, codes_for, person, wrong
from front_door import World
from hufu.actions.administration import bar_account, find_accounts, unbar_account
from hufu.services.identifiers import parse_any

MATTERS = (
    "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM sessions), "
    "(SELECT count(*) FROM grants), "
    "(SELECT string_agg(account_id || argon2, '' ORDER BY account_id, purpose) FROM passwords), "
    "(SELECT string_agg(account_id || key, '' ORDER BY account_id, key) FROM identifiers)"
)

PROOFS = (
    "SELECT (SELECT count(*) FROM sessions), "
    "(SELECT string_agg(account_id || argon2, '' ORDER BY account_id, purpose) FROM passwords)"
)


@pytest.mark.parametrize("sent", CODES, ids=str)
async def test_a_code_opens_only_what_it_was_sent_for(world: World, sent: Code) -> None:
    for number, shown in enumerate(CODES):
        who = await person(world, number, registered=sent.registered)
        await sent.ask(world, who)
        digits = await world.code(who.phone)
        before = await world.sql(MATTERS)
        assert await shown.open(world, who, digits) is (shown is sent), str(shown)
        assert (await world.sql(MATTERS) == before) is (shown is not sent), str(shown)


@pytest.mark.parametrize("sent", CODES, ids=str)
async def test_a_code_does_not_answer_another_challenge(world: World, sent: Code) -> None:
    """As above, while a code that would be right is on its way too."""
    others = [code for code in CODES if code.registered == sent.registered and code is not sent]
    for number, shown in enumerate(others):
        who = await person(world, number, registered=sent.registered)
        await sent.ask(world, who)
        digits = await world.code(who.phone)
        await shown.ask(world, who)
        right = await world.code(who.phone)
        assert right != digits
        before = await world.sql(MATTERS)
        assert not await shown.open(world, who, digits), str(shown)
        assert await world.sql(MATTERS) == before, str(shown)
        assert await shown.open(world, who, right), str(shown)


@pytest.mark.parametrize("code", CODES, ids=str)
async def test_five_wrong_guesses_kill_a_code(world: World, code: Code) -> None:
    who = await person(world, 1, registered=code.registered)
    await code.ask(world, who)
    digits = await world.code(who.phone)
    world.advance(minutes=11)
    expired = await code.show(world, who, digits)

    await code.ask(world, who)
    digits = await world.code(who.phone)
    refusals = [await code.show(world, who, wrong(digits)) for _ in range(5)]
    assert not any(map(code.opened, refusals))
    assert await code.show(world, who, digits) == expired

    await code.ask(world, who)
    digits = await world.code(who.phone)
    for _ in range(4):
        assert not await code.open(world, who, wrong(digits))
    assert await code.open(world, who, digits)


@pytest.mark.parametrize("code", CODES, ids=str)
async def test_a_code_is_good_once_and_an_older_one_not_at_all(world: World, code: Code) -> None:
    who = await person(world, 1, registered=code.registered)
    await code.ask(world, who)
    older = await world.code(who.phone)
    first = dict(who.references)
    await code.ask(world, who)
    newer, second = await world.code(who.phone), dict(who.references)
    assert older != newer
    who.references = first
    assert not await code.open(world, who, older)
    who.references = second
    assert await code.open(world, who, newer)
    before = await world.sql(MATTERS)
    await code.show(world, who, newer)  # Some calls answer a lost answer again.
    assert await world.sql(MATTERS) == before


@pytest.mark.parametrize("purpose", ["register", "recover"])
async def test_fifteen_guesses_a_day_over_all_apps(world: World, purpose: str) -> None:
    codes = codes_for(purpose)
    assert len(codes) >= 3
    who = await person(world, 1, registered=codes[0].registered)
    for turn in range(15):
        code = codes[turn % len(codes)]
        await code.ask(world, who)
        assert not await code.open(world, who, wrong(await world.code(who.phone)))
    for code in codes:
        await code.ask(world, who)
        assert not await code.open(world, who, await world.code(who.phone)), str(code)

    world.advance(hours=24, seconds=1)
    code = codes[-1]
    await code.ask(world, who)
    assert await code.open(world, who, await world.code(who.phone))


async def test_guesses_for_one_purpose_or_person_take_nothing_from_another(world: World) -> None:
    code = codes_for("recover")[0]
    who = await person(world, 1, registered=True)
    for _ in range(15):
        await code.ask(world, who)
        assert not await code.open(world, who, wrong(await world.code(who.phone)))
    (sign_in,) = codes_for("sign_in")
    await sign_in.ask(world, who)
    assert await sign_in.open(world, who, await world.code(who.phone))
    other = await person(world, 2, registered=True)
    await code.ask(world, other)
    assert await code.open(world, other, await world.code(other.phone))


@pytest.mark.parametrize("app", ["fomo", "company", "creator"])
async def test_no_code_opens_a_barred_account(world: World, app: str) -> None:
    who = await person(world, 1, registered=True)
    mine = [code for code in CODES if code.app == app and code.purpose in {"recover", "sign_in"}]
    (account_id,) = await find_accounts(world.deps(app), parse_any(who.phone))
    for code in mine:
        await code.ask(world, who)
        early = await world.code(who.phone)
        await bar_account(world.deps(app), account_id, "test")
        before = await world.sql(PROOFS)
        answers = [await code.show(world, who, early)]
        await code.ask(world, who)
        answers.append(await code.show(world, who, await world.code(who.phone)))
        for answer in answers:
            grant = (answer.get("data") or {}).get("tmp_session")
            if grant:  # The last step before the door.
                sent = {"tmp_session": grant, "pwd": NEW_PASSWORD}
                assert not code.opened(await Fomo().call(world, "set_pwd", **sent))
            else:
                assert not code.opened(answer), str(code)
        assert await world.sql(PROOFS) == before
        await unbar_account(world.deps(app), account_id, "test")
    assert await Company().sign_in(world, who.phone, PASSWORD)
