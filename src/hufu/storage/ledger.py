"""The ledger: transfers with their postings, the chains they are links of, and the balances."""

from dataclasses import dataclass

import asyncpg

from hufu.domain.chains import CHAINS
from hufu.domain.ledger import (
    Holder,
    HolderKind,
    Overdrawn,
    Posting,
    Transfer,
    TransferKind,
    TransferRepeated,
)
from hufu.storage.rows import Rows

# A chain that nobody else is writing to, or else any, is locked, made longer by the transfer, and
# stays locked until the commit. The issuers' balances are in the chain's own slot, locked with it.
_ADD = f"""
WITH free AS (
    SELECT chain FROM ledger_chains ORDER BY chain FOR UPDATE SKIP LOCKED LIMIT 1
), chosen AS (
    SELECT chain FROM free
    UNION ALL
    SELECT floor(random() * {CHAINS})::smallint WHERE NOT EXISTS (SELECT FROM free)
), link AS (
    UPDATE ledger_chains l SET length = l.length + 1, head = sha256(l.head || $1)
    FROM chosen WHERE l.chain = chosen.chain
    RETURNING l.chain, l.length, l.length * {CHAINS} + l.chain AS id, l.head
), posted AS (
    SELECT * FROM unnest($7::text[], $8::bigint[], $9::smallint[], $10::bigint[])
        WITH ORDINALITY AS p (holder, holder_id, coin_id, amount, place)
), transfer AS (
    INSERT INTO transfers (id, key, kind, memo, at, reverses, hash)
    SELECT id, $2, $3, $4, $5, $6, head FROM link
), posting AS (
    INSERT INTO postings (transfer_id, place, holder, holder_id, coin_id, amount)
    SELECT link.id, p.place, p.holder, p.holder_id, p.coin_id, p.amount FROM link, posted p
), issued AS (
    INSERT INTO balances AS b (holder, holder_id, coin_id, slot, amount)
    SELECT 'issuer', 0, p.coin_id, link.chain, sum(p.amount)::bigint
    FROM link, posted p WHERE p.holder = 'issuer' GROUP BY p.coin_id, link.chain ORDER BY p.coin_id
    ON CONFLICT (holder_id, holder, coin_id, slot) DO UPDATE SET amount = b.amount + excluded.amount
)
SELECT id, length FROM link
"""  # noqa: S608

_TAKE = """
UPDATE balances SET amount = amount - $4
WHERE holder = $1 AND holder_id = $2 AND coin_id = $3 AND slot = 0 AND amount >= $4 RETURNING true
"""

_GIVE = """
INSERT INTO balances AS b (holder, holder_id, coin_id, slot, amount) VALUES ($1, $2, $3, 0, $4)
ON CONFLICT (holder_id, holder, coin_id, slot) DO UPDATE SET amount = b.amount + excluded.amount
"""

TRANSFERS = """
SELECT t.id, t.key, t.kind, t.memo, t.at, t.reverses, t.hash,
    array_agg(p.holder ORDER BY p.place) AS holders,
    array_agg(p.holder_id ORDER BY p.place) AS holder_ids,
    array_agg(p.coin_id ORDER BY p.place) AS coin_ids,
    array_agg(p.amount ORDER BY p.place) AS amounts
FROM ({}) AS t LEFT JOIN postings p ON p.transfer_id = t.id
GROUP BY t.id, t.key, t.kind, t.memo, t.at, t.reverses, t.hash ORDER BY {}
"""
"""Transfers with their postings; which ones, and in which order, is filled in."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer as it is kept; None where what is kept can be no transfer."""

    id: int
    transfer: Transfer | None
    hash: bytes


def entry_of(row: asyncpg.Record) -> Entry:
    """The entry in a row of TRANSFERS."""
    columns = (row["holders"], row["holder_ids"], row["coin_ids"], row["amounts"])
    try:
        postings = tuple(
            Posting(Holder(HolderKind(holder), holder_id), coin_id, amount)
            for holder, holder_id, coin_id, amount in zip(*columns, strict=True)
        )
        transfer = Transfer(
            row["key"],
            TransferKind(row["kind"]),
            row["memo"],
            row["at"],
            postings,
            row["reverses"],
        )
    except ValueError:
        transfer = None
    return Entry(row["id"], transfer, row["hash"])


