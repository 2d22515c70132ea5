"""The chains that transfers are links of, their anchors, and what an audit looks at."""

from datetime import datetime

from hufu.domain.chains import Anchor, anchor_hash
from hufu.storage.ledger import TRANSFERS, Entry, entry_of
from hufu.storage.rows import Rows

AUDIT_SECONDS = 3600.0
"""How long one statement of an audit may take."""

FIRST_ID = -(2**63)

_ANCHORS = "SELECT id, at, lengths, hash FROM ledger_anchors"

_UNEQUAL = """
SELECT holder, holder_id, coin_id, coalesce(posted, 0)::text AS posted,
    coalesce(kept, 0)::text AS kept
FROM (
    SELECT holder, holder_id, coin_id, sum(amount) AS posted FROM postings GROUP BY 1, 2, 3
) AS p FULL JOIN (
    SELECT holder, holder_id, coin_id, sum(amount) AS kept FROM balances
    WHERE holder = 'issuer' OR slot = 0 GROUP BY 1, 2, 3
) AS b USING (holder, holder_id, coin_id)
WHERE coalesce(posted, 0) <> coalesce(kept, 0)
ORDER BY holder, holder_id, coin_id LIMIT 1
"""

_UNLIKE_AWARD = """
SELECT a.account_id, a.id, t.id AS transfer_id
FROM awards a
FULL JOIN (SELECT * FROM transfers WHERE kind = 'award') AS t
    ON t.key = 'award:' || a.account_id || ':' || a.id
LEFT JOIN postings p ON p.transfer_id = t.id AND p.place = 2
WHERE a.id IS NULL OR t.id IS NULL OR p.holder IS DISTINCT FROM 'user'
    OR t.memo <> concat_ws(' ', a.type, a.app, a.item, a.target, to_char(a.day, 'YYYY-MM-DD'),
        coalesce(a.once, '-'), coalesce(a.place::text, '-'), coalesce('=' || a.key, '-'))
    OR (p.holder_id, p.coin_id, p.amount, t.at)
        IS DISTINCT FROM (a.account_id, a.coin_id, a.amount, a.at)
ORDER BY t.id LIMIT 1
"""

_UNLIKE_SHARE = """
SELECT w.word_id, w.account_id, t.id AS transfer_id
FROM (SELECT * FROM word_takers JOIN word_shares USING (word_id, place)) AS w
FULL JOIN (SELECT * FROM transfers WHERE kind = 'pot_shared') AS t
    ON t.key = 'word:' || w.word_id || ':' || w.account_id
LEFT JOIN postings p ON p.transfer_id = t.id AND p.place = 2
WHERE w.word_id IS NULL OR t.id IS NULL
    OR (p.holder_id, p.amount, t.at) IS DISTINCT FROM (w.account_id, w.amount, w.at)
ORDER BY t.id LIMIT 1
"""


class Chains(Rows):
    """The rows of `ledger_chains` and `ledger_anchors`."""

    __slots__ = ()

    async def newest(self) -> Anchor | None:
        """The newest anchor."""
        anchors = await self._anchors(f"{_ANCHORS} ORDER BY id DESC LIMIT 1")
        return anchors[0] if anchors else None

    async def add(self, now: datetime) -> None:
        """Anchor all chains as this transaction sees them, unless somebody is doing it now."""
        before = await self.newest()
        ends = await self.ends()
        await self._connection.execute(
            "INSERT INTO ledger_anchors (id, at, lengths, hash) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT DO NOTHING",
            before.id + 1 if before else 1,
            now,
            [length for length, _ in ends.values()],
            anchor_hash(before.hash if before else b"", now, (head for _, head in ends.values())),
        )

    async def ends(self) -> dict[int, tuple[int, bytes]]:
        """Length and head of every chain."""
        rows = await self._connection.fetch(
            "SELECT chain, length, head FROM ledger_chains ORDER BY chain"
        )
        return {row["chain"]: (row["length"], row["head"]) for row in rows}

    async def begin_audit(self) -> tuple[int, list[Anchor]]:
        """See the ledger as it is now until the transaction ends; the number of transfers, and
        every anchor."""
        await self._connection.execute(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "
            "SET LOCAL statement_timeout = 0"  # Where requests have one, an audit takes longer.
        )
        count = sum([length for length, _ in (await self.ends()).values()])
        return count, await self._anchors(f"{_ANCHORS} ORDER BY id")

    async def after(self, id: int, most: int) -> list[Entry]:
        """The next transfers after that id, in the order of ids."""
        next_ones = "SELECT * FROM transfers WHERE id > $1 ORDER BY id LIMIT $2"
        rows = await self._connection.fetch(
            TRANSFERS.format(next_ones, "t.id"), id, most, timeout=AUDIT_SECONDS
        )
        return [entry_of(row) for row in rows]

    async def first_unequal(self) -> str | None:
        """The first balance that is not the sum of its postings, in words."""
        row = await self._connection.fetchrow(_UNEQUAL, timeout=AUDIT_SECONDS)
        if row is None:
            return None
        holder = (
            row["holder"] if row["holder"] == "issuer" else f"{row['holder']} {row['holder_id']}"
        )
        return (
            f"the balance of {holder} in coin {row['coin_id']} is {row['kept']} units, "
            f"its postings add up to {row['posted']}"
        )

    async def first_unlike(self) -> str | None:
        """The first award, or share of a word, that is not what its transfer says, in words."""
        row = await self._connection.fetchrow(_UNLIKE_AWARD, timeout=AUDIT_SECONDS)
        if row is not None and row["id"] is None:
            return f"transfer {row['transfer_id']} has no award"
        if row is not None:
            return f"award {row['id']} of account {row['account_id']} is not what its transfer says"
        row = await self._connection.fetchrow(_UNLIKE_SHARE, timeout=AUDIT_SECONDS)
        if row is not None and row["word_id"] is None:
            return f"transfer {row['transfer_id']} has no share of a word"
        if row is not None:
            whose = f"account {row['account_id']}'s share of word {row['word_id']}"
            return f"{whose} is not what its transfer says"
        return None

    async def _anchors(self, select: str) -> list[Anchor]:
        rows = await self._connection.fetch(select, timeout=AUDIT_SECONDS)
        return [Anchor(row["id"], row["at"], tuple(row["lengths"]), row["hash"]) for row in rows]
