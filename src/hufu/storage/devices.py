"""Devices that accounts were signed in to from."""

from hufu.storage.rows import Rows


class Devices(Rows):
    """The rows of `devices`; of what a device shows only hashes are kept. Opening a session adds to
    them."""

    __slots__ = ()

    async def delete_all(self, account_id: int) -> None:
        """Whoever knew the account's old password is a stranger again."""
        await self._connection.execute("DELETE FROM devices WHERE account_id = $1", account_id)
