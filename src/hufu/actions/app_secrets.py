"""Secrets with which the apps' own backends call this server."""

from datetime import datetime

from hufu.actions.deps import Deps
from hufu.domain.events import EventKind
from hufu.services import randomness
from hufu.services.keys import token_hash
from hufu.storage.database import Database

KEPT = 2
"""So many secrets of an app are good at one time: the one in use, and the one to come."""


async def make_app_secret(deps: Deps) -> str:
    """A new secret of the app, which nobody can read again; the app's oldest makes room."""
    secret = randomness.app_secret()
    async with deps.begin() as work:
        now = deps.now()
        await work.app_secrets.add(deps.app.name, token_hash(secret), now)
        await work.app_secrets.delete_older(deps.app.name, KEPT)
        await work.events.add(EventKind.APP_SECRET_ADDED, now, app=deps.app.name)
        await work.commit()
    return secret


async def retire_app_secrets(deps: Deps, *, keep: int) -> int:
    """Forget all but the newest so many secrets of the app; how many that were."""
    async with deps.begin() as work:
        retired = await work.app_secrets.delete_older(deps.app.name, keep)
        await work.events.add(
            EventKind.APP_SECRETS_RETIRED, deps.now(), app=deps.app.name, retired=retired
        )
        await work.commit()
    return retired


async def read_app_secrets(deps: Deps) -> list[datetime]:
    """When each of the app's secrets was made, newest first."""
    async with deps.look() as work:
        return await work.app_secrets.of(deps.app.name)


async def app_of_secret(database: Database, secret: str) -> str | None:
    """The app whose backend shows this secret. Raises DatabaseUnavailable."""
    async with database.look() as work:
        return await work.app_secrets.find(token_hash(secret))
