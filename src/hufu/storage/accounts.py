"""Accounts."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from hufu.domain.accounts import Account, AccountState
from hufu.storage.rows import Rows


def _account(row: asyncpg.Record) -> Account:
    return Account(row["id"], row["pool"], AccountState(row["state"]), row["created_at"])


class Accounts(Rows):
    """The rows of `accounts`."""

    __slots__ = ()

    async def claim(self, id: int, pool: str, now: datetime) -> bool:
        """Take a random id for a new account; False when another account has it."""
        row = await self._connection.fetchrow(
            "INSERT INTO accounts (id, pool, state, created_at) VALUES ($1, $2, 'active', $3) "
            "ON CONFLICT DO NOTHING RETURNING id",
            id,
            pool,
            now,
        )
        return row is not None

    async def find(self, id: int, pool: str) -> Account | None:
        """The account of that id in the pool."""
        row = await self._connection.fetchrow(
            "SELECT id, pool, state, created_at FROM accounts WHERE id = $1 AND pool = $2", id, pool
        )
        return _account(row) if row else None

    async def all_of(self, ids: Sequence[int]) -> list[Account]:
        """Those accounts of the ids that there are."""
        rows = await self._connection.fetch(
            "SELECT id, pool, state, created_at FROM accounts WHERE id = ANY($1)", ids
        )
        return [_account(row) for row in rows]

    async def all_in(self, pool: str, state: AccountState) -> list[Account]:
        """Every account of the pool in that state, by id; the whole table is read."""
        rows = await self._connection.fetch(
            "SELECT id, pool, state, created_at FROM accounts WHERE pool = $1 AND state = $2 "
            "ORDER BY id",
            pool,
            state,
        )
        return [_account(row) for row in rows]

    async def lock(self, id: int) -> Account:
        """The account, held so that steps which must see each other's effect run one by one."""
        row = await self._connection.fetchrow(
            "SELECT id, pool, state, created_at FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
            id,
        )
        if row is None:
            raise LookupError("accounts are never deleted")
        return _account(row)

    async def save_state(self, id: int, state: AccountState) -> None:
        """Bar, unbar or close the account."""
        await self._connection.execute("UPDATE accounts SET state = $2 WHERE id = $1", id, state)
