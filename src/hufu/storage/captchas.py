"""Captchas that were drawn."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from hufu.storage.rows import Rows


@dataclass(frozen=True, slots=True)
class DrawnCaptcha:
    """A captcha as it is kept: its text sealed, its visitor hashed."""

    id: str
    owner: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    expires_at: datetime


def _captcha(row: asyncpg.Record) -> DrawnCaptcha:
    return DrawnCaptcha(row["id"], row["owner"], row["sealed"], row["expires_at"])


class Captchas(Rows):
    """The rows of `captchas`."""

    __slots__ = ()

    async def claim_id(self, app: str, captcha: DrawnCaptcha, now: datetime) -> bool:
        """Add the captcha; False while a live one has the id. A dead one gives way."""
        row = await self._connection.fetchrow(
            "INSERT INTO captchas AS c (app, id, owner, sealed, drawn_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (app, id) DO UPDATE "
            "SET owner = $3, sealed = $4, drawn_at = $5, expires_at = $6, spent_at = NULL "
            "WHERE c.spent_at IS NOT NULL OR c.expires_at <= $5 RETURNING id",
            app,
            captcha.id,
            captcha.owner,
            captcha.sealed,
            now,
            captcha.expires_at,
        )
        return row is not None

    async def find(self, app: str, id: str) -> DrawnCaptcha | None:
        """The captcha of that id that was not answered yet."""
        row = await self._connection.fetchrow(
            "SELECT id, owner, sealed, expires_at FROM captchas "
            "WHERE app = $1 AND id = $2 AND spent_at IS NULL",
            app,
            id,
        )
        return _captcha(row) if row else None

    async def claim(self, app: str, id: str, now: datetime) -> DrawnCaptcha | None:
        """Spend the captcha, whatever the answer will be; None when there is none to spend."""
        row = await self._connection.fetchrow(
            "UPDATE captchas SET spent_at = $3 WHERE app = $1 AND id = $2 AND spent_at IS NULL "
            "RETURNING id, owner, sealed, expires_at",
            app,
            id,
            now,
        )
        return _captcha(row) if row else None

    async def delete(self, app: str, id: str, owner: bytes) -> None:
        """Forget the captcha, if it is the visitor's."""
        await self._connection.execute(
            "DELETE FROM captchas WHERE app = $1 AND id = $2 AND owner = $3", app, id, owner
        )
