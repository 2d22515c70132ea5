"""Words, and the shares of their pots."""

from dataclasses import dataclass
from datetime import datetime

from hufu.actions.deps import Deps
from hufu.actions.ledger import post
from hufu.actions.permissions import lock_own
from hufu.domain.errors import (
    GuessLimitReached,
    Refusal,
    WordTaken,
    WordUnknown,
)
from hufu.domain.events import EventKind
from hufu.domain.ledger import Transfer, pot
from hufu.domain.limits import Limit
from hufu.domain.names import name_key
from hufu.domain.permissions import Caller
from hufu.domain.words import Word, shares
from hufu.services import randomness
from hufu.storage.work import Work


@dataclass(frozen=True, slots=True)
class SubmitWord:
    """Say a word."""

    word: str


@dataclass(frozen=True, slots=True)
class ShareTaken:
    """The account has a share of the word's pot, of so many units."""

    word: Word
    amount: int


async def submit_word(deps: Deps, caller: Caller, cmd: SubmitWord) -> ShareTaken:
    """Take the next share of the word's pot.

    Raises WordUnknown, WordExpired, WordTaken, and GuessLimitReached after too many words that are
    none.
    """
    key = name_key(cmd.word)
    async with deps.begin() as work:
        await lock_own(work, caller)  # So that guesses that are made at once are counted, too.
        now = deps.now()
        await _refuse_guesser(deps, work, caller, now)
        word = await work.words.lock(deps.app.name, key)
        refusal = await _refusal(work, word, caller.account_id, now)
        if word is None or refusal is not None:
            await _count_wrong(deps, work, caller, word, now)
            raise refusal or WordUnknown()
        amount = await work.words.claim_share(word.id, caller.account_id, word.taken + 1, now)
        taken = await work.words.find(deps.app.name, key)
        await post(work, [word.share(caller.account_id, amount, now)], now)
        await work.commit()
    return ShareTaken(taken or word, amount)


async def _refusal(work: Work, word: Word | None, account_id: int, now: datetime) -> Refusal | None:
    if word is None:
        return WordUnknown()
    if await work.words.taken_by(word.id, account_id):
        return WordTaken()
    return word.refuse(now)


async def _refuse_guesser(deps: Deps, work: Work, caller: Caller, now: datetime) -> None:
    limit = Limit.WORD_GUESSES
    subject = str(caller.account_id)
    if not await work.limits.allows(limit, subject, deps.limits.caps(limit), now):
        raise GuessLimitReached


async def _count_wrong(
    deps: Deps, work: Work, caller: Caller, word: Word | None, now: datetime
) -> None:
    """A word that does not exist is a guess; one that is over is none."""
    if word is None:
        limit = Limit.WORD_GUESSES
        await work.limits.claim(limit, str(caller.account_id), deps.limits.caps(limit), now)
        await work.commit()


# What an operator does


class WordRefused(Exception):
    """The word cannot be made or closed; the text says why."""


async def read_words(deps: Deps, app: str | None, most: int) -> list[Word]:
    """The newest words, of one app or of all."""
    async with deps.look() as work:
        return await work.words.all(app, most)


async def add_word(
    deps: Deps, text: str, coin_id: int, amount: int, count: int, expires_at: datetime
) -> Word:
    """Make a word and fill its pot from the coin's issuer; a word that is over makes room.

    `text` is clean, and has at most LONGEST_WORD code points.

    Raises WordRefused.
    """
    key = name_key(text)
    divided = shares(amount, count, randomness.different(amount - 1, count - 1))
    async with deps.begin() as work:
        now = deps.now()
        if expires_at <= now:
            raise WordRefused("it would be over already")
        if coin_id not in await work.ledger.coins():
            raise WordRefused(f"there is no coin {coin_id}")
        transfers = []
        old = await work.words.lock(deps.app.name, key)
        if old is not None:
            if old.open(now):
                raise WordRefused("there is such a word, and it is not over")
            transfers += await _emptied(work, old, now)
        word = Word(
            id=randomness.number31(),
            app=deps.app.name,
            word=text,
            coin_id=coin_id,
            amount=amount,
            shares=count,
            taken=0,
            taken_amount=0,
            expires_at=expires_at,
            created_at=now,
            updated_at=now,
            closed_at=None,
        )
        if not await work.words.claim(word, key):
            raise WordRefused("somebody else is making it at this moment; try again")
        await work.words.add_shares(word.id, divided)
        await work.events.add(
            EventKind.WORD_ADDED, now, app=word.app, word=word.id, amount=amount, shares=count
        )
        await post(work, [*transfers, word.filled()], now)
        await work.commit()
    return word


async def close_word(deps: Deps, text: str) -> int:
    """Let nobody take a share any more, and give what is left back to the issuer; how much that
    is. Raises WordRefused."""
    async with deps.begin() as work:
        now = deps.now()
        word = await work.words.lock(deps.app.name, name_key(text))
        if word is None:
            raise WordRefused("there is no such word")
        transfers = await _emptied(work, word, now)
        await post(work, transfers, now)
        await work.commit()
    return sum(transfer.postings[1].amount for transfer in transfers)


async def _emptied(work: Work, word: Word, now: datetime) -> list[Transfer]:
    """Close the word; what moves the rest of its pot back to the issuer."""
    await work.words.close(word.id, now)
    await work.events.add(EventKind.WORD_CLOSED, now, app=word.app, word=word.id)
    left = (await work.ledger.balances(pot(word.id))).get(word.coin_id, 0)
    if not left:
        return []
    return [word.emptied(left, now)]
