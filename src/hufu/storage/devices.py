"""Devices that accounts were signed in to from."""

from collections.abc import Sequence
from datetime import datetime

from hufu.domain.devices import SEEN_EVERY
from hufu.storage.rows import Rows


class Devices(Rows):
    """The rows of `devices`; of what a device shows only hashes are kept."""

    __slots__ = ()

    async def save(self, account_id: int, marks: Sequence[bytes], now: datetime) -> None:
        """The account was signed in to from there."""
        await self._connection.execute(
            "INSERT INTO devices AS d (account_id, device, seen_at) "
            "SELECT $1, device, $3 FROM unnest($2::bytea[]) AS device ORDER BY device "
            "ON CONFLICT (account_id, device) DO UPDATE SET seen_at = $3 WHERE d.seen_at < $4",
            account_id,
            list(marks),
            now,
            now - SEEN_EVERY,
        )

    async def delete_all(self, account_id: int) -> None:
        """Whoever knew the account's old password is a stranger again."""
        await self._connection.execute("DELETE FROM devices WHERE account_id = $1", account_id)
