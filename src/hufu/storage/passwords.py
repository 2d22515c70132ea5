"""Password verifiers."""

from datetime import datetime

from hufu.domain.passwords import PasswordPurpose, Scheme, Verifier
from hufu.storage.rows import Rows


class Passwords(Rows):
    """The rows of `passwords`."""

    __slots__ = ()

    async def find(self, account_id: int, purpose: PasswordPurpose) -> Verifier | None:
        """The verifier, if such a password was ever set."""
        row = await self._connection.fetchrow(
            "SELECT scheme, pepper_version, argon2 FROM passwords "
            "WHERE account_id = $1 AND purpose = $2",
            account_id,
            purpose,
        )
        return (
            Verifier(Scheme(row["scheme"]), row["pepper_version"], row["argon2"]) if row else None
        )

    async def save(
        self, account_id: int, purpose: PasswordPurpose, verifier: Verifier, now: datetime
    ) -> None:
        """Set the password."""
        await self._connection.execute(
            "INSERT INTO passwords (account_id, purpose, scheme, pepper_version, argon2, set_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account_id, purpose) DO UPDATE "
            "SET scheme = $3, pepper_version = $4, argon2 = $5, set_at = $6",
            account_id,
            purpose,
            verifier.scheme,
            verifier.pepper_version,
            verifier.argon2,
            now,
        )

    async def claim_renewal(self, account_id: int, old: Verifier, new: Verifier) -> bool:
        """Replace the sign-in verifier by another of the same password; False if it is not `old`
        any more."""
        row = await self._connection.fetchrow(
            "UPDATE passwords SET scheme = $3, pepper_version = $4, argon2 = $5 "
            "WHERE account_id = $1 AND purpose = 'sign_in' AND argon2 = $2 RETURNING account_id",
            account_id,
            old.argon2,
            new.scheme,
            new.pepper_version,
            new.argon2,
        )
        return row is not None

    async def delete(self, account_id: int) -> None:
        """Forget every password of the account."""
        await self._connection.execute("DELETE FROM passwords WHERE account_id = $1", account_id)
