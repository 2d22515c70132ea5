"""Who invited whom, and by which code."""

from dataclasses import dataclass
from datetime import datetime

from hufu.domain.invitations import Invitation, InvitationCode
from hufu.storage.rows import Rows

SLOTS = 16
"""An inviter's number is the sum over so many rows, so that writers seldom meet in one."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invited account as its inviter sees it in an app; nameless where it has no profile."""

    account_id: int
    name: str | None
    avatar: str | None


class Invitations(Rows):
    """The rows of `invitations`, `invitation_codes` and `invitation_counts`."""

    __slots__ = ()

    async def find(self, account_id: int) -> Invitation | None:
        """Who invited the account."""
        row = await self._connection.fetchrow(
            "SELECT inviter_id, set_at FROM invitations WHERE account_id = $1", account_id
        )
        return Invitation(account_id, row["inviter_id"], row["set_at"]) if row else None

    async def claim(self, account_id: int, inviter_id: int, app: str, now: datetime) -> bool:
        """Record the inviter, once for ever, and count it; False when there is one."""
        row = await self._connection.fetchrow(
            "WITH added AS (INSERT INTO invitations (account_id, inviter_id, app, set_at) "
            "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING account_id, inviter_id) "
            "INSERT INTO invitation_counts AS c (inviter_id, slot, invited) "
            "SELECT inviter_id, account_id % $5, 1 FROM added "
            "ON CONFLICT (inviter_id, slot) DO UPDATE SET invited = c.invited + 1 RETURNING true",
            account_id,
            inviter_id,
            app,
            now,
            SLOTS,
        )
        return row is not None

    async def count(self, inviter_id: int) -> int:
        """How many accounts the account invited."""
        invited: int = await self._connection.fetchval(
            "SELECT coalesce(sum(invited), 0)::bigint FROM invitation_counts WHERE inviter_id = $1",
            inviter_id,
        )
        return invited

    async def invited_by(self, inviter_id: int, app: str, most: int, skip: int) -> list[Invited]:
        """The accounts that the account invited, newest first, as they are in the app."""
        rows = await self._connection.fetch(
            "SELECT i.account_id, p.name, p.avatar "
            "FROM (SELECT account_id, set_at FROM invitations WHERE inviter_id = $1 "
            "ORDER BY set_at DESC, account_id DESC LIMIT $3 OFFSET $4) AS i "
            "LEFT JOIN profiles p ON p.account_id = i.account_id AND p.app = $2 "
            "ORDER BY i.set_at DESC, i.account_id DESC",
            inviter_id,
            app,
            most,
            skip,
        )
        return [Invited(*row) for row in rows]

    async def find_code(self, account_id: int) -> InvitationCode | None:
        """The account's own code."""
        row = await self._connection.fetchrow(
            "SELECT code, created_at FROM invitation_codes WHERE account_id = $1", account_id
        )
        return InvitationCode(account_id, row["code"], row["created_at"]) if row else None

    async def claim_code(self, account_id: int, code: str, now: datetime) -> bool:
        """Give the account the code; False when it has one, or another account has this."""
        row = await self._connection.fetchrow(
            "INSERT INTO invitation_codes (account_id, code, created_at) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING RETURNING code",
            account_id,
            code,
            now,
        )
        return row is not None

    async def owners_of(self, codes: tuple[str, ...]) -> dict[str, int]:
        """The accounts that have these codes."""
        rows = await self._connection.fetch(
            "SELECT code, account_id FROM invitation_codes WHERE code = ANY($1)", list(codes)
        )
        return {row["code"]: row["account_id"] for row in rows}
