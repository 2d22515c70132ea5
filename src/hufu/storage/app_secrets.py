"""Secrets with which the apps' own backends call."""

from datetime import datetime

from hufu.storage.rows import Rows


class AppSecrets(Rows):
    """The rows of `app_secrets`; of a secret only its hash is kept."""

    __slots__ = ()

    async def add(self, app: str, token_hash: bytes, now: datetime) -> None:
        """Let the secret open the app."""
        await self._connection.execute(
            "INSERT INTO app_secrets (hash, app, created_at) VALUES ($1, $2, $3)",
            token_hash,
            app,
            now,
        )

    async def find(self, token_hash: bytes) -> str | None:
        """The app that the secret opens."""
        app: str | None = await self._connection.fetchval(
            "SELECT app FROM app_secrets WHERE hash = $1", token_hash
        )
        return app

    async def of(self, app: str) -> list[datetime]:
        """When each of the app's secrets was made, newest first."""
        rows = await self._connection.fetch(
            "SELECT created_at FROM app_secrets WHERE app = $1 ORDER BY id DESC", app
        )
        return [row["created_at"] for row in rows]

    async def delete_older(self, app: str, keep: int) -> int:
        """Forget all of the app's secrets but the newest so many; how many that were."""
        rows = await self._connection.fetch(
            "DELETE FROM app_secrets WHERE id IN (SELECT id FROM app_secrets WHERE app = $1 "
            "ORDER BY id DESC OFFSET $2) RETURNING id",
            app,
            keep,
        )
        return len(rows)
