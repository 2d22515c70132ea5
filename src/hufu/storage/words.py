"""Words, the shares of their pots, and who took them."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from hufu.domain.words import Word
from hufu.storage.rows import Rows

_WORDS = (
    "SELECT id, app, word, coin_id, amount, shares, taken, taken_amount, expires_at, created_at, "
    "updated_at, closed_at FROM words"
)


def _word(row: asyncpg.Record) -> Word:
    return Word(
        id=row["id"],
        app=row["app"],
        word=row["word"],
        coin_id=row["coin_id"],
        amount=row["amount"],
        shares=row["shares"],
        taken=row["taken"],
        taken_amount=row["taken_amount"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        closed_at=row["closed_at"],
    )


class Words(Rows):
    """The rows of `words`, `word_shares` and `word_takers`; of the last two, only ever added."""

    __slots__ = ()

    async def claim(self, word: Word, key: str) -> bool:
        """Make the word; False when one of that key is open in the app, or the id is taken."""
        row = await self._connection.fetchrow(
            "INSERT INTO words (id, app, key, word, coin_id, amount, shares, taken, taken_amount, "
            "expires_at, created_at, updated_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $9) ON CONFLICT DO NOTHING "
            "RETURNING id",
            word.id,
            word.app,
            key,
            word.word,
            word.coin_id,
            word.amount,
            word.shares,
            word.expires_at,
            word.created_at,
        )
        return row is not None

    async def add_shares(self, word_id: int, shares: Sequence[int]) -> None:
        """Divide the pot, in the order in which shares are taken."""
        await self._connection.execute(
            "INSERT INTO word_shares (word_id, place, amount) "
            "SELECT $1, place, amount "
            "FROM unnest($2::bigint[]) WITH ORDINALITY AS s (amount, place)",
            word_id,
            list(shares),
        )

    async def lock(self, app: str, key: str) -> Word | None:
        """The word that was not closed, held so that its shares are taken one by one."""
        row = await self._connection.fetchrow(
            f"{_WORDS} WHERE app = $1 AND key = $2 AND closed_at IS NULL FOR NO KEY UPDATE",
            app,
            key,
        )
        return _word(row) if row else None

    async def find(self, app: str, key: str) -> Word | None:
        """The word that was not closed."""
        row = await self._connection.fetchrow(
            f"{_WORDS} WHERE app = $1 AND key = $2 AND closed_at IS NULL", app, key
        )
        return _word(row) if row else None

    async def taken_by(self, word_id: int, account_id: int) -> bool:
        """Whether the account took a share."""
        row = await self._connection.fetchrow(
            "SELECT FROM word_takers WHERE word_id = $1 AND account_id = $2", word_id, account_id
        )
        return row is not None

    async def claim_share(self, word_id: int, account_id: int, place: int, now: datetime) -> int:
        """Take the share at that place, and count it; what it is worth."""
        amount: int = await self._connection.fetchval(
            "WITH taker AS (INSERT INTO word_takers (word_id, account_id, place, at) "
            "VALUES ($1, $2, $3, $4) RETURNING place) "
            "UPDATE words w SET taken = taken + 1, taken_amount = taken_amount + s.amount, "
            "updated_at = $4 FROM taker JOIN word_shares s ON s.place = taker.place "
            "WHERE s.word_id = $1 AND w.id = $1 RETURNING s.amount",
            word_id,
            account_id,
            place,
            now,
        )
        return amount

    async def close(self, word_id: int, now: datetime) -> None:
        """Nobody takes a share any more, and the word may be made again."""
        await self._connection.execute(
            "UPDATE words SET closed_at = $2, updated_at = $2 WHERE id = $1", word_id, now
        )

    async def all(self, app: str | None, most: int) -> list[Word]:
        """The newest words, of one app or of all."""
        rows = await self._connection.fetch(
            f"{_WORDS} WHERE $1::text IS NULL OR app = $1 ORDER BY created_at DESC, id LIMIT $2",
            app,
            most,
        )
        return [_word(row) for row in rows]