class Ledger(Rows):
    """The rows of `transfers`, `postings`, `balances` and `coins`. Transfers and postings are only
    ever added; the database refuses anything else."""

    __slots__ = ()

    async def take(self, holder: Holder, coin_id: int, amount: int) -> None:
        """Make the holder's balance smaller. Raises Overdrawn."""
        row = await self._connection.fetchrow(_TAKE, holder.kind, holder.id, coin_id, amount)
        if row is None:
            raise Overdrawn(f"{holder} has less than that")

    async def give(self, holder: Holder, coin_id: int, amount: int) -> None:
        """Make the holder's balance larger."""
        await self._connection.execute(_GIVE, holder.kind, holder.id, coin_id, amount)

    async def add(self, transfer: Transfer) -> tuple[int, int]:
        """Write the transfer, and move the issuers' balances; its id, and the length of its chain.

        No lock is waited for after this one, so it comes last. Raises TransferRepeated.
        """
        postings = transfer.postings
        try:
            [row] = await self._connection.fetch(
                _ADD,
                transfer.digest(),
                transfer.key,
                transfer.kind,
                transfer.memo,
                transfer.at,
                transfer.reverses,
                [each.holder.kind for each in postings],
                [each.holder.id for each in postings],
                [each.coin_id for each in postings],
                [each.amount for each in postings],
            )
        except asyncpg.UniqueViolationError as error:
            raise TransferRepeated(transfer.key) from error
        return row["id"], row["length"]

    async def find(self, id: int) -> Transfer | None:
        """The transfer of that id."""
        entries = await self._entries("SELECT * FROM transfers WHERE id = $1", "t.id", id)
        return entries[0].transfer if entries else None

    async def is_reversed(self, id: int) -> bool:
        """Whether the transfer was taken back."""
        row = await self._connection.fetchrow("SELECT FROM transfers WHERE reverses = $1", id)
        return row is not None

    async def of(self, holder: Holder, most: int) -> list[Entry]:
        """The newest transfers that touched the holder, newest first."""
        newest = (
            "SELECT t.* FROM transfers t WHERE id IN (SELECT transfer_id FROM postings "
            "WHERE holder = $1 AND holder_id = $2 AND holder <> 'issuer') "
            "ORDER BY at DESC, id DESC LIMIT $3"
        )
        return await self._entries(newest, "t.at DESC, t.id DESC", holder.kind, holder.id, most)

    async def balances(self, holder: Holder) -> dict[int, int]:
        """What the holder has, in units by coin."""
        rows = await self._connection.fetch(
            "SELECT coin_id, sum(amount)::bigint AS amount FROM balances "
            "WHERE holder = $1 AND holder_id = $2 GROUP BY coin_id ORDER BY coin_id",
            holder.kind,
            holder.id,
        )
        return {row["coin_id"]: row["amount"] for row in rows}

    async def coins(self) -> dict[int, str]:
        """The coins' names, by id."""
        rows = await self._connection.fetch("SELECT id, name FROM coins ORDER BY id")
        return {row["id"]: row["name"] for row in rows}

    async def claim_coin(self, name: str) -> int | None:
        """Make a coin of that name; its id, or None when there is one already."""
        id: int | None = await self._connection.fetchval(
            "INSERT INTO coins (name) "
            "SELECT $1 WHERE NOT EXISTS (SELECT FROM coins WHERE name = $1) "
            "ON CONFLICT DO NOTHING RETURNING id",
            name,
        )
        return id

    async def _entries(self, transfers: str, order: str, *arguments: object) -> list[Entry]:
        rows = await self._connection.fetch(TRANSFERS.format(transfers, order), *arguments)
        return [entry_of(row) for row in rows]
