"""Roles, and the wish for one."""

from datetime import datetime

from hufu.domain.permissions import Role
from hufu.storage.rows import Rows


class Roles(Rows):
    """The rows of `roles` and `role_requests`."""

    __slots__ = ()

    async def get(self, account_id: int, app: str) -> Role:
        """What the account is in the app; MEMBER unless an operator granted more."""
        role = await self._connection.fetchval(
            "SELECT role FROM roles WHERE account_id = $1 AND app = $2", account_id, app
        )
        return Role(role) if role else Role.MEMBER

    async def save(self, account_id: int, app: str, role: Role, now: datetime) -> None:
        """Grant the role, and settle every request of the account for one in the app."""
        await self._connection.execute(
            "WITH settled AS (UPDATE role_requests SET decided_at = $4 "
            "WHERE account_id = $1 AND app = $2 AND decided_at IS NULL) "
            "INSERT INTO roles (account_id, app, role, granted_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (account_id, app) DO UPDATE SET role = $3, granted_at = $4",
            account_id,
            app,
            role,
            now,
        )

    async def add_request(self, account_id: int, app: str, role: Role, now: datetime) -> None:
        """Record that the account asked for a role; only an operator can grant it."""
        await self._connection.execute(
            "INSERT INTO role_requests (account_id, app, role, requested_at) "
            "VALUES ($1, $2, $3, $4)",
            account_id,
            app,
            role,
            now,
        )

    async def of(self, account_id: int) -> dict[str, Role]:
        """The roles granted to the account, by app."""
        rows = await self._connection.fetch(
            "SELECT app, role FROM roles WHERE account_id = $1 ORDER BY app", account_id
        )
        return {row["app"]: Role(row["role"]) for row in rows}

    async def requests_of(self, account_id: int) -> list[tuple[str, Role, datetime]]:
        """The account's open requests for a role: app, role, time."""
        rows = await self._connection.fetch(
            "SELECT app, role, requested_at FROM role_requests "
            "WHERE account_id = $1 AND decided_at IS NULL ORDER BY id",
            account_id,
        )
        return [(row["app"], Role(row["role"]), row["requested_at"]) for row in rows]
