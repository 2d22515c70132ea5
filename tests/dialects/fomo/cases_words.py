"""Words, and the shares of their pots."""

from datetime import UTC, datetime, timedelta

from dialects.fomo.steps import OTHER_PHONE, call, case, member
from dialects.requests import Request
from dialects.sampling import Stage
from hufu.actions.words import add_word, close_word
from hufu.domain.ledger import parse_amount

WORD = "恭喜发财"
LATIN_WORD = "Libra2019"
COIN = 1
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
ONE_WORD = {"limits.word_guesses_per_day": 1}


async def made(stage: Stage, word: str = WORD, amount: str = "10.0000", count: int = 1) -> None:
    """There is a word with so many shares."""
    await add_word(stage.deps, word, COIN, parse_amount(amount), count, NEVER)


async def brief(stage: Stage, count: int = 1) -> None:
    """There is a word whose time is over in an hour."""
    expires_at = stage.deps.now() + timedelta(hours=1)
    await add_word(stage.deps, WORD, COIN, parse_amount("10"), count, expires_at)


def submit(session: str, word: str = WORD) -> Request:
    """Say a word."""
    return call("submit_word", session_key=session, word=word)


@case("customer/submit_word", "ok")
async def _(stage: Stage) -> Request:
    await made(stage)
    return submit(await member(stage))


@case("customer/submit_word", "ok-shares-left")
async def _(stage: Stage) -> Request:
    await made(stage, amount="0.0003", count=3)
    return submit(await member(stage))


@case("customer/submit_word", "ok-last-share")
async def _(stage: Stage) -> Request:
    await made(stage, amount="0.0002", count=2)
    await stage.do(submit(await member(stage, OTHER_PHONE)))
    return submit(await member(stage))


@case("customer/submit_word", "ok-other-case")
async def _(stage: Stage) -> Request:
    await made(stage, LATIN_WORD)
    return submit(await member(stage), f" {LATIN_WORD.upper()} ")


@case("customer/submit_word", "ok-full-width")
async def _(stage: Stage) -> Request:
    await made(stage, LATIN_WORD)
    return submit(await member(stage), "ｌｉｂｒａ２０１９")


@case("customer/submit_word", "ok-made-again")
async def _(stage: Stage) -> Request:
    await made(stage)
    session = await member(stage)
    await stage.do(submit(session))
    await made(stage, amount="2.5")
    return submit(session)


@case("customer/submit_word", "0-empty-word")
async def _(stage: Stage) -> Request:
    return submit(await member(stage), " ")


@case("customer/submit_word", "0-long-word")
async def _(stage: Stage) -> Request:
    return submit(await member(stage), "恭喜发财恭喜发财恭喜发财恭")


@case("customer/submit_word", "0-limit", settings=ONE_WORD)
async def _(stage: Stage) -> Request:
    await made(stage)
    session = await member(stage)
    await stage.send(submit(session, LATIN_WORD))
    return submit(session)


@case("customer/submit_word", "203-unknown")
async def _(stage: Stage) -> Request:
    return submit(await member(stage))


@case("customer/submit_word", "203-used-up")
async def _(stage: Stage) -> Request:
    await made(stage)
    await stage.do(submit(await member(stage, OTHER_PHONE)))
    return submit(await member(stage))


@case("customer/submit_word", "203-used-up-and-late")
async def _(stage: Stage) -> Request:
    await brief(stage)
    await stage.do(submit(await member(stage, OTHER_PHONE)))
    stage.advance(hours=1)
    return submit(await member(stage))


@case("customer/submit_word", "203-closed")
async def _(stage: Stage) -> Request:
    await made(stage)
    await close_word(stage.deps, WORD)
    return submit(await member(stage))


@case("customer/submit_word", "204-late")
async def _(stage: Stage) -> Request:
    await brief(stage)
    session = await member(stage)
    stage.advance(hours=1)
    return submit(session)


@case("customer/submit_word", "205-again")
async def _(stage: Stage) -> Request:
    await made(stage, amount="0.0002", count=2)
    session = await member(stage)
    await stage.do(submit(session))
    return submit(session)


@case("customer/submit_word", "205-again-used-up")
async def _(stage: Stage) -> Request:
    await made(stage)
    session = await member(stage)
    await stage.do(submit(session))
    return submit(session)


@case("customer/submit_word", "205-again-late")
async def _(stage: Stage) -> Request:
    await brief(stage, count=2)
    session = await member(stage)
    await stage.do(submit(session))
    stage.advance(hours=1)
    return submit(session)
